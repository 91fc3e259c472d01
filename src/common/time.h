// Time as the cores see it: a value that arrives with each event.
//
// A core never reads a clock. Adapters stamp each event once, at the edge, with monotonic time;
// the simulator stamps with simulated time. UTC enters a core only as an event.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/result.h"

namespace hearth {

using Duration = std::chrono::milliseconds;

// A clock type with no now(): core code that tries to read the time does not compile.
struct CoreClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<CoreClock>;
  static constexpr bool is_steady = true;
};
using TimePoint = CoreClock::time_point;

// Calendar time, for people and for storage.
using UtcTime = std::chrono::sys_time<Duration>;

constexpr double to_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// Rounds to whole milliseconds, halves away from zero.
constexpr Duration from_seconds(double seconds) {
  return Duration{static_cast<Duration::rep>(seconds * 1000.0 + (seconds < 0 ? -0.5 : 0.5))};
}

// "2026-01-03T06:00:00.250Z"; milliseconds only where there are any.
std::string to_string(UtcTime time);

// RFC 3339 with "Z" or an offset; seconds and fraction may be missing. kInvalidArgument otherwise.
Result<UtcTime> parse_utc_time(std::string_view text);

// "90", "1.5s", "250ms", "5m", "2h", "1d" (a bare number is seconds). kInvalidArgument otherwise.
Result<Duration> parse_duration(std::string_view text);

// A time, or how long after `now`: "2026-01-03T06:00Z", "+2h", "+14d". kInvalidArgument otherwise.
Result<UtcTime> parse_time_ahead(std::string_view text, UtcTime now);

// "250ms", "4.2s", "3m05s", "2h07m", "3d04h": two significant units, for tables and messages.
std::string to_string(Duration duration);

}  // namespace hearth
