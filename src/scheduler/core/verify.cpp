#include "scheduler/core/verify.h"

#include <algorithm>

namespace hearth::scheduler {
namespace {

constexpr Watts kTolerance{0.01};
constexpr Kelvins kToleranceK{0.002};

}  // namespace

std::vector<std::string> violations(const protocol::Limits& limits, const NodeRecord& node,
                                    const PlanInputs& inputs) {
  std::vector<std::string> found;
  const auto require = [&](bool holds, const char* what) {
    if (!holds) found.emplace_back(what);
  };
  const bool idle_only = limits.p_max <= node.facts.idle + kTolerance;
  require(limits.p_max >= limits.p_min, "p_max below p_min");
  require(limits.p_max <= std::max(node.facts.max, node.facts.idle) + kTolerance,
          "more power than the node has");
  require(idle_only || inputs.others_committed + limits.p_max <=
                           inputs.site.breaker - inputs.site.reserve + kTolerance,
          "the building's breaker would be overloaded");
  if (!node.has_room()) return found;

  require(idle_only || !node.is_off(), "heat in a zone that is OFF");
  if (const auto setpoint = node.telemetry.setpoint) {
    require(limits.t_ref - *setpoint <= inputs.band.above + kToleranceK,
            "reference above the band");
    require(*setpoint - limits.t_ref <= inputs.band.below + kToleranceK,
            "reference below the band");
  }
  return found;
}

std::vector<std::string> violations(const protocol::JobSpec& spec, const NodeRecord& node) {
  std::vector<std::string> found;
  const auto& facts = node.facts;
  if (spec.needs_isolation && !facts.isolated) found.emplace_back("it does not wall tasks off");
  if (spec.no_residential && facts.residential) found.emplace_back("it stands in a home");
  if (spec.needs_network && !facts.grants_network) found.emplace_back("it grants no network");
  if (!spec.secrets.empty() && !facts.takes_secrets) found.emplace_back("it knows no secrets");
  return found;
}

protocol::Limits safe_limits(const NodeRecord& node) {
  protocol::Limits limits;
  limits.t_ref = node.telemetry.setpoint.value_or(protocol::kSetpointMin);
  limits.p_max = node.facts.idle;
  return limits;
}

}  // namespace hearth::scheduler
