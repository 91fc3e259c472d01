#include "node_agent/core/recovery.h"

#include <algorithm>
#include <chrono>

namespace hearth::node_agent {
namespace {

constexpr int kStepsMax = 36;  // HEAT section 3: cap 6 h
constexpr Duration kStep = from_seconds(thermal::kModelStepS);
constexpr double kRateKPerH = 0.75;
constexpr double kMassBelowAirK = 1;  // HEAT section 1: Tm0 = Ti0 - 1

}  // namespace

std::optional<thermal::RoomModel> plausible_model(const protocol::ZoneModel& model) {
  const thermal::RoomModel room{model.air_capacity_j_per_k, model.mass_capacity_j_per_k,
                                model.air_mass_k_per_w,     model.air_outdoor_k_per_w,
                                model.mass_outdoor_k_per_w, model.air_aperture_m2,
                                model.mass_aperture_m2};
  if (!thermal::within_bounds(room)) return std::nullopt;
  return room;
}

void Recovery::learn(const thermal::RoomModel& model) {
  if (model_ == model) return;
  model_ = model;
  step_.emplace(model, thermal::kModelStepS, thermal::kRadiatorLagS);
}

void Recovery::observe(Celsius air, std::optional<Celsius> outdoor, TimePoint now) {
  if (!model_ || !outdoor) return;
  const auto& m = *model_;
  const double to_air = 1 / m.rim_k_per_w;
  const double to_outdoor = 1 / m.rmo_k_per_w;
  const double target_c =
      (to_air * air.value + to_outdoor * outdoor->value) / (to_air + to_outdoor);
  if (!mass_c_) {
    mass_c_ = std::min(target_c, air.value - kMassBelowAirK);
  } else {
    // Implicit, so stable for any distance of passes.
    const double passed_s = to_seconds(now - observed_at_);
    const double share = passed_s * (to_air + to_outdoor) / m.cm_j_per_k;
    mass_c_ = *mass_c_ + share / (1 + share) * (target_c - *mass_c_);
  }
  observed_at_ = now;
}

double Recovery::air_after(double air_c, double mass_c, double emitted_w, int steps,
                           const Conditions& conditions) const {
  thermal::RoomEstimate x{air_c, mass_c, 0, emitted_w};
  const thermal::RoomInput input{conditions.outdoor->value, conditions.power.value, 0};
  for (int i = 0; i < steps; ++i) x = step_->advance(x, input);
  return x.air_c;
}

bool Recovery::is_due(Celsius air, const Conditions& conditions) const {
  const auto steps_left = static_cast<int>(conditions.left / kStep);
  if (steps_left > kStepsMax || air >= conditions.target) return false;
  const int later = std::max(0, steps_left - 1);
  if (!step_ || !conditions.outdoor) {
    const double needed_s = (conditions.target - air).value / kRateKPerH * 3600;
    return needed_s >= later * thermal::kModelStepS;
  }
  const double reached_c = air_after(air.value, mass_c_.value_or(air.value - kMassBelowAirK),
                                     conditions.emitted.value, later, conditions);
  return reached_c < conditions.target.value;
}

Celsius Recovery::deepest(const Conditions& conditions) const {
  if (!step_ || !conditions.outdoor) {
    return conditions.target - Kelvins{kRateKPerH * kStepsMax / 6};
  }
  // Linear in the temperature that air and mass begin with.
  const double target_c = conditions.target.value;
  const double from_target_c = air_after(target_c, target_c, 0, kStepsMax, conditions);
  const double from_below_c = air_after(target_c - 1, target_c - 1, 0, kStepsMax, conditions);
  const double slope = from_target_c - from_below_c;
  if (from_target_c <= target_c || !(slope > 0)) return conditions.target;
  return rounded(Celsius{target_c - (from_target_c - target_c) / slope});
}

}  // namespace hearth::node_agent
