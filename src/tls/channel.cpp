#include "tls/channel.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace hearth::tls {
namespace {

constexpr unsigned kRefreshSeconds = 1;

std::shared_ptr<grpc::experimental::CertificateProviderInterface> provider(
    const CredentialPaths& staged) {
  return std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      staged.key, staged.certificate, staged.authorities, kRefreshSeconds);
}

}  // namespace

std::shared_ptr<grpc::ChannelCredentials> client_credentials(const Credentials& credentials) {
  return grpc::SslCredentials({credentials.authorities, credentials.key, credentials.certificate});
}

std::shared_ptr<grpc::ChannelCredentials> client_credentials(const CredentialPaths& staged) {
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(provider(staged));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const CredentialPaths& staged) {
  grpc::experimental::TlsServerCredentialsOptions options{provider(staged)};
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> stranger_credentials(const std::string& authorities) {
  return grpc::SslCredentials({authorities, "", ""});
}

std::shared_ptr<grpc::ServerCredentials> credentials_for_strangers(const CredentialPaths& staged) {
  grpc::experimental::TlsServerCredentialsOptions options{provider(staged)};
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace hearth::tls
