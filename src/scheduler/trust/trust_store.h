// Enrolments and revocations on disk, in a file apart from the scheduler's: a restored backup must
// not bring back what was revoked since.
//
// Tokens are kept as their hashes. What add and put functions have answered survives a loss of
// power. Blocking; one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/time.h"
#include "scheduler/store/sqlite.h"
#include "scheduler/trust/selector.h"

namespace hearth::scheduler {

struct Enrolment {
  std::string token_hash;  // SHA-256, hex
  std::string node;
  UtcTime created_at;
  std::string created_by;
  UtcTime expires_at;
  std::optional<UtcTime> used_at;
  std::string request_key;  // of whoever used it: tls::key_of_request()
  std::string certificate;  // PEM, with its chain
  std::string serial;
};

struct Revocation {
  CertificateSelector selector;
  UtcTime at;
  std::string by;
  std::string reason;
};

class TrustStore {
 public:
  // Opens or makes the file, readable for its owner alone. kFailedPrecondition: not a file of ours,
  // or of a newer version. kUnavailable: the disk.
  static Result<std::unique_ptr<TrustStore>> open(const std::string& path);

  Result<> add(const Enrolment& enrolment);
  // kNotFound: no such token.
  Result<Enrolment> find(const std::string& token_hash);
  // Newest first.
  Result<std::vector<Enrolment>> enrolments();
  // Keeps used_at, request_key, certificate and serial.
  Result<> set_used(const Enrolment& enrolment);
  Result<> remove(const std::string& token_hash);
  // Of a node, and not used.
  Result<> remove_open(const std::string& node);
  // Those that ended, by use or age, before `end`.
  Result<> forget_ended_before(UtcTime end);

  // Takes the place of one with the same selector.
  Result<> put(const Revocation& revocation);
  // Whether there was one.
  Result<bool> remove(const CertificateSelector& selector);
  // Newest first.
  Result<std::vector<Revocation>> revocations();

 private:
  explicit TrustStore(Database database) : database_(std::move(database)) {}

  template <class... Values>
  Result<std::vector<Enrolment>> read(std::string_view sql, const Values&... values);

  Database database_;
};

}  // namespace hearth::scheduler
