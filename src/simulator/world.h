// One world: everything that every policy meets alike, fixed by scenario and seed.
#pragma once

#include <string>

#include "simulator/building.h"
#include "simulator/comfort_book.h"
#include "simulator/record.h"
#include "simulator/scenario.h"
#include "simulator/site_weather.h"
#include "simulator/workload.h"

namespace hearth::simulator {

struct RunResult {
  std::string policy;
  std::uint64_t seed = 0;
  Metrics metrics;
  Record record;
};

struct World {
  Scenario scenario;
  std::uint64_t seed = 0;
  Fleet fleet;
  SiteWeather weather;
  RunResult ideal;  // policy `ideal`, which defines what the fleet can take
  IdealTrace ideal_trace;
  double ideal_wall_s = 0;       // what that run took
  double heat_capacity_w = 0;    // mean power that `ideal` delivers in the scenario's days
  double room_capacity_w = 0;    // of that, into rooms
  double tank_core_seconds = 0;  // and into tanks, as work of their computers
  Workload work;
};

// Draws the world and runs `ideal` in it, because the work is scaled to what ideal delivers:
// core-seconds = load * heat capacity * days / ((max - idle) / cores). Fails on files that cannot
// be read.
Result<World> make_world(const Scenario& scenario, std::uint64_t seed);

}  // namespace hearth::simulator
