// Whether the computers of a node that can sleep are switched on.
//
// Off when nobody wants work or heat of them for a while; on again for work, for a zone that gets
// cold, or when the limits ask for power. Never on or off for moments only (times: our choice).
// Pure state, no clock.
#pragma once

#include <optional>

#include "common/time.h"

namespace hearth::node_agent {

class Boards {
 public:
  Boards(bool can_sleep, Duration boot) : can_sleep_(can_sleep), boot_(boot) {}

  struct Needs {
    bool may_sleep = false;  // as the limits say
    bool work = false;       // attempts are held
    bool heat = false;       // more than idling gives
    bool power = false;      // the limits want some
    bool cold = false;       // the zone is below its reference by more than a hysteresis
    bool frost = false;
  };
  // What to order now: on, off, or nothing.
  std::optional<bool> step(const Needs& needs, TimePoint now);

  bool ready() const { return state_ == State::kOn; }
  bool asleep() const { return state_ == State::kOff; }
  // When something changes by itself.
  std::optional<TimePoint> due() const;

 private:
  enum class State { kOn, kOff, kBooting };
  bool should_wake(const Needs& needs, TimePoint now) const;

  bool can_sleep_;
  Duration boot_;
  State state_ = State::kOn;
  std::optional<TimePoint> since_;       // in this state; unset at the start
  std::optional<TimePoint> idle_since_;  // nobody needs them
};

}  // namespace hearth::node_agent
