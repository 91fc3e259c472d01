#include "thermal/zone_forecast.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"

namespace hearth::thermal {
namespace {

// A reference or bound per step, whose last value holds on.
double at(std::span<const double> path, std::size_t k) {
  return path[std::min(k, path.size() - 1)];
}

double hours_at(std::size_t k) {
  return static_cast<double>(k + 1) * kModelStepS / 3600;
}

}  // namespace

StepResponse::StepResponse(const RoomModel& model, double lag_s)
    : model_(model), step_(model, kModelStepS, lag_s), direct_(model, kModelStepS, 0) {
  RoomEstimate heated;
  RoomEstimate warmed;
  for (std::size_t k = 0; k < kForecastSteps; ++k) {
    heated = step_.advance(heated, {0, 1, 0});
    warmed = step_.advance(warmed, {1, 0, 0});
    heat_[k] = static_cast<float>(heated.air_c);
    outdoor_[k] = static_cast<float>(warmed.air_c);
  }
}

ForecastSpread::ForecastSpread(const StepResponse& response, const ForecastError& error) {
  for (std::size_t k = 0; k < kForecastSteps; ++k) {
    const double zone = error.zone_k(hours_at(k));
    const double outdoor =
        static_cast<double>(response.outdoor_k_per_k()[k]) * error.outdoor_k(hours_at(k));
    sigma_[k] = static_cast<float>(std::sqrt(zone * zone + outdoor * outdoor));
  }
}

ZoneForecast::ZoneForecast(const StepResponse& response, const ForecastError& error,
                           const RoomEstimate& now, std::span<const RoomInput> weather)
    : ZoneForecast(response, ForecastSpread{response, error}, now, weather) {}

ZoneForecast::ZoneForecast(const StepResponse& response, const ForecastSpread& spread,
                           const RoomEstimate& now, std::span<const RoomInput> weather)
    : response_(&response), now_(now), sigma_(spread.sigma_k()) {
  CHECK(!weather.empty());
  auto x = now;
  for (std::size_t k = 0; k < kForecastSteps; ++k) {
    auto input = weather[std::min(k, weather.size() - 1)];
    input.heat_w = 0;
    outdoor_c_[k] = static_cast<float>(input.outdoor_c);
    irradiance_[k] = static_cast<float>(input.irradiance_w_per_m2);
    x = response.step().advance(x, input);
    free_air_[k] = static_cast<float>(x.air_c);
    upper_[k] = free_air_[k] + static_cast<float>(kZ90) * sigma_[k];
  }
}

Duration ZoneForecast::runway(Watts power, Celsius bound) const {
  const auto& response = response_->heat_k_per_w();
  const auto watts = static_cast<float>(power.value);
  const auto limit = static_cast<float>(bound.value);
  auto before = static_cast<float>(now_.air_c);
  if (before > limit) return Duration{};
  for (std::size_t k = 0; k < kForecastSteps; ++k) {
    const float here = upper_[k] + watts * response[k];
    if (here > limit) {
      const double share = static_cast<double>((limit - before) / (here - before));
      return from_seconds((static_cast<double>(k) + share) * kModelStepS);
    }
    before = here;
  }
  return kForecastSpan;
}

RoomInput ZoneForecast::input_at(std::size_t k, double heat_w) const {
  return {outdoor_c_[k], heat_w, irradiance_[k]};
}

double ZoneForecast::power_to(double air_c, const RoomEstimate& x, std::size_t k,
                              double power_max_w) const {
  const double power = response_->direct().power_to_reach(air_c, x, input_at(k, 0));
  return std::clamp(power, 0.0, power_max_w);
}

void ZoneForecast::hold_power(std::span<const double> reference_c, double power_max_w,
                              std::span<double> out_w) const {
  CHECK(!reference_c.empty() && power_max_w >= 0);
  const auto& direct = response_->direct();
  const double w_per_k = 1 / direct.b()(0, 1);
  auto x = now_;
  const auto steps = std::min(kForecastSteps, out_w.size());
  for (std::size_t k = 0; k < steps; ++k) {
    // Linear in the power: one step without any, then as much as is missing.
    const auto without = direct.advance(x, input_at(k, 0));
    const double missing_k = at(reference_c, k) - without.air_c;
    out_w[k] = std::clamp(missing_k * w_per_k, 0.0, power_max_w);
    x = direct.heated(without, out_w[k]);
  }
}

double ZoneForecast::hold_power_std_w() const {
  constexpr std::size_t kDay = 143;
  return static_cast<double>(sigma_[kDay]) / static_cast<double>(response_->heat_k_per_w()[kDay]);
}

Joules ZoneForecast::energy_to_hold(std::span<const double> reference_c, double power_max_w,
                                    std::size_t steps) const {
  std::array<double, kForecastSteps> power{};
  const auto asked = std::span(power).first(std::min(steps, kForecastSteps));
  hold_power(reference_c, power_max_w, asked);
  double sum = 0;
  for (const double p : asked) sum += p * kModelStepS;
  return Joules{sum};
}

// Of all powers that stay in the band, the one that hugs the upper bound has given most at every
// step: more heat never makes the room store or lose less. The same below.
FlexibilityEnvelope ZoneForecast::envelope(std::span<const double> t_lo_c,
                                           std::span<const double> t_hi_c,
                                           double power_max_w) const {
  CHECK(!t_lo_c.empty() && !t_hi_c.empty() && power_max_w >= 0);
  FlexibilityEnvelope envelope;
  auto high = now_;
  auto low = now_;
  double high_j = 0;
  double low_j = 0;
  for (std::size_t k = 0; k < kForecastSteps; ++k) {
    const double most = power_to(at(t_hi_c, k), high, k, power_max_w);
    const double least = power_to(at(t_lo_c, k), low, k, power_max_w);
    high = response_->direct().advance(high, input_at(k, most));
    low = response_->direct().advance(low, input_at(k, least));
    envelope.highest_j[k] = high_j += most * kModelStepS;
    envelope.lowest_j[k] = low_j += least * kModelStepS;
  }
  return envelope;
}

bool ZoneForecast::recovers(RoomEstimate x, std::size_t from, std::size_t k, double target_c,
                            double power_max_w) const {
  for (std::size_t i = from; i <= k; ++i) {
    x = response_->step().advance(x, input_at(i, power_max_w));
  }
  return x.air_c - kZ90 * static_cast<double>(sigma_[k]) >= target_c;
}

OptimumStart ZoneForecast::optimum_start(double setback_c, double target_c, std::size_t k,
                                         double power_max_w) const {
  CHECK(k < kForecastSteps && power_max_w >= 0);
  const std::size_t first = k + 1 > kOptimumStartSteps ? k + 1 - kOptimumStartSteps : 0;
  auto x = now_;
  std::array<RoomEstimate, kOptimumStartSteps + 1> at_start{};
  for (std::size_t i = 0; i <= k; ++i) {
    if (i >= first) at_start[i - first] = x;
    x = response_->direct().advance(x, input_at(i, power_to(setback_c, x, i, power_max_w)));
  }
  for (std::size_t i = k + 1; i-- > first;) {
    if (recovers(at_start[i - first], i, k, target_c, power_max_w)) {
      return {static_cast<int>(i), true};
    }
  }
  return {static_cast<int>(first), false};
}

double ZoneForecast::deepest_setback_c(double floor_c, double target_c, std::size_t k,
                                       double power_max_w) const {
  const auto in_time = [&](double setback_c) {
    return optimum_start(setback_c, target_c, k, power_max_w).in_time;
  };
  if (floor_c >= target_c || !in_time(target_c)) return target_c;
  if (in_time(floor_c)) return floor_c;
  double too_deep = floor_c;
  double recovered = target_c;
  while (recovered - too_deep > 0.05) {
    const double middle = 0.5 * (recovered + too_deep);
    (in_time(middle) ? recovered : too_deep) = middle;
  }
  return recovered;
}

}  // namespace hearth::thermal
