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
  const auto site = config.sites.find(node.facts.site);
  PlanInputs inputs{.band = config.band,
                    .site = site == config.sites.end() ? SiteConfig{} : site->second,
                    .site_max = {},
                    .others_committed = {},
                    .work_waits = !waiting_jobs.empty()};
  if (site != config.sites.end()) {
    for (NodeIndex other = 0; other < nodes.size(); ++other) {
      if (nodes[other].facts.site != node.facts.site) continue;
      inputs.site_max += nodes[other].facts.max;
      if (other != index) inputs.others_committed += committed_power(nodes[other], now);
    }
  }
  auto limits = plan_limits(node, inputs);
  if (!violations(limits, node, inputs).empty()) limits = safe_limits(node);
  limits.revision = node.limits.revision + 1;
  limits.valid_for = config.limits_valid_for;
  node.committed = std::max(committed_power(node, now), limits.p_max);
  node.limits = limits;
  node.limits_expire_at = now + limits.valid_for;
  send(node, protocol::LimitsChanged{limits});
  rerank(index);
  dirty_nodes.insert(index);
}

void Scheduler::Impl::rerank(NodeIndex index) {
  auto& node = nodes[index];
  ranked.erase({node.rank, index});
  node.rank = rank_of(node, config.band);
  const bool eligible = node.state == NodeState::kOnline && node.hello_complete && !node.draining;
  if (eligible) ranked.emplace(node.rank, index);
}

}  // namespace hearth::scheduler
