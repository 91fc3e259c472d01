// A heater that is computed: its tasks' real CPU use warms a simulated room.
//
// What it draws is in simulated_power.h. With a share of the case its sensor reads that much of it,
// and the case is read too.
#pragma once

#include "node_agent/sensors/heater.h"
#include "node_agent/sensors/simulated_power.h"
#include "thermal/simulated_room.h"

namespace hearth::node_agent {

struct SimulatedHeaterConfig : SimulatedPowerConfig {
  thermal::RoomParameters room;
  thermal::RadiatorParameters radiator;
  thermal::Weather weather;
  Celsius start{18};
  double sensor_quantum_k = 0.01;  // readings are rounded to this; 0: not at all
  double case_share = 0;  // of the case, that the sensor near it reads (thermal/case_bias.h)
};

class SimulatedHeater : public Heater {
 public:
  explicit SimulatedHeater(SimulatedHeaterConfig config);

  SensorsRead read(double task_cpu_s, Duration elapsed) override;
  Result<> set_power_cap(Watts cap) override;
  Result<> set_filler(Watts filler, Watts resistance) override;
  Result<> power_boards(bool on) override;
  std::string description() const override;

  // For simulations: weather and ventilation may change at any time.
  void set_weather(const thermal::Weather& weather) { config_.weather = weather; }
  void set_ventilation(double w_per_k) { room_.set_ventilation(w_per_k); }
  const thermal::SimulatedRoom& room() const { return room_; }

 private:
  SimulatedHeaterConfig config_;
  SimulatedPower power_;
  thermal::SimulatedRoom room_;
};

}  // namespace hearth::node_agent
