#include "tls/authority.h"

#include <arpa/inet.h>
#include <openssl/rand.h>

#include <array>

#include "common/digest.h"
#include "tls/certificate.h"
#include "tls/openssl_handles.h"

namespace hearth::tls {
namespace {

constexpr int kSerialBytes = 16;
constexpr int kCurveBitsLeast = 256;

tl::unexpected<Error> failed(const std::string& what) {
  return fail(ErrorCode::kInternal, what + ": " + last_problem());
}

bool is_ip(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

bool set_serial(X509* certificate) {
  std::array<unsigned char, kSerialBytes> bytes{};
  if (RAND_bytes(bytes.data(), kSerialBytes) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);  // positive, of full length
  const BigNumber number{BN_bin2bn(bytes.data(), kSerialBytes, nullptr)};
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_times(X509* certificate, UtcTime not_before, UtcTime not_after) {
  using std::chrono::system_clock;
  return ASN1_TIME_set(X509_getm_notBefore(certificate), system_clock::to_time_t(not_before)) !=
             nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), system_clock::to_time_t(not_after)) !=
             nullptr;
}

bool extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension{X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::string alternative_names(const IssueOptions& options) {
  std::string all;
  const auto add = [&](const std::string& name) { all += (all.empty() ? "" : ",") + name; };
  for (const auto& host : options.hosts) add((is_ip(host) ? "IP:" : "DNS:") + host);
  if (!options.uri.empty()) add("URI:" + options.uri);
  return all;
}

// A certificate for `key` with everything but its extensions and signature.
X509Handle draft(EVP_PKEY* key, const std::string& name, UtcTime not_before, UtcTime not_after) {
  X509Handle certificate{X509_new()};
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1) return nullptr;
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  const bool drafted = set_serial(certificate.get()) &&
                       set_times(certificate.get(), not_before, not_after) &&
                       X509_set_pubkey(certificate.get(), key) == 1 &&
                       X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN",
                                                  MBSTRING_UTF8, text, -1, -1, 0) == 1;
  return drafted ? std::move(certificate) : nullptr;
}

KeyPair to_pem(X509* certificate, EVP_PKEY* key) {
  const Bio certificate_out{BIO_new(BIO_s_mem())};
  const Bio key_out{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(certificate_out.get(), certificate);
  PEM_write_bio_PKCS8PrivateKey(key_out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return {written(certificate_out.get()), written(key_out.get())};
}

}  // namespace

Result<KeyPair> make_authority(const std::string& name, UtcTime not_before, UtcTime not_after) {
  const Key key{EVP_EC_gen("P-256")};
  if (!key) return failed("key");
  const auto certificate = draft(key.get(), name, not_before, not_after);
  if (!certificate) return failed("authority " + name);
  auto* raw = certificate.get();
  const bool made = X509_set_issuer_name(raw, X509_get_subject_name(raw)) == 1 &&
                    extend(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:1") &&
                    extend(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    extend(raw, raw, NID_subject_key_identifier, "hash") &&
                    X509_sign(raw, key.get(), EVP_sha256()) > 0;
  if (!made) return failed("authority " + name);
  return to_pem(raw, key.get());
}

namespace {

struct Issuer {
  X509Handle certificate;
  Key key;
};

// Whose certificate holds until `not_after`.
Result<Issuer> open_issuer(const KeyPair& pair, UtcTime not_after) {
  Issuer issuer{parse_x509(pair.certificate), parse_key(pair.key)};
  if (!issuer.certificate || !issuer.key ||
      X509_check_private_key(issuer.certificate.get(), issuer.key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::kInvalidArgument, "authority: not a certificate with its key");
  }
  HEARTH_TRY(facts, read_certificate(pair.certificate));
  if (not_after > facts.not_after) {
    return fail(ErrorCode::kInvalidArgument,
                "the authority itself ends before that, at " + to_string(facts.not_after));
  }
  return issuer;
}

using Extensions = std::vector<std::pair<int, std::string>>;

// A certificate for `key`, with these extensions and the two that name the keys.
Result<X509Handle> certify(const Issuer& issuer, EVP_PKEY* key, const IssueOptions& options,
                           const Extensions& extensions) {
  auto certificate = draft(key, options.common_name, options.not_before, options.not_after);
  if (!certificate) return failed("certificate for " + options.common_name);
  auto* raw = certificate.get();
  auto* above = issuer.certificate.get();
  bool made = X509_set_issuer_name(raw, X509_get_subject_name(above)) == 1;
  for (const auto& [kind, value] : extensions) made = made && extend(raw, above, kind, value);
  made = made && extend(raw, above, NID_subject_key_identifier, "hash") &&
         extend(raw, above, NID_authority_key_identifier, "keyid") &&
         X509_sign(raw, issuer.key.get(), EVP_sha256()) > 0;
  if (!made) return failed("certificate for " + options.common_name);
  return certificate;
}

Extensions leaf_extensions(const IssueOptions& options) {
  Extensions all{
      {NID_basic_constraints, "critical,CA:FALSE"},
      {NID_key_usage, "critical,digitalSignature"},
      {NID_ext_key_usage, options.hosts.empty() ? "clientAuth" : "serverAuth,clientAuth"}};
  const auto names = alternative_names(options);
  if (!names.empty()) all.emplace_back(NID_subject_alt_name, names);
  return all;
}

Result<std::string> fingerprint(EVP_PKEY* key) {
  if (key == nullptr) return fail(ErrorCode::kInvalidArgument, "no public key");
  const int kind = EVP_PKEY_get_base_id(key);
  const bool strong = kind == EVP_PKEY_ED25519 ||
                      (kind == EVP_PKEY_EC && EVP_PKEY_get_bits(key) >= kCurveBitsLeast);
  if (!strong) {
    return fail(ErrorCode::kInvalidArgument,
                "the key is neither Ed25519 nor EC of at least 256 bits");
  }
  unsigned char* encoded = nullptr;
  const int size = i2d_PUBKEY(key, &encoded);
  if (size <= 0) return failed("public key");
  const auto digest =
      sha256({reinterpret_cast<const char*>(encoded), static_cast<std::size_t>(size)});
  OPENSSL_free(encoded);
  return digest;
}

// Proves that whoever asks has the key.
Result<RequestHandle> open_request(std::string_view pem) {
  RequestHandle request{PEM_read_bio_X509_REQ(reading(pem).get(), nullptr, nullptr, nullptr)};
  const bool proven =
      request && X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())) == 1;
  ERR_clear_error();
  if (!request) return fail(ErrorCode::kInvalidArgument, "not a certificate request");
  if (!proven) return fail(ErrorCode::kInvalidArgument, "a request not signed with its key");
  return request;
}

Result<Request> request_for(const std::string& common_name, const Key& key) {
  const RequestHandle request{X509_REQ_new()};
  const auto* name = reinterpret_cast<const unsigned char*>(common_name.c_str());
  // Ed25519 has its digest built in.
  const auto* digest = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  const bool made = request && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN",
                                               MBSTRING_UTF8, name, -1, -1, 0) == 1 &&
                    X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                    X509_REQ_sign(request.get(), key.get(), digest) > 0;
  if (!made) return failed("certificate request");
  const Bio request_out{BIO_new(BIO_s_mem())};
  const Bio key_out{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509_REQ(request_out.get(), request.get());
  PEM_write_bio_PKCS8PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return Request{written(request_out.get()), written(key_out.get())};
}

}  // namespace

Result<KeyPair> issue(const KeyPair& authority, const IssueOptions& options) {
  HEARTH_TRY(issuer, open_issuer(authority, options.not_after));
  const Key key{EVP_EC_gen("P-256")};
  if (!key) return failed("key");
  HEARTH_TRY(certificate, certify(issuer, key.get(), options, leaf_extensions(options)));
  return to_pem(certificate.get(), key.get());
}

Result<KeyPair> make_issuer(const KeyPair& authority, const std::string& name, UtcTime not_before,
                            UtcTime not_after) {
  HEARTH_TRY(above, open_issuer(authority, not_after));
  if (X509_get_pathlen(above.certificate.get()) == 0) {
    return fail(ErrorCode::kInvalidArgument,
                "this authority may have no other below it: it was made by an older version");
  }
  const Key key{EVP_EC_gen("P-256")};
  if (!key) return failed("key");
  // A node's identity is a URI of host "node": no other is believed from this issuer.
  HEARTH_TRY(certificate, certify(above, key.get(), {name, {}, "", not_before, not_after},
                                  {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                   {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                   {NID_ext_key_usage, "clientAuth"},
                                   {NID_name_constraints, "critical,permitted;URI:node"}}));
  return to_pem(certificate.get(), key.get());
}

Result<std::string> random_secret() {
  constexpr int kSecretBytes = 32;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, kSecretBytes> bytes{};
  if (RAND_bytes(bytes.data(), kSecretBytes) != 1) return failed("random bytes");
  std::string text;
  for (const auto byte : bytes) (text += kDigits[byte >> 4]) += kDigits[byte & 15];
  return text;
}

Result<Request> make_request(const std::string& common_name) {
  const Key key{EVP_EC_gen("P-256")};
  if (!key) return failed("key");
  return request_for(common_name, key);
}

Result<Request> make_request(const std::string& common_name, const std::string& key) {
  const auto parsed = parse_key(key);
  if (!parsed) return fail(ErrorCode::kInvalidArgument, "not a key");
  return request_for(common_name, parsed);
}

Result<std::string> key_of_request(std::string_view request) {
  HEARTH_TRY(opened, open_request(request));
  return fingerprint(X509_REQ_get0_pubkey(opened.get()));
}

Result<std::string> key_of_certificate(std::string_view certificate) {
  const auto parsed = parse_x509(certificate);
  if (!parsed) return fail(ErrorCode::kInvalidArgument, "not a certificate");
  return fingerprint(X509_get0_pubkey(parsed.get()));
}

Result<std::string> sign(const KeyPair& pair, std::string_view request,
                         const IssueOptions& options) {
  HEARTH_TRY(issuer, open_issuer(pair, options.not_after));
  HEARTH_TRY(opened, open_request(request));
  auto* key = X509_REQ_get0_pubkey(opened.get());
  if (auto strong = fingerprint(key); !strong) return tl::unexpected(strong.error());
  HEARTH_TRY(certificate, certify(issuer, key, options, leaf_extensions(options)));
  const Bio out{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(out.get(), certificate.get());
  return written(out.get()) + pair.certificate;
}

}  // namespace hearth::tls
