#include "scheduler/core/score.h"

namespace hearth::scheduler {

double state_of_charge(const protocol::Telemetry& telemetry, const protocol::HeatBand& band) {
  constexpr double kUnknown = 0.5;
  if (!telemetry.setpoint || telemetry.air_temperature_c.quality != protocol::Quality::kGood) {
    return kUnknown;
  }
  const Celsius low = *telemetry.setpoint - band.below;
  const double width = (band.below + band.above).value;
  if (!(width > 0)) return kUnknown;
  return round_to_milli((Celsius{telemetry.air_temperature_c.value} - low).value / width);
}

Rank rank_of(const NodeRecord& node, const protocol::HeatBand& band) {
  constexpr int kCold = 0, kInBand = 1, kNoRoom = 2;
  if (!node.has_room()) return {kNoRoom, 0};
  const double charge = state_of_charge(node.telemetry, band);
  const auto permille = static_cast<std::int64_t>(charge * 1000.0 + (charge < 0 ? -0.5 : 0.5));
  return {permille < 0 ? kCold : kInBand, permille};
}

}  // namespace hearth::scheduler
