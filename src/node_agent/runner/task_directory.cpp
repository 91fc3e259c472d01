#include "node_agent/runner/task_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "node_agent/runner/descriptor.h"
#include "node_agent/runner/spec_json.h"

namespace hearth::node_agent::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kJsonBytesMax = 16 * 1024 * 1024;

tl::unexpected<Error> fail_errno(const std::string& what, int error) {
  return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInternal,
              what + ": " + std::strerror(error));
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool write_file(const std::string& path, std::string_view text) {
  const Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  return file && write_all(file.get(), text);
}

// Write-protected, executable if asked. Bits are only added to a file that others may share.
mode_t protected_mode(mode_t mode, bool executable) {
  const mode_t kept = mode & 0111;
  return 0444 | kept | (executable ? 0111 : 0);
}

// Links or copies `source`; fills `linked` if it was a link.
Result<> place(const std::string& source, const std::string& target, bool executable,
               std::optional<LinkedInput>& linked) {
  if (::link(source.c_str(), target.c_str()) != 0) {
    if (errno != EXDEV && errno != EPERM && errno != EMLINK) return fail_errno(source, errno);
    std::error_code error;
    fs::copy_file(source, target, error);
    if (error) return fail_errno(source, error.value());
    if (::chmod(target.c_str(), executable ? 0555 : 0444) != 0) return fail_errno(target, errno);
    return {};
  }
  struct stat info {};
  if (::stat(target.c_str(), &info) != 0) return fail_errno(target, errno);
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::kInternal, source + ": not a file");
  const mode_t mode = protected_mode(info.st_mode, executable);
  if ((info.st_mode & 07777) != mode && ::chmod(target.c_str(), mode) != 0) {
    return fail_errno(target, errno);
  }
  linked = LinkedInput{source, target, info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec,
                       info.st_size};
  return {};
}

Result<> make_directory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0) return fail_errno(path, errno);
  return {};
}

// With a slot's own user: only that user's scratch and result are writable to the task.
Result<> give_to(uid_t owner, const TaskPaths& paths) {
  if (!write_file(paths.result, {})) return fail_errno(paths.result, errno);
  for (const auto& path : {paths.scratch, paths.result}) {
    if (::chown(path.c_str(), owner, owner) != 0) return fail_errno(path, errno);
  }
  if (::chmod(paths.directory.c_str(), 0711) != 0) return fail_errno(paths.directory, errno);
  return {};
}

}  // namespace

TaskPaths::TaskPaths(std::string directory_path)
    : directory(std::move(directory_path)),
      scratch(directory + "/scratch"),
      order(directory + "/task.json"),
      payload(directory + "/payload"),
      result(directory + "/result"),
      standard_output(directory + "/stdout"),
      standard_error(directory + "/stderr"),
      status(directory + "/status.json") {}

Result<std::vector<LinkedInput>> create_task_directory(const StartOrder& order,
                                                       std::optional<uid_t> owner) {
  const TaskPaths paths{order.directory};
  if (auto made = make_directory(paths.directory, 0700); !made) {
    remove_task_directory(paths.directory);  // a try that broke off: start over
    if (auto again = make_directory(paths.directory, 0700); !again) {
      return tl::unexpected(again.error());
    }
  }
  if (!write_file(paths.order, encode_without_secrets(order)))
    return fail_errno(paths.order, errno);
  if (auto made = make_directory(paths.scratch, 0700); !made) return tl::unexpected(made.error());
  std::vector<LinkedInput> linked;
  const auto place_one = [&](const std::string& source, const std::string& target,
                             bool executable) -> Result<> {
    std::optional<LinkedInput> link;
    if (auto placed = place(source, target, executable, link); !placed) return placed;
    if (link) linked.push_back(std::move(*link));
    return {};
  };
  if (!order.payload.empty()) {
    if (auto placed = place_one(order.payload, paths.payload, false); !placed) {
      return tl::unexpected(placed.error());
    }
  }
  for (const auto& input : order.inputs) {
    const auto target = paths.scratch + "/" + input.target;
    if (input.target.find('/') != std::string::npos) {
      std::error_code error;
      fs::create_directories(fs::path{target}.parent_path(), error);
      if (error) return fail_errno(target, error.value());
    }
    if (auto placed = place_one(input.source, target, input.executable); !placed) {
      return tl::unexpected(placed.error());
    }
  }
  if (owner) {
    if (auto given = give_to(*owner, paths); !given) return tl::unexpected(given.error());
  }
  return linked;
}

std::vector<std::string> withdraw_changed_inputs(const std::vector<LinkedInput>& inputs) {
  std::vector<std::string> changed;
  for (const auto& input : inputs) {
    struct stat info {};
    if (::stat(input.source.c_str(), &info) != 0) continue;  // gone from the cache meanwhile
    if (info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec == input.modified_ns &&
        info.st_size == input.size_bytes) {
      continue;
    }
    ::unlink(input.source.c_str());
    changed.push_back(fs::path{input.target}.filename());
  }
  return changed;
}

void remove_task_directory(const std::string& directory) {
  std::error_code error;
  fs::remove_all(directory, error);
  if (!error) return;
  // A task may have left directories without write permission: give it back and try again.
  for (auto entry = fs::recursive_directory_iterator(
           directory, fs::directory_options::skip_permission_denied, error);
       !error && entry != fs::recursive_directory_iterator{}; entry.increment(error)) {
    std::error_code ignored;
    if (entry->symlink_status(ignored).type() == fs::file_type::directory) {
      fs::permissions(entry->path(), fs::perms::owner_all, ignored);
    }
  }
  fs::remove_all(directory, error);
}

bool write_file_atomically(const std::string& path, std::string_view text) {
  const auto draft = path + ".new";
  return write_file(draft, text) && ::rename(draft.c_str(), path.c_str()) == 0;
}

std::optional<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file) return std::nullopt;
  std::string text;
  char buffer[16 * 1024];
  while (text.size() < bytes_max) {
    const auto count = ::read(file.get(), buffer, std::min(sizeof buffer, bytes_max - text.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

std::optional<StartOrder> read_order(const TaskPaths& paths) {
  const auto text = read_file(paths.order, kJsonBytesMax);
  if (!text) return std::nullopt;
  auto message = parse_agent_message(*text);
  if (!message) return std::nullopt;
  if (auto* order = std::get_if<StartOrder>(&*message)) return std::move(*order);
  return std::nullopt;
}

std::optional<protocol::AttemptReport> read_status(const TaskPaths& paths) {
  const auto text = read_file(paths.status, kJsonBytesMax);
  if (!text) return std::nullopt;
  const auto object = nlohmann::json::parse(*text, nullptr, false);
  auto report = parse_attempt_report(object);
  if (!report) return std::nullopt;
  return std::move(*report);
}

}  // namespace hearth::node_agent::runner
