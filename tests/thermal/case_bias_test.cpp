#include "thermal/case_bias.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "common/random.h"
#include "thermal/simulated_room.h"

namespace hearth::thermal {
namespace {

// A day of a simulated room whose heater stops every three hours, read through the case.
std::vector<CaseSample> day_of_stops(double k, double noise_k) {
  SimulatedRoom room(room_with_loss(20, 25, MassClass::kMedium), {}, 20_degC);
  Random random(5);
  std::vector<CaseSample> samples;
  for (int minute = 0; minute < 1440; ++minute) {
    const Watts power = minute % 180 < 90 ? 450_W : 0_W;
    const auto& state = room.state();
    const double noise = noise_k * (static_cast<double>(random.below(2001)) / 1000 - 1);
    const double reading = state.air.value + k * (state.radiator.value - state.air.value) + noise;
    samples.push_back({minute * 60.0, reading, state.radiator.value, power.value});
    room.step(power, {}, std::chrono::minutes{1});
  }
  return samples;
}

TEST(CaseBias, FindsTheShareAtStops) {
  for (const double k : {0.0, 0.02, 0.05, 0.12, 0.2}) {
    const auto bias = fit_case_bias(day_of_stops(k, 0.05));
    EXPECT_GE(bias.stops, 6) << k;
    EXPECT_NEAR(bias.k, k, 0.035);  // with what the air loses at once
  }
}

TEST(CaseBias, GivesTheAirBehindTheReading) {
  EXPECT_NEAR(air_behind_case_c(20 + 0.05 * 30, 50, 0.05), 20, 1e-12);
  EXPECT_EQ(air_behind_case_c(20, 60, 0), 20);
}

TEST(CaseBias, IsThePriorWithoutStops) {
  EXPECT_EQ(fit_case_bias({}).k, kCaseSharePrior);
  auto samples = day_of_stops(0.2, 0);
  for (auto& s : samples) s.power_w = 450;
  EXPECT_EQ(fit_case_bias(samples).k, kCaseSharePrior);
  for (auto& s : samples) s.power_w = 0;
  EXPECT_EQ(fit_case_bias(samples).stops, 0);
}

TEST(CaseBias, BearsMissingAndAbsurdValues) {
  auto samples = day_of_stops(0.1, 0.02);
  for (std::size_t i = 0; i < samples.size(); i += 7) samples[i].reading_c = NAN;
  EXPECT_NEAR(fit_case_bias(samples).k, 0.1, 0.035);
  for (auto& s : samples) s.heatsink_c = 1000 - s.time_s;
  const double k = fit_case_bias(samples).k;
  EXPECT_GE(k, 0);
  EXPECT_LE(k, kCaseShareMax);
}

}  // namespace
}  // namespace hearth::thermal
