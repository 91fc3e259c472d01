#include "node_agent/runtime/isolation.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "common/digest.h"
#include "node_agent/runner/descriptor.h"
#include "node_agent/runner/task_directory.h"

namespace hearth::node_agent {
namespace {

using runner::Descriptor;
using runner::Isolation;

constexpr IsolationWish kWishes[] = {IsolationWish::kAuto, IsolationWish::kNone,
                                     IsolationWish::kUser, IsolationWish::kRequired};

struct Trial {
  bool works = false;
  std::string said;  // what limits are lacking, or why it does not work
};

std::string first_line(int descriptor) {
  std::string text;
  char buffer[1024];
  for (;;) {
    const auto count = ::read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text.substr(0, text.find('\n'));
}

Result<Trial> run(std::vector<std::string> command) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(ErrorCode::kInternal, std::strerror(errno));
  const Descriptor reader{ends[0]};
  Descriptor writer{ends[1]};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, writer.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, writer.get(), STDERR_FILENO);
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, arguments[0], &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  writer.reset();
  if (error != 0) {
    return fail(ErrorCode::kNotFound, command.front() + ": " + std::strerror(error));
  }
  Trial trial;
  trial.said = first_line(reader.get());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  trial.works = status == 0;
  return trial;
}

Result<Trial> try_level(RunnerPoolConfig config, Isolation level) {
  config.confinement.level = level;
  // As the pool will have it: users of slots walk through.
  const auto tasks = config.state_directory + "/tasks";
  const auto directory = tasks + "/trial";
  std::error_code error;
  std::filesystem::create_directories(config.state_directory + "/runners", error);
  std::filesystem::create_directories(tasks, error);
  ::chmod(tasks.c_str(), 0711);
  // A slot that no runner has, so that its control group is nobody's.
  auto command = runner_command(config, config.slots);
  command.insert(command.end(), {"--try", directory});
  auto trial = run(std::move(command));
  runner::remove_task_directory(directory);
  return trial;
}

}  // namespace

std::string_view name_of(IsolationWish wish) {
  switch (wish) {
    case IsolationWish::kAuto:
      return "auto";
    case IsolationWish::kNone:
      return "none";
    case IsolationWish::kUser:
      return "user";
    case IsolationWish::kRequired:
      return "required";
  }
  return "auto";
}

std::optional<IsolationWish> parse_isolation_wish(std::string_view text) {
  for (const auto wish : kWishes) {
    if (name_of(wish) == text) return wish;
  }
  return std::nullopt;
}

uid_t first_task_user(std::string_view state_directory) {
  constexpr uid_t kFirst = 1'900'000'000;  // our choice within what systemd's table leaves unused
  constexpr unsigned kUsersEach = 1024;    // as many as an agent may have slots
  constexpr unsigned kAgents = 4096;
  unsigned number = 0;
  for (const char digit : sha256(state_directory).substr(0, 8)) {
    number = number * 31 + static_cast<unsigned char>(digit);
  }
  return kFirst + number % kAgents * kUsersEach;
}

Result<IsolationFound> find_isolation(IsolationWish wish, const RunnerPoolConfig& config) {
  const std::string none = "none: tasks run as the agent's own user";
  if (wish == IsolationWish::kNone) return IsolationFound{Isolation::kNone, false, none};
  std::string missing;
  if (wish != IsolationWish::kUser) {
    HEARTH_TRY(trial, try_level(config, Isolation::kFull));
    const bool limited = trial.said.find("memory") == std::string::npos &&
                         trial.said.find("processes") == std::string::npos;
    if (trial.works) {
      const auto lacks = trial.said.empty() ? "" : ", but nothing limits " + trial.said;
      return IsolationFound{Isolation::kFull, limited, "full" + lacks};
    }
    missing = trial.said;
    if (wish == IsolationWish::kRequired) {
      return fail(ErrorCode::kFailedPrecondition,
                  "isolation: required, but cannot be had here: " + missing);
    }
  }
  HEARTH_TRY(trial, try_level(config, Isolation::kUser));
  if (trial.works) {
    auto note = std::string{"user only: tasks see the node's files and network"};
    if (!missing.empty()) note += "; " + missing;
    return IsolationFound{Isolation::kUser, false, std::move(note)};
  }
  if (wish == IsolationWish::kUser) {
    return fail(ErrorCode::kFailedPrecondition,
                "isolation: user, but cannot be had here: " + trial.said);
  }
  return IsolationFound{Isolation::kNone, false, none + "; " + trial.said};
}

}  // namespace hearth::node_agent
