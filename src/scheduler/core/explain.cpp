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

std::string why_pending(const JobRecord& job, std::uint64_t index, const TaskExplanation& found) {
  if (found.conditions.empty() || found.conditions.front().nodes_total == 0) {
    return "no node has ever joined";
  }
  if (job.unknown_count() > 0 && job.was_dispatched(index) && job.available() == 0) {
    return "it may still run on a node that has not reported since the scheduler's restart";
  }
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

std::string why_zone(const ZoneView& zone, const NodeRecord* lead, const protocol::HeatBand& band) {
  if (lead == nullptr) return "no node of this zone has joined";
  if (lead->state != NodeState::kOnline) {
    return "its node " + lead->facts.node.value +
           " is not heard of; the agent there heats by itself";
  }
  if (zone.setpoint.mode == protocol::SetpointMode::kOff) {
    return "it is switched OFF (" + std::string(to_string(zone.setpoint.revision.origin)) + ")";
  }
  if (lead->telemetry.tripped) return "a safety trip holds until somebody resets it at the node";
  if (zone.temperature_c.quality != protocol::Quality::kGood || !zone.setpoint_now) {
    return "its temperature is not known: the node heats carefully";
  }
  const Kelvins off = Celsius{zone.temperature_c.value} - *zone.setpoint_now;
  const double percent = 100.0 * zone.power.value / lead->facts.max.value;
  if (off < -band.below) {
    return format("%.1f K below its setpoint and heating at %.0f W, %.0f %% of full power",
                  -off.value, zone.power.value, percent);
  }
  if (off > band.above) {
    return format("%.1f K above its setpoint; it gets no new work below %s", off.value,
                  "the limits of its class");
  }
  return format("inside its band, %.1f K from its setpoint, drawing %.0f W", off.value,
                zone.power.value);
}

}  // namespace

Result<TaskExplanation> Scheduler::explain_task(TaskId id) const {
  const auto view = task(id);
  if (!view) return fail(ErrorCode::kNotFound, to_string(id) + ": no such task in an active job");
  const auto& job = impl_->jobs.at(id.job);
  TaskExplanation explanation;
  explanation.task = *view;
  switch (view->state) {
    case TaskState::kPending:
      explanation.conditions =
          tally(impl_->nodes, shape_of(job.spec()), impl_->config.band, explanation.nodes_feasible);
      explanation.summary = "pending: " + why_pending(job, id.index, explanation);
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

Result<ZoneExplanation> Scheduler::explain_zone(const ZoneId& id) const {
  const auto found = zone(id);
  if (!found) return fail(ErrorCode::kNotFound, "zone " + id.value + ": unknown");
  ZoneExplanation explanation{*found, {}, {}};
  const auto& record = impl_->zones.at(id);
  const NodeRecord* lead = record.nodes.empty() ? nullptr : &impl_->nodes[*record.nodes.begin()];
  explanation.summary = why_zone(*found, lead, impl_->config.band);
  auto& facts = explanation.facts;
  if (found->setpoint_now) {
    facts.push_back(format("setpoint %.1f degC, reference %.1f degC", found->setpoint_now->value,
                           found->t_ref.value));
  }
  facts.push_back(format(
      "temperature %.2f degC (%s), charge %.0f %% of its band", found->temperature_c.value,
      std::string(to_string(found->temperature_c.quality)).c_str(), 100 * found->state_of_charge));
  for (const auto index : record.nodes) {
    const auto& node = impl_->nodes[index];
    facts.push_back(format("node %s: %s, %.0f W drawn, %.0f W wanted, %.0f W allowed, %zu attempts",
                           node.facts.node.value.c_str(),
                           std::string(to_string(node.state)).c_str(), node.telemetry.power_w.value,
                           node.telemetry.power_wanted.value, node.limits.p_max.value,
                           node.attempts.size()));
  }
  if (found->ordered) facts.emplace_back("a setpoint was ordered over the API and is not in force");
  return explanation;
}

}  // namespace hearth::scheduler
