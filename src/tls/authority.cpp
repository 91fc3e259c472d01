#include "tls/authority.h"

#include <arpa/inet.h>
#include <openssl/rand.h>

#include <array>

#include "tls/certificate.h"
#include "tls/openssl_handles.h"

namespace hearth::tls {
namespace {

constexpr int kSerialBytes = 16;

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
                    extend(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    extend(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    extend(raw, raw, NID_subject_key_identifier, "hash") &&
                    X509_sign(raw, key.get(), EVP_sha256()) > 0;
  if (!made) return failed("authority " + name);
  return to_pem(raw, key.get());
}

Result<KeyPair> issue(const KeyPair& authority, const IssueOptions& options) {
  const auto issuer = parse_x509(authority.certificate);
  const auto issuer_key = parse_key(authority.key);
  if (!issuer || !issuer_key || X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::kInvalidArgument, "authority: not a certificate with its key");
  }
  HEARTH_TRY(facts, read_certificate(authority.certificate));
  if (options.not_after > facts.not_after) {
    return fail(ErrorCode::kInvalidArgument,
                "the authority itself ends before that, at " + to_string(facts.not_after));
  }
  const Key key{EVP_EC_gen("P-256")};
  if (!key) return failed("key");
  const auto certificate =
      draft(key.get(), options.common_name, options.not_before, options.not_after);
  if (!certificate) return failed("certificate for " + options.common_name);
  auto* raw = certificate.get();
  const auto names = alternative_names(options);
  const auto* usage = options.hosts.empty() ? "clientAuth" : "serverAuth,clientAuth";
  const bool made = X509_set_issuer_name(raw, X509_get_subject_name(issuer.get())) == 1 &&
                    extend(raw, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                    extend(raw, issuer.get(), NID_key_usage, "critical,digitalSignature") &&
                    extend(raw, issuer.get(), NID_ext_key_usage, usage) &&
                    extend(raw, issuer.get(), NID_subject_key_identifier, "hash") &&
                    extend(raw, issuer.get(), NID_authority_key_identifier, "keyid") &&
                    (names.empty() || extend(raw, issuer.get(), NID_subject_alt_name, names)) &&
                    X509_sign(raw, issuer_key.get(), EVP_sha256()) > 0;
  if (!made) return failed("certificate for " + options.common_name);
  return to_pem(raw, key.get());
}

}  // namespace hearth::tls
