#include "cli/programme.h"

#include <array>
#include <charconv>
#include <map>

#include "cli/format.h"
#include "cli/object_reader.h"

namespace hearth::cli {
namespace {

using Json = nlohmann::json;
using Steps = std::map<int, Celsius>;  // by minute of the week

constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr int kMinutesPerDay = 24 * 60;

std::optional<int> parse_day(std::string_view text) {
  for (std::size_t i = 0; i < kDays.size(); ++i) {
    if (kDays[i] == text) return static_cast<int>(i);
  }
  return std::nullopt;
}

// "mon-fri", "sat,sun", "daily"; empty if it is none of these.
std::vector<int> parse_days(std::string_view text) {
  if (text == "daily") return {0, 1, 2, 3, 4, 5, 6};
  std::vector<int> days;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto part = text.substr(0, comma);
    const auto dash = part.find('-');
    const auto first = parse_day(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_day(part.substr(dash + 1));
    if (!first || !last || *last < *first) return {};
    for (int day = *first; day <= *last; ++day) days.push_back(day);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return days;
}

// "06:30": 390.
std::optional<int> parse_minute(std::string_view text) {
  int hour = 0, minute = 0;
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.size() != colon + 3) return std::nullopt;
  const auto a = std::from_chars(text.data(), text.data() + colon, hour);
  const auto b = std::from_chars(text.data() + colon + 1, text.data() + text.size(), minute);
  const bool parsed = a.ec == std::errc{} && a.ptr == text.data() + colon && b.ec == std::errc{} &&
                      b.ptr == text.data() + text.size();
  if (!parsed || hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
  return hour * 60 + minute;
}

void read_day(const std::string& name, const Json& times, Steps& steps,
              std::vector<std::string>& problems) {
  const auto days = parse_days(name);
  if (days.empty()) {
    problems.push_back(name + ": not days (like mon, mon-fri, sat,sun or daily)");
  }
  if (!times.is_object() || times.empty()) {
    problems.push_back(name + ": not an object of times (like {\"06:00\": 20.5})");
    return;
  }
  for (const auto& [time, value] : times.items()) {
    const auto minute = parse_minute(time);
    if (!minute) problems.push_back(name + ": not a time of day (like 06:30): " + time);
    if (!value.is_number()) {
      problems.push_back(name + " " + time + ": not a number: " + value.dump());
    }
    if (!minute || !value.is_number()) continue;
    for (const int day : days) {
      const auto added =
          steps.emplace(day * kMinutesPerDay + *minute, Celsius{value.get<double>()});
      if (!added.second) {
        problems.push_back(name + " " + time + ": " +
                           std::string(kDays[static_cast<std::size_t>(day)]) + " is given twice");
      }
    }
  }
}

void read_steps(const Json& list, Steps& steps, std::vector<std::string>& problems) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto path = "[" + std::to_string(i) + "]";
    ObjectReader reader(list[i], path, problems);
    int minute = 0;
    reader.read("minute_of_week", minute);
    const auto* value = reader.find("setpoint_c");
    reader.finish();
    if (value == nullptr || !value->is_number()) {
      problems.push_back(path + ": needs setpoint_c, a number");
    } else if (!steps.emplace(minute, Celsius{value->get<double>()}).second) {
      problems.push_back(path + ": minute_of_week given twice: " + std::to_string(minute));
    }
  }
}

Result<protocol::Setpoint> sound(protocol::Setpoint setpoint, std::vector<std::string> problems) {
  if (problems.empty()) problems = problems_of(setpoint);
  if (problems.empty()) return setpoint;
  std::string all;
  for (const auto& problem : problems) all += (all.empty() ? "" : "; ") + problem;
  return fail(ErrorCode::kInvalidArgument, all);
}

}  // namespace

Result<protocol::Setpoint> parse_programme(std::string_view text) {
  std::vector<std::string> problems;
  Steps steps;
  if (const auto json = parse_json(text, problems)) {
    if (json->is_array()) {
      read_steps(*json, steps, problems);
    } else if (json->is_object()) {
      for (const auto& [name, times] : json->items()) read_day(name, times, steps, problems);
    }
    if (steps.empty() && problems.empty()) problems.emplace_back("no programme: no steps");
    // The week begins as it ends.
    if (!steps.empty()) steps.emplace(0, steps.rbegin()->second);
  }
  protocol::Setpoint setpoint;
  setpoint.mode = protocol::SetpointMode::kProgramme;
  for (const auto& [minute, value] : steps) setpoint.programme.push_back({minute, value});
  return sound(std::move(setpoint), std::move(problems));
}

Result<protocol::Setpoint> parse_setpoint(std::string_view text) {
  protocol::Setpoint setpoint;
  if (text == "off" || text == "OFF") {
    setpoint.mode = protocol::SetpointMode::kOff;
    return setpoint;
  }
  auto number = text;
  if (number.ends_with("C")) number.remove_suffix(1);
  const auto* end = number.data() + number.size();
  const auto parsed = std::from_chars(number.data(), end, setpoint.value.value);
  if (parsed.ec != std::errc{} || parsed.ptr != end) {
    return fail(ErrorCode::kInvalidArgument,
                "neither a temperature (like 20.5) nor off: " + std::string(text));
  }
  return sound(std::move(setpoint), {});
}

std::string describe(const protocol::Setpoint& setpoint) {
  switch (setpoint.mode) {
    case protocol::SetpointMode::kOff:
      return "OFF";
    case protocol::SetpointMode::kConstant:
      return format_temperature(setpoint.value.value);
    case protocol::SetpointMode::kProgramme:
      return "programme (" + std::to_string(setpoint.programme.size()) + " steps)";
  }
  return "?";
}

}  // namespace hearth::cli
