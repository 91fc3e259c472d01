#include <algorithm>

#include "scheduler/core/impl.h"
#include "scheduler/core/score.h"
#include "scheduler/core/verify.h"

namespace hearth::scheduler {
namespace {

constexpr int kNodesPerTurn = 100;  // planned in one apply(), so that it stays short

}  // namespace

void Scheduler::Impl::plan_soon(NodeIndex index) {
  auto& node = nodes[index];
  plans_due.erase({node.plan_due_at, index});
  node.plan_due_at = now;
  plans_due.emplace(now, index);
}

void Scheduler::Impl::plan_due_nodes() {
  for (int turn = 0; turn < kNodesPerTurn && !plans_due.empty(); ++turn) {
    const auto [due, index] = *plans_due.begin();
    if (due > now) return;
    plans_due.erase(plans_due.begin());
    auto& node = nodes[index];
    if (!node.hello_complete) continue;  // planned again after its next Hello
    plan_node(index);
    node.plan_due_at = now + config.plan_period;
    plans_due.emplace(node.plan_due_at, index);
  }
}

void Scheduler::Impl::plan_node(NodeIndex index) {
  auto& node = nodes[index];
  auto& zone = zones[node.facts.zone];
  const auto* lead = lead_of(zone);
  const bool heats = node.has_room() && lead != nullptr && !lead->is_off();
  if (heats && lead == &node) replan_zone(zone, node);
  const auto inputs = plan_inputs(node, heats ? &zone.plan : nullptr);
  auto limits = plan_limits(node, inputs);
  if (lead != nullptr && lead != &node) limits.follow = follow_of(node, *lead);
  if (!violations(limits, node, inputs).empty()) limits = safe_limits(node);
  limits.revision = node.limits.revision + 1;
  limits.valid_for = config.limits_valid_for;
  node.committed = std::max(committed_power(node, now), limits.p_max);
  node.limits = limits;
  node.limits_expire_at = now + limits.valid_for;
  send(node, protocol::LimitsChanged{limits});
  if (heats) send_plan(zone, node);
  rerank(index);
  dirty_nodes.insert(index);
}

PlanInputs Scheduler::Impl::plan_inputs(const NodeRecord& node, const ZonePlanResult* zone) {
  PlanInputs inputs{.band = config.band, .zone = zone};
  const auto& site = site_of(node.facts.site);
  const auto known = config.sites.find(node.facts.site);
  if (known != config.sites.end()) inputs.site = known->second;
  if (site.cap) {
    inputs.site.breaker = std::min(inputs.site.breaker, site.cap->power + inputs.site.reserve);
  }
  if (known != config.sites.end() || site.cap) {
    for (const auto other : site.nodes) {
      inputs.site_max += nodes[other].facts.max;
      if (&nodes[other] != &node) inputs.others_committed += committed_power(nodes[other], now);
    }
  }
  if (config.heat.prediction) inputs.outdoor = outdoor_of(node.facts.site);
  inputs.p_min = promised_power(node, site, inputs.site);
  inputs.work_waits = !waiting_jobs.empty();
  return inputs;
}

// A building that was promised heat and is behind its day's line gets at least what is missing,
// spread over its nodes and the rest of the day (UTC).
Watts Scheduler::Impl::promised_power(const NodeRecord& node, const SiteRecord& site,
                                      const SiteConfig& promised) const {
  if (!(promised.daily_heat > Joules{}) || !clock_known || !node.has_room()) return {};
  constexpr double kDayS = 86'400;
  const double into_day_s = to_seconds(utc_now().time_since_epoch() % std::chrono::days{1});
  const Joules line{promised.daily_heat.value * into_day_s / kDayS};
  if (site.heat_today >= line) return {};
  Watts site_max;
  for (const auto other : site.nodes) site_max += nodes[other].facts.max;
  const double left_s = std::max(900.0, kDayS - into_day_s);
  const Watts missing{(promised.daily_heat - site.heat_today).value / left_s};
  return site_max > 0_W ? rounded((node.facts.max / site_max) * missing) : Watts{};
}

std::optional<protocol::Follow> Scheduler::Impl::follow_of(const NodeRecord& node,
                                                           const NodeRecord& lead) const {
  const auto& air = lead.telemetry.air_temperature_c;
  if (lead.state != NodeState::kOnline || air.quality != protocol::Quality::kGood) {
    return std::nullopt;
  }
  const double share = lead.facts.max > 0_W ? node.facts.max / lead.facts.max : 1;
  return protocol::Follow{Celsius{air.value}, rounded(share * lead.telemetry.power_wanted)};
}

// The plan that the node follows when it hears no more of us; renewed each hour.
void Scheduler::Impl::send_plan(ZoneRecord& zone, const NodeRecord& node) {
  if (zone.plan.hours.empty()) return;
  const bool due = utc_now() - zone.plan_sent >= std::chrono::hours{1};
  const bool is_lead = lead_of(zone) == &node;
  if (!due || !is_lead) return;
  zone.plan_sent = utc_now();
  protocol::ZonePlan plan{utc_now(), zone.plan.hours, std::nullopt};
  if (zone.learned && zone.learned->accepted) {
    const auto& m = zone.learned->model;
    plan.model = protocol::ZoneModel{m.ci_j_per_k,  m.cm_j_per_k, m.rim_k_per_w, m.rio_k_per_w,
                                     m.rmo_k_per_w, m.ai_m2,      m.am_m2};
  }
  for (const auto index : zone.nodes) {
    if (nodes[index].hello_complete) send(nodes[index], protocol::PlanChanged{plan});
  }
}

void Scheduler::Impl::rerank(NodeIndex index) {
  auto& node = nodes[index];
  const bool eligible =
      node.state == NodeState::kOnline && node.hello_complete && !node.draining && !node.quarantine;
  const Rank rank = rank_of(node, config.band, config.heat.prediction);
  if (eligible && node.ranked && rank == node.rank) return;
  if (node.ranked) ranked.erase({node.rank, index});
  node.rank = rank;
  node.ranked = eligible;
  if (eligible) ranked.emplace(rank, index);
}

}  // namespace hearth::scheduler
