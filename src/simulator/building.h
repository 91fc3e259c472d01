// The zones and nodes of a world, drawn from the scenario's distributions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "simulator/scenario.h"
#include "simulator/site_weather.h"
#include "thermal/draw_off.h"
#include "thermal/simulated_room.h"
#include "thermal/simulated_tank.h"

namespace hearth::simulator {

// A tank and its household, instead of a room.
struct TankSpec {
  thermal::TankParameters tank;
  thermal::LoadProfile profile = thermal::LoadProfile::kL;
  double household = 1;       // mean use, of the profile's
  int shift_min = 0;          // of every draw-off: late risers and early ones
  int weekend_shift_min = 0;  // on top, of the mornings of days off
  double lift_age_h = 0;      // of the last hygiene lift, at the start
  Celsius start;
};

// Zone i is heated by node i.
struct ZoneSpec {
  thermal::RoomParameters room;
  thermal::RadiatorParameters radiator;
  double ua_w_per_k = 0;
  double glass_m2 = 0;  // times g: W entering per W/m2 on the façade
  weather::Orientation facade = weather::Orientation::kSouth;
  int building = 0;
  double rated_w = 0;
  std::optional<TankSpec> tank;  // unset: a room
  double case_share = 0;         // that the room's sensor reads of the case (thermal/case_bias.h)
  bool adequate = true;          // rated_w >= 1.2 UA (20 - design_c), HEAT section 2
};

struct NodeSpec {
  int cpu_model = 0;  // 0..2, less to more power at the same speed
  double idle_w = 0;
  double max_w = 0;
  double per_core_w = 0;  // at full speed
};

struct Fleet {
  std::vector<ZoneSpec> zones;
  std::vector<NodeSpec> nodes;
  int buildings = 0;
  int tanks = 0;  // of the zones
};

Fleet draw_fleet(const Scenario& scenario, std::uint64_t seed);

// Electric power of one core's work at a speed of 0..1, as a share of that at full speed: square
// down to speed_min (HEAT section 5), duty cycle below.
double core_power_share(double speed, double speed_min);

}  // namespace hearth::simulator
