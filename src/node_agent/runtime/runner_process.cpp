#include "node_agent/runtime/runner_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>

namespace hearth::node_agent {
namespace {

using runner::Descriptor;

constexpr int kListenDescriptor = 3;  // in the runner
constexpr std::string_view kPrefix = "slot-";
constexpr std::string_view kSuffix = ".sock";

std::string socket_name(int slot) {
  return std::string{kPrefix} + std::to_string(slot) + std::string{kSuffix};
}

tl::unexpected<Error> fail_errno(const std::string& what, int error) {
  const bool nobody = error == ECONNREFUSED || error == ENOENT;
  return fail(nobody ? ErrorCode::kNotFound : ErrorCode::kInternal,
              what + ": " + std::strerror(error));
}

sockaddr_un address_of(const Descriptor& directory, int slot) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + socket_name(slot);
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

Result<Descriptor> open_directory(const std::string& path) {
  Descriptor directory{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!directory) return fail_errno(path, errno);
  return directory;
}

Result<Descriptor> make_socket() {
  Descriptor made{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!made) return fail_errno("socket", errno);
  return made;
}

Result<Descriptor> connect_to(const sockaddr_un& address, const std::string& name) {
  HEARTH_TRY(connected, make_socket());
  if (::connect(connected.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
      0) {
    return fail_errno(name, errno);
  }
  return std::move(connected);
}

// What the child does before it becomes the runner.
class SpawnActions {
 public:
  SpawnActions(int listen_descriptor, const std::string& log) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files_, STDOUT_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&files_, listen_descriptor, kListenDescriptor);
    posix_spawn_file_actions_addclosefrom_np(&files_, kListenDescriptor + 1);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnActions() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;

  const posix_spawn_file_actions_t* files() const { return &files_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

}  // namespace

Result<RunnerProcess> spawn_runner(const std::string& directory, int slot,
                                   const std::vector<std::string>& command) {
  HEARTH_TRY(folder, open_directory(directory));
  HEARTH_TRY(listening, make_socket());
  const auto address = address_of(folder, slot);
  ::unlinkat(folder.get(), socket_name(slot).c_str(), 0);
  if (::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listening.get(), 4) != 0) {
    return fail_errno(directory + "/" + socket_name(slot), errno);
  }
  HEARTH_TRY(connected, connect_to(address, socket_name(slot)));
  std::vector<std::string> texts = command;
  texts.insert(texts.begin() + 1,
               {"--slot", std::to_string(slot), "--listen-fd", std::to_string(kListenDescriptor)});
  std::vector<char*> arguments;
  for (auto& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  const SpawnActions actions{listening.get(), directory + "/slot-" + std::to_string(slot) + ".log"};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, arguments[0], actions.files(), actions.attributes(),
                                  arguments.data(), environ);
  if (error != 0) return fail_errno("cannot start " + command[0], error);
  return RunnerProcess{pid, std::move(connected)};
}

Result<RunnerProcess> connect_runner(const std::string& directory, int slot) {
  HEARTH_TRY(folder, open_directory(directory));
  auto connected = connect_to(address_of(folder, slot), socket_name(slot));
  if (!connected) {
    if (connected.error().code == ErrorCode::kNotFound) {
      ::unlinkat(folder.get(), socket_name(slot).c_str(), 0);
    }
    return tl::unexpected(connected.error());
  }
  return RunnerProcess{0, std::move(*connected)};
}

std::vector<int> slots_in(const std::string& directory) {
  std::vector<int> slots;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{directory, error}) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    int slot = -1;
    const auto* end = name.data() + name.size() - kSuffix.size();
    const auto read = std::from_chars(name.data() + kPrefix.size(), end, slot);
    if (read.ec == std::errc{} && read.ptr == end && slot >= 0) slots.push_back(slot);
  }
  std::sort(slots.begin(), slots.end());
  return slots;
}

}  // namespace hearth::node_agent
