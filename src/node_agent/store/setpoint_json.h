// A setpoint as JSON, for the agent's state file and `hearth-agent status`.
//
// {"mode":"CONSTANT","setpoint_c":20.5,"revision":3,"origin":"LOCAL"}; a programme has
// "programme":[{"minute_of_week":0,"setpoint_c":17.0}, ...] instead of a value; a holiday adds
// "holiday":{"away_c":12.0,"from":"...Z","until":"...Z"}. Never throws.
#pragma once

#include <nlohmann/json.hpp>

#include "common/result.h"
#include "protocol/heat.h"

namespace hearth::node_agent {

nlohmann::json to_json(const protocol::Setpoint& setpoint);
nlohmann::json to_json(const protocol::Holiday& holiday);

// kInvalidArgument naming what is wrong.
Result<protocol::Holiday> parse_holiday(const nlohmann::json& object);
Result<protocol::Setpoint> parse_setpoint(const nlohmann::json& object);

}  // namespace hearth::node_agent
