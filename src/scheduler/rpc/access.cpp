#include "scheduler/rpc/access.h"

#include <grpc/grpc_security_constants.h>

#include <algorithm>
#include <array>

#include "common/log.h"
#include "scheduler/runtime/clock.h"
#include "scheduler/trust/trust.h"

namespace hearth::scheduler {
namespace {

using tls::Identity;
using tls::Role;

// Agents alone: it is how a node is somebody.
constexpr std::array<std::string_view, 2> kAgentsOwn{
    "/hearth.node.v1.NodeService/Connect", "/hearth.trust.v1.RenewalService/RenewCertificate"};

// Columns: read, submit, resident, node.
constexpr std::array kMethods{
    MethodAccess{"/hearth.artifact.v1.ArtifactService/FindMissing", false, true, false, true},
    MethodAccess{"/hearth.artifact.v1.ArtifactService/Upload", false, true, false, true},
    MethodAccess{"/hearth.artifact.v1.ArtifactService/Download", true, true, false, true},
    MethodAccess{"/hearth.fleet.v1.FleetService/ListNodes", false, false, false, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/GetNode", false, false, false, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/ListZones", false, false, false, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/GetZone", false, false, true, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/GetZoneHistory", false, false, true, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/SetSetpoint", false, false, true, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/SetHoliday", false, false, true, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/ExplainZone", false, false, true, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/DrainNode", false, false, false, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/ListSites", false, false, false, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/GetSite", false, false, false, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/SetSiteCap", false, false, false, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/GetCapacity", true, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/SubmitJob", false, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/GetJob", true, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/ListJobs", true, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/ListTasks", true, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/WatchJobs", true, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/StreamResults", true, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/CancelJob", false, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/HoldJob", false, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/ReleaseJob", false, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/UpdateJob", false, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/RetryTasks", false, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/ExplainTask", true, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/QuoteJob", true, true, false, false},
    MethodAccess{"/hearth.job.v1.JobService/ListTenants", true, true, false, false},
    MethodAccess{"/hearth.node.v1.NodeService/Connect", false, false, false, true},
    MethodAccess{"/hearth.artifact.v1.ArtifactService/ListArtifacts", false, false, false, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/QuarantineNode", false, false, false, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/ReleaseNode", false, false, false, false},
    MethodAccess{"/hearth.fleet.v1.FleetService/LabelNode", false, false, false, false},
    MethodAccess{"/hearth.admin.v1.AdminService/GetStatus", false, false, false, false},
    MethodAccess{"/hearth.admin.v1.AdminService/GetRetention", false, false, false, false},
    MethodAccess{"/hearth.admin.v1.AdminService/Backup", false, false, false, false},
    MethodAccess{"/hearth.admin.v1.AdminService/CheckStore", false, false, false, false},
    MethodAccess{"/hearth.admin.v1.AdminService/ListQueue", false, false, false, false},
    MethodAccess{"/hearth.admin.v1.AdminService/PauseQueue", false, false, false, false},
    MethodAccess{"/hearth.admin.v1.AdminService/ResumeQueue", false, false, false, false},
    MethodAccess{"/hearth.job.v1.JobService/GetLogs", true, true, false, false},
    MethodAccess{"/hearth.trust.v1.TrustService/CreateEnrolment", false, false, false, false},
    MethodAccess{"/hearth.trust.v1.TrustService/ListEnrolments", false, false, false, false},
    MethodAccess{"/hearth.trust.v1.TrustService/CancelEnrolment", false, false, false, false},
    MethodAccess{"/hearth.trust.v1.TrustService/RevokeCertificates", false, false, false, false},
    MethodAccess{"/hearth.trust.v1.TrustService/DeleteRevocation", false, false, false, false},
    MethodAccess{"/hearth.trust.v1.TrustService/ListRevocations", false, false, false, false},
    MethodAccess{"/hearth.trust.v1.RenewalService/RenewCertificate", false, false, false, true},
};

}  // namespace

std::span<const MethodAccess> method_table() {
  return kMethods;
}

std::string to_words(const Identity& identity) {
  if (identity.role == Role::kNode) return "node " + identity.name;
  if (identity.role == Role::kResident) return identity.name + " of zone " + identity.zone;
  return identity.name + " of tenant " + identity.tenant + " (" + to_string(identity.role) + ")";
}

bool may_call(const Identity& identity, std::string_view method) {
  if (method.starts_with("/grpc.")) return true;
  const auto* row = std::find_if(kMethods.begin(), kMethods.end(),
                                 [&](const auto& access) { return access.method == method; });
  const bool known = row != kMethods.end();
  switch (identity.role) {
    case Role::kRead:
      return known && row->read;
    case Role::kSubmit:
      return known && row->submit;
    case Role::kResident:
      return known && row->resident;
    case Role::kNode:
      return known && row->node;
    case Role::kOperate:
      return std::find(kAgentsOwn.begin(), kAgentsOwn.end(), method) == kAgentsOwn.end();
  }
  return false;
}

Result<Identity> identity_of(const grpc::AuthContext& peer) {
  if (!peer.IsPeerAuthenticated()) return Identity{Role::kOperate, "default", "", "local"};
  std::vector<std::string> uris;
  for (const auto& uri : peer.FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
    uris.emplace_back(uri.data(), uri.size());
  }
  return tls::identity_of(uris);
}

Result<tls::Certificate> peer_certificate(const grpc::AuthContext& peer) {
  const auto found = peer.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (found.empty()) return fail(ErrorCode::kNotFound, "no certificate");
  return tls::read_certificate({found.front().data(), found.front().size()});
}

Identity caller_of(const grpc::CallbackServerContext& context) {
  const auto peer = context.auth_context();
  if (!peer) return Identity{Role::kOperate, "default", "", "local"};
  return identity_of(*peer).value_or(Identity{});  // of no tenant: it owns nothing
}

Result<Identity> AccessProcessor::believed(const grpc::AuthContext& peer) const {
  HEARTH_TRY(identity, identity_of(peer));
  if (trust_ == nullptr) return identity;
  HEARTH_TRY(certificate, peer_certificate(peer));
  if (auto sound = trust_->check(identity, certificate, utc_now()); !sound) {
    return tl::unexpected(sound.error());
  }
  return identity;
}

grpc::Status AccessProcessor::Process(const InputMetadata& metadata, grpc::AuthContext* peer,
                                      OutputMetadata*, OutputMetadata*) {
  if (!peer->IsPeerAuthenticated()) return grpc::Status::OK;
  const auto path = metadata.find(":path");
  const std::string method =
      path == metadata.end() ? "" : std::string{path->second.data(), path->second.size()};
  const auto call = method.substr(method.rfind('/') + 1);
  const auto identity = believed(*peer);
  if (!identity) {
    const auto named = identity_of(*peer);  // and yet not believed
    log::warn("call_refused", {{"call", call}, {"error", identity.error().message}});
    if (audit_) {
      audit_->write(
          {.who = named ? to_uri(*named) : "", .call = call, .refused = identity.error().message});
    }
    return {grpc::StatusCode::UNAUTHENTICATED, identity.error().message};
  }
  if (may_call(*identity, method)) return grpc::Status::OK;
  const auto why = to_words(*identity) + " may not call " + call;
  log::warn("call_refused", {{"error", why}});
  if (audit_) audit_->write({.who = to_uri(*identity), .call = call, .refused = why});
  return {grpc::StatusCode::PERMISSION_DENIED, why};
}

}  // namespace hearth::scheduler
