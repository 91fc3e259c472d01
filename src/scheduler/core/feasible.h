// Which conditions a node must meet before a task may go there. One table, used to place and to
// explain, so that what people are told is what was decided.
#pragma once

#include <bitset>
#include <string>
#include <tuple>

#include "scheduler/core/node_record.h"

namespace hearth::scheduler {

// What placement asks of a task; identical tasks are decided as one shape.
struct Shape {
  protocol::ServiceClass service_class = protocol::ServiceClass::kOnDemand;
  protocol::Resources resources;
  bool needs_isolation = false;
  Duration remaining_p90{};  // nominal, of one task; zero: not asked of the room
  // Of the runway so much will do, except where the sun is about to close the room.
  Duration least_runway = std::chrono::hours{48};

  friend auto operator<=>(const Shape& a, const Shape& b) {
    return std::tie(a.service_class, a.resources.cores, a.resources.memory_bytes, a.needs_isolation,
                    a.remaining_p90, a.least_runway) <=>
           std::tie(b.service_class, b.resources.cores, b.resources.memory_bytes, b.needs_isolation,
                    b.remaining_p90, b.least_runway);
  }
  friend bool operator==(const Shape& a, const Shape& b) { return (a <=> b) == 0; }
};

// `remaining_p90` is rounded up to a step of a quarter, so that alike tasks have one shape.
Shape shape_of(const protocol::JobSpec& spec, Duration remaining_p90 = {});

// In the order in which people are told about them: what no waiting helps first.
enum class ConditionId {
  kNodeOnline,
  kNotDraining,
  kNotQuarantined,
  kIsolation,
  kCoresTotal,
  kMemoryTotal,
  kNotOff,
  kNotTripped,
  kTemperatureKnown,
  kRoomTakesHeat,
  kRunway,
  kPowerShare,
  kCoresFree,
  kMemoryFree,
};
inline constexpr std::size_t kConditionCount = 14;
using Conditions = std::bitset<kConditionCount>;

// The conditions that `node` fails for `shape` now. `ahead` cores' worth of further tasks may be
// leased beyond what can run at once (short tasks are leased in chunks).
Conditions failing(const NodeRecord& node, const Shape& shape, const protocol::HeatBand& band,
                   int ahead);

// Cores that may run at once within the node's power limit, at most facts.cores.
int usable_cores(const NodeRecord& node);

const protocol::ClassBand& class_band(const protocol::HeatBand& band,
                                      protocol::ServiceClass service_class);

// "node_online"
std::string_view condition_name(ConditionId id);
// What it asks of a task of this shape, with numbers.
std::string condition_text(ConditionId id, const Shape& shape, const protocol::HeatBand& band);

}  // namespace hearth::scheduler
