// What the planner asks of one zone: how warm it gets by itself, how long it can take a power, what
// holding or reaching a temperature costs. 48 h in steps of 600 s.
//
// Index k is the end of step k: (k + 1) * 600 s from now. Linear: air = free + power * response.
// Pure, no heap; build a ZoneForecast when the model, the state or the weather changed, ask often.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "common/units.h"
#include "thermal/forecast_error.h"
#include "thermal/room_model.h"

namespace hearth::thermal {

inline constexpr std::size_t kForecastSteps = 288;
inline constexpr Duration kForecastSpan = std::chrono::hours{48};
inline constexpr double kZ90 = 1.2816;         // the 90 % quantile of a normal distribution
inline constexpr int kOptimumStartSteps = 36;  // HEAT section 3: cap 6 h

using Path = std::array<float, kForecastSteps>;

// What depends on the model alone: compute once per fit and share among forecasts.
class StepResponse {
 public:
  // Requires within_bounds-like positive parameters; lag_s: 0, or the radiator's.
  StepResponse(const RoomModel& model, double lag_s);

  // Air temperature per watt of constant electric power from now on, through the lag, K/W.
  const Path& heat_k_per_w() const { return heat_; }
  // Air temperature per kelvin that it is constantly warmer outdoors, K/K.
  const Path& outdoor_k_per_k() const { return outdoor_; }
  const RoomModel& model() const { return model_; }
  const RoomStep& step() const { return step_; }      // with the lag
  const RoomStep& direct() const { return direct_; }  // without

 private:
  RoomModel model_;
  RoomStep step_;
  RoomStep direct_;
  Path heat_{};
  Path outdoor_{};
};

// Standard deviation of the air forecast at each step: the zone's own residuals and the weather's.
// Compute once per model and error.
class ForecastSpread {
 public:
  ForecastSpread(const StepResponse& response, const ForecastError& error);
  const Path& sigma_k() const { return sigma_; }

 private:
  Path sigma_{};
};

// Energy given since now, at the end of each step, that the band and the power allow.
struct FlexibilityEnvelope {
  std::array<double, kForecastSteps> highest_j{};  // as warm as allowed, as early as possible
  std::array<double, kForecastSteps> lowest_j{};   // as cool as allowed
};

struct OptimumStart {
  int step = 0;          // full power from the start of this step on
  bool in_time = false;  // false: even this step, at most 6 h ahead, is too late
};

class ZoneForecast {
 public:
  // `response` must outlive the forecast. `weather`: one input per step, heat_w ignored; the last
  // one holds on where there are fewer than 288. Requires at least one; all finite.
  ZoneForecast(const StepResponse& response, const ForecastError& error, const RoomEstimate& now,
               std::span<const RoomInput> weather);
  ZoneForecast(const StepResponse& response, const ForecastSpread& spread, const RoomEstimate& now,
               std::span<const RoomInput> weather);
  ZoneForecast(const StepResponse&&, const ForecastError&, const RoomEstimate&,
               std::span<const RoomInput>) = delete;

  // Mean air temperature without electric power from now on; what the radiator holds still comes.
  const Path& free_air_c() const { return free_air_; }
  const Path& step_response_k_per_w() const { return response_->heat_k_per_w(); }
  // Standard deviation of the air forecast at step k.
  double sigma_k(std::size_t k) const { return sigma_[k]; }
  const RoomEstimate& now() const { return now_; }

  // The first instant at which the 90 % quantile of the air passes `bound` at constant `power`,
  // linear between steps; 48 h if it does not, 0 if the air is above already. Longer for less power
  // and for a higher bound. HEAT section 1, "Runway". (A zone whose 10 % quantile of hold power is
  // above min_run_w counts as 48 h: see hold_power and hold_power_std_w.)
  Duration runway(Watts power, Celsius bound) const;

  // Power in each step that brings the air to reference_c[k] at its end, within [0, power_max_w],
  // without lag; where that cannot be reached the state goes on as it is. The last reference holds
  // on. `out_w` gets min(288, out_w.size()) values. Requires a reference.
  void hold_power(std::span<const double> reference_c, double power_max_w,
                  std::span<double> out_w) const;
  // How wrong the hold power is, as the constant power that explains the forecast's error at 24 h.
  double hold_power_std_w() const;
  // Energy of hold_power over the first `steps` steps.
  Joules energy_to_hold(std::span<const double> reference_c, double power_max_w,
                        std::size_t steps) const;

  // Bounds per step, the last one holding on; a room that leaves the band by itself gets 0 or
  // power_max_w.
  FlexibilityEnvelope envelope(std::span<const double> t_lo_c, std::span<const double> t_hi_c,
                               double power_max_w) const;

  // The latest step at which full power must begin so that the air is at target_c at the end of
  // step k, at the cold 10 % quantile, through the lag; until then setback_c is held. HEAT
  // section 3: at most 6 h ahead. Requires k < 288.
  OptimumStart optimum_start(double setback_c, double target_c, std::size_t k,
                             double power_max_w) const;
  // The lowest setback, not below floor_c, from which six hours of full power recover target_c at
  // the end of step k, at the cold 10 % quantile; target_c where none does. To 0.05 K.
  double deepest_setback_c(double floor_c, double target_c, std::size_t k,
                           double power_max_w) const;

 private:
  RoomInput input_at(std::size_t k, double heat_w) const;
  double power_to(double air_c, const RoomEstimate& x, std::size_t k, double power_max_w) const;
  bool recovers(RoomEstimate x, std::size_t from, std::size_t k, double target_c,
                double power_max_w) const;

  const StepResponse* response_;
  RoomEstimate now_;
  // All written by the constructor, and only there.
  Path free_air_;
  Path sigma_;
  Path upper_;  // free_air + kZ90 sigma
  Path outdoor_c_;
  Path irradiance_;
};

}  // namespace hearth::thermal
