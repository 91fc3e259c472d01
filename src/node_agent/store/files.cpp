#include "node_agent/store/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace hearth::node_agent {
namespace {

tl::unexpected<Error> failed(const std::string& path, int error) {
  const auto code =
      error == ENOSPC || error == EDQUOT ? ErrorCode::kResourceExhausted : ErrorCode::kUnavailable;
  return fail(code, path + ": " + std::strerror(error));
}

bool write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const auto written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void sync_directory_of(const std::string& path) {
  const auto parent = std::filesystem::path{path}.parent_path().string();
  const int directory = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  ::fsync(directory);
  ::close(directory);
}

}  // namespace

Result<> replace_file(const std::string& path, std::string_view content) {
  const auto draft = path + ".new";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failed(draft, errno);
  const bool written = write_all(file, content) && ::fsync(file) == 0;
  const int error = errno;
  ::close(file);
  if (!written || ::rename(draft.c_str(), path.c_str()) != 0) {
    const int reason = written ? errno : error;
    ::unlink(draft.c_str());
    return failed(path, reason);
  }
  sync_directory_of(path);
  return {};
}

// Without O_TRUNC: a file system like ext4 takes a file cut to nothing and closed for a careless
// save, and writes it to disk at once.
Result<> overwrite_and_rename(const std::string& draft, std::string_view content,
                              const std::string& path) {
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return failed(draft, errno);
  struct stat info {};
  const auto size = static_cast<off_t>(content.size());
  const bool written = write_all(file, content) && ::fstat(file, &info) == 0 &&
                       (info.st_size == size || ::ftruncate(file, size) == 0);
  const int error = errno;
  ::close(file);
  if (written && ::rename(draft.c_str(), path.c_str()) == 0) return {};
  const int reason = written ? errno : error;
  ::unlink(draft.c_str());
  return failed(path, reason);
}

std::optional<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0) return std::nullopt;
  struct stat info {};
  std::optional<std::string> content;
  if (::fstat(file, &info) == 0 && S_ISREG(info.st_mode) &&
      static_cast<std::size_t>(info.st_size) <= bytes_max) {
    content.emplace(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t filled = 0;
    while (filled < content->size()) {
      const auto count = ::read(file, content->data() + filled, content->size() - filled);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      filled += static_cast<std::size_t>(count);
    }
    content->resize(filled);
  }
  ::close(file);
  return content;
}

Result<> make_directories(const std::string& path, unsigned mode) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return failed(path, error.value());
  if (made && ::chmod(path.c_str(), mode) != 0) return failed(path, errno);
  return {};
}

}  // namespace hearth::node_agent
