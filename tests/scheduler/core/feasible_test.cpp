#include "scheduler/core/feasible.h"

#include <gtest/gtest.h>

#include "scheduler/core/score.h"
#include "scheduler/core/verify.h"

namespace hearth::scheduler {
namespace {

NodeRecord good_node() {
  NodeRecord node;
  node.facts.node = NodeId{"n1"};
  node.facts.cores = 4;
  node.facts.memory_bytes = 1 << 30;
  node.facts.idle = 100_W;
  node.facts.max = 500_W;
  node.state = NodeState::kOnline;
  node.hello_complete = true;
  node.limits.t_ref = 20_degC;
  node.limits.p_max = 500_W;
  node.telemetry.setpoint = 20_degC;
  node.telemetry.air_temperature_c = {19.0, protocol::Quality::kGood};
  return node;
}

struct Case {
  const char* name;
  void (*spoil)(NodeRecord&, Shape&);
  ConditionId fails;
};

class FeasibleTest : public testing::TestWithParam<Case> {};

// A node that meets everything; each case spoils one thing and exactly that condition fails.
TEST_P(FeasibleTest, ExactlyOneConditionFails) {
  auto node = good_node();
  Shape shape;
  EXPECT_TRUE(failing(node, shape, {}, 0).none());
  GetParam().spoil(node, shape);
  Conditions expected;
  expected.set(static_cast<std::size_t>(GetParam().fails));
  EXPECT_EQ(failing(node, shape, {}, 0), expected);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, FeasibleTest,
    testing::Values(
        Case{"silent", [](NodeRecord& n, Shape&) { n.state = NodeState::kSilent; },
             ConditionId::kNodeOnline},
        Case{"in_hello", [](NodeRecord& n, Shape&) { n.hello_complete = false; },
             ConditionId::kNodeOnline},
        Case{"draining", [](NodeRecord& n, Shape&) { n.draining = true; },
             ConditionId::kNotDraining},
        Case{"quarantined",
             [](NodeRecord& n, Shape&) {
               n.quarantine = Suspension{"odd", {}};
             },
             ConditionId::kNotQuarantined},
        Case{"isolation", [](NodeRecord&, Shape& s) { s.needs_isolation = true; },
             ConditionId::kIsolation},
        Case{"in_a_home", [](NodeRecord&, Shape& s) { s.no_residential = true; },
             ConditionId::kNotResidential},
        Case{"old_agent", [](NodeRecord&, Shape& s) { s.has_secrets = true; },
             ConditionId::kTakesSecrets},
        Case{"no_network", [](NodeRecord&, Shape& s) { s.needs_network = true; },
             ConditionId::kGrantsNetwork},
        Case{"small", [](NodeRecord&, Shape& s) { s.resources.cores = 5; },
             ConditionId::kCoresTotal},
        Case{"off", [](NodeRecord& n, Shape&) { n.setpoint.mode = protocol::SetpointMode::kOff; },
             ConditionId::kNotOff},
        Case{"tripped", [](NodeRecord& n, Shape&) { n.telemetry.tripped = true; },
             ConditionId::kNotTripped},
        Case{"no_sensor",
             [](NodeRecord& n, Shape&) {
               n.telemetry.air_temperature_c.quality = protocol::Quality::kStale;
             },
             ConditionId::kTemperatureKnown},
        Case{"warm", [](NodeRecord& n, Shape&) { n.telemetry.air_temperature_c.value = 21.0; },
             ConditionId::kRoomTakesHeat},
        Case{"breaker", [](NodeRecord& n, Shape&) { n.limits.p_max = 150_W; },
             ConditionId::kPowerShare},
        Case{"full", [](NodeRecord& n, Shape&) { n.cores_leased = 4; }, ConditionId::kCoresFree},
        Case{"memory",
             [](NodeRecord& n, Shape& s) {
               s.resources.memory_bytes = 1 << 20;
               n.memory_leased = 1 << 30;
             },
             ConditionId::kMemoryFree}),
    [](const auto& test) { return test.param.name; });

TEST(Feasible, ANodeInNobodysHomeThatKnowsSecretsTakesAll) {
  auto node = good_node();
  node.facts.residential = false;
  node.facts.takes_secrets = true;
  node.facts.grants_network = true;
  protocol::JobSpec spec;
  EXPECT_TRUE(failing(node, shape_of(spec), {}, 0).none());
  spec.no_residential = true;
  spec.needs_network = true;
  spec.secrets["KEY"] = protocol::Secret{"x"};
  EXPECT_TRUE(failing(node, shape_of(spec), {}, 0).none());
  EXPECT_TRUE(violations(spec, node).empty());
  const auto other = good_node();
  const auto failed = failing(other, shape_of(spec), {}, 0);
  EXPECT_EQ(failed.count(), 3u);
  EXPECT_EQ(lasting(failed), failed);
  EXPECT_EQ(violations(spec, other).size(), 3u) << "the verifier finds the same by itself";
}

TEST(Feasible, WhatTimeMendsIsNotLasting) {
  auto node = good_node();
  node.draining = true;
  node.cores_leased = 4;
  Shape shape;
  shape.resources.cores = 5;
  Conditions expected;
  expected.set(static_cast<std::size_t>(ConditionId::kCoresTotal));
  EXPECT_EQ(lasting(failing(node, shape, {}, 0)), expected);
}

TEST(Feasible, PowerLimitsHowManyCoresRun) {
  auto node = good_node();
  EXPECT_EQ(usable_cores(node), 4);
  node.limits.p_max = 350_W;  // 100 W idle, 100 W a core
  EXPECT_EQ(usable_cores(node), 2);
  node.limits.p_max = 100_W;
  EXPECT_EQ(usable_cores(node), 0);
  EXPECT_TRUE(failing(node, {}, {}, 0).test(static_cast<std::size_t>(ConditionId::kPowerShare)));
}

TEST(Feasible, LongWorkBeginsOnlyWhereHeatIsWanted) {
  auto node = good_node();
  node.telemetry.air_temperature_c.value = 20.5;
  Shape longer, shorter;
  longer.remaining_p90 = std::chrono::hours{2};
  shorter.remaining_p90 = std::chrono::minutes{20};
  const auto takes = [&](const Shape& shape) { return failing(node, shape, {}, 0).none(); };
  EXPECT_TRUE(takes(longer));
  node.free_peak = Kelvins{2};
  EXPECT_FALSE(takes(longer)) << "the sun is coming";
  EXPECT_TRUE(takes(shorter));
  node.free_peak = Kelvins{0};
  node.hold = 10_W;
  EXPECT_FALSE(takes(longer)) << "hardly any heat is lost";
  EXPECT_TRUE(takes(shorter));
  node.telemetry.air_temperature_c.value = 20.1;
  EXPECT_TRUE(takes(longer));
}

TEST(Feasible, NodeWithoutARoomIgnoresHeat) {
  auto node = good_node();
  node.facts.kind = protocol::NodeKind::kNone;
  node.telemetry.air_temperature_c = {99, protocol::Quality::kMissing};
  node.setpoint.mode = protocol::SetpointMode::kOff;
  EXPECT_TRUE(failing(node, {}, {}, 0).none());
}

TEST(Feasible, ChunksMayBeLeasedAhead) {
  auto node = good_node();
  node.cores_leased = 6;
  EXPECT_FALSE(failing(node, {}, {}, 2).none());
  EXPECT_TRUE(failing(node, {}, {}, 3).none());
}

TEST(Feasible, ATankTakesHeatUntilTheComputersCanGiveItNoMore) {
  auto node = good_node();
  node.facts.kind = protocol::NodeKind::kBoiler;
  node.facts.tank = protocol::TankFacts{};
  const auto takes = [&](double mean_c, double bottom_c, protocol::ServiceClass service_class) {
    node.telemetry.air_temperature_c = {mean_c, protocol::Quality::kGood};
    node.telemetry.tank = protocol::TankReading{};
    node.telemetry.tank->bottom_c = {bottom_c, protocol::Quality::kGood};
    Shape shape;
    shape.service_class = service_class;
    return failing(node, shape, {}, 0).none();
  };
  using enum protocol::ServiceClass;
  EXPECT_TRUE(takes(45, 30, kFlex));
  EXPECT_FALSE(takes(55.5, 45, kFlex));
  EXPECT_TRUE(takes(55.5, 45, kReserved));
  EXPECT_FALSE(takes(57, 45, kReserved));
  EXPECT_FALSE(takes(50, 52, kReserved)) << "the loop gets its water back too warm";
}

TEST(Rank, RoomsThatTheSunWillFillComeLast) {
  auto sunny = good_node(), asleep = good_node();
  sunny.free_peak = Kelvins{1.2};
  asleep.telemetry.asleep = true;
  EXPECT_LT(rank_of(asleep, {}, true), rank_of(sunny, {}, true));
  EXPECT_LT(rank_of(sunny, {}, false), rank_of(asleep, {}, false)) << "without prediction";
}

TEST(Rank, ColdZonesFirstThenByChargeThenNodesWithoutARoom) {
  auto cold = good_node(), warm = good_node(), vented = good_node();
  cold.telemetry.air_temperature_c.value = 19.4;
  warm.telemetry.air_temperature_c.value = 20.3;
  vented.facts.kind = protocol::NodeKind::kNone;
  EXPECT_LT(rank_of(cold, {}, false), rank_of(warm, {}, false));
  EXPECT_LT(rank_of(warm, {}, false), rank_of(vented, {}, false));
  EXPECT_DOUBLE_EQ(state_of_charge(warm.telemetry, {}), 0.8);
}

}  // namespace
}  // namespace hearth::scheduler
