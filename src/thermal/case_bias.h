// A sensor near the heater's case reads part of the case: reading = T + k (Th - T), HEAT section 1.
//
// k shows when the heater stops: the case cools within half an hour, the room does not. One sample
// after another, no clock, no allocation; used where such a sensor is all there is.
#pragma once

#include <optional>
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

// What stops have shown, for whoever keeps it over a restart: the normal equation
// matrix kappa = right of kappa = k / (1 - k), in units of the noise, without the prior.
struct CaseBias {
  double matrix = 0;
  double right = 0;
  int stops = 0;  // that were learned from; 0: k is the prior

  double k() const;  // within 0-0.5

  friend bool operator==(const CaseBias&, const CaseBias&) = default;
};

// A stop: the power falls from at least half of the full one to a tenth or less and stays there
// for half an hour, with the case at least 5 K above the reading. In each,
//   reading(t) - reading(0) = kappa (D(t) - D(0)) + a t,   D = Th - reading, kappa = k / (1 - k),
// where a stands for the room's own course. Least squares over all stops, prior kappa of 0.05 with
// sigma 0.05, noise 0.05 K. From the 33rd stop on the old ones fade, for a sensor may be moved (our
// choice). What the air itself loses while the case cools cannot be told from k: in simulated rooms
// of 40, 20 and 10 m2 with 500 W k comes out lower by 0.01, 0.025 and 0.05 (but never below 0).
class CaseStops {
 public:
  explicit CaseStops(double full_power_w, const CaseBias& learned = {})
      : full_power_w_(full_power_w), bias_(learned) {}

  // Returns whether a stop ended that counts. A sample with anything that is not finite is left
  // out; one that is ten minutes or more after the sample before, or not after it, does not follow.
  bool take(const CaseSample& sample);
  // What comes next does not follow what came before. As take().
  bool interrupt();

  const CaseBias& bias() const { return bias_; }

 private:
  struct Stop {  // sums of D(t) - D(0), t in half hours and reading(t) - reading(0)
    CaseSample first;
    double lasted_s = 0;
    int samples = 0;
    double cooling_squares = 0;
    double cooling_time = 0;
    double time_squares = 0;
    double cooling_reading = 0;
    double time_reading = 0;
  };
  static void add(Stop& stop, const CaseSample& sample);
  bool learn(const Stop& stop);
  bool end_stop();

  double full_power_w_;
  CaseBias bias_;
  std::optional<CaseSample> before_;
  std::optional<Stop> stop_;  // under way
};

// All of a series; the largest power in it counts as the full one.
CaseBias fit_case_bias(std::span<const CaseSample> samples);

// The air behind the reading. Requires k < 1.
inline double air_behind_case_c(double reading_c, double heatsink_c, double k) {
  return (reading_c - k * heatsink_c) / (1 - k);
}

}  // namespace hearth::thermal
