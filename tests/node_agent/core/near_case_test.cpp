// A room sensor that reads part of the case: what is taken out of it, when, and what is learned.
#include "node_agent/core/near_case.h"

#include <gtest/gtest.h>

#include <cmath>

#include "closed_loop.h"

namespace hearth::node_agent::test {
namespace {

using protocol::Quality;
using protocol::Reading;

constexpr double kShare = 0.1;

AgentConfig near_case_config() {
  auto config = small_config();
  config.facts.static_share = config.facts.max;
  config.sensor_near_case = true;
  return config;
}

// A corrector, and a heater that it sees every ten seconds: full power for an hour, then a stop.
struct Bench {
  explicit Bench(const std::optional<thermal::CaseBias>& learned = {})
      : near_case(near_case_config(), learned) {}

  Reading pass() {
    now += seconds{10};
    excess_k += (1 - std::exp(-10.0 / 1500)) * ((power_w > 0 ? 40 : 0) - excess_k);
    double reading = air_c + kShare * excess_k;
    if (quantum_k > 0) reading = std::round(reading / quantum_k) * quantum_k;
    const auto enclosure = case_works ? good(air_c + excess_k) : Reading{};
    const auto said = near_case.take(good(reading), enclosure, good(power_w), now);
    stores += near_case.worth_keeping() ? 1 : 0;
    steps += near_case.stepped() ? 1 : 0;
    return said;
  }
  void run(Duration time) {
    for (const TimePoint end = now + time; now < end;) (void)pass();
  }
  void one_stop() {
    power_w = 450;
    run(hours{1});
    power_w = 0;
    run(minutes{33});
  }

