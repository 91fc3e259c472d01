#include "thermal/room_filter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hearth::thermal {
namespace {

constexpr RoomModel kRoom = {1.2e6, 9e6, 1 / 180.0, 2.5 / 30, 1.7 / 30, 1.5, 2};
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A true room of the same class beside its filter.
struct Pair {
  RoomStep step{kRoom, kModelStepS, 0};
  RoomEstimate truth{20, 19.5, 0, 0};
  RoomFilter filter;
  RoomInput input{5, 400, 0};

  explicit Pair(FilterOptions options = {}) : filter(kRoom, options) {
    filter.advance(input, truth.air_c);
  }
  void run(int steps, double offset_k = 0, double quantum_k = 0) {
    for (int i = 0; i < steps; ++i) {
      truth = step.advance(truth, input);
      truth.gain_w = 0;
      double reading = truth.air_c + offset_k;
      if (quantum_k > 0) reading = std::round(reading / quantum_k) * quantum_k;
      filter.advance(input, reading);
    }
  }
  double error_k() const { return filter.estimate().air_c - truth.air_c; }
};

TEST(RoomFilter, FindsTheMassThatItCannotSee) {
  Pair pair;
  pair.run(144);
  EXPECT_NEAR(pair.error_k(), 0, 0.02);
  EXPECT_NEAR(pair.filter.estimate().mass_c, pair.truth.mass_c, 0.3);
  EXPECT_NEAR(pair.filter.estimate().gain_w, 0, 30);
  EXPECT_EQ(pair.filter.counts().skipped, 0u);
}

TEST(RoomFilter, FindsAGainThatNobodyMeasured) {
  Pair pair;
  for (int i = 0; i < 72; ++i) {
    pair.truth.gain_w = 150;
    pair.truth = pair.step.advance(pair.truth, pair.input);
    pair.filter.advance(pair.input, pair.truth.air_c);
  }
  // To the air, a gain and a warmer mass are the same for hours; their sum is known.
  const auto& estimate = pair.filter.estimate();
  const double from_mass = (estimate.mass_c - pair.truth.mass_c) / kRoom.rim_k_per_w;
  EXPECT_NEAR(estimate.gain_w + from_mass, 150, 30);
}

// HEAT section 1: a 2 K step is re-acquired within an hour, and counted as one event.
TEST(RoomFilter, ReacquiresAStepOfTwoKelvinsWithinAnHour) {
  for (const double step_k : {2.0, -2.0}) {
    Pair pair;
    pair.run(144);
    pair.run(6, step_k);
    EXPECT_NEAR(pair.error_k(), step_k, 0.2);
    EXPECT_EQ(pair.filter.counts().skipped, 3u);
    EXPECT_EQ(pair.filter.counts().events, 1u);
  }
}

TEST(RoomFilter, SkipsAStrayReading) {
  Pair pair;
  pair.run(144);
  pair.run(1, 15);
  EXPECT_NEAR(pair.error_k(), 0, 0.05);
  pair.run(1);
  EXPECT_EQ(pair.filter.counts().skipped, 1u);
  EXPECT_EQ(pair.filter.counts().events, 0u);
  EXPECT_NEAR(pair.error_k(), 0, 0.05);
}

TEST(RoomFilter, GoesOnWithoutReadings) {
  Pair pair;
  pair.run(144);
  const double sure_k2 = pair.filter.covariance()(0, 0);
  for (int i = 0; i < 36; ++i) {
    pair.truth = pair.step.advance(pair.truth, pair.input);
    pair.filter.advance(pair.input, kNaN);
  }
  EXPECT_NEAR(pair.error_k(), 0, 0.3);
  EXPECT_GT(pair.filter.covariance()(0, 0), 4 * sure_k2);
  EXPECT_EQ(pair.filter.counts().missing, 36u);
  EXPECT_TRUE(std::isfinite(pair.filter.estimate().mass_c));
}

TEST(RoomFilter, MissingInputsAreWhatTheyWereLast) {
  Pair pair;
  pair.run(144);
  const auto before = pair.filter.estimate();
  auto twin = pair.filter;
  pair.filter.advance({kNaN, kNaN, kNaN}, kNaN);
  twin.advance(pair.input, kNaN);
  EXPECT_EQ(pair.filter.estimate(), twin.estimate());
  EXPECT_NE(pair.filter.estimate(), before);
}

TEST(RoomFilter, AClockSetBackChangesNothing) {
  Pair pair;
  pair.run(20);
  const auto before = pair.filter.estimate();
  pair.filter.advance(-3600, pair.input, 12);
  pair.filter.advance(0, pair.input, 12);
  pair.filter.advance(kNaN, pair.input, 12);
  EXPECT_EQ(pair.filter.estimate(), before);
}

TEST(RoomFilter, StartsAgainAfterALongGap) {
  Pair pair;
  pair.run(144);
  pair.filter.advance(3 * 86400, pair.input, 12);
  EXPECT_EQ(pair.filter.estimate().air_c, 12);
  EXPECT_EQ(pair.filter.counts().restarts, 1u);
  // An hour is no long gap: it is one long step.
  pair.filter.advance(3600, pair.input, kNaN);
  EXPECT_EQ(pair.filter.counts().restarts, 1u);
  EXPECT_GT(pair.filter.estimate().air_c, 12);
}

TEST(RoomFilter, SaysNothingBeforeItsFirstReading) {
  RoomFilter filter(kRoom, {});
  filter.advance({5, 0, 0}, kNaN);
  EXPECT_FALSE(filter.started());
  filter.advance({5, 0, 0}, 18);
  EXPECT_TRUE(filter.started());
  EXPECT_EQ(filter.estimate().mass_c, 17);
}

TEST(RoomFilter, SeesThroughASensorOfHalfAKelvin) {
  EXPECT_DOUBLE_EQ(sensor_std_k(0.5), 0.5 / std::sqrt(12.0));
  EXPECT_DOUBLE_EQ(sensor_std_k(0), 0.03);
  FilterOptions options;
  options.sensor_std_k = sensor_std_k(0.5);
  Pair pair(options);
  double squares = 0;
  for (int day = 0; day < 6; ++day) {
    pair.input.heat_w = day % 2 == 0 ? 200 : 500;
    for (int i = 0; i < 144; ++i) {
      pair.run(1, 0, 0.5);
      if (day > 0) squares += pair.error_k() * pair.error_k() / (5 * 144);
    }
  }
  EXPECT_LT(std::sqrt(squares), 0.144);  // better than the readings themselves
  EXPECT_EQ(pair.filter.counts().events, 0u);
}

TEST(RoomFilter, IsLessSureFurtherAhead) {
  Pair pair;
  pair.run(144);
  double before = 0;
  for (const double hours : {0.0, 1.0, 6.0, 24.0, 48.0}) {
    const double here = pair.filter.forecast_std_k(hours * 3600);
    EXPECT_GT(here, before);
    before = here;
  }
  EXPECT_LT(before, 3);
}

}  // namespace
}  // namespace hearth::thermal
