// Certificates and keys as files: read, looked into, and checked before anybody uses them.
//
// Everything is PEM (RFC 7468). Nothing here trusts the system's authorities. Times are UTC.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/time.h"

namespace hearth::tls {

// Where one side's own certificate and key are, and the authorities whose peers it believes.
struct CredentialPaths {
  std::string certificate;
  std::string key;
  std::string authorities;

  [[nodiscard]] bool any() const {
    return !certificate.empty() || !key.empty() || !authorities.empty();
  }
  friend bool operator==(const CredentialPaths&, const CredentialPaths&) = default;
};

// Their contents.
struct Credentials {
  std::string certificate;  // and its chain behind it
  std::string key;
  std::string authorities;

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

// What a certificate says.
struct Certificate {
  std::string subject;  // like "CN=n1"
  std::string issuer;
  std::string serial;             // lower-case hex digits
  std::vector<std::string> uris;  // subject alternative names of that kind
  UtcTime not_before;
  UtcTime not_after;
};

// kNotFound: a file that cannot be read; the message names it.
Result<Credentials> read_credentials(const CredentialPaths& paths);

// The first certificate of a PEM text. kInvalidArgument: there is none.
Result<Certificate> read_certificate(std::string_view pem);

// What is wrong with a set of credentials at `now`: no certificate, the key of another, expired,
// not yet valid, authorities that are none. With `chained` the certificate must be issued by one of
// the authorities. kInvalidArgument: what is wrong. The certificate, where nothing is.
Result<Certificate> check_credentials(const Credentials& credentials, UtcTime now, bool chained);

// Whether one of `authorities` issued the first of `chain` and it held at `moment`; PEM.
// kInvalidArgument: what is wrong.
Result<> check_issued(std::string_view chain, std::string_view authorities, UtcTime moment);

// Whether everybody may read the key's file: a warning's worth.
bool is_readable_by_others(const std::string& path);

}  // namespace hearth::tls
