// A private certificate authority: it makes itself, and issues certificates that end.
//
// Keys are EC P-256. Nothing is kept here: callers keep what they get. Serial numbers are random
// (RFC 5280, 4.1.2.2: unique and at most 20 octets; ours have 16).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/time.h"

namespace hearth::tls {

struct KeyPair {
  std::string certificate;  // PEM
  std::string key;          // PEM, PKCS #8, no password
};

struct IssueOptions {
  std::string common_name;
  std::vector<std::string> hosts;  // DNS names and IP addresses that a server answers to
  std::string uri;                 // its identity; empty: none
  UtcTime not_before;
  UtcTime not_after;
};

// A root for `name`. kInternal: OpenSSL could not.
Result<KeyPair> make_authority(const std::string& name, UtcTime not_before, UtcTime not_after);

// A new key with a certificate by the authority; for a server where it has hosts, and for a client
// in any case. kInvalidArgument: the authority is unusable, or not valid for so long.
Result<KeyPair> issue(const KeyPair& authority, const IssueOptions& options);

}  // namespace hearth::tls
