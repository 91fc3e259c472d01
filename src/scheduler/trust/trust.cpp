#include "scheduler/trust/trust.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "common/digest.h"
#include "common/ids.h"
#include "common/log.h"
#include "tls/authority.h"

namespace hearth::scheduler {
namespace {

constexpr Duration kTimeToLiveMost = std::chrono::hours{24 * 7};
constexpr Duration kEndedKeep = std::chrono::hours{24 * 90};
// Clocks of homes may be a little behind ours: so much, but no more than a part of the life.
constexpr Duration kBackdated = std::chrono::minutes{5};
constexpr int kBackdatedPart = 10;
constexpr std::size_t kIdDigits = 8;

tl::unexpected<Error> refuse(const std::string& why) {
  return fail(ErrorCode::kFailedPrecondition, why);
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream file{path};
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) {
    return fail(ErrorCode::kInternal, path + ": cannot be read");
  }
  return text.str();
}

}  // namespace

std::string short_id(const Enrolment& enrolment) {
  return enrolment.token_hash.substr(0, kIdDigits);
}

Result<std::unique_ptr<Trust>> Trust::open(TrustConfig config, UtcTime now) {
  std::unique_ptr<Trust> trust{new Trust{std::move(config)}};
  HEARTH_TRY(store, TrustStore::open(trust->config_.database));
  trust->store_ = std::move(store);
  if (auto loaded = trust->reload(); !loaded) return tl::unexpected(loaded.error());
  if (trust->config_.issuer_certificate.empty()) return trust;
  if (auto sound = trust->issuer(now); !sound) {
    return fail(ErrorCode::kInvalidArgument, "enrolment: " + sound.error().message);
  }
  return trust;
}

Result<> Trust::check(const tls::Identity& identity, const tls::Certificate& certificate,
                      UtcTime now) const {
  if (now >= certificate.not_after) {
    return refuse("the certificate of " + to_uri(identity) + " ended at " +
                  to_string(certificate.not_after));
  }
  const std::lock_guard lock{revoked_mutex_};
  for (const auto& revocation : revoked_) {
    if (!matches(revocation.selector, identity, certificate)) continue;
    // Of somebody by name, what was issued later counts again.
    if (revocation.selector.serial.empty() && certificate.not_before > revocation.at) continue;
    return refuse("the certificate " + certificate.serial + " of " + to_uri(identity) +
                  " was revoked at " + to_string(revocation.at));
  }
  return {};
}

TrustStats Trust::stats() const {
  TrustStats stats{enrolled_, renewed_, refused_, 0, {}};
  const auto not_after = issuer_not_after_ms_.load();
  if (not_after != 0) stats.issuer_not_after = UtcTime{Duration{not_after}};
  const std::lock_guard lock{revoked_mutex_};
  stats.revocations = revoked_.size();
  return stats;
}

Result<tls::Credentials> Trust::issuer(UtcTime now) {
  if (config_.issuer_certificate.empty()) {
    return refuse("hearthd has no issuer: \"enrolment\" in its configuration");
  }
  HEARTH_TRY(files, tls::read_credentials(
                        {config_.issuer_certificate, config_.issuer_key, config_.authorities}));
  HEARTH_TRY(facts, tls::check_credentials(files, now, true));
  issuer_not_after_ms_ = facts.not_after.time_since_epoch().count();
  // Refused here, where somebody reads it, rather than by every agent.
  HEARTH_TRY(sample, tls::make_request("sample"));
  const tls::Identity nobody{tls::Role::kNode, "", "", "sample"};
  HEARTH_TRY(trial, tls::sign({files.certificate, files.key}, sample.request,
                              {"sample", {}, to_uri(nobody), facts.not_before, facts.not_after}));
  HEARTH_TRY(believed, tls::check_credentials({trial, sample.key, files.authorities}, now, true));
  static_cast<void>(believed);
  return files;
}

