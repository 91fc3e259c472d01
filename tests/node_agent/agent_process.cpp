#include "agent_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <fstream>

namespace hearth::node_agent {
namespace {

pid_t spawn(std::vector<std::string> arguments, const std::string& output) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const int flags = O_WRONLY | O_CREAT | O_APPEND;
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output.c_str(), flags, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, output.c_str(), flags, 0600);
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_t pid = 0;
  if (::posix_spawn(&pid, pointers[0], &files, nullptr, pointers.data(), environ) != 0) pid = 0;
  posix_spawn_file_actions_destroy(&files);
  return pid;
}

std::string read(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

AgentProcess::AgentProcess(const std::string& scheduler, const std::string& keys) {
  std::ofstream{directory() + "/agent.json"} << R"({"node_id": "n1", "zone_id": "z1", "cores": 2,
    "sensor_period_s": 0.1, "reconnect": {"min_s": 0.02, "max_s": 0.2},
    "control": {"period_s": 0.2}, "scheduler": ")"
                                             << scheduler << R"(", "state_dir": ")"
                                             << state_directory() << "\"" << keys << "}";
}

AgentProcess::~AgentProcess() {
  kill();
  command({"stop-tasks", "--grace", "1s"});
}

void AgentProcess::start() {
  pid_ = spawn({HEARTH_AGENT_PATH, "--config", directory() + "/agent.json"}, directory() + "/log");
}

void AgentProcess::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

int AgentProcess::terminate() {
  ::kill(pid_, SIGTERM);
  return wait();
}

int AgentProcess::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int AgentProcess::command(std::vector<std::string> arguments, std::string* output) const {
  arguments.insert(arguments.begin(), HEARTH_AGENT_PATH);
  arguments.insert(arguments.end(), {"--state-dir", state_directory()});
  const auto file = directory() + "/output";
  ::unlink(file.c_str());
  int status = 0;
  ::waitpid(spawn(arguments, file), &status, 0);
  if (output != nullptr) *output = read(file);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::vector<pid_t> AgentProcess::processes() const {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    const auto name = entry.path().filename().string();
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec != std::errc{} || pid == ::getpid()) continue;
    for (const char* file : {"/cmdline", "/environ"}) {
      if (read(entry.path().string() + file).find(directory()) != std::string::npos) {
        found.push_back(pid);
        break;
      }
    }
    std::error_code gone;
    const auto cwd = std::filesystem::read_symlink(entry.path() / "cwd", gone);
    if (!gone && cwd.string().starts_with(directory())) found.push_back(pid);
  }
  return found;
}

}  // namespace hearth::node_agent
