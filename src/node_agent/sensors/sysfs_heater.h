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
  // Files to which 1 and 0 are written, such as a GPIO line's or a relay's; empty: there is none.
  std::filesystem::path boards_switch;
  std::filesystem::path resistance_switch;
  std::string power_meter;  // hwmon device with energyN_input or powerN_input; empty: powercap
  // What the node draws beside its processor packages; added to the power and energy that powercap
  // counts, taken off the cap before it is set there.
  Watts outside_packages{0};
};

class SysfsHeater : public Heater {
 public:
  explicit SysfsHeater(SysfsHeaterConfig config);
  ~SysfsHeater() override;  // leaves no resistance on
  SysfsHeater(const SysfsHeater&) = delete;
  SysfsHeater& operator=(const SysfsHeater&) = delete;

  SensorsRead read(double task_cpu_s, Duration elapsed) override;
  Result<> set_power_cap(Watts cap) override;
  // The resistance is switched on for any power above 0: it has no steps.
  Result<> set_filler(Watts filler, Watts resistance) override;
  Result<> power_boards(bool on) override;
  std::string description() const override;

 private:
  std::optional<Joules> count_energy(Duration elapsed);
  void switch_off();

  SysfsHeaterConfig config_;
  Powercap powercap_;
  std::optional<double> last_energy_uj_;
  Joules counted_;
  Joules last_meter_;
  std::optional<bool> resistance_on_;  // as written last
};

}  // namespace hearth::node_agent
