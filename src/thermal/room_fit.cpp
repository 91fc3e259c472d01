#include "thermal/room_fit.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "thermal/energy_signature.h"

namespace hearth::thermal {
namespace {

// HEAT section 1, "Gate" and "Fall back".
constexpr std::size_t kHeldOut = 3 * kStepsPerDay;
constexpr std::size_t kWindowMin = 5 * kStepsPerDay;
constexpr double kAcceptBelowK = 1.5;
constexpr double kAcceptBelowPersistence = 0.9;
constexpr double kUaFactorMax = 3;
constexpr std::size_t kForecastsMin = 12;  // to judge by (our choice)
constexpr double kLagExplainsMore = 0.8;   // of the cost, before a lag is believed (our choice)
constexpr std::size_t kDayHorizon = 4;     // of kErrorHorizonsH
constexpr double kUnknownUa = 40;          // a room of 25 m2 of average build (our choice)
constexpr std::size_t kSimpleWindowMin = 2 * kStepsPerDay;

std::string text(const char* format, double a, double b = 0, double c = 0) {
  char buffer[200];
  std::snprintf(buffer, sizeof buffer, format, a, b, c);
  return buffer;
}

struct Window {
  const RoomHistory& raw;
  PreparedHistory history;
  FitOptions options;
  FilterOptions filter;
  double ua0;
  std::size_t last;      // index of the last sample
  std::size_t training;  // last sample before what is held out

  bool long_enough() const { return history.size() >= kWindowMin; }

