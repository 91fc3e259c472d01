// How fast the air changes: a least-squares line through the readings of a sliding window.
//
// A sensor's steps are no slope: unless its readings moved by more than two of its quanta within
// the window, the slope is 0. The quantum is the smallest step ever seen between two readings.
#pragma once

#include <optional>

#include "common/time.h"
#include "common/units.h"
#include "node_agent/core/recent.h"

namespace hearth::node_agent {

class AirSlope {
 public:
  explicit AirSlope(Duration window) : window_(window) {}

  void take(Celsius air, TimePoint now);
  void forget() { readings_.clear(); }  // another place or another sensor: what was is no guide

  // Kelvin per second; unset before the readings fill most of the window.
  std::optional<double> k_per_s() const;

 private:
  struct Reading {
    TimePoint at;
    Celsius air;
  };
  Duration window_;
  Recent<Reading> readings_;  // some tens at most
  std::optional<Celsius> last_;
  std::optional<Kelvins> quantum_;
};

}  // namespace hearth::node_agent