  NearCase near_case;
  TimePoint now{hours{1}};
  double air_c = 20;
  double excess_k = 0;
  double power_w = 450;
  double quantum_k = 0;
  bool case_works = true;
  int stores = 0;
  int steps = 0;
};

TEST(NearCase, TakesThePriorOutUntilAStopSaysMore) {
  Bench bench;
  bench.run(hours{1});
  const double reading = 20 + kShare * bench.excess_k;
  const double k = thermal::kCaseSharePrior;
  const double behind = thermal::air_behind_case_c(reading, 20 + bench.excess_k, k);
  EXPECT_NEAR(bench.near_case.correction().value, reading - behind, 0.01);
  EXPECT_EQ(bench.near_case.bias().stops, 0);
  bench.one_stop();
  EXPECT_EQ(bench.near_case.bias().stops, 1);
  EXPECT_NEAR(bench.near_case.bias().k(), kShare, 0.002);
  bench.power_w = 450;
  bench.run(minutes{30});
  EXPECT_NEAR(bench.pass().value, 20, 0.06);
  EXPECT_GT(bench.near_case.correction(), 2_K);
}

TEST(NearCase, LearnsFromASensorOfHalfKelvins) {
  Bench bench;
  bench.quantum_k = 0.5;
  for (int i = 0; i < 10; ++i) {
    bench.air_c = 20 + 0.05 * i;  // no two stops begin at the same part of a step
    bench.one_stop();
  }
  EXPECT_EQ(bench.near_case.bias().stops, 10);
  EXPECT_NEAR(bench.near_case.bias().k(), kShare, 0.03);
}

TEST(NearCase, LeavesAReadingThatIsNotGoodAsItIs) {
  NearCase near_case(near_case_config(), {});
  for (const auto quality : {Quality::kMissing, Quality::kStale, Quality::kImplausible}) {
    const Reading reading{21, quality};
    EXPECT_EQ(near_case.take(reading, good(50), good(450), TimePoint{hours{1}}), reading);
  }
}

// The case silent for less than the sensor's timeout: it cannot have cooled by much. Then nothing
// is taken out, and it comes back by itself.
TEST(NearCase, RemembersTheCaseForAsLongAsASensorMayBeSilent) {
  Bench bench;
  bench.run(hours{1});
  const auto before = bench.near_case.correction();
  bench.case_works = false;
  bench.steps = 0;
  bench.run(minutes{15});
  EXPECT_NEAR(bench.near_case.correction().value, before.value, 0.05);
  EXPECT_EQ(bench.steps, 0);
  const auto alone = bench.pass();
  EXPECT_EQ(bench.near_case.correction(), 0_K);
  EXPECT_DOUBLE_EQ(alone.value, 20 + kShare * bench.excess_k);
  EXPECT_EQ(bench.steps, 1) << "the air did not jump";
  bench.case_works = true;
  (void)bench.pass();
  EXPECT_GT(bench.near_case.correction(), 1_K);
  EXPECT_EQ(bench.steps, 2);
}

TEST(NearCase, DoesWithoutACaseThatCannotBe) {
  const Reading cases[] = {{}, {50, Quality::kStale}, good(151), good(-31), good(std::nan(""))};
  for (const auto& enclosure : cases) {
    NearCase near_case(near_case_config(), {});
    EXPECT_EQ(near_case.take(good(21), enclosure, good(450), TimePoint{hours{1}}), good(21));
    EXPECT_FALSE(near_case.stepped());
  }
}

TEST(NearCase, TakesOutFourKelvinsAtMostAndNeverAdds) {
  NearCase near_case(near_case_config(), thermal::CaseBias{1e6, 2e6, 5});
  ASSERT_EQ(near_case.bias().k(), thermal::kCaseShareMax);
  const TimePoint now{hours{1}};
  EXPECT_EQ(near_case.take(good(24), good(70), good(450), now), good(20));
  EXPECT_EQ(near_case.correction(), 4_K);
  EXPECT_EQ(near_case.take(good(24), good(10), good(450), now), good(24)) << "a cold case";
  EXPECT_EQ(near_case.correction(), 0_K);
}

TEST(NearCase, LearnsNothingAcrossAGapNorWithoutPower) {
  Bench bench;
  bench.run(hours{1});
  bench.power_w = 0;
  bench.run(minutes{15});
  bench.now += minutes{20};  // suspended, or without its loop
  bench.run(minutes{45});
  EXPECT_EQ(bench.near_case.bias().stops, 0);
  Bench blind;
  TimePoint now{hours{1}};
  for (int i = 0; i < 720; ++i) {
    now += seconds{10};
    const double excess = i < 360 ? 40 : 40 * std::exp(-(i - 360) / 150.0);
    (void)blind.near_case.take(good(20 + kShare * excess), good(20 + excess), {}, now);
  }
  EXPECT_EQ(blind.near_case.bias().stops, 0);
}

TEST(NearCase, FlagsTheStepWhenItLearns) {
  Bench bench;
  bench.one_stop();
  EXPECT_EQ(bench.steps, 2) << "the first pass, and the end of the stop";
}

TEST(NearCase, KeepsWhatItLearnedEverySixHoursAtMost) {
  Bench bench;
  bench.run(hours{12});
  EXPECT_EQ(bench.stores, 0) << "nothing new";
  for (int i = 0; i < 8; ++i) bench.one_stop();  // 12 hours and a bit
  EXPECT_EQ(bench.near_case.bias().stops, 8);
  EXPECT_GE(bench.stores, 2);
  EXPECT_LE(bench.stores, 3);
}

// ---- in the agent

double share_of(const Agent& agent) {
  return agent.near_case() ? agent.near_case()->bias.k() : -1;
}

TEST(NearCaseAgent, OnlyWhereItIsToldSo) {
  auto config = near_case_config();
  EXPECT_EQ(share_of(Agent(config, fresh_state())), thermal::kCaseSharePrior);
  config.sensor_near_case = false;
  EXPECT_FALSE(Agent(config, fresh_state()).near_case());
  config.sensor_near_case = config.facts.follows = true;
  EXPECT_FALSE(Agent(config, fresh_state()).near_case());
}

TEST(NearCaseAgent, WhatItLearnedOutlivesARestart) {
  Agent agent(near_case_config(), fresh_state());
  std::optional<thermal::CaseBias> stored;
  TimePoint now{hours{1}};
  double excess = 0;
  for (int i = 0; i < 8 * 360; ++i) {
    now += seconds{10};
    const double power = i % 720 < 360 ? 450 : 0;
    excess += (1 - std::exp(-10.0 / 1500)) * ((power > 0 ? 40 : 0) - excess);
    auto sensors = air_of(20 + 0.1 * excess);
    sensors.case_temperature_c = good(20 + excess);
    sensors.power_w = good(power);
    const auto stores = all_of<StoreNearCase>(agent.apply(sensors, now));
    if (!stores.empty()) stored = stores.front().bias;
  }
  ASSERT_TRUE(stored);
  EXPECT_GE(stored->stops, 3);
  EXPECT_NEAR(stored->k(), 0.1, 0.01);
  auto state = fresh_state();
  state.near_case = stored;
  const Agent again(near_case_config(), state);
  EXPECT_EQ(share_of(again), stored->k());
}

// 30.1 degC at the sensor are 28.1 in the room: heat is inhibited all the same, since nobody knows
// how wrong the correction is.
TEST(NearCaseAgent, ProtectionKeepsToTheRawReading) {
  auto state = fresh_state();
  state.near_case = thermal::CaseBias{1e6, 1e5, 5};  // kappa 0.1
  auto config = near_case_config();
  config.default_setpoint.value = 30_degC;
  Agent agent(config, state);
  TimePoint now{hours{1}};
  const auto wanted = [&](double reading_c, double case_c) {
    auto sensors = air_of(reading_c);
    sensors.case_temperature_c = good(case_c);
    sensors.power_w = good(450);
    now += minutes{1};
    (void)agent.apply(sensors, now);
    return agent.telemetry().power_wanted;
  };
  EXPECT_GT(wanted(29.9, 50), 100_W);
  EXPECT_EQ(wanted(30.1, 50), 0_W);
  EXPECT_NEAR(agent.telemetry().air_temperature_c.value, 28.1, 0.1);
  EXPECT_EQ(wanted(28.1, 48), 0_W) << "until the reading itself is below 28";
  EXPECT_GT(wanted(27.9, 48), 100_W);
}

// The case is read again after a while without: the air falls by kelvins at once, just after a
// draught of three minutes, which alone is none either.
TEST(NearCaseAgent, ACaseThatIsReadAgainIsNoOpenWindow) {
  auto state = fresh_state();
  state.near_case = thermal::CaseBias{1e6, 1e5, 5};  // kappa 0.1
  Agent agent(near_case_config(), state);
  TimePoint now{hours{1}};
  int opened = 0;
  Joules meter;
  double air_c = 20;
  const auto see = [&](Duration time, protocol::Reading enclosure, double k_per_h = 0) {
    for (const TimePoint end = now + time; now < end;) {
      now += seconds{10};
      meter += 300_W * Duration{seconds{10}};
      air_c += k_per_h / 360;
      auto sensors = air_of(air_c);
      sensors.case_temperature_c = enclosure;
      sensors.power_w = good(300);
      sensors.meter = meter;
      (void)agent.apply(sensors, now);
      opened += agent.window_open() ? 1 : 0;
    }
  };
  see(hours{2}, good(50));
  for (int i = 0; i < 3; ++i) {
    see(minutes{20}, {});
    EXPECT_EQ(agent.near_case()->correction, 0_K);
    see(minutes{3}, {}, -4);
    see(minutes{20}, good(50));
    EXPECT_NEAR(agent.near_case()->correction.value, 3, 0.1);
  }
  EXPECT_EQ(opened, 0);
}

struct Judged {
  double mean_c = 0;
  double reading_c = 0;
  double low_c = 1e9;
  double high_c = -1e9;
  int windows = 0;
};

// Nobody but the agent, and the resident's OFF for an hour each noon, which is a stop like any
// other, in a sine of weather. After two days: the true air where it was not OFF lately.
Judged three_days(bool corrects) {
  auto config = near_case_config();
  config.sensor_near_case = corrects;
  auto room = ClosedLoop::room(19, 0);
  room.room = thermal::room_with_loss(40, 15, thermal::MassClass::kMedium);
  room.case_share = kShare;
  room.idle = 20_W;
  config.facts.idle = 20_W;
  ClosedLoop loop(config, room);
  Judged judged;
  int passes = 0;
  bool was_open = false;
  loop.run(hours{120}, [&] {
    const double hour = to_seconds(loop.now.time_since_epoch()) / 3600;
    thermal::Weather weather;
    weather.outdoor = Celsius{2 * std::sin(2 * 3.14159265 * hour / 24)};
    loop.heater.set_weather(weather);
    protocol::Setpoint setpoint;
    const double of_day = std::fmod(hour, 24);
    const bool off = of_day >= 12 && of_day < 13;
    setpoint.mode = off ? protocol::SetpointMode::kOff : protocol::SetpointMode::kConstant;
    if (off != (loop.agent.setpoint().mode == protocol::SetpointMode::kOff)) {
      loop.apply(LocalSetpointChosen{setpoint, std::nullopt});
    }
    const bool opens = loop.agent.window_open() && !was_open;
    was_open = loop.agent.window_open();
    if (hour >= 48 && opens) ++judged.windows;
    if (hour < 48 || (of_day >= 12 && of_day < 20)) return;
    ++passes;
    judged.mean_c += loop.air_c();
    const double excess = loop.heater.room().state().radiator.value - loop.air_c();
    judged.reading_c += loop.air_c() + kShare * excess;
    judged.low_c = std::min(judged.low_c, loop.air_c());
    judged.high_c = std::max(judged.high_c, loop.air_c());
  });
  judged.mean_c /= passes;
  judged.reading_c /= passes;
  return judged;
}

TEST(NearCaseAgent, HoldsTheTrueAirNotTheReading) {
  const auto corrected = three_days(true);
  EXPECT_GT(corrected.low_c, 19.5);
  EXPECT_LT(corrected.high_c, 20.5);
  EXPECT_GT(corrected.reading_c, 20.5) << "the reading is beyond the band";
  EXPECT_EQ(corrected.windows, 0);
  const auto plain = three_days(false);
  EXPECT_LT(plain.mean_c, 19.5);
  EXPECT_NEAR(plain.reading_c, 20, 0.2);
  EXPECT_GT(plain.windows, 0) << "a case that cools looks like an open window";
}

}  // namespace
}  // namespace hearth::node_agent::test
