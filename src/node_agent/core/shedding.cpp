#include "node_agent/core/shedding.h"

#include <algorithm>

namespace hearth::node_agent {
namespace {

using protocol::ServiceClass;
constexpr std::array kYieldingOrder = {ServiceClass::kFiller, ServiceClass::kFlex,
                                       ServiceClass::kOnDemand, ServiceClass::kReserved};
constexpr Kelvins kStartHysteresis{0.1};

double thermal_share(const protocol::ClassBand& band, Kelvins excess) {
  const Kelvins width = band.must_stop_above - band.may_start_below;
  if (excess >= band.must_stop_above) return 0;
  if (excess <= band.may_start_below) return 1;
  return (band.must_stop_above - excess) / width;
}

// How far above the reference a class still draws what it likes, and from where on it only fills
// what the zone wants (choice): a task that runs now is worth some tenths of a kelvin.
struct Yield {
  Kelvins free;
  Kelvins follows;
};
constexpr Yield yield_of(ServiceClass c) {
  switch (c) {
    case ServiceClass::kReserved:
      return {Kelvins{0.2}, Kelvins{0.7}};
    case ServiceClass::kOnDemand:
      return {Kelvins{0.0}, Kelvins{0.3}};
    case ServiceClass::kFlex:
    case ServiceClass::kFiller:
      break;
  }
  return {Kelvins{0.1}, Kelvins{0.3}};
}

// Tasks fill what the zone wants (DESIGN section 5): beyond it each class, in yielding order, is
// slowed as the zone gets warmer, but not below the slowest speed that is worth its power: what is
// to stop altogether stops at the class's own bounds.
void follow_wanted(const Loads& loads, const PowerModel& power, const HeatState& heat,
                   ByClass<double>& shares, Watts& total) {
  const double slowest = protocol::power_share(power.law, power.law.speed_min);
  const Kelvins above = *heat.excess + heat.rise;
  for (const auto c : kYieldingOrder) {
    const Watts full = loads.full[c];
    if (c == ServiceClass::kFiller || full <= 0_W) continue;
    const auto yield = yield_of(c);
    const double freedom =
        std::clamp((yield.follows - above) / (yield.follows - yield.free), 0.0, 1.0);
    const Watts most = heat.wanted + freedom * std::max(0_W, heat.allowed - heat.wanted);
    const Watts over = total - most;
    if (over <= 0_W) continue;
    const double before = shares[c];
    shares[c] = std::max(std::min(before, slowest), before - over / full);
    total -= (before - shares[c]) * full;
  }
}

// Of each class's full power.
ByClass<double> power_shares(const Loads& loads, const protocol::HeatBand& band,
                             const PowerModel& power, const HeatState& heat) {
  ByClass<double> shares;
  shares.all.fill(1);
  Watts total = power.idle + loads.ending;
  for (const auto c : kYieldingOrder) {
    if (heat.excess && !heat.frost) {
      shares[c] = thermal_share(band_of(band, c), *heat.excess + heat.rise);
    }
    if (c != ServiceClass::kFiller) total += shares[c] * loads.full[c];
  }
  if (const Watts filler = loads.full[ServiceClass::kFiller]; filler > 0_W) {
    const bool too_warm = heat.excess && *heat.excess >= band.filler.must_stop_above;
    const Watts room = heat.excess ? heat.wanted - total : heat.allowed - total;
    shares[ServiceClass::kFiller] = too_warm ? 0 : std::clamp(room / filler, 0.0, 1.0);
    total += shares[ServiceClass::kFiller] * filler;
  }
  if (heat.follows_wanted && heat.excess) follow_wanted(loads, power, heat, shares, total);
  for (const auto c : kYieldingOrder) {
    const Watts full = loads.full[c];
    const Watts over = total - heat.allowed;
    if (over <= 0_W || full <= 0_W) continue;
    const double before = shares[c];
    shares[c] = std::max(0.0, before - over / full);
    total -= (before - shares[c]) * full;
  }
  return shares;
}

}  // namespace

void Loads::add(ServiceClass c, Watts power, double busy_share) {
  full[c] += power;
  likely[c] += busy_share * power;
  ++count;
}

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

Shedding shed(const Loads& loads, const protocol::HeatBand& band, const PowerModel& power,
              const HeatState& heat) {
  Shedding result;
  result.expected = power.idle + loads.ending_likely;
  if (loads.count == 0 || heat.halted) return result;
  const auto shares = power_shares(loads, band, power, heat);
  for (const auto c : kYieldingOrder) {
    if (loads.full[c] <= 0_W) {
      result.permille[c] = 1000;
      continue;
    }
    const double share = shares[c];
    const double speed = share >= 1 ? 1 : protocol::speed_at(power.law, share);
    result.permille[c] = static_cast<int>(speed * 1000 + 1e-6);
    result.expected += share * loads.likely[c];
  }
  return result;
}

bool may_start(const Newcomer& newcomer, const Loads& loads, const protocol::HeatBand& band,
               const PowerModel& power, const HeatState& heat, Watts min_run) {
  if (heat.halted) return false;
  Watts total = power.idle + loads.ending;
  for (const Watts full : loads.full.all) total += full;
  if (heat.excess && !heat.frost) {
    const auto& bounds = band_of(band, newcomer.service_class);
    const bool replaces_filler = newcomer.service_class == ServiceClass::kFiller &&
                                 *heat.excess < bounds.must_stop_above &&
                                 total + newcomer.full <= heat.wanted;
    if (*heat.excess >= bounds.may_start_below && !replaces_filler) return false;
  }
  if (loads.count == 0) return heat.allowed >= min_run;
  return total + 0.5 * newcomer.full <= heat.allowed;
}

bool starts_elsewhere(ServiceClass c, const protocol::HeatBand& band, const HeatState& heat) {
  if (!heat.excess || heat.frost) return false;
  const auto& bounds = band_of(band, c);
  // Filler may take the place of heat that is burnt anyway, up to its stop bound.
  const Kelvins bound =
      c == ServiceClass::kFiller ? bounds.must_stop_above : bounds.may_start_below;
  return *heat.excess >= bound + kStartHysteresis;
}

}  // namespace hearth::node_agent
