// Whether somebody opened a window (HEAT section 3): the air falls faster than the heat explains.
//
// Measured less modelled slope below -2 K/h for 5 min; then open for 20 min, and it looks again.
// Measured is a least-squares slope over 5 min. With a room model and an outdoor temperature the
// modelled slope is (q - UA (Ti - To)) / C at the heat q really emitted, but never above 0: one
// capacity foresees a faster rise than a room with walls has. Without, a fall of the emitted heat
// by more than 20 % of what the node can give within the last hour explains any slope, so that a
// radiator that stops does not look like a window; so does less heat than those 20 %, for a light
// room left to itself in the cold falls that fast for hours. All times are the room's own.
#pragma once

#include <optional>

#include "node_agent/core/agent_config.h"
#include "node_agent/core/air_slope.h"
#include "node_agent/core/emitted_heat.h"

namespace hearth::node_agent {

// Rooms are as fast as their control law was made: 1 at the ordinary gain time of 1500 s.
double time_scale_of(const AgentConfig& config);

class WindowWatch {
 public:
  explicit WindowWatch(const AgentConfig& config);

  // A better model than the configured one.
  void set_model(double air_capacity_j_per_k, double ua_w_per_k) {
    air_capacity_j_per_k_ = air_capacity_j_per_k;
    ua_w_per_k_ = ua_w_per_k;
  }

  // One pass; `air` where it can be believed.
  void take(std::optional<Celsius> air, std::optional<Celsius> outdoor, const EmittedHeat& emitted,
            TimePoint now);

  bool open(TimePoint now) const { return open_until_ && now < *open_until_; }

  // What the room got, in the mean, in the hour before the window was opened.
  Watts power_before() const { return power_before_; }

 private:
  bool falls_unexplained(Celsius air, std::optional<Celsius> outdoor,
                         const EmittedHeat& emitted) const;

  double time_scale_;
  double air_capacity_j_per_k_;
  double ua_w_per_k_;
  Watts max_;
  AirSlope slope_;
  std::optional<TimePoint> falls_since_;
  std::optional<TimePoint> open_until_;
  Watts power_before_;
};

}  // namespace hearth::node_agent
