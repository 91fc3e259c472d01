#include "scheduler/core/zone_learning.h"

#include <gtest/gtest.h>

#include <cmath>

#include "scheduler/core/node_learning.h"

namespace hearth::scheduler {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(ZoneLearning, SlotsHoldTheLastReadingAndTheMeanPower) {
  ZoneLearning learning;
  SiteHistory site;
  UtcTime utc{hours{1000}};
  learning.report(utc, 20_degC, 20_degC, Joules{0}, 100_W);
  learning.close_slots(utc, site);
  for (int i = 1; i <= 10; ++i) {
    utc += minutes{1};
    learning.report(utc, Celsius{20 + 0.01 * i}, 21_degC, Joules{6000.0 * i}, 100_W);
  }
  ASSERT_TRUE(learning.close_slots(utc, site));
  ASSERT_EQ(learning.size(), 1u);
  const auto slot = learning.slot(learning.first_slot());
  EXPECT_NEAR(slot_air_c(slot), 20.1, 1e-9);
  EXPECT_NEAR(slot_heat_w(slot), 100, 0.3);
  EXPECT_NEAR(slot_setpoint_c(slot), 21, 1e-9);
}

TEST(ZoneLearning, SilenceLeavesGapsNotGuesses) {
  ZoneLearning learning;
  SiteHistory site;
  UtcTime utc{hours{1000}};
  learning.report(utc, 20_degC, std::nullopt, Joules{0}, 100_W);
  learning.close_slots(utc, site);
  utc += hours{2};  // nothing heard
  learning.close_slots(utc, site);
  ASSERT_EQ(learning.size(), 12u);
  const auto last = learning.slot(learning.first_slot() + 11);
  EXPECT_TRUE(std::isnan(slot_air_c(last)));
  EXPECT_TRUE(std::isnan(slot_heat_w(last)));
}

TEST(ZoneLearning, KeepsThreeWeeksAndTheirOrder) {
  ZoneLearning learning;
  const std::int64_t first = 5000;
  for (std::int64_t n = 0; n < static_cast<std::int64_t>(kHistorySlots) + 700; ++n) {
    ZoneLearning::Slot slot;
    slot.air_centi_c = static_cast<std::int16_t>(n % 3000);
    learning.restore(first + n, slot);
  }
  EXPECT_EQ(learning.size(), kHistorySlots);
  EXPECT_EQ(learning.first_slot(), first + 700);
  for (std::int64_t n = 700; n < static_cast<std::int64_t>(kHistorySlots) + 700; n += 13) {
    EXPECT_EQ(learning.slot(first + n).air_centi_c, n % 3000) << n;
  }
}

TEST(ZoneLearning, EstimatesWithTheHistoryItHas) {
  ZoneLearning learning;
  SiteHistory site;
  UtcTime utc{hours{1000}};
  for (int i = 0; i < 200; ++i) {
    site.take(slot_of(utc), {5_degC, 0});
    learning.report(utc, 20_degC, 20_degC, Joules{300.0 * 600 * i}, 300_W);
    learning.close_slots(utc, site);
    utc += minutes{10};
  }
  EXPECT_FALSE(learning.has_filter());
  learning.use_model(thermal::prior_room(20), site);
  ASSERT_TRUE(learning.estimating());
  EXPECT_NEAR(learning.filter().estimate().air_c, 20, 0.05);
}

TEST(ZoneLearning, AClockSetBackBeginsAnew) {
  ZoneLearning learning;
  SiteHistory site;
  UtcTime utc{hours{1000}};
  learning.report(utc, 20_degC, 20_degC, Joules{0}, 0_W);
  learning.close_slots(utc, site);
  utc += hours{3};
  learning.close_slots(utc, site);
  EXPECT_GT(learning.size(), 0u);
  learning.close_slots(UtcTime{hours{900}}, site);
  EXPECT_EQ(learning.size(), 0u);
}

TEST(NodeLearning, DepartsFromWhatIsStatedOnlyWhereEnoughWasSeen) {
  protocol::NodeFacts facts;
  facts.idle = 30_W;
  facts.max = 500_W;
  facts.cores = 4;
  facts.speed = {1, 0.4};
  NodeLearning learned;
  protocol::Telemetry telemetry;
  telemetry.power_w = {38, protocol::Quality::kGood};
  learned.report(facts, telemetry, 0);
  EXPECT_EQ(learned.idle(facts), 30_W);
  for (int i = 0; i < 50; ++i) learned.report(facts, telemetry, 0);
  EXPECT_NEAR(learned.idle(facts).value, 38, 0.1);

  // Attempts at several speeds on one of four cores, by a quadratic law.
  for (int i = 0; i < 60; ++i) {
    const double speed = 0.45 + 0.008 * i;
    protocol::AttemptReport report;
    report.started_at = UtcTime{hours{1}};
    report.finished_at = report.started_at + minutes{10};
    report.nominal_run_time = from_seconds(600 * speed);
    report.usage.energy = Joules{117.5 * speed * speed * 600};
    learned.result(facts, report, 1);
  }
  EXPECT_NEAR(learned.speed(facts).exponent, 2, 0.05);
}

}  // namespace
}  // namespace hearth::scheduler
