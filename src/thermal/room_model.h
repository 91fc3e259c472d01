// The room model that the scheduler learns, "3R2C + d" (HEAT section 1), and its exact steps.
//
//   Ci dTi/dt = (Tm-Ti)/Rim + (To-Ti)/Rio + q + Ai I + d
//   Cm dTm/dt = (Ti-Tm)/Rim + (To-Tm)/Rmo + Am I
//      dd/dt  = -d/6h                    lag dq/dt = P - q   (a radiator with a slow body; else q =
//      P)
//
// Pure numerics in SI doubles: no clock, no randomness, no heap. Values: copy and share freely.
#pragma once

#include "thermal/small_matrix.h"

namespace hearth::thermal {

struct RoomModel {
  double ci_j_per_k = 0;   // room air and what follows it at once
  double cm_j_per_k = 0;   // mass
  double rim_k_per_w = 0;  // air to mass
  double rio_k_per_w = 0;  // air to outdoors
  double rmo_k_per_w = 0;  // mass to outdoors
  double ai_m2 = 0;        // irradiance that reaches the air
  double am_m2 = 0;        // and the mass

  // What a kelvin between room and outdoors costs in steady state, W/K.
  double ua_w_per_k() const { return 1 / rio_k_per_w + 1 / (rim_k_per_w + rmo_k_per_w); }

  friend bool operator==(const RoomModel&, const RoomModel&) = default;
};

// HEAT section 1, "Prior": one number describes a room of unknown build. Requires ua0 > 0 (W/K).
RoomModel prior_room(double ua0_w_per_k);

// One resistance, one capacity: the mass is cut off. Same filter, same steps. Requires all > 0
// but the aperture >= 0.
RoomModel single_capacity_room(double ua_w_per_k, double c_j_per_k, double aperture_m2);

// UA0 where nothing was measured yet: HEAT section 1, W/K per m2 of floor.
enum class Insulation { kNew, kAverage, kPoor };
double prior_ua_w_per_k(double floor_area_m2, Insulation insulation);

// HEAT section 1, "Bounds": Ci 0.05-20 MJ/K, Cm 0.5-300 MJ/K, UA 3-500 W/K; apertures 0-1000 m2 and
// resistances finite and > 0 (our choice). False for NaN.
bool within_bounds(const RoomModel& model);

// What drives a room during one step: means over it.
struct RoomInput {
  double outdoor_c = 0;
  double heat_w = 0;  // electric power: behind the lag, where there is one
  double irradiance_w_per_m2 = 0;
};

struct RoomEstimate {
  double air_c = 0;
  double mass_c = 0;
  double gain_w = 0;     // unmeasured: people, sun the model does not know; fades in 6 h
  double emitted_w = 0;  // heat that the radiator gives now; the last heat_w where there is no lag

  friend bool operator==(const RoomEstimate&, const RoomEstimate&) = default;
};

inline constexpr double kGainFadeS = 6 * 3600.0;
inline constexpr double kRadiatorLagS = 1500;  // HEAT section 2: about 25 min
inline constexpr double kModelStepS = 600;

// One step of the model, exact for inputs that are constant over it (zero-order hold):
// exp([[A B],[0 0]] dt). Building one costs some microseconds, advancing some ten nanoseconds.
class RoomStep {
 public:
  // Requires a model with positive capacities and resistances, step_s > 0, lag_s >= 0 (0: no lag).
  RoomStep(const RoomModel& model, double step_s, double lag_s);

  RoomEstimate advance(const RoomEstimate& x, const RoomInput& u) const {
    // Summed so that a long path waits for air and mass alone: the rest is known before.
    const auto row = [&](std::size_t r) {
      const double driven = b_(r, 0) * u.outdoor_c + b_(r, 1) * u.heat_w +
                            b_(r, 2) * u.irradiance_w_per_m2 +
                            (a_(r, 2) * x.gain_w + a_(r, 3) * x.emitted_w);
      return a_(r, 0) * x.air_c + a_(r, 1) * x.mass_c + driven;
    };
    return {row(0), row(1), a_(2, 2) * x.gain_w, a_(3, 3) * x.emitted_w + b_(3, 1) * u.heat_w};
  }

  // What a step without heat becomes with `heat_w` in it.
  RoomEstimate heated(RoomEstimate without, double heat_w) const {
    without.air_c += b_(0, 1) * heat_w;
    without.mass_c += b_(1, 1) * heat_w;
    without.emitted_w += b_(3, 1) * heat_w;
    return without;
  }

  // The constant power over the step that brings the air to `air_c` at its end (any sign). The
  // input's own heat_w is ignored. Meant for steps without lag: with one, the answer rings.
  double power_to_reach(double air_c, const RoomEstimate& x, RoomInput u) const {
    u.heat_w = 0;
    return (air_c - advance(x, u).air_c) / b_(0, 1);
  }

  double step_s() const { return step_s_; }
  // States: air, mass, gain, emitted. Inputs: outdoors, heat, irradiance.
  const Matrix<4, 4>& a() const { return a_; }
  const Matrix<4, 3>& b() const { return b_; }

 private:
  double step_s_;
  Matrix<4, 4> a_;
  Matrix<4, 3> b_;
};

}  // namespace hearth::thermal
