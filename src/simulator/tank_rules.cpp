#include "simulator/tank_rules.h"

namespace hearth::simulator {
namespace {

constexpr double kOnOverUsefulK = 5, kOffOverUsefulK = 8;
constexpr Celsius kLift{61}, kHeld{60};
constexpr int kHoldMin = 62;
constexpr double kLiftEveryH = 6.5 * 24;

}  // namespace

double tank_setpoint_c(const Scenario& scenario) {
  return scenario.tanks.compute_max_c - kTankSetpointBelowMaxK;
}

TankRules::Orders TankRules::step(const Scenario& scenario, const TankSpec& spec, Celsius top,
                                  Celsius coldest, int minute) {
  if (!begun_) last_lift_h_ = -spec.lift_age_h;
  begun_ = true;
  const double hour = minute / 60.0;
  if (hour - last_lift_h_ >= kLiftEveryH) lifts_ = true;
  held_min_ = lifts_ && coldest >= kHeld ? held_min_ + 1 : 0;
  if (held_min_ >= kHoldMin) {
    lifts_ = false;
    last_lift_h_ = hour;
  }
  const double over_k = top.value - scenario.tanks.useful_c;
  if (over_k < kOnOverUsefulK) backs_up_ = true;
  if (over_k > kOffOverUsefulK) backs_up_ = false;
  const bool heats = backs_up_ || (lifts_ && coldest < kLift);
  return {heats ? scenario.tanks.resistance_w : 0, lifts_};
}

void TankRuleSet::step(const Scenario& scenario, const Fleet& fleet, Tanks& tanks, NodePlant& plant,
                       int minute, TimePoint now) {
  if (tanks.empty()) return;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (!tanks.has(i)) continue;
    const auto& tank = tanks.tank(i);
    const auto orders =
        rules_[i].step(scenario, *fleet.zones[i].tank, tank.top(), tank.coldest_of_three(), minute);
    tanks.circulate(i, orders.circulates);
    plant.set_resistance(i, orders.resistance_w, now);
  }
}

}  // namespace hearth::simulator
