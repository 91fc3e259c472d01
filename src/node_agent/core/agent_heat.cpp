// How much heat: the order of authority of DESIGN section 5, and the one control law.
#include <algorithm>

#include "node_agent/core/agent_impl.h"

namespace hearth::node_agent {
namespace {

using protocol::NodeKind;
constexpr double kSafeShareOfRated = 0.3;
constexpr double kFullShare = 0.98;
constexpr Kelvins kWakeBelow{0.3};           // our choice
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
  heat = {};
  if (!setpoints.is_off()) {
    off_since.reset();
  } else if (!off_since) {
    off_since = now;
  }
  if (!starts_at) starts_at = now + start_delay;
  heat.halted =
      protection.tripped() || protection.inhibited() || setpoints.is_off() || now < *starts_at;
  const auto held_down = quiet_limit(config.facts.quiet, setpoints.minute_of_week(now));
  quiet = held_down.has_value();
  const bool was_controlling = controlling;
  controlling = false;
  const Watts most = quiet ? std::min(breaker(), *held_down) : breaker();
  if (config.facts.kind == NodeKind::kNone) {
    heat.allowed = heat.halted ? 0_W : most;
  } else if (tank) {
    judge_tank(most);
  } else {
    judge_room(most, was_controlling);
  }
  if (now >= next_control) next_control = now + config.control_period;
}

// The zone's own thermometer, or what the leading node reads.
std::optional<Celsius> Agent::Impl::zone_air() const {
  if (!config.facts.follows) return air_sensor.air(now);
  if (!limits || !limits->limits.follow || !in_range(limits->limits.follow->air)) {
    return std::nullopt;
  }
  return rounded(limits->limits.follow->air);
}

void Agent::Impl::judge_room(Watts most, bool was_controlling) {
  const auto air = zone_air();
  heat.safe_mode = !air;
  const bool starting = starts_at && now < *starts_at;
  heat.frost = air && protection.frost() && !protection.tripped() && !starting;
  if (air) {
    heat.excess = *air - work_reference;
    heat.rise = config.facts.follows ? Kelvins{} : air_sensor.rise();
  }
  if (heat.frost) {
    quiet = false;
    heat.allowed = heat.wanted = breaker();
  } else if (heat.halted) {
    heat.allowed = heat.wanted = 0_W;
  } else if (heat.safe_mode) {
    heat.allowed = heat.wanted = std::min(most, safe_power());
  } else {
    heat.allowed = ceiling_ramp(most, *air + heat.rise, work_reference + config.band.ceiling);
    if (config.facts.follows) {
      const Watts wanted = std::max(limits->limits.follow->wanted, limits->limits.p_min);
      heat.wanted = rounded(std::clamp(wanted, 0_W, heat.allowed));
      heat.follows_wanted = true;
      return;
    }
    if (!was_controlling) {
      last_control = next_control = now;
      (void)book.take_mean_power();  // what was drawn until now is not the law's doing
    }
    controlling = true;
    heat.wanted = control(heat.allowed);
    heat.follows_wanted = true;
  }
}

// Attempts, a cold zone or the limits keep the computers on; nothing wanted lets them sleep.
void Agent::Impl::power_boards() {
  Boards::Needs needs;
  needs.may_sleep = limits && limits->limits.may_sleep;
  needs.power = limits && limits->limits.p_min > 0_W;
  needs.work = !work.queue().empty() || !work.started().empty();
  needs.heat = heat.wanted >= config.facts.idle;
  needs.frost = heat.frost;
  const auto air = zone_air();
  needs.cold = tank ? needs.heat : air && !heat.halted && *air < reference - kWakeBelow;
  if (const auto on = boards.step(needs, now)) order(PowerBoards{*on});
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

Watts Agent::Impl::resistance() {
  if (config.facts.resistance <= 0_W) return 0_W;
  BackupHeat::Inputs inputs;
  if (tank) {
    inputs = tank_backup();
  } else if (const auto air = zone_air(); air && !config.facts.follows) {
    const auto setpoint = setpoints.value(now);
    inputs.possible = heat.frost || (controlling && !window.open(now) && setpoint);
    inputs.at_once = heat.frost;
    if (setpoint) {
      inputs.below = std::max(*setpoint, lifted_to.value_or(*setpoint)) - config.band.below - *air;
    }
    inputs.full = heat.wanted >= kFullShare * std::min(heat.allowed, config.facts.max);
    const bool rises = rising_to && *air < *rising_to - kRadiatorStillGives;
    inputs.missing = rises ? config.facts.resistance : law.output() - heat.allowed;
  }
  return backup.step(inputs, now);
}

void Agent::Impl::heat_the_rest() {
  Watts filler;
  const Kelvins filler_bound = tank ? 0_K : config.band.filler.must_stop_above;
  const bool too_warm = heat.excess && *heat.excess >= filler_bound;
  if (config.facts.kind != NodeKind::kNone && (heat.frost || !too_warm) && boards.ready()) {
    const Watts room = std::min(heat.wanted, config.facts.max) - expected;
    filler = std::max(0_W, rounded(room));
  }
  const Watts backup_power = resistance();
  const Watts cap = std::max(config.facts.idle, heat.allowed);
  if (differs(cap_in_force, cap)) {
    cap_in_force = cap;
    order(SetPowerCap{cap});
  }
  const bool circulate = stirs();
  if (differs(filler_in_force, filler) || differs(resistance_in_force, backup_power) ||
      circulates != circulate) {
    filler_in_force = filler;
    resistance_in_force = backup_power;
    circulates = circulate;
    order(SetFiller{filler, backup_power, circulate});
  }
}

}  // namespace hearth::node_agent
