// How far the forecast of the next day's capacity errs, learned from what became of past ones.
//
// Errors of demand are told in shares of full power: energy = error * full power * 24 h, more than
// forecast being positive. (In kelvin of UA they would be as wrong as a wrong UA.) Three layers: an
// error that all zones share (what the models have in common, such as sun, idling and work that
// keeps rooms warm at night), each zone's own, and a widening of the fleet's band that follows how
// often the band held. Pure values: no clock, a few bytes a zone, one update a day.
#pragma once

namespace hearth::scheduler {

struct CapacityQuantiles {
  double p5 = 0;
  double p50 = 0;
  double p95 = 0;

  friend bool operator==(const CapacityQuantiles&, const CapacityQuantiles&) = default;
};

// An error to be expected: normal, in shares of full power.
struct NormalError {
  float bias = 0;
  float std = 0;
};

// Factors on the distance of the 5 % and the 95 % quantile from the median.
struct BandWidening {
  double low = 1;
  double high = 1;

  friend bool operator==(const BandWidening&, const BandWidening&) = default;
};

// Never below zero where the quantiles were not.
CapacityQuantiles widened(CapacityQuantiles quantiles, const BandWidening& widening);

// One zone's own error: mean and spread of its days' residuals, robust against single odd days.
class ZoneCapacityError {
 public:
  // All that was learned, for whoever keeps it over a restart.
  struct State {
    // 10 % (HEAT section 1: 7.5-11 % measured) of a winter day, which takes half of full power.
    static constexpr float kPriorStd = 0.05F;
    float bias = 0;
    float std = kPriorStd;
    int days = 0;

    friend bool operator==(const State&, const State&) = default;
  };

  ZoneCapacityError() = default;
  // What cannot have been learned counts as nothing learned.
  explicit ZoneCapacityError(const State& state);
  [[nodiscard]] const State& state() const { return state_; }
  [[nodiscard]] NormalError now() const { return {state_.bias, state_.std}; }
  // The zone used so much more than the median forecast of a day said, beyond what the fleet did
  // alike.
  void take(double residual);

 private:
  State state_;
};

// The error that all zones share, and how often the band held.
class FleetCapacityError {
 public:
  // As of a zone's error.
  struct State {
    double bias = 0;
    BandWidening widening;
    int days = 0;

    friend bool operator==(const State&, const State&) = default;
  };

  FleetCapacityError() = default;
  explicit FleetCapacityError(const State& state);
  [[nodiscard]] const State& state() const { return state_; }
  [[nodiscard]] NormalError shared() const;
  [[nodiscard]] const BandWidening& widening() const { return state_.widening; }
  // A day is over: its band, what was used instead, and the residual of all zones together:
  // energy beyond the median / (full power * 24 h).
  void take(const CapacityQuantiles& band, double used, double residual);

 private:
  State state_;
};

}  // namespace hearth::scheduler
