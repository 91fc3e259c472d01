// Who is believed beyond what TLS believes: gives nodes their certificates, and knows which
// certificates were revoked.
//
// Functions may be called from any thread; all but check() and stats() read and write the disk.
// Times are passed in. Needs no scheduler: it works while that starts.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "scheduler/trust/trust_store.h"

namespace hearth::scheduler {

struct TrustConfig {
  std::string database;
  // The issuer's files; read anew for each certificate. Empty: nodes cannot be enrolled.
  std::string issuer_certificate;
  std::string issuer_key;
  std::string authorities;  // file; what enrolled agents are told to believe
  Duration certificate_life{};
  Duration late_renewal{};  // so long after its end a certificate may still be renewed
};

struct TrustStats {
  std::uint64_t enrolled = 0;
  std::uint64_t renewed = 0;
  std::uint64_t refused = 0;  // enrolments and renewals
  std::uint64_t revocations = 0;
  std::optional<UtcTime> issuer_not_after;
};

// What an agent gets.
struct Issued {
  std::string certificate;  // PEM, with the issuer's behind it
  std::string authorities;  // PEM
  std::string node;
  std::string serial;
};

// How a token shows itself without being it.
std::string short_id(const Enrolment& enrolment);

class Trust {
 public:
  // kInvalidArgument: an issuer that cannot issue. Else as TrustStore::open().
  static Result<std::unique_ptr<Trust>> open(TrustConfig config, UtcTime now);

  // kFailedPrecondition: the certificate has ended, or was revoked.
  [[nodiscard]] Result<> check(const tls::Identity& identity, const tls::Certificate& certificate,
                               UtcTime now) const;

  [[nodiscard]] TrustStats stats() const;

  // ---- enrolment: errors as in trust.proto

  struct NewToken {
    std::string token;
    Enrolment enrolment;
    std::string authorities;  // PEM
  };
  Result<NewToken> create(const std::string& node, Duration time_to_live, const std::string& by,
                          UtcTime now);
  Result<std::vector<Enrolment>> enrolments();
  Result<> cancel(const std::string& id);

  Result<Issued> enrol(const std::string& token, const std::string& request, UtcTime now);
  // For a node that TLS and check() have let in.
  Result<Issued> renew(const std::string& node, const std::string& request, UtcTime now);
  // For one whose certificate has ended, which this checks.
  Result<Issued> renew_late(const std::string& certificate, const std::string& request,
                            UtcTime now);

  // ---- revocation

  Result<Revocation> revoke(CertificateSelector selector, const std::string& by,
                            const std::string& reason, UtcTime now);
  Result<> reinstate(CertificateSelector selector);
  [[nodiscard]] std::vector<Revocation> revocations() const;

 private:
  explicit Trust(TrustConfig config) : config_(std::move(config)) {}

  [[nodiscard]] Result<tls::Credentials> issuer(UtcTime now);
  Result<Issued> issue(const std::string& node, const std::string& request, UtcTime now);
  Result<Issued> redeem(const std::string& token, const std::string& request, UtcTime now);
  Result<Issued> replace_ended(const std::string& certificate, const std::string& request,
                               UtcTime now);
  Result<Issued> counted(Result<Issued> issued, std::atomic<std::uint64_t>& successes);
  Result<> reload();

  const TrustConfig config_;
  std::mutex store_mutex_;
  std::unique_ptr<TrustStore> store_;
  mutable std::mutex revoked_mutex_;
  std::vector<Revocation> revoked_;
  std::atomic<std::uint64_t> enrolled_ = 0;
  std::atomic<std::uint64_t> renewed_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::int64_t> issuer_not_after_ms_ = 0;  // 0: none
};

}  // namespace hearth::scheduler
