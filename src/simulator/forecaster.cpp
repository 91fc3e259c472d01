#include "simulator/forecaster.h"

#include <algorithm>
#include <cmath>

#include "simulator/draws.h"
#include "thermal/forecast_error.h"

namespace hearth::simulator {
namespace {

constexpr int kHoursBack = 1;
constexpr int kHoursAhead = 72;
constexpr double kOutdoorMemory = 0.97;  // of the error, from hour to hour (choice)
constexpr double kSunMemory = 0.9;
constexpr double kSunError = 0.3;

}  // namespace

weather::Series forecast_at(const World& world, int minute) {
  const auto which = static_cast<std::uint64_t>(minute / kForecastEveryMinutes);
  auto random = generator(world.seed, Stream::kForecast, which);
  const double scale = world.scenario.weather.forecast_error_k;
  const thermal::ForecastError error;
  const int first_hour = minute / 60 - kHoursBack;
  weather::Series series{world.scenario.start + std::chrono::hours{first_hour}, {}};
  double outdoor = normal(random);
  double sun = normal(random);
  for (int h = 0; h < kHoursBack + kHoursAhead; ++h) {
    const double ahead_h = std::max(0.0, h - kHoursBack + 0.5);
    const auto truth = world.weather.at(60.0 * (first_hour + h) + 30);
    const double outdoor_c = truth.outdoor_c + scale * error.outdoor_k(ahead_h) * outdoor;
    // Known well for the next hour, like the temperature.
    const double doubt = scale * kSunError * std::min(1.0, ahead_h / 6);
    series.hours.push_back(
        {Celsius{outdoor_c}, truth.horizontal_w_per_m2 * std::max(0.0, 1 + doubt * sun)});
    outdoor =
        kOutdoorMemory * outdoor + std::sqrt(1 - kOutdoorMemory * kOutdoorMemory) * normal(random);
    sun = kSunMemory * sun + std::sqrt(1 - kSunMemory * kSunMemory) * normal(random);
  }
  return series;
}

}  // namespace hearth::simulator
