// The verifier: checks every plan against the hard limits, and every placement against what its
// job insists on. Planner and placement cannot overrule it.
//
// Deliberately independent of plan.cpp and small enough to read at one sitting.
#pragma once

#include <string>
#include <vector>

#include "scheduler/core/plan.h"

namespace hearth::scheduler {

// What is wrong with giving these limits to this node; empty if nothing.
std::vector<std::string> violations(const protocol::Limits& limits, const NodeRecord& node,
                                    const PlanInputs& inputs);

// What is wrong with a task of this job on this node, whatever the heat; empty if nothing.
std::vector<std::string> violations(const protocol::JobSpec& spec, const NodeRecord& node);

// Limits that violate nothing: the plain setpoint, idle power.
protocol::Limits safe_limits(const NodeRecord& node);

}  // namespace hearth::scheduler
