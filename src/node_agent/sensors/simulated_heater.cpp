#include "node_agent/sensors/simulated_heater.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"

namespace hearth::node_agent {
namespace {

protocol::Reading good(double value) {
  return {value, protocol::Quality::kGood};
}

}  // namespace

SimulatedHeater::SimulatedHeater(SimulatedHeaterConfig config)
    : config_(config), room_(config.room, config.radiator, config.start), cap_(config.max) {
  CHECK(config_.cores > 0 && config_.max >= config_.idle);
}

SensorsRead SimulatedHeater::read(double task_cpu_s, Duration elapsed) {
  SensorsRead sensors;
  const double elapsed_s = to_seconds(elapsed);
  if (elapsed_s > 0) {
    const double busy = std::clamp(task_cpu_s / (elapsed_s * config_.cores), 0.0, 1.0);
    const Watts own = on_ ? config_.idle : config_.off;
    const Watts most = on_ ? std::clamp(cap_, config_.idle, config_.max) - config_.idle : 0_W;
    const Watts tasks = std::min(busy * (config_.max - config_.idle), most);
    const Watts filler = std::min(filler_, most - tasks);
    const Watts total = own + tasks + filler + resistance_;
    room_.step(total, config_.weather, elapsed);
    meter_ += total * elapsed;
    filler_used_ += filler * elapsed;
    resistance_used_ += resistance_ * elapsed;
    sensors.power_w = good(total.value);
  }
  const double share = config_.case_share;
  const double heatsink = room_.state().radiator.value;
  const double air = (1 - share) * room_.state().air.value + share * heatsink;
  if (share > 0) sensors.case_temperature_c = good(heatsink);
  const double quantum = config_.sensor_quantum_k;
  sensors.air_temperature_c = good(quantum > 0 ? std::round(air / quantum) * quantum : air);
  sensors.outdoor_temperature_c = good(config_.weather.outdoor.value);
  sensors.meter = meter_;
  sensors.filler = filler_used_;
  sensors.resistance = resistance_used_;
  return sensors;
}

Result<> SimulatedHeater::set_power_cap(Watts cap) {
  cap_ = cap;
  return {};
}

Result<> SimulatedHeater::set_filler(Watts filler, Watts resistance) {
  filler_ = std::max(filler, 0_W);
  resistance_ = std::clamp(resistance, 0_W, config_.resistance_max);
  return {};
}

Result<> SimulatedHeater::power_boards(bool on) {
  on_ = on;
  return {};
}

std::string SimulatedHeater::description() const {
  return "simulated room of " + std::to_string(static_cast<int>(config_.room.floor_area_m2)) +
         " m2, " + std::to_string(static_cast<int>(config_.max.value)) + " W";
}

}  // namespace hearth::node_agent
