#include "scheduler/rpc/ownership.h"

#include "scheduler/rpc/views.h"

namespace hearth::scheduler {

using tls::Role;

bool sees_all(const tls::Identity& identity) {
  return identity.role == Role::kOperate || identity.role == Role::kNode;
}

std::string tenant_of(const tls::Identity& identity) {
  // No tenant's name holds a colon: who is of none sees nobody's work.
  if (sees_all(identity)) return "";
  return identity.tenant.empty() ? "none:" : identity.tenant;
}

Result<> check_own_job(StoreReader& reader, const std::string& tenant, JobId job) {
  if (tenant.empty()) return {};
  HEARTH_TRY(row, reader.job(job));
  if (!row) return tl::unexpected(no_such_job(reader, job));
  if (row->spec.tenant.value == tenant) return {};
  return fail(ErrorCode::kNotFound, to_string(job) + ": no such job");
}

grpc::ServerUnaryReactor* with_own_job(Backend& backend, grpc::CallbackServerContext& context,
                                       const std::string& job_id,
                                       std::function<void(grpc::ServerUnaryReactor*)> go) {
  auto* reactor = context.DefaultReactor();
  const auto tenant = tenant_of(caller_of(context));
  const auto id = parse_job_id(job_id);
  if (tenant.empty() || !id) {
    go(reactor);  // which says what is wrong with the id
    return reactor;
  }
  struct Nothing {};
  backend.reader.read<Nothing>([](const Scheduler&) { return Nothing{}; },
                               [=, id = *id](StoreReader& reader, Nothing) {
                                 if (const auto own = check_own_job(reader, tenant, id); !own) {
                                   refuse(reactor, own.error());
                                 } else {
                                   go(reactor);
                                 }
                               },
                               refusal(reactor));
  return reactor;
}

Result<> check_own_zone(const grpc::CallbackServerContext& context, const std::string& zone) {
  const auto caller = caller_of(context);
  if (caller.role != Role::kResident || caller.zone == zone) return {};
  return fail(ErrorCode::kNotFound, "zone " + zone + ": unknown");
}

Result<std::vector<std::string>> foreign_artifacts(StoreReader& reader, const UploadOwners& uploads,
                                                   const std::string& tenant,
                                                   const std::vector<std::string>& digests) {
  std::vector<std::string> foreign;
  if (tenant.empty()) return foreign;
  for (const auto& digest : digests) {
    if (uploads.has(tenant, digest)) continue;
    HEARTH_TRY(refers, reader.tenant_refers(tenant, digest));
    if (!refers) foreign.push_back(digest);
  }
  return foreign;
}

void audit(const Backend& backend, const grpc::CallbackServerContext& context,
           const std::string& call, const std::string& object, const std::string& reason) {
  if (!backend.audit) return;
  backend.audit->write(
      {.who = to_uri(caller_of(context)), .call = call, .object = object, .reason = reason});
}

}  // namespace hearth::scheduler
