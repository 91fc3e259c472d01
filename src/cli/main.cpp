#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "cli/application.h"
#include "cli/exit_code.h"

namespace {

// Leaves at once: what the scheduler has, it keeps, and files are complete or absent.
void on_interrupt(int) {
  if (::isatty(STDERR_FILENO) == 1) {
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, "\n", 1);
  }
  ::_exit(hearth::cli::kExitInterrupted);
}

}  // namespace

int main(int argc, char** argv) {
  struct sigaction action {};
  action.sa_handler = on_interrupt;
  ::sigaction(SIGINT, &action, nullptr);
  ::setenv("GRPC_VERBOSITY", "NONE", 0);  // the reason of a failure comes with its status
  return hearth::cli::run(std::vector<std::string>(argv + 1, argv + argc));
}
