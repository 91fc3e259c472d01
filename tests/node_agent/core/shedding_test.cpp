#include "node_agent/core/shedding.h"

#include <gtest/gtest.h>

namespace hearth::node_agent {
namespace {

using protocol::ServiceClass;

// Four cores of 100 W over 50 W idle, slowed by turns only.
const PowerModel kPower{50_W, 450_W, 100_W, {1, 0.4}};

HeatState heat(double excess_k, Watts allowed = 450_W, Watts wanted = 0_W) {
  HeatState state;
  state.excess = Kelvins{excess_k};
  state.allowed = allowed;
  state.wanted = wanted;
  return state;
}

Loads one_of_each() {
  Loads loads;
  for (std::size_t i = 0; i < 4; ++i) loads.add(static_cast<ServiceClass>(i), 100_W);
  return loads;
}

struct SheddingCase {
  const char* name;
  HeatState heat;
  std::array<int, 4> permille;  // RESERVED, ON_DEMAND, FLEX, FILLER; 0: frozen
};

class SheddingTest : public testing::TestWithParam<SheddingCase> {};

TEST_P(SheddingTest, YieldsInOrder) {
  EXPECT_EQ(shed(one_of_each(), {}, kPower, GetParam().heat).permille.all, GetParam().permille);
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
        SheddingCase{"filler_freezes_first", heat(0.25), {1000, 1000, 1000, 0}},
        SheddingCase{"flex_slows", heat(0.75), {1000, 1000, 500, 0}},
        SheddingCase{"on_demand_slows", heat(1.25), {1000, 500, 0, 0}},
        SheddingCase{"at_the_ceiling", heat(2.0, 0_W), {0, 0, 0, 0}},
        SheddingCase{"breaker_takes_filler", heat(-1, 350_W, 350_W), {1000, 1000, 1000, 0}},
        SheddingCase{"breaker_takes_flex_too", heat(-1, 300_W, 300_W), {1000, 1000, 500, 0}},
        SheddingCase{"breaker_leaves_nothing", heat(-1, 50_W, 50_W), {0, 0, 0, 0}},
        SheddingCase{"below_idle", heat(-1, 10_W, 10_W), {0, 0, 0, 0}},
        SheddingCase{"off", halted(), {0, 0, 0, 0}},
        SheddingCase{"frost", frost(), {1000, 1000, 1000, 1000}}),
    [](const auto& test) { return test.param.name; });

TEST(Shedding, APowerBecomesTheHighestSpeedThatDrawsNoMore) {
  auto power = kPower;
  power.law = {2, 0.4};
  Loads flex;
  flex.add(ServiceClass::kFlex, 100_W);
  flex.add(ServiceClass::kFlex, 100_W);
  EXPECT_EQ(shed(flex, {}, power, heat(0, 100_W)).permille[ServiceClass::kFlex], 500);
  EXPECT_EQ(shed(flex, {}, power, heat(0, 100_W)).expected, 100_W);
  EXPECT_EQ(shed(flex, {}, power, heat(0, 66_W)).permille[ServiceClass::kFlex], 200)
      << "below speed_min it works by turns";
  EXPECT_EQ(shed(flex, {}, kPower, heat(0, 100_W)).permille[ServiceClass::kFlex], 250);
}

TEST(Shedding, WhatIsBeingStoppedStillDraws) {
  Loads loads;
  loads.add(ServiceClass::kFlex, 100_W);
  loads.ending = loads.ending_likely = 100_W;
  EXPECT_EQ(shed(loads, {}, kPower, heat(0, 200_W)).permille[ServiceClass::kFlex], 500);
  EXPECT_EQ(shed(loads, {}, kPower, heat(0, 200_W)).expected, 200_W);
  EXPECT_EQ(shed(loads, {}, kPower, halted()).expected, 150_W);
}

TEST(Shedding, ExpectsNoHeatOfTasksThatDoNotCompute) {
  Loads idle;
  idle.add(ServiceClass::kFlex, 100_W, 0.05);
  EXPECT_EQ(shed(idle, {}, kPower, heat(0)).expected, 55_W);
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
  Loads loads;
  for (std::size_t i = 0; i < c.running; ++i) loads.add(ServiceClass::kReserved, 100_W);
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

TEST(StartsElsewhere, BeyondTheStartBoundByAHysteresis) {
  EXPECT_FALSE(starts_elsewhere(ServiceClass::kFlex, {}, heat(0.59)));
  EXPECT_TRUE(starts_elsewhere(ServiceClass::kFlex, {}, heat(0.6)));
  EXPECT_FALSE(starts_elsewhere(ServiceClass::kFiller, {}, heat(0.2))) << "it may replace filler";
  EXPECT_TRUE(starts_elsewhere(ServiceClass::kFiller, {}, heat(0.4)));
  EXPECT_FALSE(starts_elsewhere(ServiceClass::kReserved, {}, HeatState{})) << "nothing is known";
}

}  // namespace
}  // namespace hearth::node_agent
