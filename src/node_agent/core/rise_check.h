// Whether a rise of the air can be true (HEAT section 3): a slope no room has marks the sensor.
//
// More than 10 K/h over 20 min (our choice) is implausible, unless the emitted heat rose by more
// than 20 % of what the node can give within the last hour; so is everything until 20 min after the
// last such slope. A fall that the heat does not explain is an open window (window.h), never a
// fault: doubting it could hide frost. All times are the room's own.
#pragma once

#include <optional>

#include "node_agent/core/agent_config.h"
#include "node_agent/core/air_slope.h"
#include "node_agent/core/emitted_heat.h"

namespace hearth::node_agent {

class RiseCheck {
 public:
  explicit RiseCheck(const AgentConfig& config);

  // One pass; `air` as the sensor says.
  void take(std::optional<Celsius> air, const EmittedHeat& emitted, TimePoint now);

  bool implausible(TimePoint now) const { return doubted_until_ && now < *doubted_until_; }

 private:
  double time_scale_;
  Kelvins step_max_;
  Duration silent_max_;
  Watts max_;
  AirSlope slope_;
  struct Reading {
    TimePoint at;
    Celsius air;
  };
  std::optional<Reading> last_;
  std::optional<TimePoint> doubted_until_;
};

}  // namespace hearth::node_agent
