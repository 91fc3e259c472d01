// Owners of OpenSSL's objects, and its last error in words. Only for the sources beside it.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

namespace hearth::tls {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using X509Handle = std::unique_ptr<X509, Freer<X509_free>>;
using Store = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Freer<X509_STORE_CTX_free>>;
using SslContext = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using RequestHandle = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using BigNumber = std::unique_ptr<BIGNUM, Freer<BN_free>>;

inline Bio reading(std::string_view text) {
  return Bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

inline std::string written(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

// What OpenSSL said last; its queue is empty afterwards.
inline std::string last_problem() {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown";
}

inline X509Handle parse_x509(std::string_view pem) {
  X509Handle certificate{PEM_read_bio_X509(reading(pem).get(), nullptr, nullptr, nullptr)};
  ERR_clear_error();
  return certificate;
}

inline Key parse_key(std::string_view pem) {
  // No prompt for a password: an empty one fails.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  Key key{PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, no_password, nullptr)};
  ERR_clear_error();
  return key;
}

}  // namespace hearth::tls
