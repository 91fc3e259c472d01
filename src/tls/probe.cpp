#include "tls/probe.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "tls/openssl_handles.h"

namespace hearth::tls {
namespace {

constexpr timeval kPatience{1, 0};
constexpr int kConnectSeconds = 1;
constexpr int kNapMs = 20;
constexpr unsigned char kHttp2[] = {2, 'h', '2'};

SslContext make_context(const std::optional<Credentials>& credentials) {
  SslContext context{SSL_CTX_new(TLS_client_method())};
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof kHttp2);
  if (!credentials) return context;
  const auto certificate = parse_x509(credentials->certificate);
  const auto key = parse_key(credentials->key);
  if (certificate && key) {
    SSL_CTX_use_certificate(context.get(), certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), key.get());
  }
  const auto in = reading(credentials->authorities);
  while (auto* next = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
    const X509Handle authority{next};
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), next);
  }
  ERR_clear_error();
  return context;
}

// A host without brackets and port.
std::string host_of(const std::string& server) {
  auto host = server.substr(0, server.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

// After a handshake of TLS 1.3 the server's verdict on our certificate comes with the first read:
// settings of HTTP/2 where it accepts us, the end of the connection where it does not.
std::optional<std::string> hear_verdict(SSL* ssl, const std::optional<Credentials>& credentials) {
  char byte = 0;
  const int got = SSL_read(ssl, &byte, 1);
  const bool waits = got <= 0 && SSL_get_error(ssl, got) == SSL_ERROR_WANT_READ;
  ERR_clear_error();
  if (got > 0 || waits) return std::nullopt;
  if (!credentials) {
    return "it wants TLS with a certificate: give --ca, --cert and --key";
  }
  const auto own = read_certificate(credentials->certificate);
  return "it refuses the certificate " + (own ? own->subject + " (by " + own->issuer + ")" : "") +
         ": not issued by an authority that it trusts, or expired";
}

}  // namespace

std::optional<std::string> explain_refusal(const std::string& server,
                                           const std::optional<Credentials>& credentials) {
  const Bio connection{BIO_new_connect(server.c_str())};
  if (!connection || BIO_do_connect_retry(connection.get(), kConnectSeconds, kNapMs) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  const auto socket = static_cast<int>(BIO_get_fd(connection.get(), nullptr));
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  ::fcntl(socket, F_SETFL, 0);  // blocking from here on, within kPatience
  const auto context = make_context(credentials);
  SSL* ssl = SSL_new(context.get());
  const Bio secured{BIO_new(BIO_f_ssl())};
  BIO_set_ssl(secured.get(), ssl, BIO_CLOSE);
  SSL_set_fd(ssl, socket);
  const auto host = host_of(server);
  auto* wanted = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) != 1) {
    SSL_set_tlsext_host_name(ssl, host.c_str());
    X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size());
  }
  ERR_clear_error();
  if (credentials) SSL_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  if (SSL_connect(ssl) == 1) return hear_verdict(ssl, credentials);
  const auto verdict = SSL_get_verify_result(ssl);
  const auto problem = last_problem();
  if (credentials && verdict != X509_V_OK) {
    return std::string{"its certificate is not to be believed: "} +
           X509_verify_cert_error_string(verdict);
  }
  if (!credentials) return std::nullopt;  // it does not speak TLS, and neither do we
  return "it does not speak TLS as we do: " + problem;
}

}  // namespace hearth::tls
