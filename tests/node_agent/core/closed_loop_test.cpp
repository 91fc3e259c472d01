// The core in a simulated room: comfort and safety as the resident sees them.
#include "closed_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "node_agent/core/shedding.h"

namespace hearth::node_agent::test {
namespace {

AgentConfig with_full_share() {
  auto config = small_config();
  config.facts.static_share = config.facts.max;
  return config;
}

AgentConfig with_model() {
  auto config = with_full_share();
  config.air_capacity_j_per_k = 0.12 * 15 * 40 * 3600;  // HEAT section 1: Ci = 0.12 C0
  config.ua_w_per_k = 15;
  return config;
}

struct Extremes {
  double low = 1e9;
  double high = -1e9;
  void take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

class Comfort : public testing::TestWithParam<bool> {};

// Nobody but the agent: 12 hours to settle from 17 degC, then three days of a sine of weather.
TEST_P(Comfort, IsKeptForThreeDaysWithoutScheduler) {
  ClosedLoop loop(GetParam() ? with_model() : with_full_share(), ClosedLoop::room(17, 2));
  loop.run(hours{12});
  Extremes air;
  loop.run(hours{72}, [&] {
    const double day = to_seconds(loop.now.time_since_epoch()) / 86400;
    thermal::Weather weather;
    weather.outdoor = Celsius{2 + 4 * std::sin(2 * 3.14159265 * day)};
    loop.heater.set_weather(weather);
    air.take(loop.air_c());
  });
  EXPECT_GT(air.low, 19.7);
  EXPECT_LT(air.high, 20.3);
  RecordProperty("low_mk", static_cast<int>(air.low * 1000));
  RecordProperty("high_mk", static_cast<int>(air.high * 1000));
}

INSTANTIATE_TEST_SUITE_P(Cases, Comfort, testing::Bool(),
                         [](const auto& test) { return test.param ? "with_model" : "without"; });

// A room whose minutes show hours, with a control law to match, as demonstrations use it.
TEST(ClosedLoop, HoldsARoomWithASixtiethOfItsCapacities) {
  auto config = with_full_share();
  config.control_period = seconds{1};
  config.integral_time = seconds{100};
  config.gain_time = seconds{25};
  auto room = ClosedLoop::room(17, 2);
  room.room.capacity_scale = 1.0 / 60;
  ClosedLoop loop(config, room);
  loop.pass_time = seconds{1};
  loop.run(minutes{10});
  Extremes air;
  loop.run(minutes{10}, [&] { air.take(loop.air_c()); });
  EXPECT_GT(air.low, 19.7);
  EXPECT_LT(air.high, 20.3);
}

// A light room with three times the power it needs, on a mild day: the hardest for the backstops.
TEST(ClosedLoop, TheCeilingHoldsInAnOverpoweredLightRoom) {
  auto config = with_full_share();
  config.facts.max = config.facts.static_share = 850_W;
  auto room = ClosedLoop::room(19, 17);
  room.room = thermal::room_with_loss(15, 12, thermal::MassClass::kVeryLight);
  room.max = room.radiator.rated = 850_W;
  ClosedLoop loop(config, room);
  loop.work_class = protocol::ServiceClass::kReserved;
  loop.p_max_w = 850;
  Extremes air;
  loop.run(hours{24}, [&] { air.take(loop.air_c()); });
  EXPECT_LT(air.high, 22.0);
  RecordProperty("high_mk", static_cast<int>(air.high * 1000));
  RecordProperty("killed", loop.killed);
}

// A night setback is a permission: the batch goes on, the room falls no faster than by itself.
TEST(ClosedLoop, ASetbackStopsNoWork) {
  auto config = with_full_share();
  config.default_setpoint.mode = protocol::SetpointMode::kProgramme;
  config.default_setpoint.programme = {{0, 20_degC}, {22 * 60, 16_degC}};
  ClosedLoop loop(config, ClosedLoop::room(20, 2));
  loop.apply(WallClockRead{{}, 20 * 60});
  loop.work_class = protocol::ServiceClass::kFlex;
  loop.run(hours{6});
  EXPECT_EQ(loop.agent.telemetry().setpoint, 16_degC);
  EXPECT_EQ(loop.agent.telemetry().t_ref, 16.5_degC);
  EXPECT_EQ(loop.killed, 0);
  EXPECT_EQ(loop.running.size(), 4u);
  EXPECT_EQ(loop.filler, 0_W);
  EXPECT_LT(loop.air_c(), 21);
}

TEST(ClosedLoop, OffDropsToIdleWithTheNextPass) {
  ClosedLoop loop(with_full_share(), ClosedLoop::room(18, 2));
  loop.work_class = protocol::ServiceClass::kReserved;
  loop.run(hours{1});
  ASSERT_EQ(loop.running.size(), 4u);
  protocol::Setpoint off;
  off.mode = protocol::SetpointMode::kOff;
  loop.apply(LocalSetpointChosen{off, std::nullopt});
  for (const auto& [attempt, task] : loop.running) EXPECT_EQ(task.speed, 0) << to_string(attempt);
  loop.run(seconds{10});
  EXPECT_EQ(loop.power, 50_W);
  EXPECT_EQ(loop.running.size(), 4u) << "frozen, nothing is lost yet";
  loop.run(minutes{1});
  EXPECT_EQ(loop.power, 50_W);
  EXPECT_TRUE(loop.running.empty());
}

class Ceiling : public testing::TestWithParam<protocol::ServiceClass> {};

// 15 degC outside and unlimited work: 450 W would warm the room to over 40 degC.
TEST_P(Ceiling, IsNeverPassedByCompute) {
  ClosedLoop loop(with_full_share(), ClosedLoop::room(19, 15));
  loop.work_class = GetParam();
  Extremes air;
  loop.run(hours{48}, [&] { air.take(loop.air_c()); });
  EXPECT_LT(air.high, 22.0) << "killed " << loop.killed;
  const auto bound = band_of(protocol::HeatBand{}, GetParam()).must_stop_above;
  EXPECT_LT(air.high, 20 + bound.value + 0.1);
  EXPECT_EQ(loop.killed, 0) << "slowing down is enough";
  RecordProperty("high_mk", static_cast<int>(air.high * 1000));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Ceiling,
    testing::Values(protocol::ServiceClass::kReserved, protocol::ServiceClass::kOnDemand,
                    protocol::ServiceClass::kFlex, protocol::ServiceClass::kFiller),
    [](const auto& test) { return std::string(protocol::to_string(test.param)); });

// Work alone heats a cold room as far as it goes, and filler gives only what is missing.
TEST(ClosedLoop, WorkTakesThePlaceOfFiller) {
  ClosedLoop loop(with_full_share(), ClosedLoop::room(18, 2));
  loop.run(hours{6});
  EXPECT_GT(loop.filler, 100_W);
  loop.work_class = protocol::ServiceClass::kFlex;
  loop.run(hours{6});
  EXPECT_EQ(loop.filler, 0_W);
  EXPECT_GT(loop.running.size(), 1u);
  EXPECT_GT(loop.air_c(), 19.9);
}

TEST(ClosedLoop, WithoutASensorHeatIsFixedAndLow) {
  ClosedLoop loop(with_full_share(), ClosedLoop::room(20, 2));
  loop.run(hours{12});
  const Watts before = loop.agent.telemetry().power_wanted;
  loop.sensor_works = false;
  loop.run(minutes{16});
  EXPECT_TRUE(loop.agent.telemetry().safe_mode);
  loop.sensor_works = true;
  loop.run(seconds{10});
  EXPECT_NEAR(loop.agent.telemetry().power_wanted.value, before.value, 20) << "bumpless";
  loop.sensor_works = false;
  loop.run(minutes{20});
  EXPECT_TRUE(loop.agent.telemetry().safe_mode);
  Extremes power;
  loop.run(hours{4}, [&] { power.take(loop.power.value); });
  EXPECT_LE(power.high, 0.3 * 450 + 1);
  EXPECT_GT(power.low, 100);
  loop.sensor_works = true;
  loop.run(seconds{10});
  EXPECT_FALSE(loop.agent.telemetry().safe_mode);
}

TEST(ClosedLoop, TheLedgerAddsUpToTheMeter) {
  ClosedLoop loop(with_full_share(), ClosedLoop::room(19, 8));
  loop.work_class = protocol::ServiceClass::kOnDemand;
  loop.run(hours{24}, [&] {
    const auto& e = loop.agent.telemetry().energy;
    const double sum = (e.attempts + e.filler + e.idle + e.resistance).value;
    ASSERT_NEAR(sum, e.meter.value, 1e-9 * e.meter.value);
  });
  const auto& energy = loop.agent.telemetry().energy;
  EXPECT_EQ(energy.boot_id, "i1-b1");
  EXPECT_GT(energy.attempts, 0.5 * energy.meter);
  EXPECT_NEAR(energy.idle.value, 50.0 * 24 * 3600, 1);
}

}  // namespace
}  // namespace hearth::node_agent::test
