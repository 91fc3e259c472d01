// How far forecasts of a zone's air temperature have been off, by horizon.
//
// A value that the nightly fit produces and every forecast uses; the zone's own residuals and the
// error of the weather are kept apart, since a site shares the latter (HEAT section 1).
#pragma once

#include <array>

namespace hearth::thermal {

inline constexpr std::array<double, 6> kErrorHorizonsH = {1, 3, 6, 12, 24, 48};

struct ForecastError {
  // Defaults for a zone never scored: HEAT section 1's table, row "1R1C, multi-horizon", which is
  // what such a zone falls back to (3 h and 12 h between its neighbours).
  std::array<double, 6> zone_rmse_k = {0.26, 0.36, 0.46, 0.52, 0.57, 0.77};
  // HEAT section 1, "Uncertainty": 0.5 K at 1 h to 1.5-2 K at 24-48 h.
  std::array<double, 6> outdoor_std_k = {0.5, 0.7, 0.9, 1.2, 1.5, 2.0};

  // Between horizons linear in the square root of time; 0 at no time, constant beyond 48 h.
  double zone_k(double hours) const { return interpolated(zone_rmse_k, hours); }
  double outdoor_k(double hours) const { return interpolated(outdoor_std_k, hours); }

  friend bool operator==(const ForecastError&, const ForecastError&) = default;

 private:
  static double interpolated(const std::array<double, 6>& at_horizons, double hours);
};

}  // namespace hearth::thermal
