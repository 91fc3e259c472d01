// What the radiator gives the room: the electric power, behind the radiator's lag.
//
// A first-order lag of 25 min (HEAT section 2: 37 J/K per rated W, 40 K excess at rated power), in
// the room's own time. The last hour is remembered, for what changed in it explains slopes of the
// air. What came before the first pass is unknown, so nothing is known for an hour.
#pragma once

#include <optional>

#include "common/time.h"
#include "common/units.h"
#include "node_agent/core/recent.h"

namespace hearth::node_agent {

class EmittedHeat {
 public:
  // `time_scale`: how much slower than an ordinary room this one is; demonstrations use 1/240.
  explicit EmittedHeat(double time_scale) : time_scale_(time_scale) {}

  // One pass; `drawn` since the pass before, unset where nothing measures it.
  void take(std::optional<Joules> drawn, TimePoint now);

  bool known() const;  // a whole hour is
  Watts now() const { return rounded(now_); }
  Watts fallen() const;  // below the highest of the last hour
  Watts risen() const;   // above the lowest of the last hour
  Watts mean() const;    // of the last hour

 private:
  struct Sample {
    TimePoint at;
    Watts power;
  };
  double time_scale_;
  std::optional<TimePoint> first_;
  TimePoint last_{};
  Watts now_;
  Recent<Sample> hour_;  // about one a minute; after the first pass with power never empty
};

}  // namespace hearth::node_agent
