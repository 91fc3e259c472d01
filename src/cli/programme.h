// A week's setpoints as a person writes them, in JSON. Pure.
//
//   {"mon-fri": {"06:00": 20.5, "22:30": 17}, "sat,sun": {"08:00": 21, "23:00": 17}}
//
// What holds at the end of one day holds into the next, from Sunday into Monday too. The form of
// the protos is read as well: [{"minute_of_week": 0, "setpoint_c": 17}, ...].
#pragma once

#include <string_view>

#include "common/result.h"
#include "protocol/heat.h"

namespace hearth::cli {

// A sound kProgramme, or every problem at once.
Result<protocol::Setpoint> parse_programme(std::string_view text);

// "20.5", "20.5C", "off".
Result<protocol::Setpoint> parse_setpoint(std::string_view text);

// "20.5 °C", "OFF", "programme (14 steps)".
std::string describe(const protocol::Setpoint& setpoint);

}  // namespace hearth::cli
