// What tenants have of the fleet.
#include "scheduler/rpc/job_service.h"
#include "scheduler/rpc/ownership.h"

namespace hearth::scheduler {
namespace {

void to_wire(const TenantView& view, job::v1::Tenant* out) {
  out->set_tenant(view.tenant.value);
  out->set_weight(view.limits.weight);
  out->set_entitled_share(view.entitled_share);
  out->set_cores(static_cast<std::uint32_t>(view.cores));
  out->set_average_cores(view.average_cores);
  out->set_standing(view.standing);
  out->set_jobs_active(view.jobs_active);
  out->set_tasks_pending(view.tasks_pending);
  out->set_tasks_waiting(view.tasks_waiting);
  out->set_at_quota(view.at_quota);
  const auto& limits = view.limits;
  if (limits.cores_max) out->set_cores_max(static_cast<std::uint32_t>(*limits.cores_max));
  if (limits.jobs_max) out->set_jobs_max(*limits.jobs_max);
  if (limits.tasks_max) out->set_tasks_max(*limits.tasks_max);
}

}  // namespace

grpc::ServerUnaryReactor* JobService::ListTenants(grpc::CallbackServerContext* context,
                                                  const job::v1::ListTenantsRequest*,
                                                  job::v1::ListTenantsResponse* response) {
  auto* reactor = context->DefaultReactor();
  backend_.reader.view<std::vector<TenantView>>(
      [own = tenant_of(caller_of(*context))](const Scheduler& scheduler) {
        auto tenants = scheduler.tenants();
        std::erase_if(tenants, [&](const TenantView& view) {
          return !own.empty() && view.tenant.value != own;
        });
        return tenants;
      },
      [=](const std::vector<TenantView>& tenants) {
        for (const auto& tenant : tenants) to_wire(tenant, response->add_tenants());
        reactor->Finish(grpc::Status::OK);
      },
      refusal(reactor));
  return reactor;
}

}  // namespace hearth::scheduler
