#include "thermal/case_bias.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "common/random.h"
#include "thermal/simulated_room.h"

namespace hearth::thermal {
namespace {

constexpr double kFullW = 450;

double stepped(double value, double quantum_k) {
  return quantum_k > 0 ? std::round(value / quantum_k) * quantum_k : value;
}

// A day of a simulated room whose heater stops every three hours, read through the case.
std::vector<CaseSample> day_of_stops(
    double k, double noise_k, double quantum_k = 0,
    const RoomParameters& parameters = room_with_loss(20, 25, MassClass::kMedium)) {
  SimulatedRoom room(parameters, {}, 20_degC);
  Random random(5);
  std::vector<CaseSample> samples;
  for (int minute = 0; minute < 1440; ++minute) {
    const Watts power = minute % 180 < 90 ? Watts{kFullW} : 0_W;
    const auto& state = room.state();
    const double noise = noise_k * (static_cast<double>(random.below(2001)) / 1000 - 1);
    const double reading = state.air.value + k * (state.radiator.value - state.air.value) + noise;
    samples.push_back(
        {minute * 60.0, stepped(reading, quantum_k), state.radiator.value, power.value});
    room.step(power, {}, std::chrono::minutes{1});
  }
  return samples;
}

// The heater stands still after an hour at full power, for so many minutes; k = 0.2.
std::vector<CaseSample> one_stop(int minutes, double rest_w = 0) {
  std::vector<CaseSample> samples;
  for (int minute = 0; minute < 60 + minutes + 10; ++minute) {
    const bool still = minute >= 60 && minute < 60 + minutes;
    const double excess = still ? 40 * std::exp(-(minute - 60) / 25.0) : 40;
    const double power = still ? rest_w : kFullW;
    samples.push_back({minute * 60.0, 20 + 0.2 * excess, 20 + excess, power});
  }
  return samples;
}

int stops_in(const std::vector<CaseSample>& samples) {
  return fit_case_bias(samples).stops;
}

TEST(CaseBias, FindsTheShareAtStops) {
  for (const double k : {0.0, 0.02, 0.05, 0.12, 0.2}) {
    const auto bias = fit_case_bias(day_of_stops(k, 0.05));
    EXPECT_GE(bias.stops, 6) << k;
    EXPECT_NEAR(bias.k(), k, 0.035);  // with what the air loses meanwhile
  }
}

// A quarter of a kelvin in the first reading is a hundredth or more of what the case cools by.
TEST(CaseBias, FindsTheShareRoughlyWithASensorOfHalfKelvins) {
  for (const double k : {0.05, 0.12, 0.2}) {
    EXPECT_NEAR(fit_case_bias(day_of_stops(k, 0.05, 0.5)).k(), k, 0.06);
  }
}

// The air falls the faster the less heat is left in the case, which takes from what the case shows.
TEST(CaseBias, ComesOutTooLowTheMoreSoTheSmallerTheRoom) {
  const struct {
    double floor_area_m2;
    double off_at_most;
    double off_at_least;
  } cases[] = {{10, -0.03, -0.06}, {20, -0.015, -0.03}, {40, -0.008, -0.015}};
  for (const auto& item : cases) {
    for (const auto mass : {MassClass::kVeryLight, MassClass::kMedium, MassClass::kVeryHeavy}) {
      for (const double k : {0.06, 0.1, 0.2}) {
        const auto room = room_with_loss(item.floor_area_m2, item.floor_area_m2, mass);
        const double off = fit_case_bias(day_of_stops(k, 0, 0, room)).k() - k;
        EXPECT_LT(off, item.off_at_most) << item.floor_area_m2 << " m2, k " << k;
        EXPECT_GT(off, item.off_at_least) << item.floor_area_m2 << " m2, k " << k;
      }
    }
  }
}

TEST(CaseBias, GivesTheAirBehindTheReading) {
  EXPECT_NEAR(air_behind_case_c(20 + 0.05 * 30, 50, 0.05), 20, 1e-12);
  EXPECT_EQ(air_behind_case_c(20, 60, 0), 20);
}

TEST(CaseBias, IsThePriorWithoutStops) {
  EXPECT_EQ(fit_case_bias({}).k(), kCaseSharePrior);
  auto samples = day_of_stops(0.2, 0);
  for (auto& s : samples) s.power_w = kFullW;
  EXPECT_EQ(fit_case_bias(samples).k(), kCaseSharePrior);
  for (auto& s : samples) s.power_w = 0;
  EXPECT_EQ(fit_case_bias(samples).stops, 0);
}

TEST(CaseBias, BearsMissingAndAbsurdValues) {
  auto samples = day_of_stops(0.1, 0.02);
  for (std::size_t i = 0; i < samples.size(); i += 7) samples[i].reading_c = NAN;
  EXPECT_NEAR(fit_case_bias(samples).k(), 0.1, 0.035);
  for (auto& s : samples) s.heatsink_c = 1000 - s.time_s;
  const double k = fit_case_bias(samples).k();
  EXPECT_GE(k, 0);
  EXPECT_LE(k, kCaseShareMax);
}

TEST(CaseBias, StaysWithinItsBounds) {
  EXPECT_EQ((CaseBias{1e6, 1e9, 1}.k()), kCaseShareMax);
  EXPECT_EQ((CaseBias{1e6, -1e9, 1}.k()), 0);
  EXPECT_EQ((CaseBias{0, 0, 0}.k()), kCaseSharePrior);
  EXPECT_DOUBLE_EQ((CaseBias{0, 0, 1}.k()), kCaseSharePrior) << "a stop that said nothing";
}

TEST(CaseStops, AStopLastsForHalfAnHourAtATenthOrLess) {
  const struct {
    const char* what;
    int minutes;
    double rest_w;
    int stops;
  } cases[] = {
      {"half an hour", 31, 0, 1},   {"nearly", 28, 0, 1},
      {"too short", 25, 0, 0},      {"much longer counts once", 200, 0, 1},
      {"idling boards", 31, 45, 1}, {"more than a tenth", 31, 46, 0},
  };
  for (const auto& item : cases) {
    EXPECT_EQ(stops_in(one_stop(item.minutes, item.rest_w)), item.stops) << item.what;
  }
  auto cool = one_stop(31);
  for (auto& s : cool) s.heatsink_c = s.reading_c + 4.9;
  EXPECT_EQ(stops_in(cool), 0) << "a case that is no hotter than that";
  auto fades = one_stop(31);
  fades[59].power_w = 0.4 * kFullW;
  EXPECT_EQ(stops_in(fades), 0) << "not from half of the power or more";
  EXPECT_NEAR(fit_case_bias(one_stop(31)).k(), 0.2, 0.002);
}

TEST(CaseStops, WhatDoesNotFollowIsNotCompared) {
  const auto after_minute = [](int from, double shift_s) {
    auto samples = one_stop(31);
    for (std::size_t i = static_cast<std::size_t>(from); i < samples.size(); ++i) {
      samples[i].time_s += shift_s;
    }
    return samples;
  };
  EXPECT_EQ(stops_in(after_minute(75, 8 * 60)), 1) << "some minutes without a sample";
  EXPECT_EQ(stops_in(after_minute(75, 10 * 60)), 0) << "a gap within the stop";
  EXPECT_EQ(stops_in(after_minute(75, -7200)), 0) << "a clock that jumps back";
  EXPECT_EQ(stops_in(after_minute(60, 86'400)), 0) << "nobody saw it stop";
  EXPECT_EQ(stops_in(after_minute(89, 86'400)), 1) << "over before the gap";
  auto samples = one_stop(31);
  CaseStops stops(kFullW);
  for (std::size_t i = 0; i < 75; ++i) EXPECT_FALSE(stops.take(samples[i]));
  EXPECT_FALSE(stops.interrupt());
  for (std::size_t i = 75; i < samples.size(); ++i) EXPECT_FALSE(stops.take(samples[i]));
}

// Somebody takes over every hour what was learned before; between stops nothing is lost by it.
TEST(CaseStops, LearnOneAfterAnotherWhatASeriesShows) {
  const auto samples = day_of_stops(0.12, 0.05);
  CaseBias kept;
  std::optional<CaseStops> stops;
  int learned = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (i % 180 == 60) {
      if (stops) kept = stops->bias();
      stops.emplace(kFullW, kept);
    }
    if (stops && stops->take(samples[i])) ++learned;
  }
  EXPECT_EQ(learned, stops->bias().stops);
  EXPECT_EQ(stops->bias(), fit_case_bias(samples));
}

TEST(CaseStops, FollowASensorThatWasMoved) {
  CaseBias bias;
  const auto days_at = [&bias](double k, int days) {
    for (int day = 0; day < days; ++day) {
      CaseStops stops(kFullW, bias);
      for (const auto& sample : day_of_stops(k, 0.05)) (void)stops.take(sample);
      (void)stops.interrupt();
      bias = stops.bias();
    }
    return bias.k();
  };
  EXPECT_NEAR(days_at(0.15, 60), 0.15, 0.035);
  EXPECT_NEAR(days_at(0.02, 20), 0.02, 0.045) << "160 stops later";
  EXPECT_GE(bias.stops, 600);
}

}  // namespace
}  // namespace hearth::thermal
