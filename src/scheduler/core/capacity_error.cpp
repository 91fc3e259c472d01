#include "scheduler/core/capacity_error.h"

#include <algorithm>
#include <cmath>

namespace hearth::scheduler {
namespace {

// All choices, tuned on simulated seasons (docs/HEAT.md, "Measured").
constexpr double kBiasMost = 0.6;
constexpr double kOutlier = 3;  // residuals count up to so many standard deviations
constexpr double kZoneGain = 0.1;
constexpr double kZoneStdLeast = 0.01, kZoneStdMost = 0.4;
constexpr int kPriorDays = 5;  // that the prior spread counts for
constexpr double kSharedGain = 0.2;
constexpr double kSharedStd = 0.01;
constexpr double kResidualMost = 0.15;  // of the fleet in one day
constexpr double kTail = 0.05;          // of days on either side of the band
constexpr double kWidenStep = 0.3;
constexpr double kWidenLeast = 0.3, kWidenMost = 4;

// Adaptive conformal inference (Gibbs and Candes 2021) on the logarithm: the share of days beyond
// tends to kTail whatever the errors are, as long as the bounds are not reached.
double followed(double factor, bool beyond) {
  const double moved = factor * std::exp(kWidenStep * ((beyond ? 1.0 : 0.0) - kTail));
  return std::clamp(moved, kWidenLeast, kWidenMost);
}

}  // namespace

CapacityQuantiles widened(CapacityQuantiles quantiles, const BandWidening& widening) {
  const double low = quantiles.p50 - widening.low * (quantiles.p50 - quantiles.p5);
  quantiles.p5 = std::max(std::min(0.0, quantiles.p5), low);
  quantiles.p95 = quantiles.p50 + widening.high * (quantiles.p95 - quantiles.p50);
  return quantiles;
}

// Written so that NaN fails too: what was kept may be damaged.
ZoneCapacityError::ZoneCapacityError(const State& state) {
  const bool sound = std::abs(state.bias) <= static_cast<float>(kBiasMost) &&
                     state.std >= static_cast<float>(kZoneStdLeast) &&
                     state.std <= static_cast<float>(kZoneStdMost) && state.days >= 0;
  if (sound) state_ = state;
}

void ZoneCapacityError::take(double residual) {
  auto& [bias, spread, days] = state_;
  ++days;
  const double std = static_cast<double>(spread);
  const double counted = std::clamp(residual, -kOutlier * std, kOutlier * std);
  const double gain = std::max(kZoneGain, 1.0 / (kPriorDays + days));
  bias = static_cast<float>(
      std::clamp(static_cast<double>(bias) + gain * counted, -kBiasMost, kBiasMost));
  const double variance = (1 - gain) * std * std + gain * counted * counted;
  spread = static_cast<float>(std::clamp(std::sqrt(variance), kZoneStdLeast, kZoneStdMost));
}

FleetCapacityError::FleetCapacityError(const State& state) {
  const auto is_factor = [](double factor) {
    return factor >= kWidenLeast && factor <= kWidenMost;
  };
  const bool sound = std::abs(state.bias) <= kBiasMost && is_factor(state.widening.low) &&
                     is_factor(state.widening.high) && state.days >= 0;
  if (sound) state_ = state;
}

NormalError FleetCapacityError::shared() const {
  return {static_cast<float>(state_.bias), static_cast<float>(kSharedStd)};
}

void FleetCapacityError::take(const CapacityQuantiles& band, double used, double residual) {
  auto& [bias, widening, days] = state_;
  ++days;
  widening.low = followed(widening.low, used < band.p5);
  widening.high = followed(widening.high, used > band.p95);
  const double counted = std::clamp(residual, -kResidualMost, kResidualMost);
  const double gain = std::max(kSharedGain, 1.0 / (1 + days));
  bias = std::clamp(bias + gain * counted, -kBiasMost, kBiasMost);
}

}  // namespace hearth::scheduler
