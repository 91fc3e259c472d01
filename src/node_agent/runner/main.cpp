// hearth-runner: runs one task after another for one slot of a node, and outlives its agent.

#include <sys/socket.h>

#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include "node_agent/runner/confinement.h"
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
    "  --isolation LEVEL      none, user or full (none)\n"
    "  --group NAME           limit tasks by this control group\n"
    "  --root DIRECTORY       empty; the tasks' root is built upon it (full)\n"
    "  --scratch-bytes N      what a task may write (full)\n"
    "  --memory-bytes N       what a task may use that does not say\n"
    "  --processes N          how many processes and threads a task may have\n"
    "  --readable PATH        shown to tasks, too; may be repeated (full)\n"
    "  --network none|node    for tasks that need one: the node's (full)\n"
    "  --try DIRECTORY        start a task that does nothing there; say what limits are lacking\n"
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

struct Options {
  runner::ServerOptions server;
  runner::ConfinementOptions confinement;
  std::string try_directory;
};

bool read_level(std::string_view text, runner::Isolation& level) {
  const auto read = runner::parse_isolation(text);
  if (read) level = *read;
  return read.has_value();
}

// Whether it is a confinement's option and `value` suits it; sets it.
bool read_option(std::string_view name, std::string_view value,
                 runner::ConfinementOptions& options) {
  if (name == "--isolation") return read_level(value, options.level);
  if (name == "--group") return !(options.group = value).empty();
  if (name == "--root") return !(options.root = value).empty();
  if (name == "--scratch-bytes") return read_number(value, options.scratch_bytes);
  if (name == "--memory-bytes") return read_number(value, options.memory_bytes);
  if (name == "--processes") return read_number(value, options.processes_max);
  if (name == "--network") {
    options.grants_network = value == "node";
    return value == "node" || value == "none";
  }
  if (name != "--readable") return false;
  options.readable_paths.emplace_back(value);
  return value.starts_with('/');
}

// Whether `value` suits the option; sets it.
bool read_option(std::string_view name, std::string_view value, Options& all) {
  auto& options = all.server;
  if (name == "--try") return !(all.try_directory = value).empty();
  if (name == "--listen-fd") return read_number(value, options.listen_descriptor);
  if (name == "--slot") return true;
  if (name == "--watchdog") return read_time(value, options.watchdog);
  if (name == "--idle-exit") return read_time(value, options.idle_exit);
  if (name == "--output-bytes") return read_number(value, options.task.output_bytes_max);
  if (name == "--freeze-period") return read_time(value, options.task.freeze_period);
  if (name == "--uid") return read_number(value, options.task.user.emplace());
  return read_option(name, value, all.confinement);
}

bool is_listening(int descriptor) {
  int listening = 0;
  socklen_t size = sizeof listening;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

int try_confinement(const Options& options) {
  const auto lacks = runner::try_confinement(options.confinement, options.try_directory);
  if (!lacks) {
    std::fprintf(stderr, "%s\n", lacks.error().message.c_str());
    return 1;
  }
  return std::puts(lacks->c_str()) < 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
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
  const bool trying = !options.try_directory.empty();
  auto& server = options.server;
  if (!trying && !is_listening(server.listen_descriptor)) {
    return refuse("--listen-fd is not a listening socket");
  }
  const auto ready = runner::adopt_runner_role(trying ? STDERR_FILENO : server.listen_descriptor);
  if (!ready) return refuse(ready.error().message);
  options.confinement.user = server.task.user;
  if (trying) return try_confinement(options);
  auto confinement = runner::confine(options.confinement);
  if (!confinement) return refuse(confinement.error().message);
  server.task.confinement = &*confinement;
  const auto served = runner::Server{server}.run();
  return served ? 0 : refuse(served.error().message);
}
