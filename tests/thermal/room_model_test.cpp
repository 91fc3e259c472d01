#include "thermal/room_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hearth::thermal {
namespace {

constexpr RoomModel kRoom = {1.2e6, 9e6, 1 / 180.0, 2.5 / 30, 1.7 / 30, 1.5, 2};

TEST(Exponential, OfADiagonalAndOfANilpotentMatrix) {
  Matrix<2, 2> diagonal;
  diagonal(0, 0) = -40;
  diagonal(1, 1) = 3;
  const auto e = exponential(diagonal);
  EXPECT_NEAR(e(0, 0), std::exp(-40), 1e-25);
  EXPECT_NEAR(e(1, 1) / std::exp(3), 1, 1e-13);
  EXPECT_EQ(e(0, 1), 0);
  Matrix<2, 2> nilpotent;
  nilpotent(0, 1) = 5;
  EXPECT_NEAR(exponential(nilpotent)(0, 1), 5, 1e-13);
  EXPECT_NEAR(exponential(nilpotent)(0, 0), 1, 1e-15);
}

// One capacity: T goes to its steady value as exp(-t UA / C).
TEST(RoomStep, IsTheClosedFormOfOneCapacity) {
  const auto room = single_capacity_room(30, 4e6, 0);
  const RoomStep step(room, 600, 0);
  RoomEstimate x{20, 20, 0, 0};
  for (int k = 1; k <= 144; ++k) {
    x = step.advance(x, {5, 300, 0});
    const double steady = 5 + 300 / 30.0;
    const double exact = steady + (20 - steady) * std::exp(-k * 600.0 * 30 / 4e6);
    ASSERT_NEAR(x.air_c, exact, 1e-3) << k;  // the cut-off mass leaks a millionth
  }
}

TEST(RoomStep, GainFadesInSixHours) {
  RoomEstimate x{20, 20, 100, 0};
  const RoomStep step(kRoom, 600, 0);
  for (int k = 0; k < 36; ++k) x = step.advance(x, {20, 0, 0});
  EXPECT_NEAR(x.gain_w, 100 * std::exp(-1), 1e-9);
}

TEST(RoomStep, LagEmitsWhatItTookIn) {
  const RoomStep step(kRoom, 600, 1500);
  RoomEstimate x;
  for (int k = 1; k <= 10; ++k) {
    x = step.advance(x, {0, 500, 0});
    ASSERT_NEAR(x.emitted_w, 500 * (1 - std::exp(-k * 600 / 1500.0)), 1e-9);
  }
  EXPECT_EQ(RoomStep(kRoom, 600, 0).advance({}, {0, 500, 0}).emitted_w, 500);
}

// Two steps of 300 s are one of 600 s, and an hour is six: the discretisation is exact.
TEST(RoomStep, DoesNotDependOnTheStep) {
  for (const double lag_s : {0.0, 1500.0}) {
    const RoomStep fine(kRoom, 10, lag_s);
    const RoomStep coarse(kRoom, 3600, lag_s);
    const RoomInput input{3, 400, 200};
    RoomEstimate x{19, 18, 50, 100};
    auto y = x;
    for (int i = 0; i < 360; ++i) x = fine.advance(x, input);
    y = coarse.advance(y, input);
    EXPECT_NEAR(x.air_c, y.air_c, 1e-9);
    EXPECT_NEAR(x.mass_c, y.mass_c, 1e-9);
    EXPECT_NEAR(x.emitted_w, y.emitted_w, 1e-9);
  }
}

TEST(RoomStep, LosesInTheEndUaPerKelvin) {
  const RoomStep step(kRoom, 600, 0);
  RoomEstimate x{20, 20, 0, 0};
  for (int i = 0; i < 100'000; ++i) x = step.advance(x, {0, 300, 0});
  EXPECT_NEAR(x.air_c, 300 / kRoom.ua_w_per_k(), 1e-6);
}

TEST(RoomStep, KnowsThePowerThatReachesATemperature) {
  const RoomStep step(kRoom, 600, 0);
  const RoomEstimate x{19, 18, 50, 0};
  RoomInput input{3, 0, 100};
  input.heat_w = step.power_to_reach(20.5, x, input);
  EXPECT_NEAR(step.advance(x, input).air_c, 20.5, 1e-9);
}

TEST(RoomStep, BearsTheStiffestRoomOfTheBounds) {
  const RoomModel stiff{0.05e6, 0.5e6, 1e-7, 1 / 500.0, 1e-3, 0, 0};
  const auto x = RoomStep(stiff, 3600, 1500).advance({20, 20, 0, 0}, {0, 1000, 0});
  EXPECT_TRUE(std::isfinite(x.air_c));
  EXPECT_GT(x.air_c, -1);
  EXPECT_LT(x.air_c, 20);
}

TEST(RoomModel, PriorHasItsProportionsAndIsWithinBounds) {
  for (const double ua0 : {3.5, 30.0, 500.0}) {  // the range that fits begin from
    const auto room = prior_room(ua0);
    EXPECT_TRUE(within_bounds(room)) << ua0;
    EXPECT_NEAR(room.ua_w_per_k() / ua0, 0.4 + 1 / (1 / 6.0 + 1.7), 1e-12);
    EXPECT_DOUBLE_EQ(room.cm_j_per_k, ua0 * 40 * 3600);
    EXPECT_DOUBLE_EQ(room.ci_j_per_k, 0.12 * room.cm_j_per_k);
  }
  EXPECT_DOUBLE_EQ(prior_ua_w_per_k(20, Insulation::kAverage), 30);
}

TEST(RoomModel, BoundsRefuseWhatNoRoomIs) {
  const auto changed = [](auto member, double value) {
    auto room = kRoom;
    room.*member = value;
    return within_bounds(room);
  };
  EXPECT_TRUE(within_bounds(kRoom));
  EXPECT_FALSE(changed(&RoomModel::ci_j_per_k, 0.04e6));
  EXPECT_FALSE(changed(&RoomModel::cm_j_per_k, 301e6));
  EXPECT_FALSE(changed(&RoomModel::rio_k_per_w, 1e-3));
  EXPECT_FALSE(changed(&RoomModel::am_m2, -1));
  EXPECT_FALSE(changed(&RoomModel::rim_k_per_w, std::numeric_limits<double>::quiet_NaN()));
}

}  // namespace
}  // namespace hearth::thermal