Result<Trust::NewToken> Trust::create(const std::string& node, Duration time_to_live,
                                      const std::string& by, UtcTime now) {
  if (!is_valid_name(node)) {
    return fail(ErrorCode::kInvalidArgument,
                "node_id: not a name of 1-64 of [A-Za-z0-9._-]: " + node);
  }
  if (time_to_live < std::chrono::seconds{1} || time_to_live > kTimeToLiveMost) {
    return fail(ErrorCode::kInvalidArgument,
                "time_to_live: not in 1 s to 7 days: " + to_string(time_to_live));
  }
  HEARTH_TRY(files, issuer(now));
  HEARTH_TRY(token, tls::random_secret());
  Enrolment enrolment{.token_hash = sha256(token),
                      .node = node,
                      .created_at = now,
                      .created_by = by,
                      .expires_at = now + time_to_live};
  const std::lock_guard lock{store_mutex_};
  if (auto done = store_->forget_ended_before(now - kEndedKeep); !done) {
    return tl::unexpected(done.error());
  }
  if (auto done = store_->add(enrolment); !done) return tl::unexpected(done.error());
  return NewToken{token, std::move(enrolment), files.authorities};
}

Result<std::vector<Enrolment>> Trust::enrolments() {
  const std::lock_guard lock{store_mutex_};
  return store_->enrolments();
}

Result<> Trust::cancel(const std::string& id) {
  const std::lock_guard lock{store_mutex_};
  HEARTH_TRY(all, store_->enrolments());
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Enrolment& one) { return short_id(one) == id; });
  if (found == all.end()) return fail(ErrorCode::kNotFound, "no such token: " + id);
  if (found->used_at) {
    return refuse("the token " + id + " was used at " + to_string(*found->used_at) +
                  ": revoke its certificate, serial " + found->serial);
  }
  return store_->remove(found->token_hash);
}

Result<Issued> Trust::issue(const std::string& node, const std::string& request, UtcTime now) {
  HEARTH_TRY(files, issuer(now));
  const tls::Identity identity{tls::Role::kNode, "", "", node};
  auto from = now - std::min(kBackdated, config_.certificate_life / kBackdatedPart);
  for (const auto& revocation : revocations()) {
    // It is newer than what was revoked, and has to look it: certificates know whole seconds.
    if (revocation.selector.node == node) {
      from = std::max<UtcTime>(from, revocation.at + std::chrono::seconds{1});
    }
  }
  const auto issuer_end = UtcTime{Duration{issuer_not_after_ms_.load()}};
  const auto until = std::min(now + config_.certificate_life, issuer_end);
  Issued issued{.authorities = files.authorities, .node = node};
  HEARTH_TRY(certificate, tls::sign({files.certificate, files.key}, request,
                                    {node, {}, to_uri(identity), from, until}));
  HEARTH_TRY(facts, tls::read_certificate(certificate));
  issued.certificate = certificate;
  issued.serial = facts.serial;
  log::info("certificate_issued",
            {{"node", node}, {"serial", facts.serial}, {"until", facts.not_after}});
  return issued;
}

Result<Issued> Trust::counted(Result<Issued> issued, std::atomic<std::uint64_t>& successes) {
  ++(issued ? successes : refused_);
  return issued;
}

Result<Issued> Trust::enrol(const std::string& token, const std::string& request, UtcTime now) {
  return counted(redeem(token, request, now), enrolled_);
}

