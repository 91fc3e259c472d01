#include "node_agent/core/shedding.h"

#include <algorithm>
#include <array>

namespace hearth::node_agent {
namespace {

using protocol::ServiceClass;
constexpr std::array kYieldingOrder = {ServiceClass::kFiller, ServiceClass::kFlex,
                                       ServiceClass::kOnDemand, ServiceClass::kReserved};

double thermal_speed(const protocol::ClassBand& band, Kelvins excess) {
  const Kelvins width = band.must_stop_above - band.may_start_below;
  if (excess <= band.may_start_below) return 1;
  if (excess >= band.must_stop_above) return 0;
  return (band.must_stop_above - excess) / width;
}

Watts full_power(const std::vector<Load>& loads, ServiceClass c) {
  Watts sum;
  for (const auto& load : loads) {
    if (load.service_class == c && !load.stopping) sum += load.full;
  }
  return sum;
}

// Idle and what is being stopped: power that no decision changes.
Watts fixed_power(const std::vector<Load>& loads, const PowerModel& power) {
  Watts sum = power.idle;
  for (const auto& load : loads) {
    if (load.stopping) sum += (load.speed_permille / 1000.0) * load.full;
  }
  return sum;
}

using ClassSpeeds = std::array<double, protocol::kServiceClassCount>;

double& of(ClassSpeeds& speeds, ServiceClass c) {
  return speeds[static_cast<std::size_t>(c)];
}

ClassSpeeds class_speeds(const std::vector<Load>& loads, const protocol::HeatBand& band,
                         const PowerModel& power, const HeatState& heat) {
  ClassSpeeds speeds;
  speeds.fill(1);
  Watts total = fixed_power(loads, power);
  for (const auto c : kYieldingOrder) {
    if (heat.excess && !heat.frost) {
      of(speeds, c) = thermal_speed(band_of(band, c), *heat.excess + heat.rise);
    }
    if (c != ServiceClass::kFiller) total += of(speeds, c) * full_power(loads, c);
  }
  if (const Watts filler = full_power(loads, ServiceClass::kFiller); filler > 0_W) {
    const bool too_warm = heat.excess && *heat.excess >= band.filler.must_stop_above;
    const Watts room = heat.excess ? heat.wanted - total : heat.allowed - total;
    of(speeds, ServiceClass::kFiller) = too_warm ? 0 : std::clamp(room / filler, 0.0, 1.0);
    total += of(speeds, ServiceClass::kFiller) * filler;
  }
  for (const auto c : kYieldingOrder) {
    const Watts full = full_power(loads, c);
    const Watts over = total - heat.allowed;
    if (over <= 0_W || full <= 0_W) continue;
    const double before = of(speeds, c);
    of(speeds, c) = std::max(0.0, before - over / full);
    total -= (before - of(speeds, c)) * full;
  }
  return speeds;
}

// The first class in yielding order that has anything started beyond its bound.
std::optional<ServiceClass> class_to_stop(const std::vector<Load>& loads,
                                          const protocol::HeatBand& band, const HeatState& heat) {
  if (!heat.excess || heat.frost) return std::nullopt;
  for (const auto c : kYieldingOrder) {
    const bool present =
        std::ranges::any_of(loads, [c](const Load& load) { return load.service_class == c; });
    if (present && *heat.excess >= band_of(band, c).must_stop_above) return c;
  }
  return std::nullopt;
}

}  // namespace

const protocol::ClassBand& band_of(const protocol::HeatBand& band, ServiceClass c) {
  switch (c) {
    case ServiceClass::kReserved:
      return band.reserved;
    case ServiceClass::kOnDemand:
      return band.on_demand;
    case ServiceClass::kFlex:
      return band.flex;
    case ServiceClass::kFiller:
      return band.filler;
  }
  return band.filler;
}

Shedding shed(const std::vector<Load>& loads, const protocol::HeatBand& band,
              const PowerModel& power, const HeatState& heat) {
  Shedding result;
  result.expected = power.idle;
  auto newest_first = loads;
  std::ranges::sort(newest_first, std::greater{}, &Load::order);
  const auto stopped_class = class_to_stop(loads, band, heat);
  auto speeds = class_speeds(loads, band, power, heat);
  for (const auto& load : newest_first) {
    if (load.stopping || heat.halted || load.service_class == stopped_class) {
      if (!load.stopping) result.stop.push_back(load.attempt);
      result.expected += std::min(load.drawn, (load.speed_permille / 1000.0) * load.full);
      continue;
    }
    const double speed = of(speeds, load.service_class);
    result.speeds.push_back({load.attempt, static_cast<int>(speed * 1000 + 1e-6)});
    result.expected += std::min(load.drawn, speed * load.full);
  }
  return result;
}

bool may_start(const Newcomer& newcomer, const std::vector<Load>& loads,
               const protocol::HeatBand& band, const PowerModel& power, const HeatState& heat,
               Watts min_run) {
  if (heat.halted) return false;
  Watts total = power.idle;
  for (const auto& load : loads) total += load.full;
  if (heat.excess && !heat.frost) {
    const auto& bounds = band_of(band, newcomer.service_class);
    const bool replaces_filler = newcomer.service_class == ServiceClass::kFiller &&
                                 *heat.excess < bounds.must_stop_above &&
                                 total + newcomer.full <= heat.wanted;
    if (*heat.excess >= bounds.may_start_below && !replaces_filler) return false;
  }
  if (loads.empty()) return heat.allowed >= min_run;
  return total + 0.5 * newcomer.full <= heat.allowed;
}

}  // namespace hearth::node_agent
