// Which conditions a node must meet before a task may go there. One table, used to place and to
// explain, so that what people are told is what was decided.
#pragma once

#include <bitset>
#include <string>

#include "scheduler/core/node_record.h"

namespace hearth::scheduler {

// What placement asks of a task; identical tasks are decided as one shape.
struct Shape {
  protocol::ServiceClass service_class = protocol::ServiceClass::kOnDemand;
  protocol::Resources resources;
  bool needs_isolation = false;
};

Shape shape_of(const protocol::JobSpec& spec);

// In the order in which people are told about them: what no waiting helps first.
enum class ConditionId {
  kNodeOnline,
  kNotDraining,
  kIsolation,
  kCoresTotal,
  kMemoryTotal,
  kNotOff,
  kNotTripped,
  kTemperatureKnown,
  kRoomTakesHeat,
  kPowerShare,
  kCoresFree,
  kMemoryFree,
};
inline constexpr std::size_t kConditionCount = 12;
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
