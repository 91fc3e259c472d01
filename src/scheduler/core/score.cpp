#include "scheduler/core/score.h"

#include <algorithm>

#include "scheduler/core/feasible.h"

namespace hearth::scheduler {

std::optional<double> tank_charge(const NodeRecord& node) {
  const auto& tank = node.telemetry.tank;
  const auto& facts = node.facts.tank;
  const auto& mean = node.telemetry.air_temperature_c;
  if (!tank || !facts || mean.quality != protocol::Quality::kGood) return std::nullopt;
  const double by_mean =
      (Celsius{mean.value} - facts->useful) / (facts->compute_max - facts->useful);
  if (tank->bottom_c.quality != protocol::Quality::kGood) return round_to_milli(by_mean);
  // The loop gets back what is at the bottom: full is also where that is as warm as it may be.
  const double by_return =
      (Celsius{tank->bottom_c.value} - facts->useful) / (facts->return_max - facts->useful);
  return round_to_milli(std::max(by_mean, by_return));
}

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

Rank rank_of(const NodeRecord& node, const protocol::HeatBand& band, bool prediction) {
  constexpr Kelvins kClosing{1.0};  // of free heat: where ON_DEMAND work may not begin any more
  constexpr double kHeadroomStepW = 10;  // so that ranks change seldom
  if (node.cores_leased >= usable_cores(node)) return {Rank::kFull, 0};
  if (!node.has_room()) return {Rank::kNoRoom, node.cores_leased};
  const double charge = tank_charge(node).value_or(state_of_charge(node.telemetry, band));
  const auto permille = static_cast<std::int64_t>(charge * 1000.0 + (charge < 0 ? -0.5 : 0.5));
  if (prediction && node.free_peak >= kClosing) return {Rank::kClosing, permille};
  if (node.telemetry.asleep) return {Rank::kAsleep, permille};
  if (!prediction || (node.facts.tank && !node.hold))
    return {permille < 0 ? Rank::kCold : Rank::kInBand, permille};
  const double steps = node.headroom().value / kHeadroomStepW;
  return {permille < 0 ? Rank::kCold : Rank::kInBand, -static_cast<std::int64_t>(steps)};
}

Watts NodeRecord::headroom() const {
  if (!has_room()) return facts.max - facts.idle - leased_power();
  Watts wanted = telemetry.power_wanted;
  // What is wanted now passes; what the forecast says of the next hours counts as much.
  if (hold) wanted = 0.5 * (wanted + *hold);
  return rounded(std::min(wanted, limits.p_max) - facts.idle - leased_power());
}

}  // namespace hearth::scheduler
