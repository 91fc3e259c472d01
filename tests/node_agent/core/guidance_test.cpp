// What the scheduler's words do to the heat, and what is left of them when it falls silent.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "closed_loop.h"
#include "node_agent/core/quiet.h"
#include "node_agent/core/recovery.h"

namespace hearth::node_agent::test {
namespace {

// The learner's prior for 15 W/K (HEAT section 1), as a plan carries it.
protocol::ZoneModel model_of_room(double ua = 15) {
  const auto room = thermal::prior_room(ua);
  return {room.ci_j_per_k,  room.cm_j_per_k, room.rim_k_per_w, room.rio_k_per_w,
          room.rmo_k_per_w, room.ai_m2,      room.am_m2};
}

protocol::ZonePlan plan_of(double t_ref_c, double outdoor_c, int hours_long = 48) {
  protocol::ZonePlan plan;
  for (int i = 0; i < hours_long; ++i) {
    plan.hours.push_back({Celsius{t_ref_c}, Celsius{outdoor_c}, Watts{200}});
  }
  return plan;
}

AgentConfig with_full_share() {
  auto config = small_config();
  config.facts.kind = protocol::NodeKind::kRadiator;
  config.facts.static_share = config.facts.max;
  return config;
}

protocol::Setpoint night_setback(double night_c, double day_c = 20) {
  protocol::Setpoint setpoint;
  setpoint.mode = protocol::SetpointMode::kProgramme;
  for (int day = 0; day < 7; ++day) {
    setpoint.programme.push_back({day * 1440, Celsius{night_c}});
    setpoint.programme.push_back({day * 1440 + 360, Celsius{day_c}});
    setpoint.programme.push_back({day * 1440 + 1320, Celsius{night_c}});
  }
  return setpoint;
}

TEST(Plan, IsStoredAndFollowedWithinTheBandWhenLimitsAreGone) {
  Driven driven{with_full_share()};
  (void)driven.at({}, WallClockRead{UtcTime{}, 0});
  driven.connect(20, minutes{1});
  const auto stored = driven.say(seconds{1}, protocol::PlanChanged{plan_of(20.4, 5)});
  EXPECT_EQ(all_of<StorePlan>(stored).size(), 1u);
  EXPECT_EQ(driven.agent.telemetry().t_ref, 20_degC) << "limits come first";
  (void)driven.at(minutes{2}, TimePassed{});
  EXPECT_EQ(driven.agent.telemetry().t_ref, 20.4_degC);
  (void)driven.say(minutes{3}, protocol::PlanChanged{plan_of(27, 5)});
  EXPECT_EQ(driven.agent.telemetry().t_ref, 20.5_degC);
  (void)driven.at(hours{49}, TimePassed{});
  EXPECT_EQ(driven.agent.telemetry().t_ref, 20_degC) << "the plan has ended";
}

TEST(Plan, SurvivesARestart) {
  auto state = fresh_state();
  state.plan = plan_of(20.3, 5);
  Driven driven{with_full_share(), state};
  (void)driven.at({}, WallClockRead{UtcTime{hours{3}}, 180});
  (void)driven.at(seconds{1}, air_of(20));
  EXPECT_EQ(driven.agent.telemetry().t_ref, 20.3_degC);
}

TEST(Plan, NonsenseIsNotTaken) {
  Driven driven{with_full_share()};
  driven.connect(20);
  auto plan = plan_of(20, 5);
  plan.hours[7].t_ref = Celsius{std::nan("")};
  EXPECT_TRUE(all_of<StorePlan>(driven.say(seconds{1}, protocol::PlanChanged{plan})).empty());
  auto long_plan = plan_of(20, 5, 49);
  EXPECT_TRUE(all_of<StorePlan>(driven.say(seconds{1}, protocol::PlanChanged{long_plan})).empty());
}

TEST(Outdoor, ComesFromTheLimitsWhereNoSensorIs) {
  Driven driven{with_full_share()};
  driven.connect(20);
  EXPECT_EQ(driven.agent.telemetry().power_wanted, 0_W);
  // Bumpless: the integral takes what the feed-forward brings, and learns from there.
  auto limits = limits_of(20, 450, hours{1});
  limits.outdoor = 0_degC;
  (void)driven.say(minutes{1}, protocol::LimitsChanged{limits});
  (void)driven.at(minutes{2}, air_of(20));
  const Watts before = driven.agent.telemetry().power_wanted;
  limits.outdoor = Celsius{-10};
  (void)driven.say(minutes{3}, protocol::LimitsChanged{limits});
  (void)driven.at(minutes{4}, air_of(20));
  EXPECT_NEAR((driven.agent.telemetry().power_wanted - before).value, 45, 0.1)
      << "0.01 of rated power per kelvin";
}

TEST(Model, ReplacesTheGainsWithoutABump) {
  ClosedLoop loop(with_full_share(), ClosedLoop::room(19.8, 2));
  loop.run(hours{12});
  const Watts before = loop.agent.telemetry().power_wanted;
  auto plan = plan_of(20, 2);
  plan.model = model_of_room();
  loop.apply(SchedulerSaid{1, protocol::PlanChanged{plan}});
  loop.run(minutes{2});
  EXPECT_NEAR(loop.agent.telemetry().power_wanted.value, before.value, 10);
  loop.run(hours{12}, [&] { ASSERT_NEAR(loop.air_c(), 20, 0.3); });
}

TEST(Model, AnImpossibleOneIsRefused) {
  EXPECT_TRUE(plausible_model(model_of_room()));
  auto model = model_of_room();
  model.air_capacity_j_per_k = 1;
  EXPECT_FALSE(plausible_model(model));
  EXPECT_FALSE(plausible_model({}));
}

// The weather turns to -12 degC; nobody speaks to the node. 30 W/K would be too much for it, 13 is
// not: comfort holds on the stored plan and, beyond its 48 hours, on the setpoint alone.
TEST(WithoutScheduler, ThreeDaysOfAColdSnapHoldComfort) {
  for (const bool with_model : {false, true}) {
    auto config = with_full_share();
    auto room = ClosedLoop::room(20, 2);
    room.room = thermal::room_with_loss(20, 12, thermal::MassClass::kMedium);
    ClosedLoop loop(config, room);
    loop.apply(WallClockRead{UtcTime{}, 0});
    auto plan = plan_of(20.2, 2);
    if (with_model) plan.model = model_of_room(12);
    loop.apply(SchedulerSaid{1, protocol::PlanChanged{plan}});
    loop.run(hours{12});
    double lowest = 99;
    double highest = -99;
    loop.run(hours{72}, [&] {
      const double hour = to_seconds(loop.now.time_since_epoch()) / 3600 - 12;
      thermal::Weather weather;
      weather.outdoor = Celsius{std::max(-12.0, 2 - 1.2 * hour)};
      loop.heater.set_weather(weather);
      lowest = std::min(lowest, loop.air_c());
      highest = std::max(highest, loop.air_c());
    });
    EXPECT_GT(lowest, 19.5) << with_model;
    EXPECT_LT(highest, 20.6) << with_model;
  }
}

TEST(Recovery, WithoutAModelARateIsAssumed) {
  const Recovery recovery;
  Recovery::Conditions conditions{20_degC, hours{4}, 0_degC, 500_W, 0_W};
  EXPECT_TRUE(recovery.is_due(17_degC, conditions));
  EXPECT_FALSE(recovery.is_due(19_degC, conditions));
  conditions.left = hours{7};
  EXPECT_FALSE(recovery.is_due(10_degC, conditions)) << "never more than six hours ahead";
  EXPECT_EQ(recovery.deepest(conditions), 15.5_degC);
}

TEST(Recovery, APowerThatIsTooLittleAllowsNoSetback) {
  Recovery recovery;
  recovery.learn(*plausible_model(model_of_room(30)));
  Recovery::Conditions conditions{20_degC, hours{8}, Celsius{-10}, 500_W, 0_W};
  EXPECT_EQ(recovery.deepest(conditions), 20_degC);
  conditions.outdoor = 10_degC;
  EXPECT_LT(recovery.deepest(conditions), 19_degC);
}

// The room is warm in the morning and was cooler at night, with and without a model.
class OptimumStart : public testing::TestWithParam<bool> {};

TEST_P(OptimumStart, ReachesTheMorningInTime) {
  auto config = with_full_share();
  config.default_setpoint = night_setback(16);
  auto room = ClosedLoop::room(20, 0);
  room.room = thermal::room_with_loss(20, 12, thermal::MassClass::kMedium);
  ClosedLoop loop(config, room);
  loop.apply(WallClockRead{UtcTime{hours{20}}, 20 * 60});
  auto plan = plan_of(16, 0);
  if (GetParam()) plan.model = model_of_room(12);
  loop.apply(SchedulerSaid{1, protocol::PlanChanged{plan}});
  loop.run(hours{5});
  EXPECT_LT(loop.agent.telemetry().t_ref, 19.5_degC);
  loop.run(hours{5});
  EXPECT_GT(loop.air_c(), 19.5) << "at six in the morning";
  EXPECT_EQ(loop.agent.telemetry().setpoint, 20_degC);
}

INSTANTIATE_TEST_SUITE_P(Cases, OptimumStart, testing::Bool(),
                         [](const auto& test) { return test.param ? "with_model" : "without"; });

TEST(CoolAtNight, IsObeyed) {
  for (const bool cool : {false, true}) {
    auto config = with_full_share();
    config.cool_at_night = cool;
    config.default_setpoint = night_setback(17);
    ClosedLoop loop(config, ClosedLoop::room(20, 5));
    loop.t_ref_c = 17;
    loop.apply(WallClockRead{{}, 21 * 60});
    loop.work_class = protocol::ServiceClass::kFlex;
    loop.run(hours{2});
    const bool runs =
        std::ranges::any_of(loop.running, [](const auto& task) { return task.second.speed > 0; });
    EXPECT_EQ(runs, !cool);
  }
}

TEST(Quiet, CoversNightsOverMidnight) {
  const std::vector<protocol::QuietHours> hours = {{1320, 360, 150_W}, {1380, 60, 100_W}};
  EXPECT_EQ(quiet_limit(hours, 1319), std::nullopt);
  EXPECT_EQ(quiet_limit(hours, 1320), 150_W);
  EXPECT_EQ(quiet_limit(hours, 1440 + 10), 100_W);
  EXPECT_EQ(quiet_limit(hours, 3 * 1440 + 359), 150_W);
  EXPECT_EQ(quiet_limit(hours, 360), std::nullopt);
  EXPECT_EQ(quiet_limit(hours, std::nullopt), std::nullopt);
}

TEST(Quiet, HoldsThePowerDownExceptForFrost) {
  auto config = with_full_share();
  config.facts.quiet = {{1320, 360, 150_W}};
  Driven driven{config};
  (void)driven.at({}, WallClockRead{UtcTime{}, 1300});
  driven.connect(15);
  EXPECT_FALSE(driven.agent.telemetry().quiet);
  EXPECT_EQ(driven.agent.telemetry().power_wanted, 450_W);
  const auto held = driven.at(minutes{20}, air_of(15));
  EXPECT_TRUE(driven.agent.telemetry().quiet);
  EXPECT_EQ(driven.agent.telemetry().minute_of_week, 1320);
  EXPECT_EQ(driven.agent.telemetry().power_wanted, 150_W);
  ASSERT_EQ(all_of<SetPowerCap>(held).size(), 1u);
  EXPECT_EQ(all_of<SetPowerCap>(held)[0].cap, 150_W);
  for (int i = 1; i <= 3; ++i) (void)driven.at(minutes{20 + i}, air_of(6.5));
  EXPECT_FALSE(driven.agent.telemetry().quiet);
  EXPECT_EQ(driven.agent.telemetry().power_wanted, 450_W);
}

}  // namespace
}  // namespace hearth::node_agent::test
