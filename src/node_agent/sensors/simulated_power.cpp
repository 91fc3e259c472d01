#include "node_agent/sensors/simulated_power.h"

#include <algorithm>

#include "common/check.h"

namespace hearth::node_agent {

SimulatedPower::SimulatedPower(const SimulatedPowerConfig& config)
    : config_(config), cap_(config.max) {
  CHECK(config_.cores > 0 && config_.max >= config_.idle);
}

SimulatedPower::Drawn SimulatedPower::draw(double task_cpu_s, Duration elapsed) {
  const double busy = std::clamp(task_cpu_s / (to_seconds(elapsed) * config_.cores), 0.0, 1.0);
  const Watts own = on_ ? config_.idle : config_.off;
  const Watts most = on_ ? std::clamp(cap_, config_.idle, config_.max) - config_.idle : 0_W;
  const Watts tasks = std::min(busy * (config_.max - config_.idle), most);
  const Watts filler = std::min(filler_, most - tasks);
  const Watts computer = own + tasks + filler;
  meter_ += (computer + resistance_) * elapsed;
  filler_used_ += filler * elapsed;
  resistance_used_ += resistance_ * elapsed;
  return {computer, resistance_};
}

void SimulatedPower::tell(SensorsRead& sensors) const {
  sensors.meter = meter_;
  sensors.filler = filler_used_;
  sensors.resistance = resistance_used_;
}

void SimulatedPower::set_filler(Watts filler, Watts resistance) {
  filler_ = std::max(filler, 0_W);
  resistance_ = std::clamp(resistance, 0_W, config_.resistance_max);
}

}  // namespace hearth::node_agent
