// Who decides what the zone should have: the newest revision, with a local OFF above the API.
//
// Pure state, no I/O. Times are the core's; the civil clock enters through clock_read().
#pragma once

#include <optional>

#include "common/time.h"
#include "protocol/heat.h"

namespace hearth::node_agent {

class SetpointAuthority {
 public:
  // `in_force` must be sound: it was stored by us, or checked with the configuration.
  explicit SetpointAuthority(protocol::Setpoint in_force) : in_force_(std::move(in_force)) {}

  const protocol::Setpoint& in_force() const { return in_force_; }
  bool is_off() const { return in_force_.mode == protocol::SetpointMode::kOff; }

  // What must survive a restart: the setpoint in force, or during a boost the one that follows it.
  const protocol::Setpoint& to_store() const { return boost_ ? boost_->then : in_force_; }

  // Over the API. False where it is refused: older than what holds, unsound, or under a local OFF.
  // A holiday ordered over a boost is meant over what follows the boost, which nobody there knows.
  bool ordered(const protocol::Setpoint& setpoint);

  // On the spot; always newer than what holds. False where the setpoint is unsound.
  bool chosen(protocol::Setpoint setpoint, std::optional<Duration> boost_for, TimePoint now);

  // On the spot: a holiday over what holds or, in a boost, over what follows it; nothing ends the
  // one there is. False where there is none to end, under OFF, and for an unsound one.
  bool holiday_chosen(std::optional<protocol::Holiday> holiday);

  // Ends a boost that is over; whether it did.
  bool end_boost(TimePoint now);
  std::optional<TimePoint> boost_end() const;

  void clock_read(UtcTime utc, int minute_of_week, TimePoint now);

  // Civil time; nothing before the first clock_read().
  std::optional<int> minute_of_week(TimePoint now) const;

  bool on_holiday(TimePoint now) const;  // false before the first clock_read()

  // The next step to a higher setpoint than that of now: of the programme, or a holiday's end. That
  // looks through to the highest step soon after it: who comes back in the night has a cold morning
  // before them.
  struct Rise {
    Duration in{};
    Celsius to;
    bool cold_walls = false;  // after a holiday
  };
  std::optional<Rise> next_rise(TimePoint now) const;

  // In force at `now`; nothing while OFF. Before the first clock_read() a programme's first step.
  std::optional<Celsius> value(TimePoint now) const;

 private:
  struct Boost {
    TimePoint end;
    protocol::Setpoint then;  // its revision is given at the start, so that a restart returns to it
  };
  struct Clock {
    UtcTime utc;
    int minute_of_week = 0;
    TimePoint read_at;
  };
  std::optional<UtcTime> utc(TimePoint now) const;
  std::optional<Rise> programme_rise(TimePoint now, int minute, UtcTime utc_now) const;
  Rise holiday_rise(int minute, UtcTime utc_now) const;

  protocol::Setpoint in_force_;
  std::optional<Boost> boost_;
  std::optional<Clock> clock_;
};

}  // namespace hearth::node_agent
