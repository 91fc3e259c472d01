#include "tls/credential_watch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "common/log.h"

namespace hearth::tls {
namespace {

namespace fs = std::filesystem;

UtcTime now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

Result<> write_private(const std::string& path, const std::string& text) {
  ::unlink(path.c_str());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return fail(ErrorCode::kUnavailable, path + ": cannot be written");
  const auto written = ::write(file, text.data(), text.size());
  const bool whole = ::close(file) == 0 && written == static_cast<ssize_t>(text.size());
  if (!whole) return fail(ErrorCode::kUnavailable, path + ": cannot be written");
  return {};
}

// Changes whenever the file does: other bytes are another inode, size or time.
std::string stamp_of(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return "none;";
  return std::to_string(facts.st_ino) + "," + std::to_string(facts.st_size) + "," +
         std::to_string(facts.st_mtim.tv_sec) + "." + std::to_string(facts.st_mtim.tv_nsec) + ";";
}

}  // namespace

Result<std::unique_ptr<CredentialWatch>> CredentialWatch::start(Options options) {
  std::unique_ptr<CredentialWatch> watch{new CredentialWatch{std::move(options)}};
  watch->taken_ = watch->seen_ = watch->stamp();
  HEARTH_TRY(credentials, read_credentials(watch->options_.files));
  HEARTH_TRY(facts, check_credentials(credentials, now(), watch->options_.chained));
  if (auto staged = watch->stage(credentials, facts); !staged) {
    return tl::unexpected(staged.error());
  }
  if (is_readable_by_others(watch->options_.files.key)) {
    log::warn("tls_key_readable_by_others", {{"file", watch->options_.files.key}});
  }
  watch->thread_ = std::thread{[raw = watch.get()] { raw->run(); }};
  return watch;
}

CredentialWatch::~CredentialWatch() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

CredentialPaths CredentialWatch::staged() const {
  const auto base = options_.directory + "/current/";
  return {base + "certificate.pem", base + "key.pem", base + "authorities.pem"};
}

std::string CredentialWatch::stamp() const {
  return stamp_of(options_.files.certificate) + stamp_of(options_.files.key) +
         stamp_of(options_.files.authorities);
}

Result<> CredentialWatch::stage(const Credentials& credentials, const Certificate& facts) {
  const std::string set = next_set_ == 0 ? "a" : "b";
  const fs::path directory = fs::path{options_.directory} / set;
  std::error_code problem;
  fs::create_directories(directory, problem);
  fs::permissions(options_.directory, fs::perms::owner_all, problem);
  if (problem) return fail(ErrorCode::kUnavailable, options_.directory + ": " + problem.message());
  for (const auto& [name, text] : {std::pair{"certificate.pem", &credentials.certificate},
                                   {"key.pem", &credentials.key},
                                   {"authorities.pem", &credentials.authorities}}) {
    if (auto done = write_private(directory / name, *text); !done) return done;
  }
  const fs::path draft = fs::path{options_.directory} / "next";
  fs::remove(draft, problem);
  fs::create_directory_symlink(set, draft, problem);
  if (!problem) fs::rename(draft, fs::path{options_.directory} / "current", problem);
  if (problem) return fail(ErrorCode::kUnavailable, options_.directory + ": " + problem.message());
  next_set_ = 1 - next_set_;
  in_force_ = credentials;
  not_after_ms_ = facts.not_after.time_since_epoch().count();
  log::info("tls_credentials_taken",
            {{"subject", facts.subject}, {"serial", facts.serial}, {"until", facts.not_after}});
  return {};
}

void CredentialWatch::run() {
  std::unique_lock lock{mutex_};
  while (!wake_.wait_for(lock, options_.period, [this] { return stopping_; })) look();
}

void CredentialWatch::look() {
  const auto stamp_now = this->stamp();
  const bool left_alone = stamp_now == seen_;
  seen_ = stamp_now;
  if (stamp_now == taken_ || !left_alone) return;
  taken_ = stamp_now;
  const auto refuse = [this](const Error& error) {
    ++failures_;
    log::error("tls_reload_failed", {{"error", error.message}});
  };
  const auto credentials = read_credentials(options_.files);
  if (!credentials) return refuse(credentials.error());
  if (*credentials == in_force_) return;
  const auto facts = check_credentials(*credentials, now(), options_.chained);
  if (!facts) return refuse(facts.error());
  if (const auto staged = stage(*credentials, *facts); !staged) refuse(staged.error());
}

}  // namespace hearth::tls
