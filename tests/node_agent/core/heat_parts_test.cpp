// The small parts of the heat side, each by its own: sensor, protection, control law, setpoints.
#include <gtest/gtest.h>

#include <cmath>

#include "node_agent/core/air_sensor.h"
#include "node_agent/core/control_law.h"
#include "node_agent/core/protection.h"
#include "node_agent/core/setpoint_authority.h"
#include "support.h"

namespace hearth::node_agent::test {
namespace {

using protocol::Quality;
using protocol::SetpointMode;
using protocol::SetpointOrigin;

TimePoint at(Duration time) {
  return TimePoint{time};
}

TEST(AirSensor, RefusesWhatCannotBe) {
  for (const double value : {-31.0, 50.1, std::nan("")}) {
    AirSensor sensor(5_K, minutes{15}, minutes{10});
    EXPECT_EQ(sensor.take(good(value), at(seconds{0})).quality, Quality::kImplausible) << value;
    EXPECT_TRUE(sensor.lost(at(seconds{0})));
  }
}

TEST(AirSensor, IsLostWhenSilentForLongerThanItsTimeout) {
  AirSensor sensor(5_K, minutes{15}, minutes{10});
  EXPECT_TRUE(sensor.lost(at(seconds{0})));
  (void)sensor.take(good(20), at(seconds{0}));
  (void)sensor.take({}, at(minutes{10}));
  EXPECT_FALSE(sensor.lost(at(minutes{15})));
  EXPECT_TRUE(sensor.lost(at(minutes{15} + milliseconds{1})));
  EXPECT_EQ(sensor.silent_at(), at(minutes{15} + milliseconds{1}));
}

TEST(AirSensor, TakesUpASensorThatWasCarriedAway) {
  AirSensor sensor(5_K, minutes{15}, minutes{10});
  (void)sensor.take(good(20), at(seconds{0}));
  EXPECT_EQ(sensor.take(good(28), at(seconds{10})).quality, Quality::kImplausible);
  EXPECT_TRUE(sensor.lost(at(seconds{10})));
  EXPECT_EQ(sensor.take(good(20), at(seconds{20})).quality, Quality::kGood);
  for (int i = 3; i < 5; ++i) {
    EXPECT_EQ(sensor.take(good(28), at(seconds{10 * i})).quality, Quality::kImplausible);
  }
  EXPECT_EQ(sensor.take(good(28.1), at(seconds{50})).quality, Quality::kGood);
  EXPECT_EQ(sensor.air(at(seconds{50})), 28.1_degC);
}

TEST(AirSensor, ForeseesASteadyRise) {
  AirSensor sensor(5_K, minutes{15}, minutes{10});
  for (int i = 0; i < 600; ++i) (void)sensor.take(good(10 + 0.002 * i), at(seconds{10 * i}));
  EXPECT_NEAR(sensor.rise().value, 0.002 * 60, 0.003);  // 0.002 K per 10 s, ten minutes ahead
  (void)sensor.take(good(10), at(seconds{6010}));
  EXPECT_EQ(sensor.rise(), 0_K);
}

TEST(Protection, HoldsBetweenItsBounds) {
  Protection protection(100_degC, 75_degC);
  const auto observe = [&](Celsius air) { protection.observe(air, {}, {}, {}); };
  observe(7_degC);
  EXPECT_FALSE(protection.frost());
  observe(6.99_degC);
  EXPECT_TRUE(protection.frost());
  observe(7.4_degC);
  EXPECT_TRUE(protection.frost());
  observe(7.5_degC);
  EXPECT_FALSE(protection.frost());
  observe(30_degC);
  EXPECT_FALSE(protection.inhibited());
  observe(30.1_degC);
  EXPECT_TRUE(protection.inhibited());
  observe(28_degC);
  EXPECT_TRUE(protection.inhibited());
  observe(27.9_degC);
  EXPECT_FALSE(protection.inhibited());
}

TEST(Protection, LatchesATripUntilItIsCoolAndReset) {
  Protection protection(100_degC, 75_degC);
  protection.observe(20_degC, {}, good(100), good(40));
  EXPECT_TRUE(protection.tripped());
  protection.reset();
  EXPECT_TRUE(protection.tripped()) << "still hot";
  protection.observe(20_degC, {}, good(60), good(40));
  EXPECT_TRUE(protection.tripped());
  protection.reset();
  EXPECT_FALSE(protection.tripped());
  protection.observe(20_degC, {}, {120, Quality::kStale}, good(74.9));
  EXPECT_FALSE(protection.tripped());
}

ControlLaw::Inputs inputs(double air_c, std::optional<Watts> measured = std::nullopt) {
  ControlLaw::Inputs in;
  in.reference = 20_degC;
  in.air = Celsius{air_c};
  in.measured = measured;
  in.high = 450_W;
  in.elapsed = seconds{60};
  return in;
}
const ControlGains kGains{100, 10, 6000};

TEST(ControlLaw, IsProportionalPlusIntegralPlusFeedForward) {
  ControlLaw law(kGains);
  law.step(inputs(19));
  EXPECT_DOUBLE_EQ(law.output().value, 100 + 100 * 60.0 / 6000);
  ControlLaw forward(kGains);
  auto in = inputs(20);
  in.outdoor = 5_degC;
  forward.step(in);
  EXPECT_DOUBLE_EQ(forward.output().value, 150);
}

TEST(ControlLaw, DoesNotWindUpWhereTheHeaterCannotFollow) {
  ControlLaw law(kGains);
  for (int i = 0; i < 600; ++i) law.step(inputs(18, 50_W));
  law.step(inputs(20, 50_W));
  EXPECT_LT(law.output(), 10_W) << "ten hours without heat";

  ControlLaw saturated(kGains);
  for (int i = 0; i < 600; ++i) saturated.step(inputs(10, 450_W));
  saturated.step(inputs(20, 450_W));
  EXPECT_LE(saturated.output(), 10_W) << "ten hours at full power";
}

TEST(ControlLaw, KeepsItsIntegralWhileWorkGivesMoreThanWanted) {
  ControlLaw law(kGains);
  for (int i = 0; i < 100; ++i) law.step(inputs(19, law.output()));
  const Watts before = law.output();
  for (int i = 0; i < 600; ++i) law.step(inputs(20.5, 450_W));
  law.step(inputs(19, 450_W));
  EXPECT_NEAR(law.output().value, before.value, 2);
}

TEST(ControlLaw, DoesNotJumpWhenTheOutdoorSensorComesOrGoes) {
  ControlLaw law(kGains);
  for (int i = 0; i < 200; ++i) law.step(inputs(19.5, law.output()));
  const double before = law.output().value;
  auto in = inputs(19.5, law.output());
  in.outdoor = 14_degC;
  law.step(in);
  EXPECT_NEAR(law.output().value, before, 1);
  law.step(inputs(19.5, law.output()));
  EXPECT_NEAR(law.output().value, before, 2);
}

TEST(ControlLaw, RampsToNothingAtTheCeiling) {
  EXPECT_EQ(ceiling_ramp(400_W, 21.4_degC, 22_degC), 400_W);
  EXPECT_EQ(ceiling_ramp(400_W, 21.75_degC, 22_degC), 200_W);
  EXPECT_EQ(ceiling_ramp(400_W, 22_degC, 22_degC), 0_W);
  EXPECT_EQ(ceiling_ramp(400_W, 25_degC, 22_degC), 0_W);
}

protocol::Setpoint constant(double value_c, std::uint64_t counter, SetpointOrigin origin) {
  protocol::Setpoint setpoint;
  setpoint.value = Celsius{value_c};
  setpoint.revision = {counter, origin};
  return setpoint;
}

TEST(SetpointAuthority, NewestWins) {
  SetpointAuthority authority(constant(20, 5, SetpointOrigin::kApi));
  EXPECT_FALSE(authority.ordered(constant(21, 4, SetpointOrigin::kApi)));
  EXPECT_FALSE(authority.ordered(constant(21, 5, SetpointOrigin::kApi)));
  EXPECT_TRUE(authority.ordered(constant(21, 6, SetpointOrigin::kApi)));
  EXPECT_TRUE(authority.chosen(constant(22, 0, SetpointOrigin::kApi), {}, at(seconds{0})));
  EXPECT_EQ(authority.in_force(), constant(22, 7, SetpointOrigin::kLocal));
  EXPECT_FALSE(authority.ordered(constant(23, 7, SetpointOrigin::kApi))) << "local is the later";
  EXPECT_FALSE(authority.ordered(constant(50, 9, SetpointOrigin::kApi))) << "unsound";
}

TEST(SetpointAuthority, ALocalOffIsLiftedOnlyLocally) {
  SetpointAuthority authority(constant(20, 1, SetpointOrigin::kApi));
  auto off = constant(20, 0, SetpointOrigin::kLocal);
  off.mode = SetpointMode::kOff;
  ASSERT_TRUE(authority.chosen(off, {}, at(seconds{0})));
  EXPECT_FALSE(authority.ordered(constant(21, 9, SetpointOrigin::kApi)));
  EXPECT_FALSE(authority.value(at(seconds{0})));
  ASSERT_TRUE(authority.chosen(constant(21, 0, SetpointOrigin::kLocal), {}, at(seconds{1})));
  EXPECT_EQ(authority.value(at(seconds{1})), 21_degC);
  off.revision = {10, SetpointOrigin::kApi};
  EXPECT_TRUE(authority.ordered(off));
  EXPECT_TRUE(authority.ordered(constant(21, 11, SetpointOrigin::kApi))) << "an OFF over the API";
}

TEST(SetpointAuthority, ABoostReturnsToWhatWasBeforeTheFirst) {
  SetpointAuthority authority(constant(20, 3, SetpointOrigin::kApi));
  ASSERT_TRUE(authority.chosen(constant(23, 0, {}), hours{1}, at(seconds{0})));
  ASSERT_TRUE(authority.chosen(constant(24, 0, {}), hours{1}, at(minutes{30})));
  EXPECT_EQ(authority.to_store().value, 20_degC) << "a restart ends the boost";
  EXPECT_FALSE(authority.end_boost(at(minutes{89})));
  EXPECT_TRUE(authority.end_boost(at(minutes{90})));
  EXPECT_EQ(authority.in_force().value, 20_degC);
  EXPECT_EQ(authority.in_force().revision.origin, SetpointOrigin::kApi);
  EXPECT_GT(authority.in_force().revision.counter, 5u);
}

TEST(SetpointAuthority, FollowsItsProgrammeBetweenClockReadings) {
  protocol::Setpoint programme;
  programme.mode = SetpointMode::kProgramme;
  programme.programme = {{0, 17_degC}, {6 * 60, 20_degC}, {22 * 60, 17_degC}};
  SetpointAuthority authority(programme);
  EXPECT_EQ(authority.value(at(seconds{0})), 17_degC);
  authority.clock_read({}, 5 * 60 + 59, at(seconds{100}));
  EXPECT_EQ(authority.value(at(seconds{159})), 17_degC);
  EXPECT_EQ(authority.value(at(seconds{160})), 20_degC);
  authority.clock_read({}, 7 * 24 * 60 - 1, at(seconds{200}));
  EXPECT_EQ(authority.value(at(seconds{200} + hours{6} + minutes{1})), 20_degC) << "next Monday";
}

}  // namespace
}  // namespace hearth::node_agent::test
