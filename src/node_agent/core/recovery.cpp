#include "node_agent/core/recovery.h"

#include <algorithm>
#include <chrono>

namespace hearth::node_agent {
namespace {

constexpr Duration kStep = from_seconds(thermal::kModelStepS);
constexpr double kRateKPerH = 0.75;
// Walls that days have cooled. 450 W at 0 degC outside lift a medium room of 12 W/K by 0.27 K/h
// (holiday_test.cpp). A model's capacities are about a prior's (HEAT section 1: closed loop
// identifies UA, not capacities): in that room a prior asks for 10 h of the 28 h that it takes. It
// is given three times the time that it asks for (choice).
constexpr double kRateOfWallsKPerH = 0.25;
constexpr int kDoubtOfWalls = 3;
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

namespace {

// A night's setback ends within kRecoveryMax; more is for a holiday.
bool cooled_walls(const Recovery::Conditions& conditions) {
  return conditions.earliest > kRecoveryMax;
}

double rate_k_per_h(const Recovery::Conditions& conditions) {
  return cooled_walls(conditions) ? kRateOfWallsKPerH : kRateKPerH;
}

}  // namespace

bool Recovery::is_due(Celsius air, const Conditions& conditions) const {
  const auto steps_left = static_cast<int>(conditions.left / kStep);
  if (steps_left > static_cast<int>(conditions.earliest / kStep) || air >= conditions.target)
    return false;
  const int later = std::max(0, steps_left - 1);
  if (!step_ || !conditions.outdoor) {
    const double needed_s = (conditions.target - air).value / rate_k_per_h(conditions) * 3600;
    return needed_s >= later * thermal::kModelStepS;
  }
  const double reached_c =
      air_after(air.value, mass_c_.value_or(air.value - kMassBelowAirK), conditions.emitted.value,
                cooled_walls(conditions) ? later / kDoubtOfWalls : later, conditions);
  return reached_c < conditions.target.value;
}

Celsius Recovery::deepest(const Conditions& conditions) const {
  const auto steps = static_cast<int>(conditions.earliest / kStep);
  if (!step_ || !conditions.outdoor) {
    return conditions.target - Kelvins{rate_k_per_h(conditions) * steps / 6};
  }
  const int trusted = cooled_walls(conditions) ? steps / kDoubtOfWalls : steps;
  // Linear in the temperature that air and mass begin with.
  const double target_c = conditions.target.value;
  const double from_target_c = air_after(target_c, target_c, 0, trusted, conditions);
  const double from_below_c = air_after(target_c - 1, target_c - 1, 0, trusted, conditions);
  const double slope = from_target_c - from_below_c;
  if (from_target_c <= target_c || !(slope > 0)) return conditions.target;
  return rounded(Celsius{target_c - (from_target_c - target_c) / slope});
}

}  // namespace hearth::node_agent
