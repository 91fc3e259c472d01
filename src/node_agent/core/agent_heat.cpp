// How much heat: the order of authority of DESIGN section 5, and the one control law.
#include <algorithm>

#include "node_agent/core/agent_impl.h"

namespace hearth::node_agent {
namespace {

using protocol::NodeKind;
constexpr double kSafeShareOfRated = 0.3;
constexpr Kelvins kRadiatorStillGives{0.3};  // at the end of a rise at full power (our choice)
constexpr Watts kNoticeable{1};              // smaller changes of cap and filler are not ordered

bool differs(const std::optional<Watts>& in_force, Watts wanted) {
  if (!in_force) return true;
  const Watts change = wanted - *in_force;
  return change >= kNoticeable || -change >= kNoticeable || (wanted == 0_W && *in_force != 0_W);
}

}  // namespace

Watts Agent::Impl::breaker() const {
  const Watts share = limits ? limits->limits.p_max : config.facts.static_share;
  return std::clamp(share, 0_W, config.facts.max);
}

void Agent::Impl::judge_heat() {
  const bool comfort = config.facts.kind != NodeKind::kNone;
  const auto air = air_sensor.air(now);
  heat = {};
  if (!setpoints.is_off()) {
    off_since.reset();
  } else if (!off_since) {
    off_since = now;
  }
  heat.halted = protection.tripped() || protection.inhibited() || setpoints.is_off();
  heat.safe_mode = comfort && !air;
  heat.frost = comfort && air && protection.frost() && !protection.tripped();
  if (comfort && air) {
    heat.excess = *air - work_reference;
    heat.rise = air_sensor.rise();
  }

  const auto held_down = quiet_limit(config.facts.quiet, setpoints.minute_of_week(now));
  quiet = held_down.has_value() && !heat.frost;
  const Watts most = quiet ? std::min(breaker(), *held_down) : breaker();
  const bool was_controlling = controlling;
  controlling = false;
  if (heat.frost) {
    heat.allowed = heat.wanted = breaker();
  } else if (heat.halted) {
    heat.allowed = heat.wanted = 0_W;
  } else if (!comfort) {
    heat.allowed = most;
  } else if (heat.safe_mode) {
    heat.allowed = heat.wanted = std::min(most, safe_power());
  } else {
    heat.allowed = ceiling_ramp(most, *air + heat.rise, work_reference + config.band.ceiling);
    if (!was_controlling) {
      last_control = next_control = now;
      (void)book.take_mean_power();  // what was drawn until now is not the law's doing
    }
    controlling = true;
    heat.wanted = control(heat.allowed);
    heat.follows_wanted = true;
  }
  if (now >= next_control) next_control = now + config.control_period;
}

bool Agent::Impl::comfort_is_due() const {
  return now >= next_control || controlled_reference != reference;
}

Watts Agent::Impl::control(Watts high) {
  const Watts low = limits ? std::clamp(limits->limits.p_min, 0_W, high) : 0_W;
  const bool rises = rising_to && *air_sensor.air(now) < *rising_to - kRadiatorStillGives;
  if (comfort_is_due()) {
    const auto measured = book.take_mean_power();
    if (measured) {
      const double horizon_s = 4 * to_seconds(config.sensor_timeout);
      const double share = std::min(1.0, to_seconds(now - last_control) / horizon_s);
      if (!hold_power) hold_power = *measured;
      *hold_power += share * (*measured - *hold_power);
    }
    recovery.observe(*air_sensor.air(now), outdoor, now);
    law.step({reference, *air_sensor.air(now), outdoor, measured, low, high, now - last_control,
              window.open(now) || rises});
    last_control = now;
    next_control = now + config.control_period;
    controlled_reference = reference;
  }
  if (rises && !window.open(now)) return high;
  // An open window is not heated against; what the limits ask for at least goes on.
  if (window.open(now)) high = std::clamp(window.power_before(), low, high);
  return std::clamp(law.output(), low, high);
}

Watts Agent::Impl::safe_power() const {
  Watts fixed = kSafeShareOfRated * config.facts.max;
  if (hold_power) fixed = std::min(fixed, *hold_power);
  return rounded(std::min(fixed, breaker()));
}

void Agent::Impl::heat_the_rest() {
  Watts filler;
  const bool too_warm = heat.excess && *heat.excess >= config.band.filler.must_stop_above;
  if (config.facts.kind != NodeKind::kNone && (heat.frost || !too_warm)) {
    const Watts room = std::min(heat.wanted, config.facts.max) - expected;
    filler = std::max(0_W, rounded(room));
  }
  const Watts cap = std::max(config.facts.idle, heat.allowed);
  if (differs(cap_in_force, cap)) {
    cap_in_force = cap;
    order(SetPowerCap{cap});
  }
  if (differs(filler_in_force, filler)) {
    filler_in_force = filler;
    order(SetFiller{filler, 0_W});
  }
}

}  // namespace hearth::node_agent
