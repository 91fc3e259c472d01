// The one control law: how much power a zone needs now (DESIGN section 5, HEAT section 3).
//
//   P = sat( F*(T_ref - To) + Kp*e + I ),  dI/dt = Kp/Ti * e,  e = T_ref - T_air
//
// With a model Kp = Ci/gain_time and F = UA; without, Kp = 0.6 and F = 0.01 of rated power per
// kelvin. While something else decides, the integral rests at the hold power it had found, so the
// return is bumpless. Without an outdoor temperature F is left out and the integral takes its
// place.
#pragma once

#include <optional>

#include "common/time.h"
#include "common/units.h"
#include "node_agent/core/agent_config.h"

namespace hearth::node_agent {

struct ControlGains {
  double proportional_w_per_k = 0;
  double feed_forward_w_per_k = 0;
  double integral_time_s = 6000;
};
ControlGains gains_of(const AgentConfig& config);
ControlGains gains_with(const AgentConfig& config, double air_capacity_j_per_k, double ua_w_per_k);

class ControlLaw {
 public:
  explicit ControlLaw(ControlGains gains) : gains_(gains) {}

  struct Inputs {
    Celsius reference;
    Celsius air;
    std::optional<Celsius> outdoor;
    std::optional<Watts> measured;  // mean electric power since the last step
    Watts low;                      // what the output is clamped to meanwhile
    Watts high;
    Duration elapsed{};          // since the last step
    bool integral_held = false;  // the room is not its usual self: nothing is learned from it
  };

  // From the next step on; the integral takes the difference, so the heat does not jump.
  void set_gains(ControlGains gains) { next_gains_ = gains; }

  // One step of the integral; afterwards output() is new. Anti-windup by conditional
  // integration on measured power: the integral moves neither up while the heater gives less than
  // was wanted, nor down while it gives more.
  void step(const Inputs& inputs);

  // The power wanted, rounded to 1 mW, before any clamp: the caller's limits may change meanwhile.
  Watts output() const { return output_; }

 private:
  double feed_forward(const Inputs& inputs) const;
  bool may_integrate(const Inputs& inputs, double error_k) const;

  void take_gains(const Inputs& inputs);

  ControlGains gains_;
  std::optional<ControlGains> next_gains_;
  double integral_w_ = 0;
  std::optional<Celsius> last_outdoor_;
  Watts output_{};
};

// `full` below ceiling - 0.5 K, falling to nothing at the ceiling.
Watts ceiling_ramp(Watts full, Celsius air, Celsius ceiling);

}  // namespace hearth::node_agent
