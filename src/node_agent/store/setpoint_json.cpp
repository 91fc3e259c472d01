#include "node_agent/store/setpoint_json.h"

#include <optional>

#include "common/json_reader.h"

namespace hearth::node_agent {
namespace {

using nlohmann::json;
using protocol::SetpointMode;
using protocol::SetpointOrigin;

template <class Enum>
std::optional<Enum> parse_enum(std::string_view text, Enum last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (to_string(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

Result<protocol::ProgrammeStep> parse_step(const json& object) {
  protocol::ProgrammeStep step;
  JsonReader reader{object};
  reader.read("minute_of_week", step.minute_of_week);
  reader.read("setpoint_c", step.setpoint.value);
  if (auto ok = reader.finish(); !ok) return tl::unexpected(ok.error());
  return step;
}

}  // namespace

json to_json(const protocol::Holiday& holiday) {
  return {{"away_c", holiday.away.value},
          {"from", to_string(holiday.from)},
          {"until", to_string(holiday.until)}};
}

Result<protocol::Holiday> parse_holiday(const json& object) {
  protocol::Holiday holiday;
  std::string from;
  std::string until;
  JsonReader reader{object};
  reader.read("away_c", holiday.away.value);
  reader.read("from", from);
  reader.read("until", until);
  if (auto ok = reader.finish(); !ok) return tl::unexpected(ok.error());
  HEARTH_TRY(first, parse_utc_time(from));
  HEARTH_TRY(end, parse_utc_time(until));
  holiday.from = first;
  holiday.until = end;
  return holiday;
}

json to_json(const protocol::Setpoint& setpoint) {
  json object = {{"mode", to_string(setpoint.mode)},
                 {"revision", setpoint.revision.counter},
                 {"origin", to_string(setpoint.revision.origin)}};
  if (setpoint.mode == SetpointMode::kConstant) object["setpoint_c"] = setpoint.value.value;
  for (const auto& step : setpoint.programme) {
    object["programme"].push_back(
        {{"minute_of_week", step.minute_of_week}, {"setpoint_c", step.setpoint.value}});
  }
  if (setpoint.holiday) object["holiday"] = to_json(*setpoint.holiday);
  return object;
}

Result<protocol::Setpoint> parse_setpoint(const json& object) {
  if (!object.is_object()) return fail(ErrorCode::kInvalidArgument, "setpoint: not an object");
  protocol::Setpoint setpoint;
  std::string mode;
  std::string origin;
  json programme = json::array();
  json holiday;
  JsonReader reader{object};
  reader.read("mode", mode);
  reader.read("origin", origin);
  reader.read("revision", setpoint.revision.counter);
  reader.read("setpoint_c", setpoint.value.value);
  reader.read("programme", programme);
  reader.read("holiday", holiday);
  const auto parsed_mode = parse_enum(mode, SetpointMode::kProgramme);
  const auto parsed_origin = parse_enum(origin, SetpointOrigin::kLocal);
  reader.require(parsed_mode.has_value(), "mode: not OFF, CONSTANT or PROGRAMME: " + mode);
  reader.require(parsed_origin.has_value(), "origin: not DEFAULT, API or LOCAL: " + origin);
  if (auto ok = reader.finish(); !ok) return tl::unexpected(ok.error());
  setpoint.mode = *parsed_mode;
  setpoint.revision.origin = *parsed_origin;
  for (const auto& item : programme) {
    if (!item.is_object()) return fail(ErrorCode::kInvalidArgument, "programme: not objects");
    HEARTH_TRY(step, parse_step(item));
    setpoint.programme.push_back(step);
  }
  if (!holiday.is_null()) {
    if (!holiday.is_object()) return fail(ErrorCode::kInvalidArgument, "holiday: not an object");
    HEARTH_TRY(parsed, parse_holiday(holiday));
    setpoint.holiday = parsed;
  }
  const auto problems = problems_of(setpoint);
  if (!problems.empty()) return fail(ErrorCode::kInvalidArgument, problems.front());
  return setpoint;
}

}  // namespace hearth::node_agent
