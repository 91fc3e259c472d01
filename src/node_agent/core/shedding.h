// Which work yields, how far, when a zone gets too warm or power is short (DESIGN sections 5, 6).
//
// Pure functions of the moment. Order: slow then stop FILLER, FLEX, ON_DEMAND, RESERVED.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/ids.h"
#include "common/units.h"
#include "protocol/heat.h"
#include "protocol/job.h"

namespace hearth::node_agent {

// What the heat side allows at this moment.
struct HeatState {
  std::optional<Kelvins> excess;  // air above the reference for work; unset where it does not count
  Kelvins rise;                   // how far heat on its way will lift it: slows work in time
  Watts allowed;                  // the most the node may draw: breaker, ceiling ramp, safe mode
  Watts wanted;                   // P_req of the control law
  bool safe_mode = false;
  bool frost = false;
  bool halted = false;  // OFF, tripped or inhibited: nothing may run
};

// The node's electric power: idle, and so much more per busy core.
struct PowerModel {
  Watts idle;
  Watts max;
  Watts per_core;
};

// One started attempt.
struct Load {
  AttemptId attempt;
  protocol::ServiceClass service_class{};
  Watts full;               // expected at full speed
  Watts drawn;              // expected now, from the CPU time it was last seen to use
  std::uint64_t order = 0;  // later started is higher
  bool stopping = false;
  int speed_permille = 1000;  // in force
};

struct Speed {
  AttemptId attempt;
  int permille = 1000;

  friend bool operator==(const Speed&, const Speed&) = default;
};

struct Shedding {
  std::vector<Speed> speeds;    // of every attempt that goes on
  std::vector<AttemptId> stop;  // in this order
  Watts expected;               // electric power of the node under these speeds, without filler
};

const protocol::ClassBand& band_of(const protocol::HeatBand& band, protocol::ServiceClass c);

// Full speed up to may_start_below (foreseen), falling linearly to nothing at must_stop_above,
// where the class is stopped, newest first; a class is stopped only when nothing of the classes
// before it is left. What does not fit under `allowed` is slowed in the same order. FILLER gets
// what P_req leaves.
Shedding shed(const std::vector<Load>& loads, const protocol::HeatBand& band,
              const PowerModel& power, const HeatState& heat);

// Whether one more attempt of this class may begin beside `loads`: its class's start bound, and
// room for at least half of its full power (for the first one: for min_run).
struct Newcomer {
  protocol::ServiceClass service_class{};
  Watts full;
};
bool may_start(const Newcomer& newcomer, const std::vector<Load>& loads,
               const protocol::HeatBand& band, const PowerModel& power, const HeatState& heat,
               Watts min_run);

}  // namespace hearth::node_agent
