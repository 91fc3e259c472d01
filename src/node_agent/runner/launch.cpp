#include "node_agent/runner/launch.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace hearth::node_agent::runner {
namespace {

constexpr const char* kDefaultPath = "/usr/local/bin:/usr/bin:/bin";
constexpr const char* kOutOfMemoryScore = "500";  // tasks are killed before the agent is

// Runs in the child between vfork and execve: only system calls, no memory is touched that the
// parent does not expect. Returns the errno of what failed.
int become_task(const Launch& task, const char* program, char* const* arguments,
                char* const* environment, const sigset_t& no_signals) {
  if (::setsid() < 0) return errno;
  for (const int entrance : task.entrances) {
    if (::write(entrance, "0", 1) != 1) return errno;
  }
  if (::dup2(task.standard_input, STDIN_FILENO) < 0 ||
      ::dup2(task.standard_output, STDOUT_FILENO) < 0 ||
      ::dup2(task.standard_error, STDERR_FILENO) < 0) {
    return errno;
  }
  const int score = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {
    (void)!::write(score, kOutOfMemoryScore, 3);
    ::close(score);
  }
  if (task.processes_max > 0) {
    const rlimit processes{static_cast<rlim_t>(task.processes_max),
                           static_cast<rlim_t>(task.processes_max)};
    ::setrlimit(RLIMIT_NPROC, &processes);
  }
  if (task.user) {
    const auto group = static_cast<gid_t>(*task.user);
    if (::setgroups(0, nullptr) != 0 || ::setresgid(group, group, group) != 0 ||
        ::setresuid(*task.user, *task.user, *task.user) != 0) {
      return errno;
    }
  }
  if (::chdir(task.directory.c_str()) != 0) return errno;
  ::signal(SIGHUP, SIG_DFL);
  ::signal(SIGPIPE, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &no_signals, nullptr);
  ::execve(program, arguments, environment);
  return errno;
}

// Apart from launch(), so that nothing of its frame can be clobbered by the child.
[[gnu::noinline]] pid_t spawn(const Launch& task, const char* program, char* const* arguments,
                              char* const* environment, const sigset_t& no_signals,
                              volatile int& error) {
  const pid_t child = ::vfork();
  if (child != 0) return child;
  error = become_task(task, program, arguments, environment, no_signals);
  ::_exit(127);
}

bool is_program(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 0111) != 0;
}

// A name without a slash is searched in the task's PATH, then in its directory.
std::string find_program(const Launch& task) {
  const auto& name = task.command.front();
  if (name.find('/') != std::string::npos) return name;
  std::string_view path = task.environment.at("PATH");
  while (!path.empty()) {
    const auto end = std::min(path.find(':'), path.size());
    const auto candidate = std::string{path.substr(0, end)} + "/" + name;
    if (end > 0 && is_program(candidate)) return candidate;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return "./" + name;
}

// Whoever started the agent may have ignored some (nohup, a shell's background job), and ignored
// signals are inherited. By system call, because libc keeps two for itself.
void reset_signals() {
  constexpr int kSignalMax = 64;
  constexpr std::size_t kSetBytes = 8;
  const std::array<unsigned long, 4>
      standard{};  // the kernel's struct: handler SIG_DFL, the rest 0
  for (int signal = 1; signal <= kSignalMax; ++signal) {
    ::syscall(SYS_rt_sigaction, signal, standard.data(), nullptr, kSetBytes);
  }
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (const auto& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

std::string with_index(std::string argument, std::uint64_t index) {
  constexpr std::string_view kMark = "{index}";
  const auto number = std::to_string(index);
  for (auto at = argument.find(kMark); at != std::string::npos;
       at = argument.find(kMark, at + number.size())) {
    argument.replace(at, kMark.size(), number);
  }
  return argument;
}

}  // namespace

Result<> adopt_runner_role(int last_descriptor_kept) {
  ::close_range(static_cast<unsigned>(last_descriptor_kept) + 1, ~0U, 0);
  for (int kept = STDERR_FILENO + 1; kept <= last_descriptor_kept; ++kept) {
    ::fcntl(kept, F_SETFD, FD_CLOEXEC);
  }
  const rlimit no_core{0, 0};
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::setrlimit(RLIMIT_CORE, &no_core) != 0) {
    return fail(ErrorCode::kInternal,
                std::string{"cannot become a runner: "} + std::strerror(errno));
  }
  ::umask(077);
  reset_signals();
  // Children that stop or continue are our own doing: no SIGCHLD for them.
  struct sigaction children {};
  children.sa_handler = SIG_DFL;
  children.sa_flags = SA_NOCLDSTOP;
  ::sigaction(SIGCHLD, &children, nullptr);
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  return {};
}

LaunchTexts::LaunchTexts(const Launch& task) : program(find_program(task)) {
  for (const auto& [name, value] : task.environment) variables.push_back(name + "=" + value);
  arguments = pointers(task.command);
  environment = pointers(variables);
}

Result<pid_t> launch(const Launch& task) {
  const LaunchTexts texts{task};
  sigset_t no_signals;
  sigemptyset(&no_signals);
  volatile int error = 0;
  const pid_t child = spawn(task, texts.program.c_str(), texts.arguments.data(),
                            texts.environment.data(), no_signals, error);
  if (child < 0) {
    return fail(ErrorCode::kInternal,
                std::string{"cannot start a process: "} + std::strerror(errno));
  }
  if (error == 0) return child;
  ::waitpid(child, nullptr, 0);
  return tl::unexpected(unstartable(task, error));
}

Error unstartable(const Launch& task, int error) {
  const bool ours = error == ENOMEM || error == EAGAIN || error == EMFILE || error == ENFILE;
  return {ours ? ErrorCode::kInternal : ErrorCode::kInvalidArgument,
          "cannot start: " + task.command.front() + ": " + std::strerror(error)};
}

Launch describe_launch(const StartOrder& order, const TaskPaths& paths) {
  const auto index = order.stands_for.value_or(order.task.index);
  Launch task;
  for (const auto& argument : order.spec.command) {
    task.command.push_back(with_index(argument, index));
  }
  task.environment = {{"PATH", kDefaultPath},
                      {"HOME", paths.scratch},
                      {"TMPDIR", paths.scratch},
                      {"LANG", "C.UTF-8"}};
  for (const auto& [name, value] : order.spec.environment) task.environment[name] = value;
  for (const auto& [name, secret] : order.spec.secrets) task.environment[name] = secret.reveal();
  task.environment["HEARTH_JOB"] = to_string(order.task.job);
  task.environment["HEARTH_TASK_INDEX"] = std::to_string(index);
  task.environment["HEARTH_ATTEMPT"] = to_string(order.attempt);
  task.environment["HEARTH_RESULT"] = paths.result;
  task.environment["HEARTH_SCRATCH"] = paths.scratch;
  task.environment["HEARTH_CORES"] = std::to_string(order.spec.resources.cores);
  task.environment["HEARTH_NODE"] = order.node;
  if (!order.payload.empty()) task.environment["HEARTH_PAYLOAD"] = paths.payload;
  task.directory = paths.scratch;
  return task;
}

}  // namespace hearth::node_agent::runner
