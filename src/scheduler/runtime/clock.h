// The one place where the scheduler's time comes from.
#pragma once

#include <chrono>

#include "common/time.h"

namespace hearth::scheduler {

inline TimePoint monotonic_now() {
  return TimePoint{
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

inline UtcTime utc_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

}  // namespace hearth::scheduler
