// How fast each class of work may compute when a zone gets too warm or power is short (DESIGN
// sections 5, 6), and what may begin.
//
// Pure functions of the moment. FILLER yields first, then FLEX, ON_DEMAND, RESERVED. Nothing is
// stopped here: work at its class's bound is frozen, which emits no heat; patience.h says when it
// is given up.
#pragma once

#include <array>
#include <optional>

#include "common/units.h"
#include "protocol/heat.h"
#include "protocol/job.h"
#include "protocol/stream.h"

namespace hearth::node_agent {

// What the heat side allows at this moment.
struct HeatState {
  std::optional<Kelvins> excess;  // air above the reference for work; unset where it does not count
  Kelvins rise;                   // how far heat on its way will lift it: slows work in time
  Watts allowed;                  // the most the node may draw: breaker, ceiling ramp, safe mode
  Watts wanted;                   // P_req of the control law
  bool follows_wanted = false;    // work fills what is wanted, as far as its class yields
  bool safe_mode = false;
  bool frost = false;
  bool halted = false;  // OFF, tripped or inhibited: nothing may run
};

// The node's electric power: idle, and so much more per core that computes at full speed.
struct PowerModel {
  Watts idle;
  Watts max;
  Watts per_core;
  protocol::SpeedLaw law;
};

template <class T>
struct ByClass {
  std::array<T, protocol::kServiceClassCount> all{};

  T& operator[](protocol::ServiceClass c) { return all[static_cast<std::size_t>(c)]; }
  const T& operator[](protocol::ServiceClass c) const { return all[static_cast<std::size_t>(c)]; }
};

// What is started, summed by class.
struct Loads {
  ByClass<Watts> full;    // at full speed, if every core computed
  ByClass<Watts> likely;  // at full speed, as they were last seen to compute
  Watts ending;           // of what is being stopped: no decision changes it
  Watts ending_likely;
  int count = 0;

  void add(protocol::ServiceClass c, Watts power, double busy_share = 1);
};

struct Shedding {
  ByClass<int> permille;  // of full speed; 0: frozen
  Watts expected;         // electric power of the node under these speeds, without filler
};

const protocol::ClassBand& band_of(const protocol::HeatBand& band, protocol::ServiceClass c);

// Full power up to may_start_below (foreseen), falling linearly to nothing at must_stop_above. What
// does not fit under `allowed` is taken from the classes in their order. FILLER gets what P_req
// leaves. A power is turned into the highest speed that draws no more.
Shedding shed(const Loads& loads, const protocol::HeatBand& band, const PowerModel& power,
              const HeatState& heat);

// Whether one more attempt of this class may begin beside `loads`: its class's start bound, and
// room for at least half of its full power (for the first one: for min_run).
struct Newcomer {
  protocol::ServiceClass service_class{};
  Watts full;
};
bool may_start(const Newcomer& newcomer, const Loads& loads, const protocol::HeatBand& band,
               const PowerModel& power, const HeatState& heat, Watts min_run);

// Whether an attempt of this class that has not begun has nothing to hope for here: the zone is
// beyond its class's start bound by more than a hysteresis.
bool starts_elsewhere(protocol::ServiceClass c, const protocol::HeatBand& band,
                      const HeatState& heat);

}  // namespace hearth::node_agent
