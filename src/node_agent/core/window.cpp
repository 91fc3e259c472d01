#include "node_agent/core/window.h"

#include <algorithm>
#include <chrono>

namespace hearth::node_agent {
namespace {

using std::chrono::minutes;
constexpr Duration kSlopeOver = minutes{5};  // a lone step is gone before it counts
constexpr Duration kFallsFor = minutes{5};
constexpr Duration kOpenFor = minutes{20};
constexpr double kUnexplainedKPerH = -2;
constexpr double kExplainingShareOfMax = 0.2;

Duration scaled(Duration duration, double scale) {
  return from_seconds(to_seconds(duration) * scale);
}

}  // namespace

double time_scale_of(const AgentConfig& config) {
  constexpr double kOrdinaryGainTimeS = 1500;
  return to_seconds(config.gain_time) / kOrdinaryGainTimeS;
}

WindowWatch::WindowWatch(const AgentConfig& config)
    : time_scale_(time_scale_of(config)),
      air_capacity_j_per_k_(config.air_capacity_j_per_k),
      ua_w_per_k_(config.ua_w_per_k),
      max_(config.facts.max),
      slope_(scaled(kSlopeOver, time_scale_)) {}

void WindowWatch::take(std::optional<Celsius> air, std::optional<Celsius> outdoor,
                       const EmittedHeat& emitted, TimePoint now) {
  if (!air) {
    slope_.forget();
    falls_since_.reset();
    return;
  }
  slope_.take(*air, now);
  if (!falls_unexplained(*air, outdoor, emitted)) {
    falls_since_.reset();
    return;
  }
  if (!falls_since_) falls_since_ = now;
  if (open(now) || now - *falls_since_ < scaled(kFallsFor, time_scale_)) return;
  open_until_ = now + scaled(kOpenFor, time_scale_);
  power_before_ = emitted.mean();
}

bool WindowWatch::falls_unexplained(Celsius air, std::optional<Celsius> outdoor,
                                    const EmittedHeat& emitted) const {
  const auto slope = slope_.k_per_s();
  const double hour_s = 3600 * time_scale_;
  double modelled_k_per_h = 0;  // never above 0: without a fall there is nothing to explain
  if (!slope || *slope >= 0 || !emitted.known()) return false;
  if (air_capacity_j_per_k_ > 0 && ua_w_per_k_ > 0 && outdoor) {
    const double gain_w = emitted.now().value - ua_w_per_k_ * (air - *outdoor).value;
    modelled_k_per_h = std::min(0.0, gain_w / air_capacity_j_per_k_ * hour_s);
  } else if (emitted.fallen() > kExplainingShareOfMax * max_ ||
             emitted.now() < kExplainingShareOfMax * max_) {
    return false;
  }
  return round_to_milli(*slope * hour_s - modelled_k_per_h) < kUnexplainedKPerH;
}

}  // namespace hearth::node_agent
