// hearth-runner: runs one task after another for one slot of a node, and outlives its agent.

#include <sys/socket.h>

#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include "node_agent/runner/launch.h"
#include "node_agent/runner/server.h"

namespace {

namespace runner = hearth::node_agent::runner;

constexpr int kExitUsage = 64;
constexpr const char* kHelp =
    "Usage: hearth-runner --listen-fd FD [options]\n"
    "\n"
    "Runs one task after another for one slot of a node. hearth-agent starts it and hands it a\n"
    "listening Unix socket; it stays when the agent goes, and ends by itself when it has neither\n"
    "a task nor an agent. There is no reason to start it by hand.\n"
    "\n"
    "  --listen-fd FD         inherited listening Unix socket\n"
    "  --slot N               for people who read `ps`; not used\n"
    "  --watchdog TIME        freeze the task when the agent is silent this long (30s)\n"
    "  --idle-exit TIME       end after this long without task and agent (60s)\n"
    "  --output-bytes N       how much of stdout and of stderr is kept (1048576)\n"
    "  --freeze-period TIME   one cycle of running and frozen time of a slowed task (500ms)\n"
    "  --uid N                run tasks as this user; root only\n"
    "  --help, --version\n";

int refuse(const std::string& problem) {
  std::fprintf(stderr, "hearth-runner: %s\nTry hearth-runner --help\n", problem.c_str());
  return kExitUsage;
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  return read.ec == std::errc{} && read.ptr == end;
}

bool read_time(std::string_view text, hearth::Duration& time) {
  const auto read = hearth::parse_duration(text);
  if (read) time = *read;
  return read && time > hearth::Duration::zero();
}

// Whether `value` suits the option; sets it.
bool read_option(std::string_view name, std::string_view value, runner::ServerOptions& options) {
  if (name == "--listen-fd") return read_number(value, options.listen_descriptor);
  if (name == "--slot") return true;
  if (name == "--watchdog") return read_time(value, options.watchdog);
  if (name == "--idle-exit") return read_time(value, options.idle_exit);
  if (name == "--output-bytes") return read_number(value, options.task.output_bytes_max);
  if (name == "--freeze-period") return read_time(value, options.task.freeze_period);
  if (name == "--uid") return read_number(value, options.task.user.emplace());
  return false;
}

bool is_listening(int descriptor) {
  int listening = 0;
  socklen_t size = sizeof listening;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

}  // namespace

int main(int argc, char** argv) {
  runner::ServerOptions options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--help") return std::fputs(kHelp, stdout) < 0;
    if (name == "--version") return std::puts("hearth-runner " HEARTH_VERSION) < 0;
    if (i + 1 == argc) return refuse("unknown option, or no value: " + std::string{name});
    const std::string_view value = argv[++i];
    if (!read_option(name, value, options)) {
      return refuse("not understood: " + std::string{name} + " " + std::string{value});
    }
  }
  if (!is_listening(options.listen_descriptor)) {
    return refuse("--listen-fd is not a listening socket");
  }
  if (const auto ready = runner::adopt_runner_role(options.listen_descriptor); !ready) {
    return refuse(ready.error().message);
  }
  const auto served = runner::Server{options}.run();
  return served ? 0 : refuse(served.error().message);
}
