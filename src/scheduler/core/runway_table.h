// How long a node's zone bears its work: runways for each class and number of busy cores.
//
// Filled as asked: one forecast serves many placements. Empty where there is no forecast; then a
// zone's present temperature alone decides.
#pragma once

#include <array>
#include <vector>

#include "protocol/stream.h"
#include "scheduler/core/tank_forecast.h"
#include "thermal/zone_forecast.h"

namespace hearth::scheduler {

class RunwayTable {
 public:
  // From here on about this forecast, which must outlive the table's use. `stop_c`: where each of
  // RESERVED, ON_DEMAND and FLEX must stop; `idle` and `per_core`: electric, of this node, to which
  // the zone's other nodes add `others`; `floor`: the lowest P10 of the power that holds the zone.
  struct Basis {
    const thermal::ZoneForecast* forecast = nullptr;
    const TankOutlook* tank = nullptr;    // instead, for a tank: then `stop_below`, not `stop`
    std::array<Kelvins, 3> stop_below{};  // of the mean that the loop reaches
    std::array<Celsius, 3> stop{};
    Watts idle;
    Watts per_core;
    Watts others;
    Watts min_run;
    Watts hold_p10_low;
    int cores = 1;
    protocol::SpeedLaw speed;
  };
  void reset(const Basis& basis);
  void clear() { basis_ = {}; }
  [[nodiscard]] bool known() const { return basis_.forecast || basis_.tank; }

  // With so many cores busy at full speed.
  [[nodiscard]] Duration runway(protocol::ServiceClass service_class, int cores) const;

  // Whether `remaining` nominal work fits with `cores` busy in all: it completes on some power
  // between min_run and full before the runway at that power ends (HEAT section 1, "Runway").
  [[nodiscard]] bool fits(protocol::ServiceClass service_class, int cores,
                          Duration remaining) const;

 private:
  // Longest nominal work that completes; computed once per class and cores.
  [[nodiscard]] Duration until_stop(Watts power, std::size_t service_class) const;
  [[nodiscard]] Duration nominal_runway(protocol::ServiceClass service_class, int cores) const;

  Basis basis_;
  mutable std::vector<Duration> nominal_;  // [class * (cores + 1) + busy]; negative: not yet known
};

}  // namespace hearth::scheduler
