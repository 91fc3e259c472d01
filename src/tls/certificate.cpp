#include "tls/certificate.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tls/openssl_handles.h"

namespace hearth::tls {
namespace {

Result<std::string> read_file(const std::string& path) {
  std::ifstream file{path};
  std::stringstream text;
  if (path.empty() || !file || !(text << file.rdbuf())) {
    return fail(ErrorCode::kNotFound, (path.empty() ? "(no path)" : path) + ": cannot be read");
  }
  return text.str();
}

std::string name_of(const X509_NAME* name) {
  const Bio out{BIO_new(BIO_s_mem())};
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
  return written(out.get());
}

UtcTime time_of(const ASN1_TIME* time) {
  std::tm civil{};
  ASN1_TIME_to_tm(time, &civil);
  const std::chrono::year_month_day day{std::chrono::year{civil.tm_year + 1900},
                                        std::chrono::month{static_cast<unsigned>(civil.tm_mon + 1)},
                                        std::chrono::day{static_cast<unsigned>(civil.tm_mday)}};
  return std::chrono::sys_days{day} + std::chrono::hours{civil.tm_hour} +
         std::chrono::minutes{civil.tm_min} + std::chrono::seconds{civil.tm_sec};
}

std::string serial_of(const X509* certificate) {
  const BigNumber number{ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr)};
  char* hex = BN_bn2hex(number.get());
  std::string text{hex};
  OPENSSL_free(hex);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::vector<std::string> uris_of(const X509* certificate) {
  std::vector<std::string> uris;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const auto* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI) continue;
    const auto* text = name->d.uniformResourceIdentifier;
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                      static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  GENERAL_NAMES_free(names);
  return uris;
}

Certificate facts_of(const X509* certificate) {
  return {name_of(X509_get_subject_name(certificate)),
          name_of(X509_get_issuer_name(certificate)),
          serial_of(certificate),
          uris_of(certificate),
          time_of(X509_get0_notBefore(certificate)),
          time_of(X509_get0_notAfter(certificate))};
}

std::vector<X509Handle> parse_all(std::string_view pem) {
  std::vector<X509Handle> all;
  const auto in = reading(pem);
  while (auto* next = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr))
    all.emplace_back(next);
  ERR_clear_error();
  return all;
}

std::string problem_of_dates(const Certificate& certificate, UtcTime now) {
  if (now >= certificate.not_after) {
    return certificate.subject + " expired at " + to_string(certificate.not_after);
  }
  if (now < certificate.not_before) {
    return certificate.subject + " is not valid before " + to_string(certificate.not_before);
  }
  return "";
}

// Whether one of the authorities issued the first of `chain`, the others of it being intermediate.
std::string problem_of_chain(const std::vector<X509Handle>& chain,
                             const std::vector<X509Handle>& authorities, UtcTime now) {
  const Store store{X509_STORE_new()};
  for (const auto& authority : authorities) X509_STORE_add_cert(store.get(), authority.get());
  auto* between = sk_X509_new_null();
  for (std::size_t i = 1; i < chain.size(); ++i) sk_X509_push(between, chain[i].get());
  const StoreContext context{X509_STORE_CTX_new()};
  X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), between);
  X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(now));
  const bool sound = X509_verify_cert(context.get()) == 1;
  const auto* why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
  sk_X509_free(between);
  ERR_clear_error();
  return sound ? "" : facts_of(chain.front().get()).subject + " is not of the authorities: " + why;
}

}  // namespace

Result<Credentials> read_credentials(const CredentialPaths& paths) {
  HEARTH_TRY(certificate, read_file(paths.certificate));
  HEARTH_TRY(key, read_file(paths.key));
  HEARTH_TRY(authorities, read_file(paths.authorities));
  return Credentials{certificate, key, authorities};
}

Result<Certificate> read_certificate(std::string_view pem) {
  const auto certificate = parse_x509(pem);
  if (!certificate) return fail(ErrorCode::kInvalidArgument, "no certificate in PEM");
  return facts_of(certificate.get());
}

Result<Certificate> check_credentials(const Credentials& credentials, UtcTime now, bool chained) {
  const auto wrong = [](std::string why) { return fail(ErrorCode::kInvalidArgument, why); };
  const auto chain = parse_all(credentials.certificate);
  if (chain.empty()) return wrong("certificate: no certificate in PEM");
  const auto key = parse_key(credentials.key);
  if (!key) return wrong("key: no private key in PEM without a password");
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    ERR_clear_error();
    return wrong("key: not the key of the certificate");
  }
  auto facts = facts_of(chain.front().get());
  if (auto why = problem_of_dates(facts, now); !why.empty()) return wrong("certificate: " + why);
  const auto authorities = parse_all(credentials.authorities);
  if (authorities.empty()) return wrong("authorities: no certificate in PEM");
  for (const auto& authority : authorities) {
    const auto why = problem_of_dates(facts_of(authority.get()), now);
    if (!why.empty()) return wrong("authorities: " + why);
    if (X509_check_ca(authority.get()) != 1) {
      return wrong("authorities: " + facts_of(authority.get()).subject + " is no authority");
    }
  }
  if (chained) {
    if (auto why = problem_of_chain(chain, authorities, now); !why.empty()) {
      return wrong("certificate: " + why);
    }
  }
  return facts;
}

Result<> check_issued(std::string_view chain, std::string_view authorities, UtcTime moment) {
  const auto parsed = parse_all(chain);
  if (parsed.empty()) return fail(ErrorCode::kInvalidArgument, "no certificate in PEM");
  if (auto why = problem_of_chain(parsed, parse_all(authorities), moment); !why.empty()) {
    return fail(ErrorCode::kInvalidArgument, why);
  }
  return {};
}

bool is_readable_by_others(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  using std::filesystem::perms;
  return !error && (status.permissions() & perms::others_read) != perms::none;
}

}  // namespace hearth::tls
