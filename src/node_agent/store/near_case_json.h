// What was learned of a room sensor near the case as JSON, for the agent's state directory.
//
// {"matrix":51200,"right":4100,"stops":3} (thermal/case_bias.h). Never throws.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "thermal/case_bias.h"

namespace hearth::node_agent {

std::string near_case_to_json(const thermal::CaseBias& bias);

// kInvalidArgument naming what is wrong.
Result<thermal::CaseBias> near_case_from_json(std::string_view text);

}  // namespace hearth::node_agent
