#include "tls/credential_watch.h"

#include <sys/stat.h>

#include <algorithm>

#include "common/log.h"

namespace hearth::tls {
namespace {

UtcTime now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
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
  HEARTH_TRY(facts, watch->check(credentials, true));
  if (auto staged = watch->stage(credentials, facts); !staged) {
    return tl::unexpected(staged.error());
  }
  if (is_readable_by_others(watch->options_.files.key)) {
    log::warn("tls_key_readable_by_others", {{"file", watch->options_.files.key}});
  }
  watch->thread_ = std::thread{[raw = watch.get()] { raw->run(); }};
  return watch;
}

Result<Certificate> CredentialWatch::check(const Credentials& credentials, bool at_start) const {
  auto moment = now();
  const auto written = read_certificate(credentials.certificate);
  if (options_.clock_in_doubt && written) {
    moment = std::max(moment, written->not_before);
    if (at_start && moment >= written->not_after) {
      log::error("tls_certificate_expired",
                 {{"subject", written->subject}, {"until", written->not_after}});
      moment = written->not_after - std::chrono::seconds{1};
    }
  }
  return check_credentials(credentials, moment, options_.chained);
}

CredentialWatch::~CredentialWatch() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::string CredentialWatch::stamp() const {
  return stamp_of(options_.files.certificate) + stamp_of(options_.files.key) +
         stamp_of(options_.files.authorities);
}

Result<> CredentialWatch::stage(const Credentials& credentials, const Certificate& facts) {
  if (auto put = copies_.put(credentials); !put) return put;
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
  const auto facts = check(*credentials, false);
  if (!facts) return refuse(facts.error());
  if (const auto staged = stage(*credentials, *facts); !staged) refuse(staged.error());
}

}  // namespace hearth::tls
