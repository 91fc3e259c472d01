// How a simulated forecast errs: an AR(1) process over the horizon, seeded.
//
// HEAT section 1, "Uncertainty": standard deviation of the temperature 0.5 K at 1 h to 1.5-2 K at
// 24-48 h. Irradiance errs by a factor. Correlation time and the factor's spread are our choice.
#pragma once

#include <cstdint>

#include "weather/series.h"

namespace hearth::weather {

struct ForecastErrorOptions {
  double temperature_scale = 1;  // 0: temperatures are right
  double irradiance_scale = 1;   // 0: irradiance is right
  double correlation_h = 12;     // of neighbouring hours' errors
};

// 0 at no horizon, 0.5 K at 1 h, 1.5 K at 24 h, 2 K from 48 h on; linear in sqrt(h) between.
double temperature_std_k(double horizon_h);
// Of the logarithm: 0.1 at 1 h, 0.3 at 24 h, 0.35 from 48 h on.
double irradiance_std_ln(double horizon_h);

// What a forecast made at `issued` says of the hours of `truth`. Hours before `issued` are as they
// were. The same seed and `issued` give the same forecast; other hours of issue other errors. The
// factor on irradiance has mean 1.
Series with_error(const Series& truth, UtcTime issued, std::uint64_t seed,
                  const ForecastErrorOptions& options = {});

}  // namespace hearth::weather
