#include "node_agent/sensors/simulated_boiler.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace hearth::node_agent {
namespace {

constexpr Celsius kCold{12};
constexpr Celsius kCellar{18};
constexpr Duration kDay = std::chrono::hours{24};
constexpr Duration kSlice = std::chrono::minutes{1};

}  // namespace

double tank_loss_w_per_k(double volume_l) {
  const thermal::TankParameters ordinary;
  return ordinary.loss_w_per_k * std::pow(volume_l / ordinary.volume_l, 2.0 / 3);
}

SimulatedBoiler::SimulatedBoiler(SimulatedBoilerConfig config)
    : config_(config),
      power_(config),
      tank_(config.tank, config.start),
      of_day_(std::chrono::minutes{config.start_minute}) {
  if (!config_.draws) return;
  const auto profile = thermal::load_profile(*config_.draws);
  while (next_ < profile.size() && profile[next_].minute < config_.start_minute) ++next_;
}

SensorsRead SimulatedBoiler::read(double task_cpu_s, Duration elapsed) {
  SensorsRead sensors;
  if (elapsed > Duration::zero()) {
    const auto drawn = power_.draw(task_cpu_s, elapsed);
    sensors.power_w = {(drawn.computer + drawn.resistance).value, protocol::Quality::kGood};
    // By the minute, so that a draw-off takes its time even where a pass was long.
    for (Duration left = elapsed; left > Duration::zero();) {
      const Duration slice = std::min(left, kSlice);
      draw(slice);
      (void)tank_.step({drawn.computer, drawn.resistance, circulates_, kCellar}, slice);
      left -= slice;
    }
  }
  sensors.tank = TankLayers{sensed(0), sensed(tank_.layers() / 2), sensed(tank_.layers() - 1)};
  power_.tell(sensors);
  return sensors;
}

void SimulatedBoiler::draw(Duration passed) {
  if (!config_.draws) return;
  const auto profile = thermal::load_profile(*config_.draws);
  of_day_ += passed;
  const auto begin = [&] {
    while (next_ < profile.size() && std::chrono::minutes{profile[next_].minute} <= of_day_) {
      const auto& draw_off = profile[next_++];
      running_.push_back({thermal::tap_draw(draw_off, kCold), draw_off.l_per_min});
    }
  };
  begin();
  if (of_day_ >= kDay) {
    of_day_ -= kDay;
    next_ = 0;
    begin();
  }
  for (auto& [left, l_per_min] : running_) {
    auto now = left;
    now.litres = std::min(left.litres, l_per_min * to_seconds(passed) / 60);
    left.litres -= now.litres;
    (void)tank_.draw(now, kCold);
  }
  std::erase_if(running_, [](const Running& one) { return one.left.litres <= 0; });
}

protocol::Reading SimulatedBoiler::sensed(std::size_t layer) const {
  const double value = tank_.layer(layer).value;
  const double quantum = config_.sensor_quantum_k;
  return {quantum > 0 ? std::round(value / quantum) * quantum : value, protocol::Quality::kGood};
}

Result<> SimulatedBoiler::set_power_cap(Watts cap) {
  power_.set_cap(cap);
  return {};
}

Result<> SimulatedBoiler::set_filler(Watts filler, Watts resistance) {
  power_.set_filler(filler, resistance);
  return {};
}

Result<> SimulatedBoiler::power_boards(bool on) {
  power_.power_boards(on);
  return {};
}

Result<> SimulatedBoiler::circulate(bool on) {
  circulates_ = on;
  return {};
}

std::string SimulatedBoiler::description() const {
  return "simulated tank of " + std::to_string(static_cast<int>(config_.tank.volume_l)) + " l, " +
         std::to_string(static_cast<int>(config_.max.value)) + " W";
}

}  // namespace hearth::node_agent
