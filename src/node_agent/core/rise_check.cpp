#include "node_agent/core/rise_check.h"

#include <algorithm>

#include "node_agent/core/window.h"

namespace hearth::node_agent {
namespace {

constexpr double kSlopeOverS = 20 * 60;
constexpr double kImplausibleKPerH = 10;
constexpr double kRisenShareOfMax = 0.2;

}  // namespace

RiseCheck::RiseCheck(const AgentConfig& config)
    : time_scale_(time_scale_of(config)),
      step_max_(config.air_step_max),
      silent_max_(config.sensor_timeout),
      max_(config.facts.max),
      slope_(from_seconds(kSlopeOverS * time_scale_)) {}

void RiseCheck::take(std::optional<Celsius> air, const EmittedHeat& emitted, TimePoint now) {
  if (!air) return;
  if (last_) {
    // Carried to another place, or back after silence: AirSensor judges those.
    const Kelvins step = std::max(*air - last_->air, last_->air - *air);
    if (step > step_max_ || now - last_->at > silent_max_) slope_.forget();
  }
  last_ = Reading{now, *air};
  slope_.take(*air, now);
  const auto slope = slope_.k_per_s();
  if (!slope || round_to_milli(*slope * 3600 * time_scale_) <= kImplausibleKPerH) return;
  if (!emitted.known() || emitted.risen() > kRisenShareOfMax * max_) return;
  doubted_until_ = now + from_seconds(kSlopeOverS * time_scale_);
}

}  // namespace hearth::node_agent
