// What overrides everybody's wishes: latched trips, the frost guard, the over-temperature inhibit.
//
// HEAT section 3: below 7 degC always heat; air above 30 degC inhibits until 28 degC; CPU and case
// limits trip and stay tripped until a person resets them on the spot. An independent hardware
// cut-out is assumed besides.
#pragma once

#include <optional>

#include "common/units.h"
#include "protocol/heat.h"

namespace hearth::node_agent {

class Protection {
 public:
  Protection(Celsius cpu_trip, Celsius case_trip) : cpu_trip_(cpu_trip), case_trip_(case_trip) {}

  // One pass over the sensors; `air` where it can be believed, `raw` where the sensor said more
  // than that: what was taken out of a reading must not hide over-temperature. Readings that are
  // not good change nothing.
  void observe(std::optional<Celsius> air, std::optional<Celsius> raw, protocol::Reading cpu,
               protocol::Reading enclosure);

  // Clears the trip, unless the last pass was still too hot.
  void reset() { tripped_ = hot_; }

  bool tripped() const { return tripped_; }
  bool frost() const { return frost_; }
  bool inhibited() const { return inhibited_; }

 private:
  Celsius cpu_trip_;
  Celsius case_trip_;
  bool hot_ = false;
  bool tripped_ = false;
  bool frost_ = false;
  bool inhibited_ = false;
};

}  // namespace hearth::node_agent
