// A sensor near the heater's case reads part of the case: reading = T + k (Th - T), HEAT section 1.
//
// k shows when the heater stops: the case cools within half an hour, the room does not. Pure
// functions of a series; used where such a sensor is all there is.
#pragma once

#include <span>

namespace hearth::thermal {

inline constexpr double kCaseSharePrior = 0.05;
inline constexpr double kCaseShareMax = 0.5;

struct CaseSample {
  double time_s = 0;  // rising; some minutes apart at most
  double reading_c = 0;
  double heatsink_c = 0;
  double power_w = 0;
};

struct CaseBias {
  double k = kCaseSharePrior;
  int stops = 0;  // that it was learned from; 0: the prior
};

// A stop: the power falls from at least half of the largest one to a tenth or less and stays there
// for half an hour, with the case at least 5 K above the reading. In each,
//   reading(t) - reading(0) = kappa (D(t) - D(0)) + a t,   D = Th - reading, kappa = k / (1 - k),
// where a stands for the room's own course. Least squares over all stops, prior kappa of 0.05 with
// sigma 0.05. Samples with NaN are left out. k within 0-0.5. What the air itself loses at once when
// the heat stops cannot be told from k: about +0.01 to +0.03 in small rooms with strong heaters.
CaseBias fit_case_bias(std::span<const CaseSample> samples);

// The air behind the reading. Requires k < 1.
inline double air_behind_case_c(double reading_c, double heatsink_c, double k) {
  return (reading_c - k * heatsink_c) / (1 - k);
}

}  // namespace hearth::thermal
