// "Why is the water cold?": what is said of a tank, and in which order.
#include "scheduler/core/explain_tank.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/core/scheduler.h"

namespace hearth::scheduler {
namespace {

using protocol::Quality;
using protocol::Reading;
using std::chrono::hours;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Reading good(double value) {
  return {value, Quality::kGood};
}

// 40 degC are useful, computers reach 57, the loop gets back 52 at most.
NodeRecord boiler(double top_c, double middle_c, double bottom_c) {
  NodeRecord node;
  node.state = NodeState::kOnline;
  node.facts.kind = protocol::NodeKind::kBoiler;
  node.facts.cores = 4;
  node.facts.idle = 40_W;
  node.facts.max = 850_W;
  node.facts.tank.emplace().volume_l = 200;
  auto& tank = node.telemetry.tank.emplace();
  tank.top_c = good(top_c);
  tank.middle_c = good(middle_c);
  tank.bottom_c = good(bottom_c);
  tank.hygiene_due_in = hours{50};
  tank.hygiene_energy = Joules{7.2e6};
  node.telemetry.air_temperature_c = good((top_c + middle_c + bottom_c) / 3);
  return node;
}

std::vector<std::string> facts_of(const ZoneRecord& zone, const NodeRecord& node) {
  std::vector<std::string> facts;
  add_tank_facts(zone, node, facts);
  return facts;
}

TEST(WhyTank, SaysWhatMattersMost) {
  EXPECT_EQ(why_tank(boiler(55, 45, 20), 600_W), "charged to 0 %, drawing 600 W");
  EXPECT_EQ(why_tank(boiler(56, 54, 30), 600_W), "charged to 39 %, drawing 600 W");
  EXPECT_EQ(why_tank(boiler(57, 57, 51), 40_W), "charged to 92 %, drawing 40 W");
  EXPECT_EQ(why_tank(boiler(57, 57, 51.8), 40_W),
            "it is full: its computers can give it no more until somebody draws")
      << "by what the loop gets back";
  EXPECT_EQ(why_tank(boiler(39.9, 25, 12), 850_W),
            "the water at its top is 39.9 degC, below the useful 40: more was drawn than 850 W "
            "could replace yet");
  EXPECT_EQ(why_tank(boiler(40, 25, 12), 850_W), "charged to -84 %, drawing 850 W");
}

TEST(WhyTank, ALiftComesFirstAndUnknownWaterBeforeIt) {
  auto node = boiler(39, 25, 12);
  node.telemetry.tank->hygiene_active = true;
  EXPECT_EQ(why_tank(node, 850_W), "its water is lifted to 60 degC against legionella");
  node.telemetry.air_temperature_c.quality = Quality::kMissing;
  EXPECT_EQ(why_tank(node, 850_W), "its thermometers are not known: it takes no heat");
  node = boiler(55, 45, 20);
  node.telemetry.tank.reset();
  EXPECT_EQ(why_tank(node, 850_W), "its thermometers are not known: it takes no heat");
}

TEST(TankFacts, AreTheThermometersAndTheLift) {
  auto node = boiler(55.25, 45, 20);
  const auto facts = facts_of({}, node);
  ASSERT_EQ(facts.size(), 3u);
  EXPECT_EQ(facts[0],
            "top 55.2, middle 45.0, bottom 20.0 degC; useful from 40, computers reach 57");
  EXPECT_EQ(facts[1], "next hygiene lift must have ended in 2d02h and needs 2.0 kWh");
  EXPECT_EQ(facts[2], "no forecast of what it takes");
  node.telemetry.tank->middle_c = {};
  node.telemetry.tank->bottom_c.quality = Quality::kImplausible;
  EXPECT_THAT(facts_of({}, node)[0], StartsWith("top 55.2, middle unknown, bottom unknown degC"));
  node.telemetry.tank.reset();
  EXPECT_EQ(facts_of({}, node).size(), 1u);
}

TEST(TankFacts, AreTheForecastToo) {
  auto node = boiler(57, 50, 15);
  ZoneRecord zone;
  zone.tank = std::make_unique<TankLearning>();
  zone.outlook = tank_outlook(
      {node.facts, node.telemetry, node.facts.idle, node.facts.max, node.facts.speed}, *zone.tank);
  ASSERT_TRUE(zone.outlook);
  const auto prior = facts_of(zone, node);
  ASSERT_EQ(prior.size(), 5u);
  // Four fifths of 200 l a day, warmed by 28 K: 160 * 4186 J * 28.
  EXPECT_EQ(prior[2], "its household draws 5.2 kWh in the next day, as a prior has it");
  EXPECT_THAT(prior[3], StartsWith("it has a place for "));
  const double place_kwh = zone.outlook->headroom_j / 3.6e6;
  EXPECT_NEAR(std::stod(prior[3].substr(19)), place_kwh, 0.06);
  EXPECT_EQ(prior[4], "runway at full power for ON_DEMAND: 0ms") << "no table yet";

  node.runway.reset(
      {.tank = &*zone.outlook, .idle = 40_W, .per_core = 200_W, .min_run = 60_W, .cores = 4});
  EXPECT_THAT(facts_of(zone, node)[4], Not(HasSubstr("0ms")));

  TankLearning::State taught;
  taught.half_hours = 3 * 48;
  for (auto& slot : taught.draws) slot = {1e5, 1e8, 3};
  zone.tank = std::make_unique<TankLearning>(taught);
  zone.outlook = tank_outlook(
      {node.facts, node.telemetry, node.facts.idle, node.facts.max, node.facts.speed}, *zone.tank);
  ASSERT_TRUE(zone.outlook);
  EXPECT_EQ(facts_of(zone, node)[2],
            "its household draws 1.3 kWh in the next day, learned from 3 days");
}

// Through the scheduler: a tank whose water nobody knows takes no heat, unlike a room.
TEST(ExplainZone, ATankIsExplainedAsATank) {
  DurableState state;
  state.store_id = "test";
  state.epoch = 1;
  Scheduler scheduler(SchedulerConfig{}, state);
  protocol::Hello hello;
  hello.installation_id = "i1";
  hello.session_counter = 1;
  const auto node = boiler(55, 45, 20);
  hello.facts = node.facts;
  hello.facts.node = NodeId{"n1"};
  hello.facts.zone = ZoneId{"cellar"};
  hello.facts.memory_bytes = 1 << 30;
  hello.telemetry = node.telemetry;
  hello.telemetry.setpoint = 20_degC;
  hello.telemetry.power_w = good(700);
  const auto say = [&](protocol::AgentMessage message) {
    (void)scheduler.apply(AgentSaid{SessionId{1}, std::move(message)}, TimePoint{});
  };
  const auto told = [&] { return *scheduler.explain_zone(ZoneId{"cellar"}); };
  say(hello);
  say(protocol::HelloEnd{});
  EXPECT_EQ(told().summary, "charged to 0 %, drawing 700 W");
  EXPECT_THAT(told().facts, Contains(StartsWith("top 55.0, middle 45.0")));
  EXPECT_DOUBLE_EQ(told().zone.state_of_charge, 0) << "not that of a room at 40 degC";
  EXPECT_THAT(told().facts, Not(Contains(HasSubstr("reference"))));
  auto blind = hello.telemetry;
  blind.air_temperature_c.quality = Quality::kStale;
  say(protocol::Report{blind});
  EXPECT_EQ(told().summary, "its thermometers are not known: it takes no heat");
  blind.tripped = true;
  say(protocol::Report{blind});
  EXPECT_THAT(told().summary, HasSubstr("safety trip"));
}

}  // namespace
}  // namespace hearth::scheduler
