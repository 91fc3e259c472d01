// "Why is it not running?" and "why is it cold?", answered from the same table that places.
#include <algorithm>
#include <cstdio>

#include "scheduler/core/impl.h"

namespace hearth::scheduler {
namespace {

using protocol::TaskState;

template <class... Args>
std::string format(const char* pattern, Args... args) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, pattern, args...);
  return buffer;
}

std::vector<Condition> tally(const std::vector<NodeRecord>& nodes, const Shape& shape,
                             const protocol::HeatBand& band, int& feasible) {
  std::vector<Condition> conditions;
  for (std::size_t i = 0; i < kConditionCount; ++i) {
    const auto id = static_cast<ConditionId>(i);
    conditions.push_back({std::string(condition_name(id)), condition_text(id, shape, band), 0,
                          static_cast<int>(nodes.size())});
  }
  feasible = 0;
  for (const auto& node : nodes) {
    const auto failed = failing(node, shape, band, 0);
    feasible += failed.none();
    for (std::size_t i = 0; i < kConditionCount; ++i) conditions[i].nodes_failing += failed[i];
  }
  std::ranges::stable_sort(conditions, std::ranges::greater{}, &Condition::nodes_failing);
  return conditions;
}

// `waits`: what keeps all of the job back, or empty.
std::string why_pending(const JobRecord& job, std::uint64_t index, const TaskExplanation& found,
                        const std::string& waits, const std::string& share) {
  if (!waits.empty()) return waits;
  if (found.conditions.empty() || found.conditions.front().nodes_total == 0) {
    return "no node has ever joined";
  }
  if (job.unknown_count() > 0 && job.was_dispatched(index) && job.available() == 0) {
    return "it may still run on a node that has not reported since the scheduler's restart";
  }
  if (!share.empty()) return share;
  if (found.nodes_feasible > 0) {
    return format(
        "%d of %d nodes could take it now; jobs of higher priority or earlier deadline "
        "go first, or a retry is waiting out its delay",
        found.nodes_feasible, found.conditions.front().nodes_total);
  }
  std::string text = "no node meets every condition:";
  for (const auto& condition : found.conditions) {
    if (condition.nodes_failing == 0) break;
    text += format(" %s fails on %d of %d;", condition.name.c_str(), condition.nodes_failing,
                   condition.nodes_total);
  }
  text.back() = '.';
  text.pop_back();
  return text;
}

}  // namespace

// What its tenant's share says to it; empty where that is not why it waits.
std::string Scheduler::Impl::why_share(const JobRecord& job) const {
  const auto tenant = shares.find(job.spec().tenant);
  if (!tenant || job.available() == 0) return "";
  const auto& name = job.spec().tenant.value;
  const auto& limits = shares.limits(*tenant);
  if (!shares.has_room(*tenant, job.spec().resources.cores)) {
    return format("tenant %s has %d of the %d cores that it may have at once", name.c_str(),
                  shares.cores(*tenant), limits.cores_max.value_or(0));
  }
  const double own = shares.standing(*tenant, now);
  std::string ahead;
  for (const auto& [other, shapes] : waiting_jobs.tenants()) {
    if (other == *tenant || shares.standing(other, now) >= own || !shares.has_room(other, 1)) {
      continue;
    }
    ahead += (ahead.empty() ? "" : ", ") + shares.name(other).value;
  }
  if (ahead.empty()) return "";
  return format("tenants that had less of their share go first: %s; %s stands at %.3f cores",
                ahead.c_str(), name.c_str(), own);
}

Result<TaskExplanation> Scheduler::explain_task(TaskId id) const {
  const auto view = task(id);
  if (!view) return fail(ErrorCode::kNotFound, to_string(id) + ": no such task in an active job");
  const auto& job = impl_->jobs.at(id.job);
  TaskExplanation explanation;
  explanation.task = *view;
  switch (view->state) {
    case TaskState::kPending:
      explanation.conditions =
          tally(impl_->nodes, impl_->shape_of_job(job.spec(), job.run_time_p90()),
                impl_->config.band, explanation.nodes_feasible);
      explanation.summary =
          "pending: " +
          why_pending(job, id.index, explanation, impl_->waits_because(job), impl_->why_share(job));
      break;
    case TaskState::kRunning:
      explanation.summary = (view->started ? "running on " : "leased to ") + view->node.value +
                            (view->started ? "" : ", waiting for a free core or its inputs");
      break;
    case TaskState::kSucceeded:
    case TaskState::kFailed:
    case TaskState::kCancelled:
      explanation.summary = "ended: " + std::string(to_string(view->state));
      break;
  }
  return explanation;
}

}  // namespace hearth::scheduler
