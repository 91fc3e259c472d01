// What a run leaves for its plots: series every few minutes, sample zones, distributions.
#pragma once

#include <vector>

namespace hearth::simulator {

struct Record {
  struct Point {  // means since the point before; counts at the moment
    double hour = 0;
    double outdoor_c = 0;
    double attempts_w = 0, filler_w = 0, idle_w = 0, resistance_w = 0;  // whole fleet
    double waiting = 0, running = 0;                                    // tasks
    double charge_p10 = 0, charge_p50 = 0, charge_p90 = 0;  // 0 at T_lo, 1 at setpoint + 0.5 K
  };
  struct ZonePoint {
    float air_c = 0, setpoint_c = 0, reference_c = 0, power_w = 0;
  };
  struct TankPoint {
    float top_c = 0, middle_c = 0, bottom_c = 0;
    float drawn_l_per_h = 0;                // at the tap, since the point before
    float compute_w = 0, resistance_w = 0;  // into the tank, means since the point before
    float charge = 0;                       // 0 at the useful temperature, 1 at T_max_compute
  };
  struct CapacityDay {  // of the scheduler's first forecast of a day, and what became of it
    double hour = 0;    // when it was made
    double p5_j = 0, p50_j = 0, p95_j = 0;
    double used_j = 0;        // by the plant's meters over the 24 h
    double ideal_j = 0;       // by policy ideal
    double zones_within = 0;  // share of zones whose own day lay in their own band
  };
  std::vector<Point> points;
  std::vector<std::size_t> sample_zones;
  std::vector<std::vector<ZonePoint>> zones;  // of each sample zone, a point for each of `points`
  std::vector<std::size_t> sample_tanks;
  std::vector<std::vector<TankPoint>> tanks;  // of each sample tank, as for zones
  std::vector<double> discomfort;             // ComfortBook::histogram()
  std::vector<double> waits_s;                // sorted; thinned to a few hundred quantiles
  std::vector<CapacityDay> capacity_days;
};

}  // namespace hearth::simulator
