// What the zone should have now: setpoint, limits or stored plan, and a programme's next step up.
#include <algorithm>

#include "node_agent/core/agent_impl.h"

namespace hearth::node_agent {
namespace {

constexpr Celsius kFrostReference{7};
constexpr Kelvins kColder{1.3};  // P90 of a forecast some hours ahead (HEAT section 1: 0.5-2 K std)
// Nights cool a room a little; a holiday cools its walls, and they take days (choice).
constexpr Duration kAfterHolidayMax = std::chrono::hours{48};
constexpr std::size_t kPlanHoursMax = 48;

bool is_weather(Celsius outdoor) {
  return outdoor >= Celsius{-60} && outdoor <= Celsius{60};  // false for NaN
}

bool sound(const protocol::ZonePlan& plan) {
  if (plan.hours.size() > kPlanHoursMax) return false;
  return std::ranges::all_of(plan.hours, [](const protocol::PlanHour& hour) {
    return in_range(hour.t_ref) && is_weather(hour.outdoor);
  });
}

}  // namespace

void Agent::Impl::end_what_is_over() {
  if (setpoints.end_boost(now)) announce_setpoint();
  if (limits && now >= limits->end) {
    limits.reset();
    limits_ended = now;
  }
}

void Agent::Impl::said(const protocol::PlanChanged& message) {
  if (!sound(message.plan)) return;
  use_plan(message.plan);
  order(StorePlan{message.plan});
}

void Agent::Impl::use_plan(const protocol::ZonePlan& new_plan) {
  plan = new_plan;
  if (!plan->model || config.facts.kind != protocol::NodeKind::kRadiator) return;
  const auto room = plausible_model(*plan->model);
  if (!room) return;
  recovery.learn(*room);
  law.set_gains(gains_with(config, room->ci_j_per_k, room->ua_w_per_k()));
  window.set_model(room->ci_j_per_k, room->ua_w_per_k());
}

const protocol::PlanHour* Agent::Impl::plan_hour(Duration ahead) const {
  if (!plan || !clock) return nullptr;
  const Duration into = clock->utc + (now - clock->read_at) + ahead - plan->from;
  if (into < Duration::zero()) return nullptr;
  const auto hour = static_cast<std::size_t>(into / std::chrono::hours{1});
  return hour < plan->hours.size() ? &plan->hours[hour] : nullptr;
}

// Its own thermometer, else what the scheduler says, else what it foresaw.
void Agent::Impl::find_outdoor() {
  outdoor = outdoor_sensed;
  if (!outdoor && limits) outdoor = limits->limits.outdoor;
  if (outdoor && !is_weather(*outdoor)) outdoor.reset();
  if (outdoor) return;
  if (const auto* hour = plan_hour({})) outdoor = hour->outdoor;
}

void Agent::Impl::follow_reference() {
  find_outdoor();
  const auto setpoint = setpoints.value(now);
  if (!setpoint) {
    reference = work_reference = kFrostReference;
    work_reference_of.reset();
    lifted_to.reset();
    return;
  }
  reference = *setpoint;
  std::optional<Celsius> wished;
  if (limits) {
    wished = limits->limits.t_ref;
  } else if (const auto* hour = plan_hour({})) {
    wished = hour->t_ref;
  }
  if (wished) {
    reference = std::clamp(*wished, *setpoint - config.band.below, *setpoint + config.band.above);
  }
  look_ahead(*setpoint);
  if (lifted_to) reference = std::max(reference, *lifted_to);
  // A programme's step down is a permission, not an order to cool (DESIGN section 6): the
  // reference for work falls no faster than the room does, unless the resident wants it cool. What
  // a person sets counts at once. A holiday is a long setback, from its first minute, whatever was
  // in force before.
  const auto& in_force = setpoints.in_force();
  const bool same_programme =
      in_force.mode == protocol::SetpointMode::kProgramme && work_reference_of == in_force.revision;
  const bool eases = same_programme || (work_reference_of && setpoints.on_holiday(now));
  if (eases && !config.cool_at_night) {
    const auto air = air_sensor.air(now);
    const Celsius kept = air ? std::min(work_reference, *air) : work_reference;
    work_reference = std::max(reference, kept);
  } else {
    work_reference = reference;
  }
  work_reference_of = in_force.revision;
}

// Before a programme's step up, or a holiday's end: the setback goes only as deep as full power
// recovers, and ends when it must.
void Agent::Impl::look_ahead(Celsius setpoint) {
  const auto& in_force = setpoints.in_force();
  if (in_force.mode != protocol::SetpointMode::kProgramme && !in_force.holiday) {
    lifted_to.reset();
    if (rising_cold_walls) rising_to.reset();  // of one cut short: not for the next one
    return;
  }
  if (now < next_look && looked_at == setpoint) return;
  next_look = now + config.control_period;
  const bool rises_on = looked_at == setpoint && rising_to;
  looked_at = setpoint;
  lifted_to.reset();
  const auto rise = setpoints.next_rise(now);
  const auto air = air_sensor.air(now);
  if (!rise || !air || config.facts.kind != protocol::NodeKind::kRadiator) {
    rising_to.reset();
    return;
  }
  if (rises_on && rising_to == rise->to && rising_cold_walls == rise->cold_walls) {
    lifted_to = rise->to;
    return;
  }
  rising_to.reset();
  const Duration earliest = rise->cold_walls ? kAfterHolidayMax : kRecoveryMax;
  Recovery::Conditions conditions{
      rise->to, rise->in, outdoor, breaker() + config.facts.resistance, emitted.now(), earliest};
  for (Duration ahead{}; ahead <= earliest; ahead += std::chrono::hours{1}) {
    const auto* hour = plan_hour(ahead);
    if (hour == nullptr) break;
    conditions.outdoor = std::min(conditions.outdoor.value_or(hour->outdoor), hour->outdoor);
  }
  if (conditions.outdoor) *conditions.outdoor = *conditions.outdoor - kColder;
  if (recovery.is_due(*air, conditions)) {
    lifted_to = rising_to = rise->to;
    rising_cold_walls = rise->cold_walls;
  } else if (const auto deepest = recovery.deepest(conditions); deepest > setpoint) {
    lifted_to = std::min(deepest, rise->to);
  }
}

}  // namespace hearth::node_agent
