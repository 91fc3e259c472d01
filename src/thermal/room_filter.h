// Estimates what a zone's sensor does not show: mass temperature and unmeasured gain (HEAT section
// 1, "State"). A linear Kalman filter, one step per 600 s, that a wrong reading cannot pull away
// and a real change cannot lock out. Allocation-free; one object per zone, not thread-safe.
#pragma once

#include <cstdint>

#include "thermal/room_model.h"

namespace hearth::thermal {

// max(0.03 K, quantum / sqrt 12): HEAT section 1.
double sensor_std_k(double quantum_k);

struct FilterOptions {
  double lag_s = 0;  // of the radiator; 0: none
  double sensor_std_k = 0.03;
  // Silence or a suspended host: after this long the state says nothing any more (our choice).
  double restart_after_s = 24 * 3600;
};

struct FilterCounts {
  std::uint32_t readings = 0;  // used
  std::uint32_t missing = 0;   // steps without a reading
  std::uint32_t skipped = 0;   // innovations beyond five sigma
  std::uint32_t events = 0;    // the gate reopened: something unmodelled happened
  std::uint32_t restarts = 0;  // after a long gap

  friend bool operator==(const FilterCounts&, const FilterCounts&) = default;
};

class RoomFilter {
 public:
  RoomFilter(const RoomModel& model, FilterOptions options);

  // Continues with better parameters: the state stays.
  void set_model(const RoomModel& model);

  // `elapsed_s` passed under `during` (means), at whose end the air read `reading_c`; NaN where
  // there is no reading. NaN in `during` is replaced by what was known last. Time that did not
  // advance (a clock set back) changes nothing. Before the first reading, nothing is estimated.
  void advance(double elapsed_s, const RoomInput& during, double reading_c);
  void advance(const RoomInput& during, double reading_c) {
    advance(kModelStepS, during, reading_c);
  }

  bool started() const { return started_; }
  const RoomEstimate& estimate() const { return estimate_; }
  const Matrix<3, 3>& covariance() const { return covariance_; }  // air, mass, gain
  const FilterCounts& counts() const { return counts_; }

  // Standard deviation of the air forecast `ahead_s` from now, from the filter's covariance alone:
  // optimistic, since it trusts the parameters. ForecastError has what was measured.
  double forecast_std_k(double ahead_s) const;

 private:
  void start(double reading_c, double heat_w);
  void predict(const RoomStep& step, const RoomInput& during);
  void correct(double reading_c);
  RoomInput known(const RoomInput& during);

  RoomModel model_;
  FilterOptions options_;
  RoomStep step_;
  bool started_ = false;
  int skipped_in_a_row_ = 0;
  RoomInput last_known_;
  RoomEstimate estimate_;
  Matrix<3, 3> covariance_;
  FilterCounts counts_;
};

}  // namespace hearth::thermal
