// The resistance: heat of last resort (DESIGN section 5: filler fills the rest, resistance comes
// last).
//
// On when full compute and filler power were not enough for 20 min (our choice) and the zone is
// below the low end of its band; off when it is back in it by a hysteresis, or when computers are
// enough. Pure state, no clock.
#pragma once

#include <optional>

#include "common/time.h"
#include "common/units.h"

namespace hearth::node_agent {

class BackupHeat {
 public:
  explicit BackupHeat(Watts rated) : rated_(rated) {}

  struct Inputs {
    bool possible = false;  // heat is wanted at all, and nobody forbids it
    bool at_once = false;   // frost, or a deadline
    bool full = false;      // the computers give what they may
    Kelvins below;          // how far the zone is below the low end of its band
    Watts missing;          // beyond what the computers may give
  };
  Watts step(const Inputs& inputs, TimePoint now);

 private:
  Watts rated_;
  bool on_ = false;
  std::optional<TimePoint> short_since_;
};

}  // namespace hearth::node_agent
