#include "node_agent/core/shedding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::node_agent {
namespace {

using protocol::ServiceClass;
using testing::ElementsAre;

// Four cores of 100 W over 50 W idle.
const PowerModel kPower{50_W, 450_W, 100_W};

Load load(std::uint64_t counter, ServiceClass c) {
  return {AttemptId{1, counter}, c, 100_W, 100_W, counter};
}

HeatState heat(double excess_k, Watts allowed = 450_W, Watts wanted = 0_W) {
  HeatState state;
  state.excess = Kelvins{excess_k};
  state.allowed = allowed;
  state.wanted = wanted;
  return state;
}

// One attempt of each class: a1.0 RESERVED ... a1.3 FILLER.
struct SheddingCase {
  const char* name;
  HeatState heat;
  std::vector<int> permille;  // RESERVED, ON_DEMAND, FLEX, FILLER; -1: stopped
};

class SheddingTest : public testing::TestWithParam<SheddingCase> {};

TEST_P(SheddingTest, YieldsInOrder) {
  std::vector<Load> loads;
  for (std::uint64_t i = 0; i < 4; ++i) loads.push_back(load(i, static_cast<ServiceClass>(i)));
  const auto result = shed(loads, {}, kPower, GetParam().heat);
  std::vector<int> permille(4, -1);
  for (const auto& speed : result.speeds) permille[speed.attempt.counter] = speed.permille;
  EXPECT_EQ(permille, GetParam().permille);
  EXPECT_EQ(result.speeds.size() + result.stop.size(), 4u);
}

HeatState halted() {
  HeatState state;
  state.halted = true;
  return state;
}

HeatState frost() {
  auto state = heat(-13, 450_W, 450_W);
  state.frost = true;
  return state;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, SheddingTest,
    testing::Values(
        SheddingCase{"cold_all_run", heat(-1, 450_W, 450_W), {1000, 1000, 1000, 1000}},
        SheddingCase{"filler_gets_what_is_wanted", heat(0, 450_W, 400_W), {1000, 1000, 1000, 500}},
        SheddingCase{"nothing_wanted_of_filler", heat(0.2), {1000, 1000, 1000, 0}},
        SheddingCase{"filler_stops_first", heat(0.25), {1000, 1000, 1000, -1}},
        SheddingCase{"flex_slows", heat(0.75), {1000, 1000, 500, -1}},
        SheddingCase{"others_wait_for_filler_to_end", heat(1.25), {1000, 500, 0, -1}},
        SheddingCase{"at_the_ceiling", heat(2.0, 0_W), {0, 0, 0, -1}},
        SheddingCase{"breaker_takes_filler", heat(-1, 350_W, 350_W), {1000, 1000, 1000, 0}},
        SheddingCase{"breaker_takes_flex_too", heat(-1, 300_W, 300_W), {1000, 1000, 500, 0}},
        SheddingCase{"breaker_leaves_nothing", heat(-1, 50_W, 50_W), {0, 0, 0, 0}},
        SheddingCase{"below_idle", heat(-1, 10_W, 10_W), {0, 0, 0, 0}},
        SheddingCase{"off", halted(), {-1, -1, -1, -1}},
        SheddingCase{"frost", frost(), {1000, 1000, 1000, 1000}}),
    [](const auto& test) { return test.param.name; });

TEST(Shedding, StopsTheNewestFirst) {
  const auto result = shed(
      {load(1, ServiceClass::kFlex), load(3, ServiceClass::kFlex), load(2, ServiceClass::kFlex)},
      {}, kPower, heat(1.1));
  EXPECT_THAT(result.stop, ElementsAre(AttemptId{1, 3}, AttemptId{1, 2}, AttemptId{1, 1}));
}

TEST(Shedding, StopsTheNextClassOnceTheOneBeforeIsGone) {
  auto flex = load(1, ServiceClass::kFlex);
  flex.stopping = true;
  const auto on_demand = load(2, ServiceClass::kOnDemand);
  EXPECT_TRUE(shed({flex, on_demand}, {}, kPower, heat(1.6)).stop.empty());
  EXPECT_THAT(shed({on_demand}, {}, kPower, heat(1.6)).stop, ElementsAre(AttemptId{1, 2}));
}

TEST(Shedding, ExpectsNoHeatOfTasksThatDoNotCompute) {
  auto idle = load(1, ServiceClass::kFlex);
  idle.drawn = 5_W;
  EXPECT_EQ(shed({idle}, {}, kPower, heat(0)).expected, 55_W);
}

struct StartCase {
  const char* name;
  ServiceClass service_class;
  std::size_t running;
  HeatState heat;
  bool may;
};

class MayStartTest : public testing::TestWithParam<StartCase> {};

TEST_P(MayStartTest, KeepsTheBounds) {
  const auto& c = GetParam();
  std::vector<Load> loads;
  for (std::size_t i = 0; i < c.running; ++i) loads.push_back(load(i, ServiceClass::kReserved));
  EXPECT_EQ(may_start({c.service_class, 100_W}, loads, {}, kPower, c.heat, 60_W), c.may);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, MayStartTest,
    testing::Values(StartCase{"flex_below", ServiceClass::kFlex, 0, heat(0.49), true},
                    StartCase{"flex_at_bound", ServiceClass::kFlex, 0, heat(0.5), false},
                    StartCase{"on_demand_below", ServiceClass::kOnDemand, 0, heat(0.99), true},
                    StartCase{"on_demand_at_bound", ServiceClass::kOnDemand, 0, heat(1), false},
                    StartCase{"reserved_at_bound", ServiceClass::kReserved, 0, heat(1.5), false},
                    StartCase{"filler_cold", ServiceClass::kFiller, 0, heat(-0.3), true},
                    StartCase{"filler_unwanted", ServiceClass::kFiller, 0, heat(0), false},
                    StartCase{"filler_instead_of_burning", ServiceClass::kFiller, 0,
                              heat(0, 450_W, 150_W), true},
                    StartCase{"half_fits_the_breaker", ServiceClass::kFlex, 2, heat(0, 300_W),
                              true},
                    StartCase{"less_than_half", ServiceClass::kFlex, 2, heat(0, 299_W), false},
                    StartCase{"first_one_at_min_run", ServiceClass::kFlex, 0, heat(0, 60_W), true},
                    StartCase{"below_min_run", ServiceClass::kFlex, 0, heat(0, 59_W), false},
                    StartCase{"off", ServiceClass::kReserved, 0, halted(), false},
                    StartCase{"frost", ServiceClass::kFlex, 0, frost(), true}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace hearth::node_agent
