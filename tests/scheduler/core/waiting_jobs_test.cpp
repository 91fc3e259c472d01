#include "scheduler/core/waiting_jobs.h"

#include <gtest/gtest.h>

#include <iterator>

#include "common/random.h"

namespace hearth::scheduler {
namespace {

JobOrder order(int priority, int due_s, std::uint64_t job) {
  return {-priority, UtcTime{std::chrono::seconds{due_s}}, JobId{job}};
}

Shape shape(int remaining_s) {
  Shape shape;
  shape.remaining_p90 = std::chrono::seconds{remaining_s};
  return shape;
}

std::vector<std::uint64_t> walked(const WaitingJobs& waiting, Duration longest, bool whole_shapes,
                                  const ShapeWalk::Standings& standings = {{0, 0}}) {
  std::vector<std::uint64_t> jobs;
  for (ShapeWalk walk{waiting, longest, standings}; !walk.done();) {
    jobs.push_back(walk.order().job.value);
    if (whole_shapes) {
      walk.next_of_shape();
    } else {
      walk.skip_shape();
    }
  }
  return jobs;
}

TEST(WaitingJobs, GoByPriorityThenByWhenTheyAreDue) {
  WaitingJobs waiting;
  EXPECT_TRUE(waiting.insert(order(50, 20, 1), shape(60), 0));
  EXPECT_TRUE(waiting.insert(order(50, 10, 2), shape(7200), 0));
  EXPECT_TRUE(waiting.insert(order(90, 30, 3), shape(60), 0));
  EXPECT_FALSE(waiting.insert(order(90, 30, 3), shape(60), 0));
  std::vector<std::uint64_t> jobs;
  for (const auto& waits : waiting) jobs.push_back(waits.job.value);
  EXPECT_EQ(jobs, (std::vector<std::uint64_t>{3, 2, 1}));
}

// However many long jobs are due sooner: the first short one is found after one of them.
TEST(ShapeWalk, FindsTheFirstOfEveryShape) {
  WaitingJobs waiting;
  for (std::uint64_t job = 1; job <= 100; ++job) {
    waiting.insert(order(50, static_cast<int>(job), job), shape(7200), 0);
  }
  waiting.insert(order(50, 500, 101), shape(60), 0);
  waiting.insert(order(50, 600, 102), shape(60), 0);
  EXPECT_EQ(walked(waiting, {}, false), (std::vector<std::uint64_t>{1, 101}));
  EXPECT_EQ(walked(waiting, std::chrono::minutes{10}, true),
            (std::vector<std::uint64_t>{101, 102}));
}

TEST(ShapeWalk, LeavesOutWhatIsOfUnknownLengthWhereOnlyShortWillDo) {
  WaitingJobs waiting;
  waiting.insert(order(50, 1, 1), shape(0), 0);
  EXPECT_TRUE(walked(waiting, std::chrono::minutes{10}, true).empty());
  EXPECT_EQ(walked(waiting, {}, true).size(), 1U);
}

TEST(ShapeWalk, GoesOnWhenWhatItStoodAtHasLeft) {
  WaitingJobs waiting;
  waiting.insert(order(50, 1, 1), shape(60), 0);
  waiting.insert(order(50, 2, 2), shape(60), 0);
  waiting.insert(order(50, 3, 3), shape(90), 0);
  ShapeWalk walk{waiting, {}, {{0, 0}}};
  waiting.erase(walk.order().job);
  walk.next_of_shape();
  EXPECT_EQ(walk.order().job.value, 2U);
  waiting.erase(JobId{2});
  walk.next_of_shape();
  EXPECT_EQ(walk.order().job.value, 3U);
  walk.skip_shape();
  EXPECT_TRUE(walk.done());
}

// Whatever comes, changes its shape and goes: a walk over whole shapes is the order itself.
TEST(ShapeWalk, OverAllShapesIsTheOrderOfAll) {
  Random random{7};
  WaitingJobs waiting;
  for (int step = 0; step < 3000; ++step) {
    const auto job = random.below(60);
    if (random.below(3) == 0) {
      waiting.erase(JobId{job});
    } else {
      const int of_job = static_cast<int>(job);
      waiting.insert(order(of_job % 3, of_job % 7, job),
                     shape(60 * static_cast<int>(random.below(5))), job % 2);
    }
    if (step % 100 != 0) continue;
    std::vector<std::uint64_t> jobs;
    for (const auto& waits : waiting) jobs.push_back(waits.job.value);
    EXPECT_EQ(walked(waiting, {}, true, {{0, 1.0}, {1, 1.0}}), jobs);
    std::size_t filed = 0;
    for (const auto& [tenant, shapes] : waiting.tenants()) {
      for (const auto& [shape, orders] : shapes) filed += orders.size();
    }
    EXPECT_EQ(filed, waiting.size());
  }
}

// Of each tenant the order is its own; which tenant comes first is another question.
TEST(ShapeWalk, GoesTenantByTenant) {
  WaitingJobs waiting;
  waiting.insert(order(90, 1, 1), shape(60), 0);
  waiting.insert(order(50, 2, 2), shape(60), 0);
  waiting.insert(order(10, 3, 3), shape(60), 1);
  waiting.insert(order(99, 4, 4), shape(60), 2);
  EXPECT_EQ(walked(waiting, {}, true, {{0, 5.0}, {1, 4.5}}), (std::vector<std::uint64_t>{3, 1, 2}))
      << "the one without a standing is left out";
  EXPECT_EQ(walked(waiting, {}, true, {{0, 5.0}, {1, 5.0}, {2, 5.0}}),
            (std::vector<std::uint64_t>{4, 1, 2, 3}));
  waiting.erase(JobId{3});
  EXPECT_EQ(waiting.tenants().size(), 2U);
}

}  // namespace
}  // namespace hearth::scheduler
