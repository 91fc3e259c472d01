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
  bool no_residential = false;
  bool has_secrets = false;
  bool needs_network = false;
  Duration remaining_p90{};  // nominal, of one task; zero: not asked of the room
  // Of the runway so much will do, except where the sun is about to close the room.
  Duration least_runway = std::chrono::hours{48};

  // What tells shapes apart.
  [[nodiscard]] auto key() const {
    return std::tie(service_class, resources.cores, resources.memory_bytes, needs_isolation,
                    no_residential, has_secrets, needs_network, remaining_p90, least_runway);
  }
  friend auto operator<=>(const Shape& a, const Shape& b) { return a.key() <=> b.key(); }
  friend bool operator==(const Shape& a, const Shape& b) { return a.key() == b.key(); }
};

// `remaining_p90` is rounded up to a step of a quarter, so that alike tasks have one shape.
Shape shape_of(const protocol::JobSpec& spec, Duration remaining_p90 = {});

// In the order in which people are told about them: what no waiting helps first.
enum class ConditionId {
  kNodeOnline,
  kNotDraining,
  kNotQuarantined,
  kIsolation,
  kNotResidential,
  kTakesSecrets,
  kGrantsNetwork,
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
inline constexpr std::size_t kConditionCount = 17;
using Conditions = std::bitset<kConditionCount>;

// The conditions that `node` fails for `shape` now. `ahead` cores' worth of further tasks may be
// leased beyond what can run at once (short tasks are leased in chunks).
Conditions failing(const NodeRecord& node, const Shape& shape, const protocol::HeatBand& band,
                   int ahead);

// Of these the ones that lie in what the node is: no waiting helps.
Conditions lasting(const Conditions& failed);

// Cores that may run at once within the node's power limit, at most facts.cores.
int usable_cores(const NodeRecord& node);

const protocol::ClassBand& class_band(const protocol::HeatBand& band,
                                      protocol::ServiceClass service_class);

// "node_online"
std::string_view condition_name(ConditionId id);
// What it asks of a task of this shape, with numbers.
std::string condition_text(ConditionId id, const Shape& shape, const protocol::HeatBand& band);

}  // namespace hearth::scheduler
