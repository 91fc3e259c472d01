// A real node's body through Linux sysfs: hwmon, IIO, thermal zones, powercap.
#pragma once

#include <filesystem>
#include <optional>

#include "node_agent/sensors/heater.h"
#include "node_agent/sensors/powercap.h"
#include "node_agent/sensors/sysfs.h"

namespace hearth::node_agent {

struct SysfsHeaterConfig {
  std::filesystem::path sys = "/sys";
  sysfs::ThermometerChoice air;  // of the room, best away from the case
  sysfs::ThermometerChoice cpu{"coretemp", ""};
  sysfs::ThermometerChoice enclosure;
  sysfs::ThermometerChoice outdoor;
  sysfs::ThermometerChoice tank_top;
  sysfs::ThermometerChoice tank_middle;
  sysfs::ThermometerChoice tank_bottom;
  std::string power_meter;  // hwmon device with energyN_input or powerN_input; empty: powercap
  // What the node draws beside its processor packages; added to the power and energy that powercap
  // counts, taken off the cap before it is set there.
  Watts outside_packages{0};
};

class SysfsHeater : public Heater {
 public:
  explicit SysfsHeater(SysfsHeaterConfig config);

  SensorsRead read(double task_cpu_s, Duration elapsed) override;
  Result<> set_power_cap(Watts cap) override;
  Result<> set_filler(Watts filler, Watts resistance) override;
  std::string description() const override;

 private:
  std::optional<Joules> count_energy(Duration elapsed);

  SysfsHeaterConfig config_;
  Powercap powercap_;
  std::optional<double> last_energy_uj_;
  Joules counted_;
  Joules last_meter_;
};

}  // namespace hearth::node_agent
