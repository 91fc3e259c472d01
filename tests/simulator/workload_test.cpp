#include "simulator/workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "simulator/metrics.h"

namespace hearth::simulator {
namespace {

using protocol::ServiceClass;

TEST(Workload, HasTheTracesRunTimes) {  // HEAT section 5
  Scenario scenario;
  scenario.work.single_share = 1;  // run times are drawn by the job
  const auto work = generate_work(scenario, 1, 3e8);
  std::vector<double> runs(work.nominal_s.begin(), work.nominal_s.end());
  ASSERT_GT(runs.size(), 100'000u);
  EXPECT_NEAR(quantile(runs, 0.5), 580, 15);
  EXPECT_NEAR(quantile(runs, 0.9), 4600, 150);
  EXPECT_LE(*std::ranges::max_element(runs), 2.3e5);
  double over = 0, over_s = 0, all_s = 0;
  for (const double run : runs) {
    all_s += run;
    if (run > 3600) over += 1, over_s += run;
  }
  EXPECT_NEAR(over / static_cast<double>(runs.size()), 0.15, 0.03);
  EXPECT_NEAR(over_s / all_s, 0.71, 0.05);
}

TEST(Workload, HoldsTheWorkAskedFor) {
  const auto work = generate_work(Scenario{}, 3, 1e8);
  EXPECT_GE(work.core_seconds(), 1e8);
  EXPECT_LT(work.core_seconds(), 1e8 + 2.3e5);
  EXPECT_EQ(work.job_of.size(), work.nominal_s.size());
}

TEST(Workload, HasTheTracesJobsAndArrivals) {
  Scenario scenario;
  scenario.work.load = 0.03;
  const auto work = generate_work(scenario, 1, 5e7);
  double single = 0;
  std::uint32_t largest = 0;
  std::map<int, double> by_hour;
  std::vector<double> busy(24 * 14);
  for (const auto& job : work.jobs) {
    single += job.task_count == 1;
    largest = std::max(largest, job.task_count);
    const auto hour = static_cast<std::size_t>(to_seconds(job.submitted) / 3600);
    ASSERT_LT(hour, busy.size());
    busy[hour] += job.task_count;
    if (hour / 24 % 7 < 5) by_hour[static_cast<int>(hour % 24)] += job.task_count;
  }
  EXPECT_GT(single / static_cast<double>(work.jobs.size()), 0.9);
  EXPECT_GT(largest, 100u);
  EXPECT_LE(largest, 961u);
  std::erase(busy, 0.0);
  EXPECT_NEAR(quantile(busy, 0.9) / quantile(busy, 0.5), 8.8, 5);
  EXPECT_TRUE(std::ranges::is_sorted(work.jobs, {}, &Job::submitted));
}

TEST(Workload, ClassesAndEstimatesAreAsStated) {
  const auto work = generate_work(Scenario{}, 2, 1e8);
  std::map<ServiceClass, double> count;
  double silent = 0;
  for (const auto& job : work.jobs) {
    count[job.service_class] += 1;
    silent += job.estimate_s == 0;
    EXPECT_EQ(job.deadline > Duration::zero(), job.service_class == ServiceClass::kReserved);
  }
  const auto jobs = static_cast<double>(work.jobs.size());
  EXPECT_NEAR(count[ServiceClass::kReserved] / jobs, 0.1, 0.02);
  EXPECT_NEAR(count[ServiceClass::kOnDemand] / jobs, 0.6, 0.02);
  EXPECT_NEAR(count[ServiceClass::kFlex] / jobs, 0.3, 0.02);
  EXPECT_NEAR(silent / jobs, 0.3, 0.02);
}

TEST(Workload, ASeedIsAWorld) {
  const auto a = generate_work(Scenario{}, 5, 1e7), b = generate_work(Scenario{}, 5, 1e7);
  const auto other = generate_work(Scenario{}, 6, 1e7);
  EXPECT_EQ(a.nominal_s, b.nominal_s);
  EXPECT_NE(a.nominal_s, other.nominal_s);
}

constexpr const char* kTrace =
    "; UnixStartTime: 749458803\n"
    "    1        0     -1   1451    128     -1     -1  -1 -1 -1  1  1  1   1 -1 -1 -1 -1\n"
    "    2     1460     -1   3726      2     -1     -1  -1 -1 -1  1  1  1   1 -1 -1 -1 -1\n"
    "    3     5198     -1      0      1     -1     -1  -1 -1 -1  1  1  1   1 -1 -1 -1 -1\n";

TEST(Workload, OfATraceIsATaskForEachProcessor) {
  const auto work = work_of_trace(kTrace, Scenario{}, 1, 1451 * 128 + 3726 * 2);
  ASSERT_TRUE(work) << work.error().message;
  ASSERT_EQ(work->jobs.size(), 2u);
  EXPECT_EQ(work->jobs[0].task_count, 128u);
  EXPECT_EQ(work->jobs[1].task_count, 2u);
  EXPECT_FLOAT_EQ(work->nominal_s.back(), 3726);
}

TEST(Workload, OfATraceIsRepeatedUntilItIsEnough) {
  const auto work = work_of_trace(kTrace, Scenario{}, 1, 1e6);
  ASSERT_TRUE(work);
  EXPECT_GE(work->core_seconds(), 1e6);
}

TEST(Workload, OfWhatIsNoTraceNamesTheLine) {
  const auto work = work_of_trace("; x\n1 2 3 4 5\nhello\n", Scenario{}, 1, 1);
  ASSERT_FALSE(work);
  EXPECT_EQ(work.error().message, "line 3: not five numbers, as SWF begins");
  EXPECT_FALSE(work_of_trace("", Scenario{}, 1, 1));
}

}  // namespace
}  // namespace hearth::simulator
