#include "scheduler/core/fair_share.h"

#include <cmath>

#include "common/check.h"

namespace hearth::scheduler {

FairShare::TenantIndex FairShare::index_of(const TenantId& tenant) {
  const auto [found, is_new] =
      places_.try_emplace(tenant, static_cast<TenantIndex>(tenants_.size()));
  if (is_new) tenants_.push_back({tenant});
  return found->second;
}

double FairShare::average_at(const Tenant& tenant, TimePoint now) const {
  const double kept = std::exp2(-to_seconds(now - tenant.at) / to_seconds(config_.half_life));
  return tenant.average_cores * kept + tenant.cores * (1 - kept);
}

void FairShare::settle(Tenant& tenant, TimePoint now) const {
  tenant.average_cores = average_at(tenant, now);
  tenant.at = now;
}

void FairShare::take(TenantIndex tenant, int cores, TimePoint now) {
  auto& taker = tenants_[tenant];
  settle(taker, now);
  taker.cores += cores;
}

void FairShare::give_back(TenantIndex tenant, int cores, TimePoint now) {
  auto& giver = tenants_[tenant];
  settle(giver, now);
  giver.cores -= cores;
  CHECK(giver.cores >= 0);
}

double FairShare::standing(TenantIndex tenant, TimePoint now) const {
  const auto& one = tenants_[tenant];
  const double per_weight = (average_at(one, now) + one.cores) / limits(tenant).weight;
  return std::round(per_weight * 1000) / 1000;
}

bool FairShare::has_room(TenantIndex tenant, int cores) const {
  const auto& most = limits(tenant).cores_max;
  return !most || tenants_[tenant].cores + cores <= *most;
}

double FairShare::average_cores(TenantIndex tenant, TimePoint now) const {
  return average_at(tenants_[tenant], now);
}

void FairShare::restore(const TenantId& tenant, double average_cores, TimePoint now) {
  auto& one = tenants_[index_of(tenant)];
  settle(one, now);
  one.average_cores = average_cores;
}

}  // namespace hearth::scheduler
