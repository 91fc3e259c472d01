#include "scheduler/core/waiting_jobs.h"

#include <algorithm>

namespace hearth::scheduler {

bool WaitingJobs::insert(const JobOrder& order, const Shape& shape, FairShare::TenantIndex tenant) {
  const auto [found, is_new] = filed_.try_emplace(order.job, Filed{order, shape, tenant});
  if (!is_new) {
    if (found->second.order == order && found->second.shape == shape) return false;
    orders_.erase(found->second.order);
    erase_from_shape(found->second);
    found->second = {order, shape, tenant};
  }
  orders_.insert(order);
  tenants_[tenant][shape].insert(order);
  return is_new;
}

void WaitingJobs::erase(JobId job) {
  const auto found = filed_.find(job);
  if (found == filed_.end()) return;
  orders_.erase(found->second.order);
  erase_from_shape(found->second);
  filed_.erase(found);
}

void WaitingJobs::erase_from_shape(const Filed& filed) {
  auto& shapes = tenants_.at(filed.tenant);
  const auto shape = shapes.find(filed.shape);
  shape->second.erase(filed.order);
  if (shape->second.empty()) shapes.erase(shape);
  if (shapes.empty()) tenants_.erase(filed.tenant);
}

ShapeWalk::ShapeWalk(const WaitingJobs& waiting, Duration longest, const Standings& standings)
    : waiting_(waiting) {
  for (const auto& [tenant, shapes] : waiting.tenants()) {
    const auto standing = standings.find(tenant);
    if (standing == standings.end()) continue;
    for (const auto& [shape, orders] : shapes) {
      const bool known = shape.remaining_p90 > Duration::zero();
      if (longest > Duration::zero() && !(known && shape.remaining_p90 <= longest)) continue;
      fronts_.push_back({standing->second, *orders.begin(), shape, tenant});
    }
  }
  std::ranges::make_heap(fronts_, later);
}

void ShapeWalk::next_of_shape() {
  const Front last = fronts_.front();
  skip_shape();
  const auto shapes = waiting_.tenants().find(last.tenant);
  if (shapes == waiting_.tenants().end()) return;
  const auto found = shapes->second.find(last.shape);
  if (found == shapes->second.end()) return;
  const auto next = found->second.upper_bound(last.order);
  if (next == found->second.end()) return;
  fronts_.push_back({last.standing, *next, last.shape, last.tenant});
  std::ranges::push_heap(fronts_, later);
}

void ShapeWalk::skip_shape() {
  std::ranges::pop_heap(fronts_, later);
  fronts_.pop_back();
}

}  // namespace hearth::scheduler
