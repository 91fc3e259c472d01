#include "node_agent/sensors/sysfs_heater.h"

#include <algorithm>

namespace hearth::node_agent {
namespace {

using protocol::Quality;
constexpr double kMicro = 1e-6;

std::optional<double> meter_value(const SysfsHeaterConfig& config, const char* file) {
  if (config.power_meter.empty()) return std::nullopt;
  for (const auto& device :
       sysfs::find(config.sys / "class/hwmon", "hwmon", "name", config.power_meter)) {
    if (const auto number = sysfs::read_number(device / file)) return number;
  }
  return std::nullopt;
}

}  // namespace

SysfsHeater::SysfsHeater(SysfsHeaterConfig config)
    : config_(std::move(config)),
      powercap_(config_.sys),
      last_energy_uj_(meter_value(config_, "energy1_input")) {
  switch_off();  // whoever was here before us may have left it on
}

SysfsHeater::~SysfsHeater() {
  switch_off();
}

void SysfsHeater::switch_off() {
  if (config_.resistance_switch.empty()) return;
  if (sysfs::write_number(config_.resistance_switch, 0)) resistance_on_ = false;
}

// Since this object was made: the meter's counter, else its power over time, else powercap's.
std::optional<Joules> SysfsHeater::count_energy(Duration elapsed) {
  if (const auto energy_uj = meter_value(config_, "energy1_input")) {
    if (last_energy_uj_) counted_ += Joules{std::max(0.0, *energy_uj - *last_energy_uj_) * kMicro};
    last_energy_uj_ = energy_uj;
    return counted_;
  }
  if (const auto power_uw = meter_value(config_, "power1_input")) {
    counted_ += Watts{*power_uw * kMicro} * elapsed;
    return counted_;
  }
  if (!powercap_.found()) return std::nullopt;
  const Joules packages = powercap_.read();
  counted_ += config_.outside_packages * elapsed;
  return packages + counted_;
}

SensorsRead SysfsHeater::read(double, Duration elapsed) {
  SensorsRead sensors;
  sensors.air_temperature_c = sysfs::read_temperature(config_.sys, config_.air);
  sensors.cpu_temperature_c = sysfs::read_temperature(config_.sys, config_.cpu);
  sensors.case_temperature_c = sysfs::read_temperature(config_.sys, config_.enclosure);
  sensors.outdoor_temperature_c = sysfs::read_temperature(config_.sys, config_.outdoor);
  if (!config_.tank_top.name.empty()) {
    sensors.tank = TankLayers{sysfs::read_temperature(config_.sys, config_.tank_top),
                              sysfs::read_temperature(config_.sys, config_.tank_middle),
                              sysfs::read_temperature(config_.sys, config_.tank_bottom)};
  }
  sensors.meter = count_energy(elapsed);
  if (sensors.meter && to_seconds(elapsed) > 0) {
    sensors.power_w = {(*sensors.meter - last_meter_).value / to_seconds(elapsed), Quality::kGood};
    last_meter_ = *sensors.meter;
  }
  return sensors;
}

Result<> SysfsHeater::set_power_cap(Watts cap) {
  return powercap_.set_limit(std::max(1_W, cap - config_.outside_packages));
}

Result<> SysfsHeater::set_filler(Watts filler, Watts resistance) {
  const bool wanted = resistance > 0_W;
  const bool can_switch = !config_.resistance_switch.empty();
  if (can_switch && resistance_on_ != wanted) {
    auto written = sysfs::write_number(config_.resistance_switch, wanted ? 1 : 0);
    if (!written) return written;
    resistance_on_ = wanted;
  }
  if (filler <= 0_W && (can_switch || !wanted)) return {};
  return fail(ErrorCode::kFailedPrecondition, "no driver here gives heat beside tasks");
}

Result<> SysfsHeater::power_boards(bool on) {
  if (config_.boards_switch.empty()) return Heater::power_boards(on);
  return sysfs::write_number(config_.boards_switch, on ? 1 : 0);
}

std::string SysfsHeater::description() const {
  std::string text = "sysfs at " + config_.sys.string();
  text += config_.air.name.empty() ? ", no room thermometer" : ", room " + config_.air.name;
  if (!config_.power_meter.empty()) return text + ", meter " + config_.power_meter;
  return text + (powercap_.found() ? ", powercap" : ", no power meter");
}

}  // namespace hearth::node_agent
