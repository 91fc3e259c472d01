#include "scheduler/core/plan.h"

#include <algorithm>

namespace hearth::scheduler {
namespace {

// So long that boards go to sleep though work waits elsewhere (choice).
constexpr Duration kClosedLong = std::chrono::hours{1};

Watts fair_share(const NodeRecord& node, const PlanInputs& inputs) {
  const Watts available = inputs.site.breaker - inputs.site.reserve;
  if (inputs.site_max <= available || !(inputs.site_max > 0_W)) return node.facts.max;
  return (available / inputs.site_max) * node.facts.max;
}

}  // namespace

Watts committed_power(const NodeRecord& node, TimePoint now) {
  const bool in_force = node.limits.revision != 0 && now < node.limits_expire_at;
  if (in_force && node.session) return node.committed;
  if (in_force) return std::max(node.committed, node.facts.static_share);
  return node.facts.static_share;
}

protocol::Limits plan_limits(const NodeRecord& node, const PlanInputs& inputs) {
  protocol::Limits limits;
  limits.t_ref =
      rounded(inputs.zone != nullptr ? inputs.zone->t_ref
                                     : node.telemetry.setpoint.value_or(protocol::kSetpointMin));
  limits.outdoor = inputs.outdoor;
  if (inputs.zone != nullptr) limits.closed_for = inputs.zone->closed_for;
  const bool closed = limits.closed_for.flex >= kClosedLong;
  limits.may_sleep = node.facts.can_sleep && (!inputs.work_waits || closed) &&
                     node.attempts.empty() &&
                     (inputs.zone == nullptr ? node.has_room() : closed || inputs.zone->may_sleep);

  const Watts free = inputs.site.breaker - inputs.site.reserve - inputs.others_committed;
  Watts p_max = std::min({node.facts.max, fair_share(node, inputs), free});
  if (node.has_room() && node.is_off()) p_max = std::min(p_max, node.facts.idle);
  // A computer that is on draws its idle power whatever we say.
  limits.p_max = rounded(std::max(p_max, node.facts.idle));
  const bool room_left = inputs.zone != nullptr && node.telemetry.setpoint &&
                         node.telemetry.air_temperature_c.quality == protocol::Quality::kGood &&
                         Celsius{node.telemetry.air_temperature_c.value} <
                             *node.telemetry.setpoint + inputs.band.above;
  if (room_left) limits.p_min = std::min(inputs.p_min, limits.p_max);
  return limits;
}

}  // namespace hearth::scheduler
