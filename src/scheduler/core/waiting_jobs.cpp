#include "scheduler/core/waiting_jobs.h"

#include <algorithm>

namespace hearth::scheduler {

bool WaitingJobs::insert(const JobOrder& order, const Shape& shape) {
  const auto [found, is_new] = filed_.try_emplace(order.job, Filed{order, shape});
  if (!is_new) {
    if (found->second.order == order && found->second.shape == shape) return false;
    orders_.erase(found->second.order);
    erase_from_shape(found->second);
    found->second = {order, shape};
  }
  orders_.insert(order);
  shapes_[shape].insert(order);
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
  const auto shape = shapes_.find(filed.shape);
  shape->second.erase(filed.order);
  if (shape->second.empty()) shapes_.erase(shape);
}

ShapeWalk::ShapeWalk(const WaitingJobs& waiting, Duration longest) : waiting_(waiting) {
  fronts_.reserve(waiting.shapes().size());
  for (const auto& [shape, orders] : waiting.shapes()) {
    const bool known = shape.remaining_p90 > Duration::zero();
    if (longest > Duration::zero() && !(known && shape.remaining_p90 <= longest)) continue;
    fronts_.push_back({*orders.begin(), shape});
  }
  std::ranges::make_heap(fronts_, later);
}

void ShapeWalk::next_of_shape() {
  const Front last = fronts_.front();
  skip_shape();
  const auto found = waiting_.shapes().find(last.shape);
  if (found == waiting_.shapes().end()) return;
  const auto next = found->second.upper_bound(last.order);
  if (next == found->second.end()) return;
  fronts_.push_back({*next, last.shape});
  std::ranges::push_heap(fronts_, later);
}

void ShapeWalk::skip_shape() {
  std::ranges::pop_heap(fronts_, later);
  fronts_.pop_back();
}

}  // namespace hearth::scheduler
