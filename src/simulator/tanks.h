// The tanks of one run and the households that draw from them, minute by minute. Indexed by zone;
// zones that are rooms have none.
//
// Draws depend on seed, zone and day alone, so that every policy meets the same ones. A draw-off
// runs at its profile's flow. A litre is unmet below the draw-off's own useful temperature (EU
// 814/2013, Tm), and where a peak Tp is asked for, below tanks.useful_c: stricter than the
// regulation, in which lukewarm water counts towards a bath (HEAT section 4).
#pragma once

#include <cstdint>
#include <vector>

#include "node_agent/core/event.h"
#include "simulator/building.h"
#include "thermal/draw_off.h"
#include "thermal/simulated_tank.h"

namespace hearth::simulator {

inline constexpr double kTankAmbientC = 18;  // where it stands; our choice

class Tanks {
 public:
  Tanks(const Scenario& scenario, std::uint64_t seed, const Fleet& fleet);

  [[nodiscard]] bool has(std::size_t zone) const { return places_[zone] >= 0; }
  [[nodiscard]] bool empty() const { return tanks_.empty(); }

  // People draw, in the minute that begins.
  void begin_minute(int minute);
  // One minute of heat into a zone's tank.
  void step(std::size_t zone, double compute_w, double resistance_w);
  // A pump stirs the tank from now on, for a hygiene lift.
  void circulate(std::size_t zone, bool on) { at(zone).circulates = on; }
  [[nodiscard]] bool circulates(std::size_t zone) const { return at(zone).circulates; }

  // The heat that the computers' loop can be rid of now: what its pump moves, warmed from the
  // bottom's temperature to T_max_compute.
  [[nodiscard]] double cooling_w(std::size_t zone) const;

  [[nodiscard]] const thermal::SimulatedTank& tank(std::size_t zone) const { return at(zone).tank; }
  // Water at the tap in the last minute, l.
  [[nodiscard]] double drawn_l(std::size_t zone) const { return at(zone).drawn_l; }
  // Draw-offs that asked for a peak temperature, and those of them that did not reach it.
  [[nodiscard]] double peaks(std::size_t zone) const { return at(zone).peaks; }
  [[nodiscard]] double peaks_missed(std::size_t zone) const { return at(zone).peaks_missed; }
  [[nodiscard]] double mean_c(std::size_t zone) const;

  // What three sensors read at top, middle and bottom: noise and quantum of the scenario, the same
  // dice for every policy.
  [[nodiscard]] node_agent::TankLayers sensed(std::size_t zone, int minute) const;
  [[nodiscard]] double sensed_mean_c(std::size_t zone, int minute) const;

 private:
  struct Pending {  // of one draw-off, as it runs
    thermal::TapDraw draw;
    double l_per_min = 0;
    bool wants_peak = false;
    bool reached = false;
  };
  struct Place {
    std::size_t zone = 0;
    thermal::SimulatedTank tank;
    bool circulates = false;
    double drawn_l = 0;
    double peaks = 0, peaks_missed = 0;
    int day = -1;
    std::size_t next = 0;
    std::vector<thermal::DrawOff> draws;  // of the day
    std::vector<Pending> running;
  };
  [[nodiscard]] Place& at(std::size_t zone) {
    return tanks_[static_cast<std::size_t>(places_[zone])];
  }
  [[nodiscard]] const Place& at(std::size_t zone) const {
    return tanks_[static_cast<std::size_t>(places_[zone])];
  }
  void plan_day(Place& place, int day);
  void run_draws(Place& place, Celsius cold);

  const Scenario& scenario_;
  const Fleet& fleet_;
  std::uint64_t seed_;
  std::vector<int> places_;  // of each zone; -1: none
  std::vector<Place> tanks_;
};

}  // namespace hearth::simulator
