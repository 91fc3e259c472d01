// Small worlds for the simulator's tests.
#pragma once

#include "simulator/engine.h"
#include "simulator/scenario.h"

namespace hearth::simulator::test {

inline Scenario small_scenario(double load = 0.6) {
  Scenario scenario;
  scenario.nodes = 16;
  scenario.days = 2;
  scenario.drain_days = 1;
  scenario.dropped_days = 0.5;
  scenario.site.nodes_per_building = 4;
  scenario.work.load = load;
  scenario.work.max_s = 20'000;
  return scenario;
}

}  // namespace hearth::simulator::test
