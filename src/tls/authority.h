// A private certificate authority: it makes itself, and issues certificates that end.
//
// Below it there may be issuers: authorities for nodes' certificates and nothing else, which
// hearthd may have (RFC 5280, 4.2.1.10 name constraints). Keys are EC P-256. Nothing is kept here:
// callers keep what they get. Serial numbers are random (4.1.2.2: unique and at most 20 octets;
// ours have 16).
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

// An authority below `authority` whose certificates are believed only as those of nodes' agents.
// kInvalidArgument: the authority is unusable, not valid for so long, or may have none below it.
Result<KeyPair> make_issuer(const KeyPair& authority, const std::string& name, UtcTime not_before,
                            UtcTime not_after);

// 32 random bytes as hex digits, for whoever knows them to be believed. kInternal: OpenSSL could
// not.
Result<std::string> random_secret();

// What somebody who wants a certificate shows: a request (PKCS #10, PEM) signed with the key that
// the certificate shall be for.
struct Request {
  std::string request;
  std::string key;  // PEM; stays with whoever asks
};

// With a new key, or with one there is. kInvalidArgument: not a key. kInternal: OpenSSL could not.
Result<Request> make_request(const std::string& common_name);
Result<Request> make_request(const std::string& common_name, const std::string& key);

// SHA-256 of the public key, in hex. kInvalidArgument: not a request or certificate, a request that
// is not signed with its key, or a key too weak: we take EC keys of 256 bits and more, and Ed25519.
Result<std::string> key_of_request(std::string_view request);
Result<std::string> key_of_certificate(std::string_view certificate);

// A certificate for the request's key; of the request nothing else is taken. With the issuer's own
// certificate behind it. kInvalidArgument: as issue() and key_of_request().
Result<std::string> sign(const KeyPair& issuer, std::string_view request,
                         const IssueOptions& options);

}  // namespace hearth::tls
