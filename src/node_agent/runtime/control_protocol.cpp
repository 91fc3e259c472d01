#include "node_agent/runtime/control_protocol.h"

#include <charconv>

#include "common/json_reader.h"
#include "node_agent/store/setpoint_json.h"
#include "protocol/heat.h"

namespace hearth::node_agent {
namespace {

using nlohmann::json;

constexpr Duration kLastingMax = std::chrono::hours{24 * 7};

Result<> check_temperature(double value) {
  const Celsius setpoint{value};
  if (setpoint >= protocol::kSetpointMin && setpoint <= protocol::kSetpointMax) return {};
  return fail(ErrorCode::kInvalidArgument, "setpoint not in 5..30 degC: " + std::to_string(value));
}

Result<> check_lasting(Duration lasting) {
  if (lasting > Duration::zero() && lasting <= kLastingMax) return {};
  return fail(ErrorCode::kInvalidArgument, "not between 1 ms and 7 days: " + to_string(lasting));
}

struct Encode {
  json operator()(const ChooseOff&) const { return {{"request", "off"}}; }
  json operator()(const ChooseTemperature& r) const {
    json object = {{"request", "temperature"}, {"setpoint_c", r.setpoint.value}};
    if (r.lasting) object["for_s"] = to_seconds(*r.lasting);
    return object;
  }
  json operator()(const Boost& r) const {
    return {{"request", "boost"}, {"for_s", to_seconds(r.lasting)}};
  }
  json operator()(const ChooseHoliday& r) const {
    json object = node_agent::to_json(r.holiday);
    object["request"] = "holiday";
    return object;
  }
  json operator()(const EndHoliday&) const { return {{"request", "home"}}; }
  json operator()(const AskStatus&) const { return {{"request", "status"}}; }
  json operator()(const ResetTrip&) const { return {{"request", "reset"}}; }
};

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

Result<UtcTime> parse_option(const char* option, std::string_view text, UtcTime now) {
  auto time = parse_time_ahead(text, now);
  if (time) return time;
  return fail(ErrorCode::kInvalidArgument, std::string(option) + ": " + time.error().message);
}

Result<ControlRequest> choose_holiday(const ChoiceWords& words, UtcTime now) {
  if (!words.lasting.empty()) {
    return fail(ErrorCode::kInvalidArgument, "a holiday has --until, not --for");
  }
  if (words.until.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "a holiday needs its end: --until 2026-01-03T18:00+01:00, or +14d");
  }
  protocol::Holiday holiday;
  HEARTH_TRY(until, parse_option("--until", words.until, now));
  holiday.until = until;
  if (!words.from.empty()) {
    HEARTH_TRY(from, parse_option("--from", words.from, now));
    holiday.from = from;
  }
  if (!words.away.empty()) {
    const auto away = parse_number(words.away);
    if (!away) {
      return fail(ErrorCode::kInvalidArgument, "--away: not a temperature in degC: " + words.away);
    }
    holiday.away = Celsius{*away};
  }
  const auto problems = problems_of(holiday, now);
  if (!problems.empty()) return fail(ErrorCode::kInvalidArgument, problems.front());
  holiday.from = std::max(holiday.from, now);
  return ChooseHoliday{holiday};
}

Result<ControlRequest> read_holiday(json object) {
  object.erase("request");
  HEARTH_TRY(holiday, parse_holiday(object));
  return ChooseHoliday{holiday};
}

}  // namespace

Result<ControlRequest> parse_choice(const ChoiceWords& words, UtcTime now) {
  const auto& choice = words.choice;
  if (choice == "holiday") return choose_holiday(words, now);
  if (!words.from.empty() || !words.until.empty() || !words.away.empty()) {
    return fail(ErrorCode::kInvalidArgument, "--from, --until and --away are a holiday's");
  }
  std::optional<Duration> lasts;
  if (!words.lasting.empty()) {
    HEARTH_TRY(duration, parse_duration(words.lasting));
    if (auto sound = check_lasting(duration); !sound) return tl::unexpected(sound.error());
    lasts = duration;
  }
  if (choice == "off" || choice == "home") {
    if (lasts) {
      return fail(ErrorCode::kInvalidArgument,
                  choice + " holds until somebody chooses again: no --for");
    }
    if (choice == "home") return EndHoliday{};
    return ChooseOff{};
  }
  if (choice == "boost") return Boost{lasts.value_or(kBoostDefault)};
  const auto value = parse_number(choice);
  if (!value) {
    return fail(ErrorCode::kInvalidArgument,
                "not a temperature in degC, off, boost, holiday or home: " + choice);
  }
  if (auto sound = check_temperature(*value); !sound) return tl::unexpected(sound.error());
  return ChooseTemperature{Celsius{*value}, lasts};
}

std::string encode(const ControlRequest& request) {
  return std::visit(Encode{}, request).dump();
}

Result<ControlRequest> parse_control_request(std::string_view line) {
  const auto object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return fail(ErrorCode::kInvalidArgument, "not a JSON object");
  if (object.value("request", json()) == "holiday") return read_holiday(object);
  std::string request;
  double setpoint_c = 20;
  double for_s = 0;
  JsonReader reader{object};
  reader.read("request", request);
  reader.read("setpoint_c", setpoint_c);
  reader.read("for_s", for_s);
  reader.require(for_s >= 0 && for_s < 1e9, "for_s: not a duration");
  reader.require(request != "temperature" || object.contains("setpoint_c"), "setpoint_c: missing");
  if (auto ok = reader.finish(); !ok) return tl::unexpected(ok.error());
  const bool has_end = object.contains("for_s");
  if (has_end) {
    if (auto sound = check_lasting(from_seconds(for_s)); !sound) {
      return tl::unexpected(sound.error());
    }
  }
  if (request == "off") return ChooseOff{};
  if (request == "home") return EndHoliday{};
  if (request == "status") return AskStatus{};
  if (request == "reset") return ResetTrip{};
  if (request == "boost") return Boost{has_end ? from_seconds(for_s) : kBoostDefault};
  if (request != "temperature") {
    return fail(ErrorCode::kInvalidArgument, "request: unknown: " + request);
  }
  if (auto sound = check_temperature(setpoint_c); !sound) return tl::unexpected(sound.error());
  ChooseTemperature choice{Celsius{setpoint_c}, std::nullopt};
  if (has_end) choice.lasting = from_seconds(for_s);
  return choice;
}

json refusal(const std::string& error) {
  return {{"ok", false}, {"error", error}};
}

}  // namespace hearth::node_agent
