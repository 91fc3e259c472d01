// What people say to the agent through its local control, and how it travels: one JSON object a
// line over STATE/control.sock, one answer line each.
//
//   {"request":"off"}
//   {"request":"temperature","setpoint_c":20.5}        {...,"for_s":1800}: for a while
//   {"request":"boost","for_s":1800}                   2 K more than now, for a while
//   {"request":"holiday","away_c":12.0,"from":"2026-12-20T09:00:00Z","until":"..."}
//   {"request":"home"}                                 ends a holiday at once
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
#include "protocol/heat.h"

namespace hearth::node_agent {

struct ChooseOff {};
struct ChooseTemperature {
  Celsius setpoint;
  std::optional<Duration> lasting;  // unset: until somebody chooses again
};
struct Boost {
  Duration lasting{};
};
struct ChooseHoliday {
  protocol::Holiday holiday;
};
struct EndHoliday {};
struct AskStatus {};
struct ResetTrip {};
using ControlRequest = std::variant<ChooseOff, ChooseTemperature, Boost, ChooseHoliday, EndHoliday,
                                    AskStatus, ResetTrip>;

inline constexpr Duration kBoostDefault = std::chrono::minutes{30};
inline constexpr Kelvins kBoostBy{2.0};

// What stands after `hearth-agent set`; empty: not given.
struct ChoiceWords {
  std::string choice;
  std::string lasting{};  // --for
  std::string from{};     // --from, --until, --away: of a holiday
  std::string until{};
  std::string away{};
};

// What they mean at `now`. kInvalidArgument naming the word.
Result<ControlRequest> parse_choice(const ChoiceWords& words, UtcTime now);

// One line without its newline.
std::string encode(const ControlRequest& request);
Result<ControlRequest> parse_control_request(std::string_view line);

nlohmann::json refusal(const std::string& error);

}  // namespace hearth::node_agent
