// Tanks, judged as HEAT section 4 says: on the true water, the first dropped days and the drain
// left out, apart from the rooms' comfort.
#pragma once

#include <vector>

#include "simulator/metrics.h"
#include "simulator/node_plant.h"
#include "simulator/tanks.h"

namespace hearth::simulator {

class TankJudge {
 public:
  TankJudge(const Scenario& scenario, const Fleet& fleet);

  // After each minute, for a zone that has a tank; `energy` is its node's, cumulative.
  void add(std::size_t zone, int minute, const Tanks& tanks, const EnergyByCause& energy);

  // What computers put into the tanks, J: under policy `ideal`, which gives at every moment what
  // the loop takes, up to P_rated, that is what draw-offs and losses allow. It is simulated, not
  // reckoned: the energy of the draws and losses, less what only the resistance can give (the
  // lift above T_max_compute), less what comes while the tank is full.
  [[nodiscard]] double compute_j() const;

  // `tank_cpu_use`: paid compute energy / (P_rated time), idle power not counted;
  // `tank_cpu_use_of_allowed`: the same energy / `allowed_j`, compute_j() of ideal;
  // `resistance_share`: resistance / heat into tanks, and `resistance_share_beyond_hygiene`
  // without what it gave while a lift was under way; `unmet_litres` as tanks.h has it;
  // `hygiene_done`, `hygiene_missed`: by the true coldest of three layers, whatever an agent
  // believes. Sets nothing in a world without tanks. `lost_share` of the work done was destroyed.
  void fill(Metrics& metrics, double allowed_j, double lost_share) const;

 private:
  struct Sums {
    EnergyByCause energy;
    thermal::TankBook book;
    double peaks = 0, peaks_missed = 0;
  };
  struct Tank {
    Sums from, to;
    double lift_resistance_j = 0, resistance_before_j = 0;
    int held_min[3] = {0, 0, 0};
    double last_lift_min = 0;
    bool missed = false;
    double done = 0, missed_count = 0;
  };
  void watch_hygiene(Tank& tank, Celsius coldest, int minute) const;

  const Scenario& scenario_;
  const Fleet& fleet_;
  int from_, to_;
  std::vector<Tank> tanks_;  // by zone; empty in a world without
};

}  // namespace hearth::simulator
