// What each node may and should do with heat: reference temperature and power limit.
//
// The reference is what the zone's plan says (zone_plan.h). Power limits keep every building inside
// its breaker even while words are on their way: a node is raised only after another's cut is
// acknowledged, or expired, and seen.
#pragma once

#include <vector>

#include "scheduler/core/node_record.h"
#include "scheduler/core/scheduler.h"
#include "scheduler/core/zone_plan.h"

namespace hearth::scheduler {

struct PlanInputs {
  const protocol::HeatBand& band;
  const ZonePlanResult* zone = nullptr;  // none: OFF, or a node without a room
  SiteConfig site{};
  Watts site_max;          // sum of facts.max over the site's nodes
  Watts others_committed;  // sum of committed over the site's other nodes
  Watts p_min;             // promised to the building, comfort permitting
  std::optional<Celsius> outdoor;
  bool work_waits = false;
};

// The most power that may be in force at this node by any word of ours or none, now.
Watts committed_power(const NodeRecord& node, TimePoint now);

// Limits for one node; revision and valid_for are left to the caller.
protocol::Limits plan_limits(const NodeRecord& node, const PlanInputs& inputs);

}  // namespace hearth::scheduler
