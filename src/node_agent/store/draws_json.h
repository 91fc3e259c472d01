// What was learned of a tank's draws as JSON, for the agent's state directory.
//
// {"half_hours":400,"draws":[[mean_j, variance_j2, days], ...]}: half hours of a working day, then
// of a weekend day, 96 in all. Never throws.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "thermal/tank_model.h"

namespace hearth::node_agent {

std::string draws_to_json(const thermal::LearnedDraws& draws);

// kInvalidArgument naming what is wrong.
Result<thermal::LearnedDraws> draws_from_json(std::string_view text);

}  // namespace hearth::node_agent
