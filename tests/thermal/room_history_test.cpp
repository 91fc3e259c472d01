#include "thermal/room_history.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "thermal/energy_signature.h"

namespace hearth::thermal {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

RoomHistory steady(std::size_t days) {
  const auto n = days * kStepsPerDay;
  RoomHistory history;
  history.air_c.assign(n, 20);
  history.heat_w.assign(n, 450);
  history.outdoor_c.assign(n, 5);
  history.irradiance_w_per_m2.assign(n, 0);
  return history;
}

TEST(PreparedHistory, BridgesShortGapsAndCountsLongOnes) {
  auto history = steady(2);
  history.heat_w[11] = history.heat_w[12] = kNaN;
  history.heat_w[10] = 300;
  history.heat_w[13] = 600;
  for (std::size_t k = 100; k < 130; ++k) history.heat_w[k] = k % 2 ? kNaN : -500;
  const PreparedHistory prepared(history);
  EXPECT_NEAR(prepared.input(11).heat_w, 400, 1e-9);
  EXPECT_NEAR(prepared.input(12).heat_w, 500, 1e-9);
  EXPECT_NEAR(prepared.input(115).heat_w, 450, 1e-9);
  EXPECT_TRUE(prepared.known(0, 36));
  EXPECT_FALSE(prepared.known(100, 136));
  EXPECT_TRUE(prepared.known(0, 288));  // a tenth of two days
}

TEST(PreparedHistory, DropsWhatNoSensorSees) {
  auto history = steady(1);
  history.air_c[3] = 999;
  history.air_c[4] = -127;  // what a broken one-wire sensor says
  history.outdoor_c[5] = 85;
  history.irradiance_w_per_m2[6] = -5;
  history.heat_w[7] = std::numeric_limits<double>::infinity();
  const PreparedHistory prepared(history);
  EXPECT_TRUE(std::isnan(prepared.air_c(3)));
  EXPECT_TRUE(std::isnan(prepared.air_c(4)));
  EXPECT_EQ(prepared.input(5).outdoor_c, 5);
  EXPECT_EQ(prepared.input(6).irradiance_w_per_m2, 0);
  EXPECT_EQ(prepared.input(7).heat_w, 450);
}

TEST(PreparedHistory, ASunSensorThatNeverSpokeIsNone) {
  auto history = steady(1);
  history.irradiance_w_per_m2.assign(history.size(), kNaN);
  const PreparedHistory prepared(history);
  EXPECT_TRUE(prepared.known(0, 144));
  EXPECT_EQ(prepared.input(70).irradiance_w_per_m2, 0);
}

TEST(Quantum, IsSeenInTheReadings) {
  for (const double quantum : {0.5, 0.1, 0.0625}) {
    std::vector<double> readings;
    for (int k = 0; k < 2000; ++k) {
      const double air = 20 + 2 * std::sin(k / 40.0) + 0.2 * std::sin(k * 1.7);
      readings.push_back(std::round(air / quantum) * quantum);
      if (k % 50 == 0) readings.push_back(kNaN);
    }
    EXPECT_NEAR(detected_quantum_k(readings), quantum, 1e-6);
  }
  std::vector<double> fine;
  for (int k = 0; k < 2000; ++k) fine.push_back(20 + 2 * std::sin(k * 0.731));
  EXPECT_EQ(detected_quantum_k(fine), 0);
  EXPECT_EQ(detected_quantum_k({20, 20, 20}), 0);
}

TEST(Energy, FirstDayGivesTheLoss) {
  const auto first = first_day_ua_w_per_k(PreparedHistory(steady(1)));
  ASSERT_TRUE(first);
  EXPECT_NEAR(first->ua_w_per_k, 30, 1e-9);
  EXPECT_TRUE(first->steady);
  auto cold = steady(1);
  cold.heat_w.assign(cold.size(), 0);
  EXPECT_FALSE(first_day_ua_w_per_k(PreparedHistory(cold)));
  auto warm = steady(1);
  warm.outdoor_c.assign(warm.size(), 19);
  EXPECT_FALSE(first_day_ua_w_per_k(PreparedHistory(warm)));
}

TEST(Energy, SignatureSeparatesLossAndSun) {
  auto history = steady(14);
  for (std::size_t k = 0; k < history.size(); ++k) {
    const auto day = static_cast<double>(k / kStepsPerDay);
    const double sun = 40 * (1 + std::sin(day));
    history.outdoor_c[k] = 4 * std::cos(day * 0.7);
    history.irradiance_w_per_m2[k] = sun;
    history.heat_w[k] = 30 * (20 - history.outdoor_c[k]) - 2 * sun;
  }
  const PreparedHistory prepared(history);
  // Whatever it is sought from.
  for (const double guess : {40.0, 5.0, 300.0}) {
    EXPECT_NEAR(*signature_ua_w_per_k(prepared, prepared.size(), guess), 30, 1.5) << guess;
  }
  EXPECT_FALSE(signature_ua_w_per_k(PreparedHistory(steady(2)), 288, 40));
}

TEST(Energy, SignatureReadsTheAirByTheHour) {
  auto history = steady(6);
  for (std::size_t k = 0; k < history.size(); ++k) {
    if (k % kStepsPerHour != 0) history.air_c[k] = std::nan("");
  }
  const PreparedHistory prepared(history);
  const auto ua = signature_ua_w_per_k(prepared, prepared.size(), 150);
  ASSERT_TRUE(ua);
  EXPECT_NEAR(*ua, 30, 1.5);
}

TEST(Energy, AFirstDayThatCoolsIsNotSteady) {
  auto history = steady(2);
  for (std::size_t k = 0; k < history.size(); ++k) {
    history.air_c[k] = 24 - 2 * static_cast<double>(k) / static_cast<double>(kStepsPerDay);
  }
  const auto first = first_day_ua_w_per_k(PreparedHistory(history));
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->steady);
}

TEST(Energy, ExcitationIsPowerThatMovesOrASetpointThatMoves) {
  auto history = steady(6);
  EXPECT_FALSE(excited(history, 500));
  history.setpoint_c.assign(history.size(), 20);
  EXPECT_FALSE(excited(history, 500));
  history.setpoint_c[50] = 17;
  EXPECT_TRUE(excited(history, 500));
  history.setpoint_c.clear();
  for (std::size_t k = 0; k < history.size(); ++k) history.heat_w[k] = k / 30 % 2 ? 300 : 500;
  EXPECT_TRUE(excited(history, 500));
  EXPECT_FALSE(excited(history, 1000));
  auto swinging = steady(6);
  for (std::size_t k = 0; k < swinging.size(); ++k) swinging.air_c[k] = k / 70 % 2 ? 17 : 20;
  EXPECT_TRUE(excited(swinging, 500));
  EXPECT_FALSE(excited({}, 500));
}

TEST(Energy, FallbackHoldsWithTheLoss) {
  EXPECT_EQ(fallback_hold_power_w(30, 20, 5), 450);
  EXPECT_EQ(fallback_hold_power_w(30, 20, 25), 0);
}

}  // namespace
}  // namespace hearth::thermal
