#include "node_agent/core/control_law.h"

#include <algorithm>
#include <cmath>

namespace hearth::node_agent {
namespace {

constexpr double kProportionalOfRated = 0.6;      // per kelvin, without a model
constexpr double kFeedForwardOfRated = 0.01;      // per kelvin, without a model
constexpr double kMeasuredToleranceShare = 0.05;  // of the wanted power: still counts as followed
constexpr double kMeasuredToleranceW = 5;
constexpr Kelvins kRampWidth{0.5};

}  // namespace

ControlGains gains_of(const AgentConfig& config) {
  const double integral_time_s = to_seconds(config.integral_time);
  if (config.air_capacity_j_per_k > 0) {
    return gains_with(config, config.air_capacity_j_per_k, config.ua_w_per_k);
  }
  const double rated_w = config.facts.max.value;
  return {kProportionalOfRated * rated_w, kFeedForwardOfRated * rated_w, integral_time_s};
}

ControlGains gains_with(const AgentConfig& config, double air_capacity_j_per_k, double ua_w_per_k) {
  return {air_capacity_j_per_k / to_seconds(config.gain_time), ua_w_per_k,
          to_seconds(config.integral_time)};
}

double ControlLaw::feed_forward(const Inputs& inputs) const {
  if (!inputs.outdoor) return 0;
  return gains_.feed_forward_w_per_k * (inputs.reference - *inputs.outdoor).value;
}

bool ControlLaw::may_integrate(const Inputs& inputs, double error_k) const {
  if (inputs.integral_held) return false;
  const bool limited_up = error_k > 0 && output_ >= inputs.high;
  const bool limited_down = error_k < 0 && output_ <= inputs.low;
  if (limited_up || limited_down) return false;
  if (!inputs.measured) return true;
  const Watts wanted = std::clamp(output_, std::min(inputs.low, inputs.high), inputs.high);
  const double tolerance_w = std::max(kMeasuredToleranceW, kMeasuredToleranceShare * wanted.value);
  const double surplus_w = (*inputs.measured - wanted).value;
  return error_k > 0 ? surplus_w > -tolerance_w : surplus_w < tolerance_w;
}

void ControlLaw::take_gains(const Inputs& inputs) {
  const double error_k = (inputs.reference - inputs.air).value;
  const double before_w = gains_.proportional_w_per_k * error_k + feed_forward(inputs);
  gains_ = *next_gains_;
  next_gains_.reset();
  integral_w_ += before_w - gains_.proportional_w_per_k * error_k - feed_forward(inputs);
}

void ControlLaw::step(const Inputs& inputs) {
  if (next_gains_) take_gains(inputs);
  const double error_k = (inputs.reference - inputs.air).value;
  const double proportional_w = gains_.proportional_w_per_k * error_k;
  const double forward_w = feed_forward(inputs);
  if (inputs.outdoor.has_value() != last_outdoor_.has_value()) {
    // The feed-forward came or went: the integral takes the difference, so the heat does not jump.
    Inputs known = inputs;
    if (!known.outdoor) known.outdoor = last_outdoor_;
    const double forward_known_w = feed_forward(known);
    integral_w_ += inputs.outdoor ? -std::min(integral_w_, forward_known_w) : forward_known_w;
  }
  last_outdoor_ = inputs.outdoor;
  if (may_integrate(inputs, error_k)) {
    integral_w_ += proportional_w * to_seconds(inputs.elapsed) / gains_.integral_time_s;
  }
  // At no error it stands for losses, or corrects the feed-forward: never for less than no heat.
  integral_w_ =
      std::clamp(integral_w_, -std::abs(forward_w), inputs.high.value + std::abs(forward_w));
  output_ = rounded(Watts{forward_w + proportional_w + integral_w_});
}

Watts ceiling_ramp(Watts full, Celsius air, Celsius ceiling) {
  const double share = std::clamp((ceiling - air) / kRampWidth, 0.0, 1.0);
  return rounded(share * full);
}

}  // namespace hearth::node_agent
