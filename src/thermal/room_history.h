// What a zone's sensors said, on the grid of the model: the input of fits and of scores.
//
// `air_c[k]` is the reading at the instant start + k * 600 s; the inputs at k are means over the
// step from there to k + 1. NaN: missing. All vectors are equally long, `irradiance_w_per_m2` and
// `setpoint_c` may be empty (no such sensor; no setpoint known).
#pragma once

#include <cstddef>
#include <vector>

#include "common/time.h"
#include "thermal/room_model.h"

namespace hearth::thermal {

inline constexpr std::size_t kStepsPerHour = 6;
inline constexpr std::size_t kStepsPerDay = 144;

struct RoomHistory {
  UtcTime start{};
  std::vector<double> air_c;
  std::vector<double> heat_w;
  std::vector<double> outdoor_c;
  std::vector<double> irradiance_w_per_m2;
  std::vector<double> setpoint_c;

  std::size_t size() const { return air_c.size(); }
  // The steps [first, last), clipped to what there is.
  RoomHistory slice(std::size_t first, std::size_t last) const;
};

// The same, fit to compute with: implausible values are missing (air -40..60 °C, outdoors
// -60..60 °C, heat 0..100 kW, sun 0..1500 W/m2: our choice), short gaps in the inputs are bridged
// (outdoors and sun 3 h, heat 30 min). Steps of longer gaps get a guess, heat the mean of the six
// hours on either side, and are counted, so that no forecast is judged across many of them.
class PreparedHistory {
 public:
  explicit PreparedHistory(const RoomHistory& history);

  std::size_t size() const { return air_c_.size(); }
  double air_c(std::size_t k) const { return air_c_[k]; }  // NaN: missing
  const RoomInput& input(std::size_t k) const { return inputs_[k]; }
  // Whether the inputs of the steps [first, last) are known but for a quarter of them.
  bool known(std::size_t first, std::size_t last) const {
    return (unknown_before_[last] - unknown_before_[first]) * 4 <= last - first;
  }
  const std::vector<double>& air() const { return air_c_; }

 private:
  std::vector<double> air_c_;
  std::vector<RoomInput> inputs_;
  std::vector<std::size_t> unknown_before_;
};

// The step between neighbouring values that the sensor can show, 0 if it is finer than 0.02 K or
// the readings are too few to tell.
double detected_quantum_k(const std::vector<double>& readings_c);

}  // namespace hearth::thermal
