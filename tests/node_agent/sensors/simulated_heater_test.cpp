#include "node_agent/sensors/simulated_heater.h"

#include <gtest/gtest.h>

namespace hearth::node_agent {
namespace {

using std::chrono::seconds;

SimulatedHeaterConfig four_cores() {
  SimulatedHeaterConfig config;
  config.room = thermal::room_with_loss(20, 15, thermal::MassClass::kMedium);
  config.cores = 4;
  config.idle = 50_W;
  config.max = 450_W;
  return config;
}

struct PowerCase {
  const char* name;
  double cpu_s;
  Watts cap;
  Watts filler;
  double power_w;
  double filler_j;
};

class SimulatedHeaterTest : public testing::TestWithParam<PowerCase> {};

// Passes of 10 s: 40 CPU seconds are full power.
TEST_P(SimulatedHeaterTest, DrawsWhatItsTasksUse) {
  const auto& c = GetParam();
  SimulatedHeater heater(four_cores());
  ASSERT_TRUE(heater.set_power_cap(c.cap));
  ASSERT_TRUE(heater.set_filler(c.filler, 0_W));
  const auto sensors = heater.read(c.cpu_s, seconds{10});
  EXPECT_DOUBLE_EQ(sensors.power_w.value, c.power_w);
  EXPECT_DOUBLE_EQ(sensors.meter->value, c.power_w * 10);
  EXPECT_DOUBLE_EQ(sensors.filler.value, c.filler_j);
  EXPECT_EQ(sensors.resistance, Joules{0});
}

INSTANTIATE_TEST_SUITE_P(Cases, SimulatedHeaterTest,
                         testing::Values(PowerCase{"idle", 0, 450_W, 0_W, 50, 0},
                                         PowerCase{"half_busy", 20, 450_W, 0_W, 250, 0},
                                         PowerCase{"more_than_nominal", 90, 450_W, 0_W, 450, 0},
                                         PowerCase{"filler", 20, 450_W, 100_W, 350, 1000},
                                         PowerCase{"filler_fills_up_only", 20, 450_W, 900_W, 450,
                                                   2000},
                                         PowerCase{"capped", 40, 150_W, 10_W, 150, 0},
                                         PowerCase{"never_below_idle", 0, 0_W, 100_W, 50, 0}),
                         [](const auto& test) { return test.param.name; });

TEST(SimulatedHeater, WarmsItsRoom) {
  auto config = four_cores();
  config.start = 18_degC;
  SimulatedHeater heater(config);
  double last = 18;
  for (int i = 0; i < 360; ++i) last = heater.read(40, seconds{10}).air_temperature_c.value;
  EXPECT_GT(last, 18.5);
}

TEST(SimulatedHeater, ReadsItsShareOfTheCaseAndTheCaseWithIt) {
  auto config = four_cores();
  config.sensor_quantum_k = 0;
  EXPECT_EQ(SimulatedHeater(config).read(40, seconds{10}).case_temperature_c, protocol::Reading{});
  config.case_share = 0.1;
  SimulatedHeater heater(config);
  SensorsRead last;
  for (int i = 0; i < 360; ++i) last = heater.read(40, seconds{10});
  const auto& state = heater.room().state();
  EXPECT_EQ(last.case_temperature_c.value, state.radiator.value);
  EXPECT_GT(state.radiator - state.air, 20_K);
  EXPECT_NEAR(last.air_temperature_c.value,
              state.air.value + 0.1 * (state.radiator - state.air).value, 1e-9);
}

}  // namespace
}  // namespace hearth::node_agent
