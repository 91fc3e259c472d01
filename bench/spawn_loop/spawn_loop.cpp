// bench-spawn-loop: the rate of tasks with nobody scheduling them. Each of T processes starts one
// task after another exactly as a runner does (same directory, isolation, capture, result check,
// status file, removal): the baseline for what Hearth may cost on top.

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "arguments.h"
#include "node_agent/runner/confinement.h"
#include "node_agent/runner/launch.h"
#include "node_agent/runner/task_run.h"

namespace {

namespace runner = hearth::node_agent::runner;
using std::chrono::steady_clock;

bool run_one(const hearth::bench::Arguments& arguments, int index, int signals,
             runner::Confinement& confinement) {
  runner::StartOrder order;
  order.attempt = {1, static_cast<std::uint64_t>(index) + 1};
  order.task = {{1}, static_cast<std::uint64_t>(index)};
  order.spec.command = arguments.command;
  order.node = "bench";
  order.directory = arguments.directory + "/tasks/" + to_string(order.attempt);
  const auto directory = order.directory;
  runner::TaskOptions options;
  options.user = confinement.options.user;
  options.confinement = &confinement;
  runner::TaskRun run{std::move(order), options, steady_clock::now()};
  while (!run.finished()) {
    std::array<pollfd, 4> polled = {{{signals, POLLIN, 0},
                                     {run.output_descriptor(), POLLIN, 0},
                                     {run.error_descriptor(), POLLIN, 0},
                                     {run.control_descriptor(), POLLIN, 0}}};
    const auto wait =
        std::chrono::ceil<hearth::Duration>(run.next_deadline() - steady_clock::now()).count();
    if (::poll(polled.data(), polled.size(), wait > 0 ? static_cast<int>(wait) : 0) < 0) continue;
    const auto now = steady_clock::now();
    if (polled[0].revents != 0) {
      signalfd_siginfo signal{};
      while (::read(signals, &signal, sizeof signal) > 0) continue;
      run.on_children_changed(now);
    }
    if (polled[1].revents != 0 || polled[2].revents != 0) run.on_output();
    if (polled[3].revents != 0) run.on_control(now);
    if (now >= run.next_deadline()) run.on_time(now);
  }
  const bool succeeded = run.report().failure == hearth::protocol::FailureClass::kNone;
  if (!succeeded) std::fprintf(stderr, "%s\n", run.report().message.c_str());
  runner::remove_task_directory(directory);
  return succeeded;
}

// Small enough for any machine; the users are nobody's.
runner::ConfinementOptions confinement_of(const hearth::bench::Arguments& arguments, int worker) {
  runner::ConfinementOptions options;
  options.level = *runner::parse_isolation(arguments.isolation);
  if (options.level == runner::Isolation::kNone) return options;
  options.user = static_cast<uid_t>(1'999'000'000 + worker);
  options.group = "bench-" + std::to_string(::getpid());
  options.root = arguments.directory + "/root";
  options.scratch_bytes = 64 << 20;
  options.memory_bytes = 256 << 20;
  options.processes_max = 256;
  return options;
}

int run_share(const hearth::bench::Arguments& arguments, int worker) {
  if (!runner::adopt_runner_role(STDERR_FILENO)) return 1;
  auto confinement = runner::confine(confinement_of(arguments, worker));
  if (!confinement) {
    std::fprintf(stderr, "%s\n", confinement.error().message.c_str());
    return 1;
  }
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  const int signals = ::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  bool all_succeeded = true;
  for (int index = worker; index < arguments.tasks; index += arguments.threads) {
    all_succeeded = run_one(arguments, index, signals, *confinement) && all_succeeded;
  }
  return all_succeeded ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = hearth::bench::read_arguments(argc, argv);
  if (!arguments) return 64;
  std::filesystem::create_directories(arguments->directory + "/tasks");
  const auto begin = steady_clock::now();
  for (int worker = 0; worker < arguments->threads; ++worker) {
    if (::fork() == 0) ::_exit(run_share(*arguments, worker));
  }
  int workers_failed = 0;
  for (int status = 0; ::wait(&status) > 0;) workers_failed += status != 0;
  const std::chrono::duration<double> wall = steady_clock::now() - begin;
  hearth::bench::print_rate(*arguments, "bare loop", workers_failed, wall.count());
  std::filesystem::remove_all(arguments->directory + "/tasks");
  return workers_failed == 0 ? 0 : 1;
}
