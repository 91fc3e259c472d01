// What policies without tank rules of their own do with one (our choice, in their favour): a
// setpoint below T_max_compute, the backup by a thermostat at the top, a weekly lift by the clock.
#pragma once

#include <vector>

#include "simulator/node_plant.h"
#include "simulator/tanks.h"

namespace hearth::simulator {

// The tank's setpoint: so far below T_max_compute that rules in kelvins around it fit below that.
inline constexpr double kTankSetpointBelowMaxK = 4;
double tank_setpoint_c(const Scenario& scenario);

// One tank's resistance and pump.
class TankRules {
 public:
  struct Orders {
    double resistance_w = 0;
    bool circulates = false;
  };
  // Each minute, from the true temperatures of the top and of the coldest of three layers. The
  // resistance is on from 5 K over the useful temperature until 8 K over it, and for a lift to
  // 61 degC that holds 62 minutes, half a day before a week has passed since the last.
  Orders step(const Scenario& scenario, const TankSpec& spec, Celsius top, Celsius coldest,
              int minute);

 private:
  bool backs_up_ = false;
  bool lifts_ = false;
  int held_min_ = 0;
  double last_lift_h_ = 0;
  bool begun_ = false;
};

// All tanks of a run.
class TankRuleSet {
 public:
  explicit TankRuleSet(std::size_t zones) : rules_(zones) {}
  void step(const Scenario& scenario, const Fleet& fleet, Tanks& tanks, NodePlant& plant,
            int minute, TimePoint now);

 private:
  std::vector<TankRules> rules_;
};

}  // namespace hearth::simulator
