#include "tls/credential_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

namespace hearth::tls {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> not_written(const std::string& path) {
  return fail(ErrorCode::kUnavailable, path + ": cannot be written");
}

Result<> write_private(const std::string& path, const std::string& text) {
  ::unlink(path.c_str());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return not_written(path);
  const auto written = ::write(file, text.data(), text.size());
  const bool kept = written == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  if (::close(file) != 0 || !kept) return not_written(path);
  return {};
}

Result<> sync_directory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return not_written(path);
  const bool kept = ::fsync(directory) == 0;
  ::close(directory);
  if (!kept) return not_written(path);
  return {};
}

}  // namespace

CredentialPaths CredentialDirectory::paths() const {
  const auto base = directory_ + "/current/";
  return {base + "certificate.pem", base + "key.pem", base + "authorities.pem"};
}

Result<> CredentialDirectory::put(const Credentials& credentials) {
  const auto there = read_credentials(paths());
  if (there && *there == credentials) return {};  // as after a restart; the disk may be full
  const fs::path current = fs::path{directory_} / "current";
  std::error_code problem;
  const std::string set = fs::read_symlink(current, problem) == "a" ? "b" : "a";
  const fs::path into = fs::path{directory_} / set;
  fs::create_directories(into, problem);
  if (!problem) fs::permissions(directory_, fs::perms::owner_all, problem);
  if (problem) return fail(ErrorCode::kUnavailable, directory_ + ": " + problem.message());
  for (const auto& [name, text] : {std::pair{"certificate.pem", &credentials.certificate},
                                   {"key.pem", &credentials.key},
                                   {"authorities.pem", &credentials.authorities}}) {
    if (auto done = write_private(into / name, *text); !done) return done;
  }
  if (auto kept = sync_directory(into); !kept) return kept;
  const fs::path draft = fs::path{directory_} / "next";
  fs::remove(draft, problem);
  fs::create_directory_symlink(set, draft, problem);
  if (!problem) fs::rename(draft, current, problem);
  if (problem) return fail(ErrorCode::kUnavailable, directory_ + ": " + problem.message());
  return sync_directory(directory_);
}

}  // namespace hearth::tls