Result<Issued> Trust::redeem(const std::string& token, const std::string& request, UtcTime now) {
  HEARTH_TRY(key, tls::key_of_request(request));
  const std::lock_guard lock{store_mutex_};
  auto found = store_->find(sha256(token));
  if (!found) {
    return fail(found.error().code, found.error().code == ErrorCode::kNotFound
                                        ? "not a token of this scheduler, or one that was cancelled"
                                        : found.error().message);
  }
  auto& enrolment = *found;
  if (enrolment.used_at && enrolment.request_key == key) {  // the answer was lost on its way
    HEARTH_TRY(authorities, read_text(config_.authorities));
    return Issued{enrolment.certificate, authorities, enrolment.node, enrolment.serial};
  }
  const auto name = "the token " + short_id(enrolment) + " for node " + enrolment.node;
  if (enrolment.used_at) {
    return refuse(name + " was used already, at " + to_string(*enrolment.used_at));
  }
  if (now >= enrolment.expires_at) {
    return refuse(name + " expired at " + to_string(enrolment.expires_at));
  }
  HEARTH_TRY(issued, issue(enrolment.node, request, now));
  enrolment.used_at = now;
  enrolment.request_key = key;
  enrolment.certificate = issued.certificate;
  enrolment.serial = issued.serial;
  if (auto kept = store_->set_used(enrolment); !kept) return tl::unexpected(kept.error());
  return issued;
}

Result<Issued> Trust::renew(const std::string& node, const std::string& request, UtcTime now) {
  return counted(issue(node, request, now), renewed_);
}

Result<Issued> Trust::renew_late(const std::string& certificate, const std::string& request,
                                 UtcTime now) {
  return counted(replace_ended(certificate, request, now), renewed_);
}

Result<Issued> Trust::replace_ended(const std::string& certificate, const std::string& request,
                                    UtcTime now) {
  HEARTH_TRY(files, issuer(now));
  HEARTH_TRY(facts, tls::read_certificate(certificate));
  HEARTH_TRY(wanted, tls::key_of_certificate(certificate));
  HEARTH_TRY(shown, tls::key_of_request(request));
  if (wanted != shown) return refuse("the request is not by the certificate's key");
  const auto last = std::min(now, facts.not_after - std::chrono::seconds{1});
  if (auto ours = tls::check_issued(certificate, files.authorities, last); !ours) {
    return tl::unexpected(ours.error());
  }
  HEARTH_TRY(identity, tls::identity_of(facts.uris));
  if (identity.role != tls::Role::kNode) {
    return fail(ErrorCode::kInvalidArgument, to_uri(identity) + " is not a node");
  }
  if (now > facts.not_after + config_.late_renewal) {
    return refuse("the certificate of node " + identity.name + " ended at " +
                  to_string(facts.not_after) + ", too long ago: it needs a new token");
  }
  auto as_it_was = facts;
  as_it_was.not_after = UtcTime::max();
  if (auto sound = check(identity, as_it_was, now); !sound) return tl::unexpected(sound.error());
  return issue(identity.name, request, now);
}

Result<Revocation> Trust::revoke(CertificateSelector selector, const std::string& by,
                                 const std::string& reason, UtcTime now) {
  HEARTH_TRY(sound, checked(std::move(selector)));
  // Whole seconds, as certificates have them.
  Revocation revocation{sound, std::chrono::floor<std::chrono::seconds>(now), by, reason};
  const std::lock_guard lock{store_mutex_};
  if (!sound.node.empty()) {
    if (auto done = store_->remove_open(sound.node); !done) return tl::unexpected(done.error());
  }
  if (auto done = store_->put(revocation); !done) return tl::unexpected(done.error());
  if (auto done = reload(); !done) return tl::unexpected(done.error());
  return revocation;
}

Result<> Trust::reinstate(CertificateSelector selector) {
  HEARTH_TRY(sound, checked(std::move(selector)));
  const std::lock_guard lock{store_mutex_};
  HEARTH_TRY(was_there, store_->remove(sound));
  if (!was_there) {
    return fail(ErrorCode::kNotFound, "no revocation of exactly this: " + to_words(sound));
  }
  return reload();
}

std::vector<Revocation> Trust::revocations() const {
  const std::lock_guard lock{revoked_mutex_};
  return revoked_;
}

Result<> Trust::reload() {
  HEARTH_TRY(all, store_->revocations());
  const std::lock_guard lock{revoked_mutex_};
  revoked_ = all;
  return {};
}

}  // namespace hearth::scheduler
