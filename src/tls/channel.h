// gRPC's credentials of both sides, made from files in PEM. Peers are believed by the authorities
// given and by no others.
#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "tls/certificate.h"

namespace hearth::tls {

// A client that reads its credentials once.
std::shared_ptr<grpc::ChannelCredentials> client_credentials(const Credentials& credentials);

// A client and a server that take up changed files (CredentialWatch::staged()) within a second or
// two, for new connections. The server lets nobody in without a certificate of its authorities.
std::shared_ptr<grpc::ChannelCredentials> client_credentials(const CredentialPaths& staged);
std::shared_ptr<grpc::ServerCredentials> server_credentials(const CredentialPaths& staged);

// For callers who have no certificate yet. The server asks for none.
std::shared_ptr<grpc::ChannelCredentials> stranger_credentials(const std::string& authorities);
std::shared_ptr<grpc::ServerCredentials> credentials_for_strangers(const CredentialPaths& staged);

}  // namespace hearth::tls
