// Learned errors of the capacity forecast, against errors of known distribution.
#include "scheduler/core/capacity_error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "common/normal.h"
#include "common/random.h"

namespace hearth::scheduler {
namespace {

constexpr double kFull = 1000;  // a day at full power

double normal(Random& random) {
  return normal_quantile((static_cast<double>(random.below(1'000'000)) + 0.5) / 1e6);
}

// A fleet whose forecast says 500 +- `assumed`, and whose days are 500 + bias + std * n.
struct Season {
  FleetCapacityError error;
  Random random;
  double covered = 0;
  double days = 0;
  double median = 0;

  explicit Season(std::uint64_t seed) : random{seed} {}

  void pass(int count, double bias, double std, double assumed) {
    covered = days = 0;
    for (int day = 0; day < count; ++day) {
      median = 500 + kFull * static_cast<double>(error.shared().bias);
      const auto band =
          widened({median - 1.645 * assumed, median, median + 1.645 * assumed}, error.widening());
      const double used = 500 + bias + std * normal(random);
      if (used >= band.p5 && used <= band.p95) ++covered;
      ++days;
      error.take(band, used, (used - median) / kFull);
    }
  }
  [[nodiscard]] double coverage() const { return covered / days; }
};

class FleetErrors : public testing::TestWithParam<std::uint64_t> {};

TEST_P(FleetErrors, BandsOfAnyAssumedWidthComeToCoverNineDaysInTen) {
  for (const double assumed : {10.0, 30.0, 80.0}) {
    Season season{GetParam()};
    season.pass(150, 0, 30, assumed);  // a band too wide narrows slowly
    season.pass(200, 0, 30, assumed);
    EXPECT_GE(season.coverage(), 0.85) << "assumed " << assumed;
    EXPECT_LE(season.coverage(), 0.95) << "assumed " << assumed;
  }
}

TEST_P(FleetErrors, AChangeOfRegimeIsLearned) {
  Season season{GetParam()};
  season.pass(60, 0, 20, 20);
  season.pass(30, 120, 40, 20);
  EXPECT_NEAR(season.median, 620, 60);
  season.pass(150, 120, 40, 20);
  EXPECT_GE(season.coverage(), 0.85);
  EXPECT_LE(season.coverage(), 0.95);
}

INSTANTIATE_TEST_SUITE_P(Seeds, FleetErrors, testing::Values(1, 2, 3, 4));

TEST(ZoneErrors, ABiasedZoneIsCorrectedAndOddDaysCountLittle) {
  Random random{7};
  ZoneCapacityError zone;
  for (int day = 0; day < 120; ++day) {
    const double error = 0.1 + 0.04 * normal(random) + (day % 40 == 39 ? 5 : 0);
    zone.take(error - static_cast<double>(zone.now().bias));
  }
  EXPECT_NEAR(zone.now().bias, 0.1, 0.05);
  EXPECT_GT(zone.now().std, 0.02);
  EXPECT_LT(zone.now().std, 0.12);
}

TEST(Widening, KeepsTheMedianAndStaysAboveNothing) {
  const auto wide = widened({10, 40, 90}, {3, 2});
  EXPECT_EQ(wide.p5, 0);
  EXPECT_EQ(wide.p50, 40);
  EXPECT_EQ(wide.p95, 140);
}

}  // namespace
}  // namespace hearth::scheduler
