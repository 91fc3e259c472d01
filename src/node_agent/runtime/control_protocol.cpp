#include "node_agent/runtime/control_protocol.h"

#include <charconv>

#include "common/json_reader.h"
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
  json operator()(const AskStatus&) const { return {{"request", "status"}}; }
  json operator()(const ResetTrip&) const { return {{"request", "reset"}}; }
};

}  // namespace

Result<ControlRequest> parse_choice(std::string_view choice, std::string_view lasting) {
  std::optional<Duration> lasts;
  if (!lasting.empty()) {
    HEARTH_TRY(duration, parse_duration(lasting));
    if (auto sound = check_lasting(duration); !sound) return tl::unexpected(sound.error());
    lasts = duration;
  }
  if (choice == "off") {
    if (!lasts) return ChooseOff{};
    return fail(ErrorCode::kInvalidArgument, "off holds until somebody lifts it: no --for");
  }
  if (choice == "boost") return Boost{lasts.value_or(kBoostDefault)};
  double value = 0;
  const auto* end = choice.data() + choice.size();
  const auto parsed = std::from_chars(choice.data(), end, value);
  if (choice.empty() || parsed.ec != std::errc{} || parsed.ptr != end) {
    return fail(ErrorCode::kInvalidArgument,
                "not a temperature in degC, off or boost: " + std::string(choice));
  }
  if (auto sound = check_temperature(value); !sound) return tl::unexpected(sound.error());
  return ChooseTemperature{Celsius{value}, lasts};
}

std::string encode(const ControlRequest& request) {
  return std::visit(Encode{}, request).dump();
}

Result<ControlRequest> parse_control_request(std::string_view line) {
  const auto object = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return fail(ErrorCode::kInvalidArgument, "not a JSON object");
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
