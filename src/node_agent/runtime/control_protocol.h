// What people say to the agent through its local control, and how it travels: one JSON object a
// line over STATE/control.sock, one answer line each.
//
//   {"request":"off"}
//   {"request":"temperature","setpoint_c":20.5}        {...,"for_s":1800}: for a while
//   {"request":"boost","for_s":1800}                   2 K more than now, for a while
//   {"request":"status"}    {"request":"reset"}
//   -> {"ok":true,...}  or  {"ok":false,"error":"..."}
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/result.h"
#include "common/time.h"
#include "common/units.h"

namespace hearth::node_agent {

struct ChooseOff {};
struct ChooseTemperature {
  Celsius setpoint;
  std::optional<Duration> lasting;  // unset: until somebody chooses again
};
struct Boost {
  Duration lasting{};
};
struct AskStatus {};
struct ResetTrip {};
using ControlRequest = std::variant<ChooseOff, ChooseTemperature, Boost, AskStatus, ResetTrip>;

inline constexpr Duration kBoostDefault = std::chrono::minutes{30};
inline constexpr Kelvins kBoostBy{2.0};

// What `hearth-agent set CHOICE [--for DURATION]` means. kInvalidArgument naming the text.
Result<ControlRequest> parse_choice(std::string_view choice, std::string_view lasting);

// One line without its newline.
std::string encode(const ControlRequest& request);
Result<ControlRequest> parse_control_request(std::string_view line);

nlohmann::json refusal(const std::string& error);

}  // namespace hearth::node_agent
