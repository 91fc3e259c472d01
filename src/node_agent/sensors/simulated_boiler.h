// A boiler that is computed: its tasks' real CPU use warms a simulated tank, from which a household
// draws every day as EU regulation 814/2013 has it (thermal/draw_off.h).
//
// Time passes as it does: a tank takes hours. Cold water has 12 degC, the cellar 18. Heat that the
// loop can take no more warms nothing: the agent should have asked for less.
#pragma once

#include <optional>
#include <vector>

#include "node_agent/sensors/heater.h"
#include "node_agent/sensors/simulated_power.h"
#include "thermal/draw_off.h"
#include "thermal/simulated_tank.h"

namespace hearth::node_agent {

struct SimulatedBoilerConfig : SimulatedPowerConfig {
  thermal::TankParameters tank;
  Celsius start{18};
  double sensor_quantum_k = 0.01;             // readings are rounded to this; 0: not at all
  std::optional<thermal::LoadProfile> draws;  // unset: nobody draws
  int start_minute = 0;                       // of the civil day, when it begins
};

// Losses of a tank of this size: those of 200 l grow with its surface (our choice).
double tank_loss_w_per_k(double volume_l);

class SimulatedBoiler : public Heater {
 public:
  // As SimulatedPower and SimulatedTank require it.
  explicit SimulatedBoiler(SimulatedBoilerConfig config);

  SensorsRead read(double task_cpu_s, Duration elapsed) override;
  Result<> set_power_cap(Watts cap) override;
  Result<> set_filler(Watts filler, Watts resistance) override;
  Result<> power_boards(bool on) override;
  Result<> circulate(bool on) override;
  std::string description() const override;

  const thermal::SimulatedTank& tank() const { return tank_; }

 private:
  void draw(Duration passed);
  protocol::Reading sensed(std::size_t layer) const;

  SimulatedBoilerConfig config_;
  SimulatedPower power_;
  thermal::SimulatedTank tank_;
  bool circulates_ = false;
  Duration of_day_{};     // civil
  std::size_t next_ = 0;  // of the profile's draw-offs
  struct Running {
    thermal::TapDraw left;
    double l_per_min;
  };
  std::vector<Running> running_;
};

}  // namespace hearth::node_agent
