#include "node_agent/core/quiet.h"

#include <algorithm>

namespace hearth::node_agent {

std::optional<Watts> quiet_limit(const std::vector<protocol::QuietHours>& hours,
                                 std::optional<int> minute_of_week) {
  if (hours.empty() || !minute_of_week) return std::nullopt;
  constexpr int kMinutesPerDay = 24 * 60;
  const int minute = *minute_of_week % kMinutesPerDay;
  std::optional<Watts> lowest;
  for (const auto& quiet : hours) {
    const bool over_midnight = quiet.to_minute < quiet.from_minute;
    const bool after = minute >= quiet.from_minute;
    const bool before = minute < quiet.to_minute;
    if (over_midnight ? !(after || before) : !(after && before)) continue;
    lowest = std::min(lowest.value_or(quiet.p_max), quiet.p_max);
  }
  return lowest;
}

}  // namespace hearth::node_agent
