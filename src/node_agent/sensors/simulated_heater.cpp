#include "node_agent/sensors/simulated_heater.h"

#include <cmath>

namespace hearth::node_agent {
namespace {

protocol::Reading good(double value) {
  return {value, protocol::Quality::kGood};
}

}  // namespace

SimulatedHeater::SimulatedHeater(SimulatedHeaterConfig config)
    : config_(config), power_(config), room_(config.room, config.radiator, config.start) {}

SensorsRead SimulatedHeater::read(double task_cpu_s, Duration elapsed) {
  SensorsRead sensors;
  if (elapsed > Duration::zero()) {
    const auto drawn = power_.draw(task_cpu_s, elapsed);
    const Watts total = drawn.computer + drawn.resistance;
    room_.step(total, config_.weather, elapsed);
    sensors.power_w = good(total.value);
  }
  const double share = config_.case_share;
  const double heatsink = room_.state().radiator.value;
  const double air = (1 - share) * room_.state().air.value + share * heatsink;
  if (share > 0) sensors.case_temperature_c = good(heatsink);
  const double quantum = config_.sensor_quantum_k;
  sensors.air_temperature_c = good(quantum > 0 ? std::round(air / quantum) * quantum : air);
  sensors.outdoor_temperature_c = good(config_.weather.outdoor.value);
  power_.tell(sensors);
  return sensors;
}

Result<> SimulatedHeater::set_power_cap(Watts cap) {
  power_.set_cap(cap);
  return {};
}

Result<> SimulatedHeater::set_filler(Watts filler, Watts resistance) {
  power_.set_filler(filler, resistance);
  return {};
}

Result<> SimulatedHeater::power_boards(bool on) {
  power_.power_boards(on);
  return {};
}

std::string SimulatedHeater::description() const {
  return "simulated room of " + std::to_string(static_cast<int>(config_.room.floor_area_m2)) +
         " m2, " + std::to_string(static_cast<int>(config_.max.value)) + " W";
}

}  // namespace hearth::node_agent
