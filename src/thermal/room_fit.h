// Learns a room from its history, once a night, on a worker: HEAT section 1, "Parameters" to "Fall
// back". Pure functions of a snapshot; some tens of milliseconds for a fortnight.
//
// Fitting one-step errors alone finds the wrong time constant. So the residuals are open-loop
// forecast errors at 1 to 24 h, from filtered states at every third hour.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "thermal/forecast_error.h"
#include "thermal/forecast_score.h"
#include "thermal/room_history.h"
#include "thermal/room_model.h"

namespace hearth::thermal {

enum class ModelKind {
  kPrior,    // nothing measured: UA0 and the usual proportions
  kUaOnly,   // an earlier model's proportions, the loss as measured
  k1R1C,     // temperature from one capacity, the loss from the energy signature
  kRefused,  // 3R2C that failed the gate, yet forecasts far better than 1R1C: temperature only
  kKept,     // the last accepted model, better than what this window gave
  k3R2C,     // fitted and accepted
};
std::string_view to_string(ModelKind kind);

struct FitOptions {
  std::optional<double> lag_s = 0;  // of the radiator; 0: none; unset: the fit chooses
  double ua0_w_per_k = 0;  // 0: from the first day, or the window's; 40 W/K where they show nothing
  double power_max_w = 0;  // of the heater; 0: the largest power seen
  double sensor_std_k = 0;            // 0: from the quantum that the readings show
  std::optional<RoomModel> previous;  // the last accepted model
};

struct RoomFit {
  RoomModel model;
  double lag_s = 0;  // that the model goes with
  // What demand and capacity are reckoned with: `model`, but for k1R1C, which must never forecast
  // capacity, the refused 3R2C where its loss agrees with the energy signature's within half as
  // much again, else the usual proportions with the signature's loss.
  RoomModel hold_model;
  ModelKind kind = ModelKind::kPrior;
  bool accepted = false;   // k3R2C only: passed the gate on the last days: three, or more of gaps
  std::string reason;      // why this model, with the numbers that decided
  double ua_w_per_k = 0;   // the loss to reckon with: for k1R1C from the energy signature
  ForecastError error;     // defaults where nothing could be scored
  ForecastScore held_out;  // on the same days, by parameters that have not seen them
  int iterations = 0;
};

// The filter that a zone with this history runs with: the lag and its sensor's noise.
FilterOptions filter_options(const RoomHistory& history, const FitOptions& options, double lag_s);

// The best model that the window gives, down the fallback chain. Never fails: with nothing usable
// it is the prior.
RoomFit best_model(const RoomHistory& history, const FitOptions& options);

// Steps that one is built of; for tests and for those who compare models.
struct ParameterFit {
  RoomModel model;
  double cost = 0;  // what was minimised
  int iterations = 0;
};
// From the steps [0, last] of the history, starting at `start` (usually the prior).
ParameterFit fit_3r2c(const PreparedHistory& history, std::size_t last,
                      const FilterOptions& options, const RoomModel& prior, const RoomModel& start);
ParameterFit fit_1r1c(const PreparedHistory& history, std::size_t last,
                      const FilterOptions& options, double ua_w_per_k);
// The same room with another loss: resistances scaled, capacities and apertures kept.
RoomModel with_loss(const RoomModel& model, double ua_w_per_k);

}  // namespace hearth::thermal
