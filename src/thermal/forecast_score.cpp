#include "thermal/forecast_score.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hearth::thermal {
namespace {

constexpr double kHeldWithinK = 0.3;
constexpr std::size_t kDemandOriginsMin = 24;

struct Sum {
  double squares = 0;
  double persistence_squares = 0;
};

bool stays(const PreparedHistory& history, std::size_t from, std::size_t steps, double within_k) {
  const double start = history.air_c(from);
  for (std::size_t k = from; k <= from + steps; ++k) {
    // A missing reading says nothing against it; NaN compares false.
    if (std::abs(history.air_c(k) - start) > within_k) return false;
  }
  return !std::isnan(start);
}

}  // namespace

FilterRun run_filter(const RoomModel& model, const FilterOptions& options,
                     const PreparedHistory& history, std::size_t last) {
  FilterRun run;
  if (history.size() == 0) return run;
  last = std::min(last, history.size() - 1);
  run.estimates.resize(last + 1);
  RoomFilter filter(model, options);
  for (std::size_t k = 0; k <= last; ++k) {
    filter.advance(history.input(k > 0 ? k - 1 : 0), history.air_c(k));
    if (filter.started()) run.estimates[k] = filter.estimate();
  }
  run.counts = filter.counts();
  return run;
}

ForecastScore score_forecasts(const RoomModel& model, const FilterOptions& options,
                              const PreparedHistory& history, const ScoreWindow& window) {
  ForecastScore score;
  if (history.size() == 0) return score;
  const auto last = std::min(window.last_judged, history.size() - 1);
  const auto run = run_filter(model, options, history, last);
  score.filter = run.counts;
  const RoomStep step(model, kModelStepS, options.lag_s);
  std::array<Sum, 6> sums;
  for (auto origin = window.first_origin; origin < last; origin += kStepsPerHour) {
    const double now_c = history.air_c(origin);
    if (!run.estimates[origin] || std::isnan(now_c)) continue;
    auto x = *run.estimates[origin];
    auto k = origin;
    for (std::size_t h = 0; h < kErrorHorizonsH.size(); ++h) {
      const auto end = origin + static_cast<std::size_t>(kErrorHorizonsH[h]) * kStepsPerHour;
      if (end > last) break;
      for (; k < end; ++k) x = step.advance(x, history.input(k));
      const double measured_c = history.air_c(end);
      if (end < window.first_judged || std::isnan(measured_c) || !history.known(origin, end)) {
        continue;
      }
      ++score.n[h];
      sums[h].squares += (x.air_c - measured_c) * (x.air_c - measured_c);
      sums[h].persistence_squares += (now_c - measured_c) * (now_c - measured_c);
    }
  }
  for (std::size_t h = 0; h < sums.size(); ++h) {
    if (score.n[h] == 0) continue;
    const auto n = static_cast<double>(score.n[h]);
    score.rmse_k[h] = std::sqrt(sums[h].squares / n);
    score.persistence_k[h] = std::sqrt(sums[h].persistence_squares / n);
  }
  return score;
}

std::vector<ForecastPoint> forecasts_ahead(const RoomModel& model, const FilterOptions& options,
                                           const PreparedHistory& history,
                                           const ScoreWindow& window, std::size_t steps) {
  std::vector<ForecastPoint> points;
  if (history.size() == 0) return points;
  const auto last = std::min(window.last_judged, history.size() - 1);
  const auto run = run_filter(model, options, history, last);
  const RoomStep step(model, kModelStepS, options.lag_s);
  for (auto origin = window.first_origin; origin + steps <= last; origin += kStepsPerHour) {
    const auto end = origin + steps;
    if (end < window.first_judged || !run.estimates[origin] || !history.known(origin, end))
      continue;
    auto x = *run.estimates[origin];
    for (auto k = origin; k < end; ++k) x = step.advance(x, history.input(k));
    points.push_back({end, x.air_c});
  }
  return points;
}

DemandScore score_demand(const RoomModel& model, const FilterOptions& options,
                         const PreparedHistory& history, const ScoreWindow& window) {
  DemandScore score;
  if (history.size() == 0) return score;
  const auto last = std::min(window.last_judged, history.size() - 1);
  const auto run = run_filter(model, options, history, last);
  const RoomStep direct(model, kModelStepS, 0);
  double squares = 0;
  double differences_j = 0;
  double energy_j = 0;
  for (auto origin = window.first_origin; origin + kStepsPerDay <= last; origin += kStepsPerHour) {
    const auto end = origin + kStepsPerDay;
    if (end < window.first_judged || !run.estimates[origin] || !history.known(origin, end) ||
        !stays(history, origin, kStepsPerDay, kHeldWithinK)) {
      continue;
    }
    auto x = *run.estimates[origin];
    double measured_j = 0;
    double forecast_j = 0;
    for (auto k = origin; k < end; ++k) {
      auto input = history.input(k);
      measured_j += input.heat_w * kModelStepS;
      input.heat_w = direct.power_to_reach(history.air_c(origin), x, input);
      forecast_j += std::max(0.0, input.heat_w) * kModelStepS;
      x = direct.advance(x, input);
    }
    ++score.n;
    squares += (forecast_j - measured_j) * (forecast_j - measured_j);
    differences_j += forecast_j - measured_j;
    energy_j += measured_j;
  }
  if (score.n < kDemandOriginsMin || !(energy_j > 0)) return score;
  const auto n = static_cast<double>(score.n);
  score.cv_rmse = std::sqrt(squares / n) / (energy_j / n);
  score.bias = differences_j / energy_j;
  return score;
}

}  // namespace hearth::thermal
