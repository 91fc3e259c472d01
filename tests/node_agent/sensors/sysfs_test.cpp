// The drivers against a tree of files.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "node_agent/sensors/sysfs_heater.h"

namespace hearth::node_agent {
namespace {

namespace fs = std::filesystem;
using protocol::Quality;
using std::chrono::seconds;

class SysfsTest : public testing::Test {
 protected:
  SysfsTest() {
    std::string name = (fs::temp_directory_path() / "sysfs_XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~SysfsTest() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text << "\n";
  }
  SysfsHeaterConfig config() {
    SysfsHeaterConfig config;
    config.sys = root_;
    return config;
  }

  fs::path root_;
};

TEST_F(SysfsTest, FindsAThermometerByNameAndLabelWhateverItsIndex) {
  write("class/hwmon/hwmon0/name", "nvme");
  write("class/hwmon/hwmon0/temp1_input", "60000");
  write("class/hwmon/hwmon3/name", "k10temp");
  write("class/hwmon/hwmon3/temp1_label", "Tctl");
  write("class/hwmon/hwmon3/temp1_input", "71500");
  write("class/hwmon/hwmon3/temp3_label", "Tccd1");
  write("class/hwmon/hwmon3/temp3_input", "68250");
  const auto tctl = sysfs::read_temperature(root_, {"k10temp", ""});
  EXPECT_EQ(tctl.quality, Quality::kGood);
  EXPECT_DOUBLE_EQ(tctl.value, 71.5);
  EXPECT_DOUBLE_EQ(sysfs::read_temperature(root_, {"k10temp", "Tccd1"}).value, 68.25);
  EXPECT_EQ(sysfs::read_temperature(root_, {"k10temp", "Tccd2"}).quality, Quality::kMissing);
  EXPECT_EQ(sysfs::read_temperature(root_, {"coretemp", ""}).quality, Quality::kMissing);
}

TEST_F(SysfsTest, DoesNotTrustAFaultOrNonsense) {
  write("class/hwmon/hwmon0/name", "sht3x");
  write("class/hwmon/hwmon0/temp1_input", "-100000");
  write("class/hwmon/hwmon0/temp1_fault", "1");
  EXPECT_EQ(sysfs::read_temperature(root_, {"sht3x", ""}).quality, Quality::kImplausible);
  write("class/hwmon/hwmon0/temp1_fault", "0");
  write("class/hwmon/hwmon0/temp1_input", "ERROR");
  EXPECT_EQ(sysfs::read_temperature(root_, {"sht3x", ""}).quality, Quality::kMissing);
}

TEST_F(SysfsTest, ReadsIndustrialIoScaledAndRaw) {
  write("bus/iio/devices/iio:device0/name", "bme280");
  write("bus/iio/devices/iio:device0/in_temp_input", "20120");
  write("bus/iio/devices/iio:device0/in_humidityrelative_input", "45500");
  write("bus/iio/devices/iio:device1/name", "hdc1000");
  write("bus/iio/devices/iio:device1/in_temp_raw", "25000");
  write("bus/iio/devices/iio:device1/in_temp_offset", "-15887");
  write("bus/iio/devices/iio:device1/in_temp_scale", "2.517700");
  EXPECT_DOUBLE_EQ(sysfs::read_temperature(root_, {"bme280", ""}).value, 20.12);
  EXPECT_DOUBLE_EQ(sysfs::read_humidity(root_, "bme280").value, 45.5);
  EXPECT_NEAR(sysfs::read_temperature(root_, {"hdc1000", ""}).value, 22.9438, 1e-4);
}

TEST_F(SysfsTest, ReadsThermalZones) {
  write("class/thermal/thermal_zone1/type", "x86_pkg_temp");
  write("class/thermal/thermal_zone1/temp", "55000");
  EXPECT_DOUBLE_EQ(sysfs::read_temperature(root_, {"x86_pkg_temp", ""}).value, 55);
}

class PowercapTest : public SysfsTest {
 protected:
  PowercapTest() {
    for (const std::string i : {"0", "1"}) {
      const auto zone = "class/powercap/intel-rapl:" + i + "/";
      write(zone + "name", "package-" + i);
      write(zone + "energy_uj", "900000000");
      write(zone + "max_energy_range_uj", "1000000000");
      write(zone + "constraint_0_power_limit_uw", "125000000");
    }
    write("class/powercap/intel-rapl:0:0/name", "core");
    write("class/powercap/intel-rapl:0:0/energy_uj", "5");
  }
};

TEST_F(PowercapTest, CountsFromZeroAcrossAWrap) {
  auto choice = config();
  choice.outside_packages = 20_W;
  SysfsHeater heater(choice);
  write("class/powercap/intel-rapl:0/energy_uj", "960000000");  // + 60 J
  write("class/powercap/intel-rapl:1/energy_uj", "40000000");   // + 140 J, wrapped
  const auto sensors = heater.read(0, seconds{10});
  EXPECT_NEAR(sensors.meter->value, 60 + 140 + 200, 1e-6);
  EXPECT_NEAR(sensors.power_w.value, 40, 1e-6);
  EXPECT_EQ(sensors.air_temperature_c.quality, Quality::kMissing);
}

TEST_F(PowercapTest, SharesTheCapAmongPackages) {
  auto choice = config();
  choice.outside_packages = 20_W;
  SysfsHeater heater(choice);
  ASSERT_TRUE(heater.set_power_cap(120_W));
  EXPECT_EQ(sysfs::read_text(root_ / "class/powercap/intel-rapl:0/constraint_0_power_limit_uw"),
            "50000000");
  EXPECT_EQ(sysfs::read_text(root_ / "class/powercap/intel-rapl:1/constraint_0_power_limit_uw"),
            "50000000");
}

TEST_F(PowercapTest, SaysWhereItCannotCapOrFill) {
  fs::remove(root_ / "class/powercap/intel-rapl:0/constraint_0_power_limit_uw");
  SysfsHeater heater(config());
  EXPECT_EQ(heater.set_power_cap(120_W).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(heater.set_filler(0_W, 0_W));
  EXPECT_EQ(heater.set_filler(10_W, 0_W).error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(SysfsTest, PrefersAMeterOfTheWholeNode) {
  write("class/hwmon/hwmon2/name", "plug");
  write("class/hwmon/hwmon2/energy1_input", "5000000");
  auto choice = config();
  choice.power_meter = "plug";
  SysfsHeater heater(choice);
  write("class/hwmon/hwmon2/energy1_input", "8000000");
  const auto sensors = heater.read(0, seconds{1});
  EXPECT_DOUBLE_EQ(sensors.meter->value, 3);
  EXPECT_DOUBLE_EQ(sensors.power_w.value, 3);
}

TEST_F(SysfsTest, SwitchesBoardsAndResistanceWhereFilesAreConfigured) {
  write("gpio/relay", "1");  // left on by somebody
  write("gpio/boards", "1");
  auto choice = config();
  choice.resistance_switch = root_ / "gpio/relay";
  choice.boards_switch = root_ / "gpio/boards";
  {
    SysfsHeater heater(choice);
    EXPECT_EQ(sysfs::read_text(choice.resistance_switch), "0");
    EXPECT_TRUE(heater.set_filler(0_W, 900_W));
    EXPECT_EQ(sysfs::read_text(choice.resistance_switch), "1");
    EXPECT_FALSE(heater.set_filler(50_W, 0_W));  // no filler here, but off it goes
    EXPECT_EQ(sysfs::read_text(choice.resistance_switch), "0");
    EXPECT_TRUE(heater.power_boards(false));
    EXPECT_EQ(sysfs::read_text(choice.boards_switch), "0");
    EXPECT_TRUE(heater.power_boards(true));
    EXPECT_EQ(sysfs::read_text(choice.boards_switch), "1");
    EXPECT_TRUE(heater.set_filler(0_W, 900_W));
  }
  EXPECT_EQ(sysfs::read_text(choice.resistance_switch), "0") << "an agent that ends heats no more";
}

TEST_F(SysfsTest, WithoutSwitchesNothingIsSwitched) {
  SysfsHeater heater(config());
  EXPECT_EQ(heater.power_boards(false).error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(heater.set_filler(0_W, 900_W).error().code, ErrorCode::kFailedPrecondition);
  auto gone = config();
  gone.boards_switch = root_ / "no/such/file";
  EXPECT_EQ(SysfsHeater(gone).power_boards(false).error().code, ErrorCode::kUnavailable);
}

TEST_F(SysfsTest, AnEmptyTreeHasNothingAndSaysSo) {
  SysfsHeater heater(config());
  const auto sensors = heater.read(0, seconds{1});
  EXPECT_FALSE(sensors.meter);
  EXPECT_EQ(sensors.power_w.quality, Quality::kMissing);
  EXPECT_NE(heater.description().find("no power meter"), std::string::npos);
}

}  // namespace
}  // namespace hearth::node_agent