  ForecastScore score(const RoomModel& model) const {
    if (!long_enough()) return {};
    // On the hour since the start, where readings that come every hour are.
    const auto first = (training + kStepsPerHour - 1) / kStepsPerHour * kStepsPerHour;
    return score_forecasts(model, filter, history, {first, 0, last});
  }
};

// The first day's, unless it warmed or cooled: then what all days say together, if they do.
double measured_ua0(const PreparedHistory& history) {
  const auto first = first_day_ua_w_per_k(history);
  if (first && first->steady) return first->ua_w_per_k;
  const double guess = first ? first->ua_w_per_k : kUnknownUa;
  return signature_ua_w_per_k(history, history.size(), guess).value_or(guess);
}

// Three days; more, up to a third of the window, where readings or inputs are missing and too few
// forecasts could be judged (our choice).
std::size_t held_out_steps(const PreparedHistory& history) {
  const auto n = history.size();
  for (auto steps = kHeldOut; steps * 3 <= n; steps += kStepsPerDay) {
    std::size_t judged = 0;
    for (auto k = n - 1 - steps; k + kStepsPerDay < n; k += kStepsPerHour) {
      const auto end = k + kStepsPerDay;
      if (!std::isnan(history.air_c(k)) && !std::isnan(history.air_c(end)) &&
          history.known(k, end)) {
        ++judged;
      }
    }
    if (judged >= kForecastsMin + 3) return steps;  // some origins may fall off the hour
  }
  return kHeldOut;
}

Window window_of(const RoomHistory& history, const FitOptions& options) {
  Window window{history, PreparedHistory(history),
                options, filter_options(history, options, options.lag_s.value_or(0)),
                0,       0,
                0};
  window.ua0 = options.ua0_w_per_k;
  if (!(window.ua0 > 0) && options.previous) window.ua0 = options.previous->ua_w_per_k();
  if (!(window.ua0 > 0)) window.ua0 = measured_ua0(window.history);
  // Of 3 W/K and less the prior itself would lie outside HEAT section 1's bounds: UA, Cm.
  window.ua0 = std::clamp(window.ua0, 3.5, 500.0);
  const auto n = window.history.size();
  window.last = n > 0 ? n - 1 : 0;
  const auto held_out = held_out_steps(window.history);
  window.training = n > held_out ? n - 1 - held_out : 0;
  return window;
}

bool accepted(const ForecastScore& score) {
  const auto rmse = score.rmse_k[kDayHorizon];
  const auto persistence = score.persistence_k[kDayHorizon];
  return rmse && persistence &&
         *rmse < std::min(kAcceptBelowK, kAcceptBelowPersistence * *persistence);
}

std::string judged_text(const Window& window, const ForecastScore& score) {
  return text("24 h RMSE %.2f K on the last %.0f days, persistence %.2f K",
              score.rmse_k[kDayHorizon].value_or(NAN),
              static_cast<double>(window.last - window.training) / kStepsPerDay,
              score.persistence_k[kDayHorizon].value_or(NAN));
}

// The zone's own residuals where they were measured; longer horizons are never better than shorter
// ones, and what was not reached goes on like a random walk.
ForecastError error_from(const ForecastScore& held_out) {
  ForecastError error;
  if (!held_out.rmse_k[0]) return error;
  double known_k = *held_out.rmse_k[0];
  double known_h = 1;
  for (std::size_t h = 0; h < kErrorHorizonsH.size(); ++h) {
    double rmse = known_k * std::sqrt(kErrorHorizonsH[h] / known_h);
    if (held_out.rmse_k[h] && held_out.n[h] >= 12) {
      rmse = std::max(known_k, *held_out.rmse_k[h]);
      known_k = rmse;
      known_h = kErrorHorizonsH[h];
    }
    error.zone_rmse_k[h] = rmse;
  }
  return error;
}

RoomFit described(RoomFit fit) {
  fit.error = error_from(fit.held_out);
  if (!(fit.ua_w_per_k > 0)) fit.ua_w_per_k = fit.model.ua_w_per_k();
  const bool chosen = fit.hold_model.ci_j_per_k > 0;
  if (!chosen && fit.kind == ModelKind::k1R1C) {
    fit.hold_model = with_loss(prior_room(fit.ua_w_per_k), fit.ua_w_per_k);
  } else if (!chosen) {
    fit.hold_model = fit.model;
  }
  return fit;
}

struct LaggedFit {
  ParameterFit fit;
  double lag_s = 0;
  int iterations = 0;
};

// The parameters from the training part, for the lag that is known or the one that explains most:
// none, a light radiator's or HEAT section 2's.
LaggedFit fit_training(const Window& window, const RoomModel& prior) {
  const auto with_lag = [&](double lag_s, const RoomModel& start) {
    auto filter = window.filter;
    filter.lag_s = lag_s;
    return fit_3r2c(window.history, window.training, filter, prior, start);
  };
  const double known_s = window.options.lag_s.value_or(0);
  LaggedFit best{with_lag(known_s, prior), known_s, 0};
  best.iterations = best.fit.iterations;
  if (window.options.lag_s) return best;
  for (const double lag_s : {600.0, kRadiatorLagS}) {
    const auto tried = with_lag(lag_s, best.fit.model);
    const int iterations = best.iterations + tried.iterations;
    if (tried.cost < kLagExplainsMore * best.fit.cost) best = {tried, lag_s, 0};
    best.iterations = iterations;
  }
  return best;
}

// Why the gate refuses these parameters; empty if it accepts them.
std::string refusal(const Window& window, const RoomModel& model, const ForecastScore& held_out) {
  if (held_out.n[kDayHorizon] < kForecastsMin) {
    return text("only %.0f forecasts over 24 h could be judged",
                static_cast<double>(held_out.n[kDayHorizon]));
  }
  if (!accepted(held_out)) return judged_text(window, held_out);
  if (!window.options.previous) return {};
  const double ua = model.ua_w_per_k();
  const double previous_ua = window.options.previous->ua_w_per_k();
  if (ua <= kUaFactorMax * previous_ua && previous_ua <= kUaFactorMax * ua) return {};
  return text("UA %.0f W/K, the last accepted one %.0f W/K", ua, previous_ua);
}

// The full model, k3R2C or kRefused.
RoomFit full_model(Window window) {
  const auto prior = prior_room(window.ua0);
  const auto training = fit_training(window, prior);
  window.filter.lag_s = training.lag_s;
  RoomFit fit;
  fit.lag_s = training.lag_s;
  fit.held_out = window.score(training.fit.model);
  const auto why_not = refusal(window, training.fit.model, fit.held_out);
  const auto all = fit_3r2c(window.history, window.last, window.filter, prior, training.fit.model);
  fit.model = all.model;
  fit.iterations = training.iterations + all.iterations;
  fit.accepted = why_not.empty();
  fit.kind = fit.accepted ? ModelKind::k3R2C : ModelKind::kRefused;
  fit.reason = fit.accepted ? judged_text(window, fit.held_out) : "3R2C+d refused: " + why_not;
  return fit;
}

bool loss_agrees(const RoomFit& refused, const RoomFit& simple) {
  const double ratio = refused.model.ua_w_per_k() / simple.ua_w_per_k;
  return ratio < 1.5 && ratio > 1 / 1.5;
}

// Persistence is hard to beat in a room that is much the same every day; a model that fails against
// it may still be far better than one capacity. (Our choice: by three tenths, its loss within half
// as much again of the signature's, below the gate's 1.5 K.)
bool better_than_one_capacity(const RoomFit& refused, const RoomFit& simple) {
  const auto rmse = refused.held_out.rmse_k[kDayHorizon];
  const auto simple_rmse = simple.held_out.rmse_k[kDayHorizon];
  constexpr std::size_t kFew = 3;
  if (!rmse || !simple_rmse || refused.held_out.n[kDayHorizon] < kFew) return false;
  return *rmse < 0.7 * *simple_rmse && *rmse < kAcceptBelowK && loss_agrees(refused, simple);
}

RoomFit fall_back(const Window& window, std::optional<double> signature, std::string reason,
                  const RoomFit* refused = nullptr) {
  RoomFit fit;
  fit.lag_s = window.filter.lag_s;
  fit.reason = std::move(reason);
  // A loss fitted to forecasts knows more than a guess.
  const double otherwise = refused != nullptr ? refused->model.ua_w_per_k() : window.ua0;
  fit.ua_w_per_k = signature.value_or(otherwise);
  if (window.history.size() < kSimpleWindowMin) {
    fit.kind = ModelKind::kPrior;
    fit.model = prior_room(window.ua0);
    fit.ua_w_per_k = window.ua0;
    return fit;
  }
  fit.kind = ModelKind::k1R1C;
  if (window.long_enough()) {
    const auto first = fit_1r1c(window.history, window.training, window.filter, fit.ua_w_per_k);
    fit.held_out = window.score(first.model);
  }
  const auto all = fit_1r1c(window.history, window.last, window.filter, fit.ua_w_per_k);
  fit.model = all.model;
  fit.iterations = all.iterations;
  // Closed loop identifies the loss: where it agrees with the signature's, the refused model knows
  // more of sun and mass than proportions that nobody measured.
  if (refused != nullptr && loss_agrees(*refused, fit)) fit.hold_model = refused->model;
  if (!window.options.previous) {
    return refused != nullptr && better_than_one_capacity(*refused, fit) ? *refused : fit;
  }
  RoomFit kept = fit;
  kept.kind = ModelKind::kKept;
  kept.model = kept.hold_model = *window.options.previous;
  kept.held_out = window.score(kept.model);
  kept.ua_w_per_k = kept.model.ua_w_per_k();
  const auto mine = kept.held_out.rmse_k[kDayHorizon];
  const auto other = fit.held_out.rmse_k[kDayHorizon];
  return !mine || !other || *mine <= *other ? kept : fit;
}

}  // namespace

std::string_view to_string(ModelKind kind) {
  switch (kind) {
    case ModelKind::kPrior:
      return "prior";
    case ModelKind::kUaOnly:
      return "UA only";
    case ModelKind::k1R1C:
      return "1R1C";
    case ModelKind::kRefused:
      return "3R2C+d, refused";
    case ModelKind::kKept:
      return "kept";
    case ModelKind::k3R2C:
      return "3R2C+d";
  }
  return "?";
}

FilterOptions filter_options(const RoomHistory& history, const FitOptions& options, double lag_s) {
  FilterOptions filter;
  filter.lag_s = lag_s;
  filter.sensor_std_k = options.sensor_std_k > 0 ? options.sensor_std_k
                                                 : sensor_std_k(detected_quantum_k(history.air_c));
  return filter;
}

RoomFit best_model(const RoomHistory& history, const FitOptions& options) {
  const auto window = window_of(history, options);
  const auto signature = signature_ua_w_per_k(window.history, window.history.size(), window.ua0);
  if (!window.long_enough()) {
    const double days = static_cast<double>(window.history.size()) / kStepsPerDay;
    return described(
        fall_back(window, signature, text("%.1f days of history, 5 are needed", days)));
  }
  if (!excited(history, options.power_max_w)) {
    const std::string reason = "not excited: power and setpoint hardly changed";
    if (!options.previous) return described(fall_back(window, signature, reason));
    RoomFit fit;
    fit.lag_s = window.filter.lag_s;
    fit.kind = ModelKind::kUaOnly;
    fit.reason = reason;
    const double before = options.previous->ua_w_per_k();
    const double ua =
        std::clamp(signature.value_or(before), before / kUaFactorMax, before * kUaFactorMax);
    fit.model = with_loss(*options.previous, std::clamp(ua, 3.0, 500.0));
    fit.held_out = window.score(fit.model);
    return described(fit);
  }
  const auto full = full_model(window);
  if (full.accepted) return described(full);
  return described(fall_back(window, signature, full.reason, &full));
}

}  // namespace hearth::thermal
