#include "simulator/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "simulator/comfort_book.h"
#include "simulator/work_book.h"
#include "support.h"

namespace hearth::simulator {
namespace {

TEST(Quantile, IsTheSmallestThatEnoughDoNotExceed) {
  EXPECT_EQ(quantile({}, 0.5), 0);
  EXPECT_EQ(quantile({3}, 0.9), 3);
  EXPECT_EQ(quantile({4, 1, 3, 2}, 0.5), 2);
  EXPECT_EQ(quantile({4, 1, 3, 2}, 0.51), 3);
  EXPECT_EQ(quantile({4, 1, 3, 2}, 1), 4);
  EXPECT_EQ(quantile({4, 1, 3, 2}, 0), 1);
}

TEST(RankCorrelation, OfKnownSeries) {
  EXPECT_DOUBLE_EQ(rank_correlation({1, 2, 3}, {10, 20, 90}), 1);
  EXPECT_DOUBLE_EQ(rank_correlation({1, 2, 3}, {3, 2, 1}), -1);
  EXPECT_DOUBLE_EQ(rank_correlation({1, 2, 3}, {7, 7, 7}), 0);
  // Ties share their mean rank: ranks 0.5 0.5 2 3 against 0 1 2 3.
  EXPECT_NEAR(rank_correlation({5, 5, 6, 7}, {1, 2, 3, 4}), 0.9487, 1e-4);
}

// Two zones, one of them undersized, an hour judged.
class Comfort : public testing::Test {
 protected:
  Comfort() : scenario_(test::small_scenario()) {
    scenario_.days = 2.0 / 24;
    scenario_.dropped_days = 1.0 / 24;
    fleet_.zones.resize(3);
    fleet_.zones[2].adequate = false;
    fleet_.nodes.resize(3);
    fleet_.nodes[1].cpu_model = 1;
    for (int i = 0; i < 120 * 3; ++i) trace_.add(20 + (i % 3 == 1 ? 2.5 : 0));
  }
  Metrics judge(const std::function<ComfortSample(std::size_t, int)>& sample) {
    ComfortBook book{scenario_, fleet_, &trace_};
    for (int minute = 0; minute < 180; ++minute) {
      for (std::size_t zone = 0; zone < 3; ++zone) book.add(zone, minute, sample(zone, minute));
    }
    Metrics metrics;
    book.fill(metrics);
    return metrics;
  }
  Scenario scenario_;
  Fleet fleet_;
  IdealTrace trace_{3};
};

TEST_F(Comfort, JudgesTheHourBetweenDropAndDrain) {
  const auto m = judge([](std::size_t, int minute) {
    return ComfortSample{minute >= 60 && minute < 120 ? 20.0 : 5.0, 20, 20, 100, true};
  });
  EXPECT_DOUBLE_EQ(m.get("rms_error_k"), 0);
  EXPECT_DOUBLE_EQ(m.get("tdis_kh"), 0);
  EXPECT_DOUBLE_EQ(m.get("useful_energy_j"), 3 * 100 * 3600);
}

TEST_F(Comfort, KnowsBandErrorAndWhoIsApart) {
  // Zone 0 one kelvin too cold, zone 1 two too warm, zone 2 (undersized) ten too cold.
  const auto m = judge([](std::size_t zone, int) {
    return ComfortSample{zone == 0 ? 19.0 : zone == 1 ? 22.0 : 10.0, 20, 20, 100, true};
  });
  EXPECT_DOUBLE_EQ(m.get("rms_error_k"), std::sqrt((1.0 + 4.0) / 2));
  EXPECT_DOUBLE_EQ(m.get("rms_p95_k"), 2);
  EXPECT_NEAR(m.get("tdis_kh"), (0.5 + 1.0) / 2, 1e-12);
  EXPECT_NEAR(m.get("above_upper_kh"), 0.5, 1e-12);
  EXPECT_NEAR(m.get("k_max_k"), 0.5, 1e-12);
  EXPECT_DOUBLE_EQ(m.get("k_cpu_rank_correlation"), -1);
  EXPECT_DOUBLE_EQ(m.get("zones_undersized"), 1);
  EXPECT_DOUBLE_EQ(m.get("undersized_rms_error_k"), 10);
  EXPECT_DOUBLE_EQ(m.get("useful_energy_j"), 2 * 100 * 3600) << "zone 1 was above T_hi";
}

TEST_F(Comfort, UnoccupiedZonesOweFrostProtectionAndTheCeilingOnly) {
  const auto m = judge([](std::size_t zone, int) {
    return ComfortSample{zone == 0 ? 12.0 : 22.5, 20, 20, 0, false};
  });
  EXPECT_DOUBLE_EQ(m.get("rms_error_k"), 0);
  EXPECT_NEAR(m.get("tdis_kh"), 0.5 / 2, 1e-12);
}

TEST_F(Comfort, SunIsNotCompute) {
  // Zone 1's ideal is at 22.5 already: of 23 only half a kelvin is compute's doing; zone 0's is at
  // 20, its ceiling at 22.
  const auto m = judge([](std::size_t, int) { return ComfortSample{23, 20, 20, 0, true}; });
  EXPECT_NEAR(m.get("over_by_compute_kh"), (1.0 + 0.5) / 2, 2e-3);
  const auto raised = judge([](std::size_t, int) {
    return ComfortSample{22.4, 20, 20.5, 0, true};
  });
  EXPECT_DOUBLE_EQ(raised.get("over_by_compute_kh"), 0) << "the ceiling goes with T_ref";
}

TEST(WorkBook, WaitsAndSlowdownsAsDefined) {
  Workload work;
  work.jobs = {{.submitted = Duration{10'000},
                .first_task = 0,
                .task_count = 2,
                .deadline = Duration{100'000}}};
  work.nominal_s = {50, 5};
  work.job_of = {0, 0};
  WorkBook book{work};
  book.destroyed(0, 25);
  book.finished(0, TimePoint{Duration{160'000}});
  Metrics m;
  book.fill(m, TimePoint{Duration{200'000}}, TimePoint{Duration{300'000}});
  EXPECT_DOUBLE_EQ(m.get("wait_mean_s"), (100.0 + 285.0) / 2);
  EXPECT_DOUBLE_EQ(m.get("slowdown_mean"), (150.0 / 50 + 290.0 / 10) / 2);
  EXPECT_DOUBLE_EQ(m.get("machine_time_lost_share"), 25.0 / 75);
  EXPECT_DOUBLE_EQ(m.get("tasks_completed"), 1);
  EXPECT_DOUBLE_EQ(m.get("tasks_unfinished"), 1);
  EXPECT_DOUBLE_EQ(m.get("deadline_misses"), 2);
  EXPECT_DOUBLE_EQ(m.get("preemptions"), 1);
}

}  // namespace
}  // namespace hearth::simulator
