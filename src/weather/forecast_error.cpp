#include "weather/forecast_error.h"

#include <array>
#include <cmath>

#include "common/random.h"

namespace hearth::weather {
namespace {

// Through 0 and the values at 1, 24 and 48 h, linear in the square root of time.
double growing(double horizon_h, double at_1, double at_24, double at_48) {
  if (!(horizon_h > 0)) return 0;
  if (horizon_h >= 48) return at_48;
  const double root = std::sqrt(horizon_h);
  if (root <= 1) return root * at_1;
  const double root_24 = std::sqrt(24.0);
  if (root <= root_24) return at_1 + (root - 1) / (root_24 - 1) * (at_24 - at_1);
  return at_24 + (root - root_24) / (std::sqrt(48.0) - root_24) * (at_48 - at_24);
}

}  // namespace

double temperature_std_k(double horizon_h) {
  return growing(horizon_h, 0.5, 1.5, 2.0);
}

double irradiance_std_ln(double horizon_h) {
  return growing(horizon_h, 0.1, 0.3, 0.35);
}

Series with_error(const Series& truth, UtcTime issued, std::uint64_t seed,
                  const ForecastErrorOptions& options) {
  Random random(
      seed ^ (static_cast<std::uint64_t>(issued.time_since_epoch().count()) * 0xD1342543DE82EF95u));
  const double keep = std::exp(-1 / options.correlation_h);
  const double fresh = std::sqrt(1 - keep * keep);
  double temperature = random.normal();
  double light = random.normal();
  Series forecast = truth;
  for (std::size_t i = 0; i < forecast.hours.size(); ++i) {
    const UtcTime middle =
        truth.start + std::chrono::minutes{60 * static_cast<std::int64_t>(i) + 30};
    if (middle <= issued) continue;
    const double horizon_h = to_seconds(middle - issued) / 3600;
    auto& hour = forecast.hours[i];
    hour.outdoor.value += options.temperature_scale * temperature_std_k(horizon_h) * temperature;
    const double sigma = options.irradiance_scale * irradiance_std_ln(horizon_h);
    hour.irradiance_w_per_m2 *= std::exp(sigma * light - 0.5 * sigma * sigma);
    temperature = keep * temperature + fresh * random.normal();
    light = keep * light + fresh * random.normal();
  }
  return forecast;
}

}  // namespace hearth::weather
