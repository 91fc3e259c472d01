// Whether the zone's temperature can be believed (HEAT section 3, plausibility).
//
// Range -30 to 50 degC; a step of more than `step_max` between passes counts as implausible until
// three readings in a row agree with each other: a sensor that was carried to another place is
// taken up again. Silent for longer than `timeout`, or implausible: safe mode.
#pragma once

#include <optional>

#include "common/time.h"
#include "common/units.h"
#include "protocol/heat.h"

namespace hearth::node_agent {

// Whether a room can be so warm or cold at all.
bool in_range(Celsius air);

class AirSensor {
 public:
  // `horizon`: how far ahead rise() looks.
  AirSensor(Kelvins step_max, Duration timeout, Duration horizon)
      : step_max_(step_max), timeout_(timeout), horizon_(horizon) {}

  // Takes one pass's reading and returns it with our judgement in its quality.
  protocol::Reading take(protocol::Reading reading, TimePoint now);

  // The last believed temperature, while it is young enough.
  std::optional<Celsius> air(TimePoint now) const;

  // How much warmer it will be after `horizon` at the present slope; 0 where it cools, 0.5 K at
  // most. The slope is that of a first-order filter, so the rise is air less smoothed air: exact
  // for a steady ramp.
  Kelvins rise() const;

  // Nothing may be believed now: never a reading, silent too long, or the last was implausible.
  bool lost(TimePoint now) const { return !air(now); }

  // When silence becomes safe mode.
  std::optional<TimePoint> silent_at() const;

 private:
  Kelvins step_max_;
  Duration timeout_;
  Duration horizon_;
  std::optional<Celsius> good_;
  Celsius smooth_;
  TimePoint good_at_{};
  bool implausible_ = false;
  std::optional<Celsius> candidate_;  // where the sensor may have been carried
  int agreeing_ = 0;
};

}  // namespace hearth::node_agent
