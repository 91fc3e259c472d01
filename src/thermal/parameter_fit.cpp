// The open-loop, multi-horizon least squares behind room_fit.h.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "thermal/least_squares.h"
#include "thermal/room_fit.h"

namespace hearth::thermal {
namespace {

// HEAT section 1, "Parameters".
constexpr std::array<std::size_t, 6> kHorizonsH = {1, 3, 6, 12, 18, 24};
constexpr std::size_t kOriginEvery = 3 * kStepsPerHour;

// Forecasts of a day from every third hour overlap: eight of them err over the same hour, and an
// hour that nobody understands counts eight times. So does the prior, else chance outvotes it where
// a window shows little: sigma(ln) 1 of HEAT section 1 is meant for errors that know nothing of
// each other.
const double kPriorScale = 1 / std::sqrt(8.0);

struct Problem {
  const PreparedHistory& history;
  std::size_t last;
  FilterOptions options;
};

void forecast_errors(const Problem& problem, const RoomModel& model,
                     std::vector<double>& residuals) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const auto& history = problem.history;
  const RoomStep step(model, kModelStepS, problem.options.lag_s);
  RoomFilter filter(model, problem.options);
  residuals.clear();
  for (std::size_t origin = 0; origin <= problem.last; ++origin) {
    filter.advance(history.input(origin > 0 ? origin - 1 : 0), history.air_c(origin));
    if (origin % kOriginEvery != 0) continue;
    auto x = filter.estimate();
    auto k = origin;
    for (const auto hours : kHorizonsH) {
      const auto end = origin + hours * kStepsPerHour;
      double residual = kNaN;
      if (end <= problem.last && filter.started() && history.known(origin, end)) {
        for (; k < end; ++k) x = step.advance(x, history.input(k));
        residual =
            (x.air_c - history.air_c(end)) / (0.05 + 0.06 * std::sqrt(static_cast<double>(hours)));
      }
      residuals.push_back(residual);
    }
  }
}

std::array<double, 7> logarithms(const RoomModel& m) {
  const auto aperture = [](double a) { return std::log(std::max(a, 1e-3)); };
  return {std::log(m.ci_j_per_k),  std::log(m.cm_j_per_k),  std::log(m.rim_k_per_w),
          std::log(m.rio_k_per_w), std::log(m.rmo_k_per_w), aperture(m.ai_m2),
          aperture(m.am_m2)};
}

RoomModel model_of(std::span<const double> l) {
  return {std::exp(l[0]), std::exp(l[1]), std::exp(l[2]), std::exp(l[3]),
          std::exp(l[4]), std::exp(l[5]), std::exp(l[6])};
}

}  // namespace

ParameterFit fit_3r2c(const PreparedHistory& history, std::size_t last,
                      const FilterOptions& options, const RoomModel& prior,
                      const RoomModel& start) {
  const Problem problem{history, last, options};
  const auto mean = logarithms(prior);
  std::array<PriorParameter, 7> priors;
  for (std::size_t i = 0; i < mean.size(); ++i)
    priors[i] = {mean[i], kPriorScale * (i < 5 ? 1.0 : 1.5)};
  const auto residuals = [&](std::span<const double> l, std::vector<double>& out) {
    const auto model = model_of(l);
    if (!within_bounds(model)) return false;
    forecast_errors(problem, model, out);
    return true;
  };
  const auto from = logarithms(within_bounds(start) ? start : prior);
  const auto fit = least_squares(residuals, priors, from, {});
  return {model_of(fit.parameters), fit.cost, fit.iterations};
}

ParameterFit fit_1r1c(const PreparedHistory& history, std::size_t last,
                      const FilterOptions& options, double ua_w_per_k) {
  const Problem problem{history, last, options};
  const auto room = [](std::span<const double> l) {
    return single_capacity_room(std::exp(l[0]), std::exp(l[1]), std::exp(l[2]));
  };
  const std::array<PriorParameter, 3> priors = {
      PriorParameter{std::log(ua_w_per_k), kPriorScale},
      PriorParameter{std::log(ua_w_per_k * 40 * 3600), kPriorScale},
      PriorParameter{0, 1.5 * kPriorScale}};
  const auto residuals = [&](std::span<const double> l, std::vector<double>& out) {
    const double ua = std::exp(l[0]);
    const double c = std::exp(l[1]);
    if (!(ua > 1 && ua < 1000 && c > 0.05e6 && c < 300e6 && std::exp(l[2]) < 1000)) return false;
    forecast_errors(problem, room(l), out);
    return true;
  };
  const std::array<double, 3> start = {priors[0].mean, priors[1].mean, 0};
  const auto fit = least_squares(residuals, priors, start, {});
  return {room(fit.parameters), fit.cost, fit.iterations};
}

RoomModel with_loss(const RoomModel& model, double ua_w_per_k) {
  const double scale = model.ua_w_per_k() / ua_w_per_k;
  auto scaled = model;
  scaled.rim_k_per_w *= scale;
  scaled.rio_k_per_w *= scale;
  scaled.rmo_k_per_w *= scale;
  return scaled;
}

}  // namespace hearth::thermal
