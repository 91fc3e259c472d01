// Who may call what: one table of methods and roles, asked before any call reaches a service.
//
// Without TLS everybody is the operator: such a scheduler should listen on loopback only. Whose
// job, artifact or zone a call is about, the services check (ownership.h).
#pragma once

#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/server_context.h>

#include <span>
#include <string_view>

#include "scheduler/rpc/audit.h"
#include "tls/certificate.h"
#include "tls/identity.h"

namespace hearth::scheduler {

class Trust;

// Who may call a method; operators may call all but the agents' own.
struct MethodAccess {
  std::string_view method;  // like "/hearth.job.v1.JobService/GetJob"
  bool read = false;
  bool submit = false;
  bool resident = false;
  bool node = false;
};

// Every method of the public services.
std::span<const MethodAccess> method_table();

// Methods that are not in the table are the operator's, those of gRPC itself (health, reflection)
// anybody's.
bool may_call(const tls::Identity& identity, std::string_view method);

// Whom the peer's certificate names. Without TLS: the operator "local". kInvalidArgument: the
// certificate names nobody of ours.
Result<tls::Identity> identity_of(const grpc::AuthContext& peer);

// The certificate itself. kNotFound: there is none.
Result<tls::Certificate> peer_certificate(const grpc::AuthContext& peer);

// Of a call that AccessProcessor let through.
tls::Identity caller_of(const grpc::CallbackServerContext& context);

// "node n1", "ann of zone kitchen", "bob of tenant bank (submit)".
std::string to_words(const tls::Identity& identity);

// Refuses calls with UNAUTHENTICATED (a certificate without an identity, ended or revoked) and
// PERMISSION_DENIED, and writes them into the audit log. Called by gRPC's threads.
class AccessProcessor final : public grpc::AuthMetadataProcessor {
 public:
  // No log: none is kept. No trust: nothing is revoked.
  AccessProcessor(std::shared_ptr<AuditLog> audit, const Trust* trust)
      : audit_(std::move(audit)), trust_(trust) {}

  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* peer,
                       OutputMetadata* consumed, OutputMetadata* response) override;

 private:
  Result<tls::Identity> believed(const grpc::AuthContext& peer) const;

  std::shared_ptr<AuditLog> audit_;
  const Trust* trust_;
};

}  // namespace hearth::scheduler
