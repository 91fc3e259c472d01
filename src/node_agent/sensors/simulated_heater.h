// A heater that is computed: its tasks' real CPU use warms a simulated room.
//
// power = idle + (CPU seconds used / nominal CPU seconds) (max - idle) + filler, at most `max` and
// the cap in force (HEAT section 6). Filler burns no real CPU. With its boards off it draws `off`
// and the resistance. With a share of the case its sensor reads that much of it, and the case is
// read too.
#pragma once

#include "node_agent/sensors/heater.h"
#include "thermal/simulated_room.h"

namespace hearth::node_agent {

struct SimulatedHeaterConfig {
  thermal::RoomParameters room;
  thermal::RadiatorParameters radiator;
  thermal::Weather weather;
  Celsius start{18};
  double cores = 1;  // CPU seconds per second that count as full power
  Watts off{2};      // with its boards switched off
  Watts idle{30};
  Watts max{500};
  Watts resistance_max{0};
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
  thermal::SimulatedRoom room_;
  bool on_ = true;
  Watts cap_;
  Watts filler_;
  Watts resistance_;
  Joules meter_;
  Joules filler_used_;
  Joules resistance_used_;
};

}  // namespace hearth::node_agent
