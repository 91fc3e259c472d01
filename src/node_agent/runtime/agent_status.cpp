#include "node_agent/runtime/agent_status.h"

#include <algorithm>
#include <cstdio>

#include "node_agent/store/setpoint_json.h"

namespace hearth::node_agent {
namespace {

using nlohmann::json;
using protocol::Setpoint;
using protocol::SetpointMode;

json to_json(const protocol::Reading& reading) {
  if (reading.quality == protocol::Quality::kMissing) return {{"quality", "MISSING"}};
  return {{"value", reading.value}, {"quality", to_string(reading.quality)}};
}

json to_json(const protocol::EnergyLedger& energy) {
  return {{"attempts_j", energy.attempts.value},
          {"filler_j", energy.filler.value},
          {"idle_j", energy.idle.value},
          {"resistance_j", energy.resistance.value},
          {"meter_j", energy.meter.value}};
}

json to_json(const protocol::TankReading& tank) {
  return {{"top_c", to_json(tank.top_c)},
          {"middle_c", to_json(tank.middle_c)},
          {"bottom_c", to_json(tank.bottom_c)},
          {"hygiene_due_in_s", to_seconds(tank.hygiene_due_in)},
          {"hygiene_energy_j", tank.hygiene_energy.value},
          {"hygiene_active", tank.hygiene_active},
          {"hygiene_done", tank.hygiene_done}};
}

Setpoint constant(Celsius value) {
  Setpoint setpoint;
  setpoint.value = value;
  return setpoint;
}

std::string reading_text(const json& reading, const char* unit) {
  if (!reading.contains("value")) return "unknown";
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %s", reading.at("value").get<double>(), unit);
  const auto quality = reading.at("quality").get<std::string>();
  return quality == "GOOD" ? text : std::string(text) + " (" + quality + ")";
}

std::string number_text(const json& value, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f %s", value.get<double>(), unit);
  return text;
}

std::string setpoint_text(const json& status) {
  const auto& setpoint = status.at("setpoint");
  const auto mode = setpoint.at("mode").get<std::string>();
  const auto now = status.at("setpoint_now_c");
  const auto chosen = ", chosen by " + setpoint.at("origin").get<std::string>();
  if (now.is_null()) return "OFF" + chosen;
  return number_text(now, "degC") + " (" + mode + chosen + ")";
}

std::string holiday_text(const json& holiday) {
  return number_text(holiday.at("away_c"), "degC") + " from " +
         holiday.at("from").get<std::string>() + " until " + holiday.at("until").get<std::string>();
}

std::string near_case_text(const json& near_case) {
  const int stops = near_case.at("stops").get<int>();
  char text[128];
  std::snprintf(text, sizeof text, "%.1f K of the case taken out (share %.3f, ",
                near_case.at("correction_k").get<double>(), near_case.at("share").get<double>());
  return text + (stops > 0 ? "learned from " + std::to_string(stops) + " stops)" : "a guess yet)");
}

template <class Line>
void tank_lines(const json& status, Line line) {
  const auto& tank = status.at("tank");
  line("tank", reading_text(tank.at("top_c"), "degC") + ", " +
                   reading_text(tank.at("middle_c"), "degC") + ", " +
                   reading_text(tank.at("bottom_c"), "degC") + " (top, middle, bottom)");
  const auto due = from_seconds(tank.at("hygiene_due_in_s").get<double>());
  std::string hygiene = tank.at("hygiene_active").get<bool>() ? "lift is running"
                        : due > Duration{}                    ? "due in " + hearth::to_string(due)
                                                              : "due now";
  if (status.contains("last_hygiene")) {
    const auto& last = status.at("last_hygiene");
    hygiene += "; last " + last.at("result").get<std::string>() + " at " +
               last.at("ended").get<std::string>();
  }
  line("hygiene", hygiene);
}

}  // namespace

json describe_status(const StatusFacts& facts) {
  const auto& telemetry = facts.agent.telemetry();
  json status = {{"node_id", facts.facts.node.value},
                 {"zone_id", facts.facts.zone.value},
                 {"site_id", facts.facts.site.value},
                 {"setpoint", node_agent::to_json(facts.agent.setpoint())},
                 {"setpoint_now_c", nullptr},
                 {"reference_c", telemetry.t_ref.value},
                 {"air_temperature_c", to_json(telemetry.air_temperature_c)},
                 {"power_w", to_json(telemetry.power_w)},
                 {"power_wanted_w", telemetry.power_wanted.value},
                 {"safe_mode", telemetry.safe_mode},
                 {"tripped", telemetry.tripped},
                 {"window_open", facts.agent.window_open()},
                 {"asleep", telemetry.asleep},
                 {"quiet", telemetry.quiet},
                 {"limits_revision", telemetry.limits_revision},
                 {"energy", to_json(telemetry.energy)},
                 {"tasks_running", facts.agent.running_count()},
                 {"tasks_waiting", facts.agent.waiting_count()},
                 {"results_spooled", facts.results_spooled},
                 {"connected", facts.connected_epoch.has_value()},
                 {"heater", facts.heater},
                 {"version", facts.facts.agent_version}};
  if (telemetry.setpoint) status["setpoint_now_c"] = telemetry.setpoint->value;
  if (const auto near_case = facts.agent.near_case()) {
    status["near_case"] = {{"share", near_case->bias.k()},
                           {"stops", near_case->bias.stops},
                           {"correction_k", near_case->correction.value}};
  }
  if (telemetry.tank) status["tank"] = to_json(*telemetry.tank);
  if (const auto& last = facts.last_hygiene) {
    status["last_hygiene"] = {{"started", hearth::to_string(last->started)},
                              {"ended", hearth::to_string(last->ended)},
                              {"coldest_c", last->coldest.value},
                              {"result", std::string(to_string(last->result))}};
  }
  if (facts.connected_epoch) status["epoch"] = *facts.connected_epoch;
  return status;
}

std::string print_status(const json& status) {
  const auto text = [&](const char* key) { return status.at(key).get<std::string>(); };
  const auto count = [&](const char* key) { return std::to_string(status.at(key).get<long>()); };
  std::string lines;
  const auto line = [&](const std::string& name, const std::string& value) {
    lines += name + std::string(14 - std::min<std::size_t>(13, name.size()), ' ') + value + "\n";
  };
  line("node", text("node_id") + " (zone " + text("zone_id") + ", site " + text("site_id") + ")");
  line("setpoint", setpoint_text(status));
  const auto& setpoint = status.at("setpoint");
  if (setpoint.contains("holiday")) line("holiday", holiday_text(setpoint.at("holiday")));
  line("temperature", reading_text(status.at("air_temperature_c"), "degC"));
  if (status.contains("near_case")) line("near case", near_case_text(status.at("near_case")));
  line("power", reading_text(status.at("power_w"), "W") + ", wanted " +
                    number_text(status.at("power_wanted_w"), "W"));
  line("tasks", count("tasks_running") + " running, " + count("tasks_waiting") + " waiting, " +
                    count("results_spooled") + " results not acknowledged");
  line("scheduler", status.at("connected").get<bool>() ? "connected" : "not connected");
  line("heater", text("heater"));
  if (status.at("safe_mode").get<bool>()) line("safe mode", "the room's sensor cannot be trusted");
  if (status.at("quiet").get<bool>()) line("quiet", "quiet hours hold the power down");
  if (status.at("asleep").get<bool>()) line("asleep", "the computers are switched off");
  if (status.contains("tank")) tank_lines(status, line);
  if (status.at("window_open").get<bool>()) line("window", "seems open: heat is not raised");
  if (status.at("tripped").get<bool>())
    line("TRIPPED", "check the heater, then: hearth-agent reset");
  return lines;
}

Result<std::optional<Event>> event_of(const ControlRequest& request, const Agent& agent,
                                      const Setpoint& fallback, UtcTime now) {
  if (std::holds_alternative<ChooseOff>(request)) {
    Setpoint off;
    off.mode = SetpointMode::kOff;
    return LocalSetpointChosen{off, std::nullopt};
  }
  if (const auto* chosen = std::get_if<ChooseTemperature>(&request)) {
    return LocalSetpointChosen{constant(chosen->setpoint), chosen->lasting};
  }
  if (const auto* boost = std::get_if<Boost>(&request)) {
    const auto base = agent.telemetry().setpoint.value_or(fallback.value);
    return LocalSetpointChosen{constant(std::min(base + kBoostBy, protocol::kSetpointMax)),
                               boost->lasting};
  }
  if (const auto* chosen = std::get_if<ChooseHoliday>(&request)) {
    const auto problems = problems_of(chosen->holiday, now);
    if (!problems.empty()) return fail(ErrorCode::kInvalidArgument, problems.front());
    if (agent.setpoint().mode == SetpointMode::kOff) {
      return fail(ErrorCode::kFailedPrecondition, "it is OFF: choose a temperature first");
    }
    if (agent.telemetry().tank) {
      return fail(ErrorCode::kFailedPrecondition, "a tank knows no holiday: choose off instead");
    }
    return LocalHolidayChosen{chosen->holiday};
  }
  if (std::holds_alternative<EndHoliday>(request)) return LocalHolidayChosen{};
  if (std::holds_alternative<ResetTrip>(request)) return TripReset{};
  return std::nullopt;
}

}  // namespace hearth::node_agent
