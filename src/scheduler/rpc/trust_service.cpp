#include "scheduler/rpc/trust_service.h"

#include "scheduler/rpc/access.h"
#include "scheduler/rpc/open_calls.h"
#include "scheduler/rpc/ownership.h"
#include "scheduler/runtime/clock.h"
#include "scheduler/trust/trust.h"
#include "wire/checks.h"

namespace hearth::scheduler {
namespace {

constexpr Duration kTimeToLive = std::chrono::hours{1};

const Error kInTheClear{ErrorCode::kFailedPrecondition,
                        "hearthd speaks without TLS: there are no certificates"};

void fill(const Enrolment& enrolment, trust::v1::Enrolment* out) {
  out->set_id(short_id(enrolment));
  out->set_node_id(enrolment.node);
  wire::to_wire(enrolment.created_at, out->mutable_created_at());
  out->set_created_by(enrolment.created_by);
  wire::to_wire(enrolment.expires_at, out->mutable_expires_at());
  if (enrolment.used_at) wire::to_wire(*enrolment.used_at, out->mutable_used_at());
  out->set_serial(enrolment.serial);
}

CertificateSelector from_wire(const trust::v1::CertificateSelector& in) {
  return {in.serial(), in.node_id(), in.tenant(), in.zone_id(), in.name()};
}

void fill(const Revocation& revocation, trust::v1::Revocation* out) {
  auto* selector = out->mutable_selector();
  selector->set_serial(revocation.selector.serial);
  selector->set_node_id(revocation.selector.node);
  selector->set_tenant(revocation.selector.tenant);
  selector->set_zone_id(revocation.selector.zone);
  selector->set_name(revocation.selector.name);
  out->set_subject(to_words(revocation.selector));
  wire::to_wire(revocation.at, out->mutable_revoked_at());
  out->set_revoked_by(revocation.by);
  out->set_reason(revocation.reason);
}

// As the audit log names it, sound or not.
std::string audited(const trust::v1::CertificateSelector& selector) {
  const auto sound = checked(from_wire(selector));
  return sound ? to_words(*sound) : selector.ShortDebugString();
}

}  // namespace

// Off gRPC's threads: the disk may be slow.
grpc::ServerUnaryReactor* TrustService::slowly(grpc::CallbackServerContext* context,
                                               std::function<Result<>(Trust&)> work) {
  auto* reactor = context->DefaultReactor();
  if (!backend_.trust) return refuse(reactor, kInTheClear);
  slow_.post([this, reactor, work = std::move(work)] { finish(reactor, work(*backend_.trust)); });
  return reactor;
}

grpc::ServerUnaryReactor* TrustService::CreateEnrolment(
    grpc::CallbackServerContext* context, const trust::v1::CreateEnrolmentRequest* request,
    trust::v1::CreateEnrolmentResponse* response) {
  audit(backend_, *context, "CreateEnrolment", request->node_id());
  return slowly(context, [=, this](Trust& trust) -> Result<> {
    auto time_to_live = kTimeToLive;
    if (request->has_time_to_live()) {
      wire::Checks checks;
      time_to_live = checks.duration("time_to_live", request->time_to_live());
      if (auto sound = checks.finish(time_to_live); !sound) return tl::unexpected(sound.error());
    }
    if (backend_.enrolment_port == 0) {
      return fail(ErrorCode::kFailedPrecondition,
                  "nodes cannot be enrolled: hearthd's configuration has no \"enrolment\"");
    }
    HEARTH_TRY(made, trust.create(request->node_id(), time_to_live, to_uri(caller_of(*context)),
                                  utc_now()));
    response->set_token(made.token);
    response->set_authorities(made.authorities);
    response->set_enrolment_port(static_cast<std::uint32_t>(backend_.enrolment_port));
    fill(made.enrolment, response->mutable_enrolment());
    return {};
  });
}

grpc::ServerUnaryReactor* TrustService::ListEnrolments(
    grpc::CallbackServerContext* context, const trust::v1::ListEnrolmentsRequest*,
    trust::v1::ListEnrolmentsResponse* response) {
  return slowly(context, [response](Trust& trust) -> Result<> {
    HEARTH_TRY(all, trust.enrolments());
    for (const auto& one : all) fill(one, response->add_enrolments());
    return {};
  });
}

grpc::ServerUnaryReactor* TrustService::CancelEnrolment(
    grpc::CallbackServerContext* context, const trust::v1::CancelEnrolmentRequest* request,
    trust::v1::CancelEnrolmentResponse*) {
  audit(backend_, *context, "CancelEnrolment", request->id());
  return slowly(context, [request](Trust& trust) { return trust.cancel(request->id()); });
}

grpc::ServerUnaryReactor* TrustService::RevokeCertificates(
    grpc::CallbackServerContext* context, const trust::v1::RevokeCertificatesRequest* request,
    trust::v1::RevokeCertificatesResponse* response) {
  audit(backend_, *context, "RevokeCertificates", audited(request->selector()), request->reason());
  return slowly(context, [=, this](Trust& trust) -> Result<> {
    if (request->reason().size() > kReasonBytesMax) {
      return fail(ErrorCode::kInvalidArgument, "reason: longer than 256 bytes");
    }
    HEARTH_TRY(selector, checked(from_wire(request->selector())));
    const auto caller = caller_of(*context);
    const auto own = peer_certificate(*context->auth_context());
    if (own && matches(selector, caller, *own)) {
      return fail(ErrorCode::kInvalidArgument,
                  to_words(selector) +
                      ": that is your own certificate, and you would be locked "
                      "out; another operator can do it");
    }
    HEARTH_TRY(done, trust.revoke(selector, to_uri(caller), request->reason(), utc_now()));
    fill(done, response->mutable_revocation());
    response->set_streams_ended(static_cast<std::uint32_t>(backend_.open_calls->sweep()));
    return {};
  });
}

grpc::ServerUnaryReactor* TrustService::DeleteRevocation(
    grpc::CallbackServerContext* context, const trust::v1::DeleteRevocationRequest* request,
    trust::v1::DeleteRevocationResponse*) {
  audit(backend_, *context, "DeleteRevocation", audited(request->selector()));
  return slowly(
      context, [request](Trust& trust) { return trust.reinstate(from_wire(request->selector())); });
}

grpc::ServerUnaryReactor* TrustService::ListRevocations(
    grpc::CallbackServerContext* context, const trust::v1::ListRevocationsRequest*,
    trust::v1::ListRevocationsResponse* response) {
  return slowly(context, [response](Trust& trust) -> Result<> {
    for (const auto& one : trust.revocations()) fill(one, response->add_revocations());
    return {};
  });
}

grpc::ServerUnaryReactor* RenewalService::RenewCertificate(
    grpc::CallbackServerContext* context, const trust::v1::RenewCertificateRequest* request,
    trust::v1::RenewCertificateResponse* response) {
  auto* reactor = context->DefaultReactor();
  if (!backend_.trust) return refuse(reactor, kInTheClear);
  const auto caller = caller_of(*context);
  if (caller.role != tls::Role::kNode) {
    reactor->Finish({grpc::StatusCode::PERMISSION_DENIED, "only a node's agent renews"});
    return reactor;
  }
  audit(backend_, *context, "RenewCertificate", caller.name);
  slow_.post([this, reactor, request, response, node = caller.name] {
    const auto issued = backend_.trust->renew(node, request->request(), utc_now());
    if (!issued) return void(refuse(reactor, issued.error()));
    response->set_certificate(issued->certificate);
    response->set_authorities(issued->authorities);
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

}  // namespace hearth::scheduler
