// Sleeping computers, followers, the resistance.
#include "node_agent/core/boards.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "closed_loop.h"
#include "node_agent/core/backup_heat.h"

namespace hearth::node_agent::test {
namespace {

TimePoint at(Duration time) {
  return TimePoint{time};
}

TEST(Boards, SleepAfterAWhileAndWakeForWork) {
  Boards boards{true, minutes{2}};
  Boards::Needs idle;
  idle.may_sleep = true;
  EXPECT_EQ(boards.step(idle, at(minutes{0})), std::nullopt);
  EXPECT_EQ(boards.step(idle, at(minutes{14})), std::nullopt);
  EXPECT_EQ(boards.due(), at(minutes{15}));
  EXPECT_EQ(boards.step(idle, at(minutes{15})), false);
  EXPECT_TRUE(boards.asleep());
  auto work = idle;
  work.work = true;
  EXPECT_EQ(boards.step(work, at(minutes{16})), true);
  EXPECT_FALSE(boards.ready());
  EXPECT_FALSE(boards.asleep());
  EXPECT_EQ(boards.due(), at(minutes{18}));
  EXPECT_EQ(boards.step(work, at(minutes{18})), std::nullopt);
  EXPECT_TRUE(boards.ready());
}

TEST(Boards, DoNotFlap) {
  Boards boards{true, minutes{1}};
  int orders = 0;
  for (int minute = 0; minute < 24 * 60; ++minute) {
    Boards::Needs needs;
    needs.may_sleep = minute % 2 == 0;
    needs.cold = minute % 3 == 0;
    orders += boards.step(needs, at(minutes{minute})).has_value();
  }
  EXPECT_LE(orders, 2 * 24 * 60 / 20);
}

TEST(Boards, ThoseThatCannotSleepNeverDo) {
  Boards boards{false, {}};
  Boards::Needs idle;
  idle.may_sleep = true;
  for (int hour = 0; hour < 48; ++hour) EXPECT_FALSE(boards.step(idle, at(hours{hour})));
  EXPECT_TRUE(boards.ready());
}

AgentConfig sleeper() {
  auto config = small_config();
  config.facts.kind = protocol::NodeKind::kRadiator;
  config.facts.can_sleep = true;
  config.facts.boot = seconds{90};
  return config;
}

TEST(Sleep, WakesForAttemptsAndBootsBeforeTheyStart) {
  Driven driven{sleeper()};
  driven.connect(20.4, hours{10});
  auto limits = limits_of(20, 450, hours{10});
  limits.may_sleep = true;
  (void)driven.say(seconds{1}, protocol::LimitsChanged{limits});
  (void)driven.at(minutes{10}, air_of(20.4));
  const auto off = driven.at(minutes{25}, air_of(20.4));
  ASSERT_EQ(all_of<PowerBoards>(off).size(), 1u);
  EXPECT_FALSE(all_of<PowerBoards>(off)[0].on);
  EXPECT_TRUE(driven.agent.telemetry().asleep);
  const auto woken = driven.start(minutes{26}, 1, spec_of(protocol::ServiceClass::kFlex));
  ASSERT_EQ(all_of<PowerBoards>(woken).size(), 1u);
  EXPECT_TRUE(all_of<PowerBoards>(woken)[0].on);
  EXPECT_TRUE(all_of<StartTask>(woken).empty());
  EXPECT_EQ(driven.agent.running_count(), 0u);
  (void)driven.at(minutes{26} + seconds{90}, TimePassed{});
  EXPECT_EQ(driven.agent.running_count(), 1u);
}

TEST(Sleep, WakesForAColdZoneAndGivesNoFillerMeanwhile) {
  Driven driven{sleeper()};
  driven.connect(20.4, hours{10});
  auto limits = limits_of(20, 450, hours{10});
  limits.may_sleep = true;
  (void)driven.say(seconds{1}, protocol::LimitsChanged{limits});
  (void)driven.at(minutes{10}, air_of(20.4));
  (void)driven.at(minutes{25}, air_of(20.4));
  ASSERT_TRUE(driven.agent.telemetry().asleep);
  EXPECT_TRUE(all_of<PowerBoards>(driven.at(minutes{40}, air_of(19.8))).empty());
  const auto woken = driven.at(minutes{60}, air_of(19.6));
  ASSERT_EQ(all_of<PowerBoards>(woken).size(), 1u);
  EXPECT_TRUE(all_of<SetFiller>(woken).empty() || all_of<SetFiller>(woken)[0].filler == 0_W);
  const auto booted = driven.at(minutes{62}, air_of(19.6));
  ASSERT_FALSE(all_of<SetFiller>(booted).empty());
  EXPECT_GT(all_of<SetFiller>(booted)[0].filler, 0_W);
}

TEST(PowerCut, NodesStartWithinTenMinutes) {
  std::set<Duration> starts;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto state = fresh_state();
    state.power_cut_seed = seed;
    Driven driven{small_config(), state};
    Duration time{};
    (void)driven.at(time, air_of(15));
    EXPECT_EQ(driven.agent.telemetry().power_wanted, 0_W);
    while (driven.agent.telemetry().power_wanted == 0_W && time < minutes{11}) {
      (void)driven.at(time += seconds{1}, air_of(15));
    }
    EXPECT_LE(time, minutes{10});
    starts.insert(time);
  }
  EXPECT_GT(starts.size(), 15u) << "not all at once";
}

TEST(Follower, TakesAirAndPowerFromItsLeader) {
  auto config = small_config();
  config.facts.kind = protocol::NodeKind::kRadiator;
  config.facts.follows = true;
  Driven driven{config};
  driven.connect(20);
  EXPECT_TRUE(driven.agent.telemetry().safe_mode) << "nobody says how warm it is";
  EXPECT_LE(driven.agent.telemetry().power_wanted, 135_W);
  auto limits = limits_of(20, 450, minutes{5});
  limits.follow = protocol::Follow{19.5_degC, 210_W};
  (void)driven.say(seconds{1}, protocol::LimitsChanged{limits});
  EXPECT_FALSE(driven.agent.telemetry().safe_mode);
  EXPECT_EQ(driven.agent.telemetry().power_wanted, 210_W);
  EXPECT_EQ(driven.agent.telemetry().air_temperature_c, good(19.5));
  limits.follow = protocol::Follow{22.5_degC, 210_W};
  (void)driven.say(seconds{2}, protocol::LimitsChanged{limits});
  EXPECT_EQ(driven.agent.telemetry().power_wanted, 0_W) << "the ceiling is its own";
  limits.follow = protocol::Follow{19_degC, 400_W};
  (void)driven.say(seconds{3}, protocol::LimitsChanged{limits});
  (void)driven.at(minutes{6}, TimePassed{});
  EXPECT_TRUE(driven.agent.telemetry().safe_mode);
  EXPECT_NEAR(driven.agent.telemetry().power_wanted.value, 135, 0.1);
}

TEST(BackupHeat, ComesLastAndLeavesFirst) {
  BackupHeat backup{1000_W};
  BackupHeat::Inputs in;
  in.possible = in.full = true;
  in.below = 0.5_K;
  in.missing = 300_W;
  EXPECT_EQ(backup.step(in, at(minutes{0})), 0_W);
  EXPECT_EQ(backup.step(in, at(minutes{19})), 0_W);
  EXPECT_EQ(backup.step(in, at(minutes{20})), 300_W);
  in.below = -0.1_K;
  EXPECT_EQ(backup.step(in, at(minutes{30})), 300_W) << "until it is well in the band";
  in.below = -0.2_K;
  EXPECT_EQ(backup.step(in, at(minutes{40})), 0_W);
  in.below = 0.5_K;
  in.full = false;
  EXPECT_EQ(backup.step(in, at(hours{3})), 0_W) << "the computers can give more";
  in.at_once = true;
  EXPECT_EQ(backup.step(in, at(hours{4})), 1000_W);
  in.possible = false;
  EXPECT_EQ(backup.step(in, at(hours{4})), 0_W);
}

// 450 W hold 15 W/K only to -10 degC: at -20 the resistance helps, metered apart.
TEST(BackupHeat, KeepsComfortWhereComputersCannot) {
  auto config = small_config();
  config.facts.kind = protocol::NodeKind::kRadiator;
  config.facts.static_share = config.facts.max;
  config.facts.resistance = 500_W;
  auto room = ClosedLoop::room(20, -20);
  room.resistance_max = 500_W;
  ClosedLoop loop(config, room);
  loop.run(hours{24});
  double lowest = 99;
  loop.run(hours{24}, [&] { lowest = std::min(lowest, loop.air_c()); });
  EXPECT_GT(lowest, 19);
  const auto& energy = loop.agent.telemetry().energy;
  EXPECT_GT(energy.resistance, Joules{0});
  EXPECT_LT(energy.resistance, 0.4 * energy.meter);
  const double sum = (energy.attempts + energy.filler + energy.idle + energy.resistance).value;
  EXPECT_NEAR(sum, energy.meter.value, 1e-9 * energy.meter.value);
}

TEST(BackupHeat, IsNotUsedWhereComputersAreEnough) {
  auto config = small_config();
  config.facts.kind = protocol::NodeKind::kRadiator;
  config.facts.static_share = config.facts.max;
  config.facts.resistance = 500_W;
  auto room = ClosedLoop::room(20, 0);
  room.resistance_max = 500_W;
  ClosedLoop loop(config, room);
  loop.run(hours{48});
  EXPECT_EQ(loop.agent.telemetry().energy.resistance, Joules{0});
}

}  // namespace
}  // namespace hearth::node_agent::test
