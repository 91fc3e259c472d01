#include "node_agent/core/protection.h"

#include <algorithm>

namespace hearth::node_agent {
namespace {

constexpr Celsius kFrostBelow{7};
constexpr Celsius kFrostReleased{7.5};
constexpr Celsius kInhibitAbove{30};
constexpr Celsius kInhibitReleased{28};

bool reaches(protocol::Reading reading, Celsius limit) {
  return reading.quality == protocol::Quality::kGood && Celsius{reading.value} >= limit;
}

}  // namespace

void Protection::observe(std::optional<Celsius> air, std::optional<Celsius> raw,
                         protocol::Reading cpu, protocol::Reading enclosure) {
  hot_ = reaches(cpu, cpu_trip_) || reaches(enclosure, case_trip_);
  tripped_ = tripped_ || hot_;
  if (!air) return;
  frost_ = *air < kFrostBelow || (frost_ && *air < kFrostReleased);
  const Celsius warmest = raw ? std::max(*air, *raw) : *air;
  inhibited_ = warmest > kInhibitAbove || (inhibited_ && warmest >= kInhibitReleased);
}

}  // namespace hearth::node_agent
