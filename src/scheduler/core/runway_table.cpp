#include "scheduler/core/runway_table.h"

#include <algorithm>

namespace hearth::scheduler {
namespace {

constexpr Duration kUnknown{-1};
constexpr Duration kCap = std::chrono::hours{48};
constexpr std::array kPowerShares = {1.0, 0.6, 0.3, 0.0};  // between min_run and full

}  // namespace

void RunwayTable::reset(const Basis& basis) {
  basis_ = basis;
  nominal_.assign(basis_.stop.size() * (static_cast<std::size_t>(basis_.cores) + 1), kUnknown);
}

Duration RunwayTable::until_stop(Watts power, std::size_t c) const {
  if (basis_.tank != nullptr) return basis_.tank->runway(power, basis_.stop_below[c]);
  return basis_.forecast->runway(power, basis_.stop[c]);
}

Duration RunwayTable::runway(protocol::ServiceClass service_class, int cores) const {
  const auto c = std::min<std::size_t>(static_cast<std::size_t>(service_class), 2);
  const Watts power = basis_.idle + static_cast<double>(cores) * basis_.per_core + basis_.others;
  return until_stop(power, c);
}

Duration RunwayTable::nominal_runway(protocol::ServiceClass service_class, int cores) const {
  const auto c = std::min<std::size_t>(static_cast<std::size_t>(service_class), 2);
  const int busy = std::clamp(cores, 0, basis_.cores);
  auto& known =
      nominal_[c * (static_cast<std::size_t>(basis_.cores) + 1) + static_cast<std::size_t>(busy)];
  if (known != kUnknown) return known;
  if (basis_.hold_p10_low >= basis_.min_run) return known = kCap;
  const Watts dynamic = static_cast<double>(busy) * basis_.per_core;
  const Watts low = std::min(std::max(0_W, basis_.min_run - basis_.idle), dynamic);
  Duration best{};
  for (const double share : kPowerShares) {
    const Watts power = low + share * (dynamic - low);
    const Duration until = until_stop(basis_.idle + power + basis_.others, c);
    const double speed = dynamic > 0_W ? protocol::speed_at(basis_.speed, power / dynamic) : 1.0;
    best = std::max(best, from_seconds(speed * to_seconds(until)));
  }
  return known = best;
}

bool RunwayTable::fits(protocol::ServiceClass service_class, int cores, Duration remaining) const {
  return std::min(remaining, kCap) <= nominal_runway(service_class, cores);
}

}  // namespace hearth::scheduler
