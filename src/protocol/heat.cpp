#include "protocol/heat.h"

#include <array>

#include "common/check.h"

namespace hearth::protocol {
namespace {

constexpr std::array<std::string_view, 3> kNodeKindNames = {"NONE", "RADIATOR", "BOILER"};
constexpr std::array<std::string_view, 3> kModeNames = {"OFF", "CONSTANT", "PROGRAMME"};
constexpr std::array<std::string_view, 3> kOriginNames = {"DEFAULT", "API", "LOCAL"};
constexpr std::array<std::string_view, 4> kQualityNames = {"MISSING", "STALE", "IMPLAUSIBLE",
                                                           "GOOD"};
constexpr int kMinutesPerWeek = 7 * 24 * 60;
constexpr std::size_t kProgrammeStepsMax = 7 * 24 * 4;

bool is_allowed(Celsius value) {
  return value >= kSetpointMin && value <= kSetpointMax;
}

void check_range(const char* field, Celsius value, std::vector<std::string>& problems) {
  if (is_allowed(value)) return;
  problems.push_back(std::string(field) + ": not in 5..30 degC: " + std::to_string(value.value));
}

void check_holiday(const Holiday& holiday, std::vector<std::string>& problems) {
  check_range("holiday: away_c", holiday.away, problems);
  if (holiday.until <= holiday.from) {
    problems.push_back("holiday: its end " + hearth::to_string(holiday.until) +
                       " is not after its start " + hearth::to_string(holiday.from));
  }
}

}  // namespace

std::vector<std::string> problems_of(const Setpoint& setpoint) {
  std::vector<std::string> problems;
  const auto check_value = [&](const char* field, Celsius value) {
    check_range(field, value, problems);
  };
  if (setpoint.holiday) {
    check_holiday(*setpoint.holiday, problems);
    if (setpoint.mode == SetpointMode::kOff) problems.emplace_back("holiday: not with OFF");
  }
  if (setpoint.mode == SetpointMode::kConstant) check_value("setpoint_c", setpoint.value);
  if (setpoint.mode != SetpointMode::kProgramme) return problems;

  const auto& steps = setpoint.programme;
  if (steps.empty() || steps.front().minute_of_week != 0) {
    problems.emplace_back("programme: does not begin at Monday 00:00 (minute 0), so it has a gap");
  }
  if (steps.size() > kProgrammeStepsMax) problems.emplace_back("programme: over 672 steps");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const int minute = steps[i].minute_of_week;
    if (minute < 0 || minute >= kMinutesPerWeek) {
      problems.push_back("programme: minute_of_week not in 0..10079: " + std::to_string(minute));
    }
    if (i > 0 && minute <= steps[i - 1].minute_of_week) {
      problems.push_back("programme: steps not in rising order at minute " +
                         std::to_string(minute));
    }
    check_value("programme: setpoint_c", steps[i].setpoint);
  }
  return problems;
}

std::vector<std::string> problems_of(const Holiday& holiday, UtcTime now) {
  std::vector<std::string> problems;
  check_holiday(holiday, problems);
  const auto end = "holiday: its end " + hearth::to_string(holiday.until);
  if (holiday.until <= now) problems.push_back(end + " is in the past");
  if (holiday.until > now + kHolidayMax) problems.push_back(end + " is over a year ahead");
  return problems;
}

Celsius setpoint_at(const Setpoint& setpoint, int minute_of_week, UtcTime utc) {
  return setpoint.on_holiday(utc) ? setpoint.holiday->away : setpoint_at(setpoint, minute_of_week);
}

Celsius setpoint_at(const Setpoint& setpoint, int minute_of_week) {
  if (setpoint.mode == SetpointMode::kConstant) return setpoint.value;
  CHECK(setpoint.mode == SetpointMode::kProgramme && !setpoint.programme.empty());
  Celsius value = setpoint.programme.front().setpoint;
  for (const auto& step : setpoint.programme) {
    if (step.minute_of_week <= minute_of_week) value = step.setpoint;
  }
  return value;
}

std::string_view to_string(NodeKind kind) {
  return kNodeKindNames[static_cast<std::size_t>(kind)];
}
std::string_view to_string(SetpointMode mode) {
  return kModeNames[static_cast<std::size_t>(mode)];
}
std::string_view to_string(SetpointOrigin origin) {
  return kOriginNames[static_cast<std::size_t>(origin)];
}
std::string_view to_string(Quality quality) {
  return kQualityNames[static_cast<std::size_t>(quality)];
}

std::optional<NodeKind> parse_node_kind(std::string_view text) {
  for (std::size_t i = 0; i < kNodeKindNames.size(); ++i) {
    if (kNodeKindNames[i] == text) return static_cast<NodeKind>(i);
  }
  return std::nullopt;
}

}  // namespace hearth::protocol
