// How nodes are ranked for work: like thermostatically controlled loads, the coldest zone first.
#pragma once

#include "scheduler/core/node_record.h"

namespace hearth::scheduler {

// Of a tank: 0 at the useful temperature, 1 where the computers can give it no more. Nothing where
// the node has no tank or its thermometers are not to be trusted.
std::optional<double> tank_charge(const NodeRecord& node);

// Where a zone is in its comfort band: 0 at setpoint - below, 1 at setpoint + above; may lie
// outside. 0.5 where the temperature or the setpoint is unknown.
double state_of_charge(const protocol::Telemetry& telemetry, const protocol::HeatBand& band);

// With `prediction`, in a zone that is not cold, the node whose zone wants most heat that no work
// gives yet comes first; without, the least charged zone.
Rank rank_of(const NodeRecord& node, const protocol::HeatBand& band, bool prediction);

}  // namespace hearth::scheduler
