#include "scheduler/core/job_record.h"

#include <gtest/gtest.h>

namespace hearth::scheduler {
namespace {

using protocol::TaskState;

protocol::JobSpec spec_of(std::uint64_t tasks) {
  protocol::JobSpec spec;
  spec.task_count = tasks;
  return spec;
}

JobRecord new_job(std::uint64_t tasks, std::uint64_t mark) {
  JobRecord job{JobId{1}, spec_of(tasks), false, {}};
  job.mark_became_durable(mark);
  return job;
}

TEST(JobRecord, HandsOutOnlyBelowTheDurableMark) {
  auto job = new_job(10, 2);
  EXPECT_EQ(job.available(), 2u);
  EXPECT_EQ(job.take().index, 0u);
  EXPECT_EQ(job.take().index, 1u);
  EXPECT_EQ(job.available(), 0u);
  EXPECT_EQ(job.raise_mark(4), 6u);
  EXPECT_EQ(job.available(), 0u) << "asked for is not durable";
  EXPECT_EQ(job.raise_mark(4), std::nullopt) << "asked for already";
  job.mark_became_durable(6);
  EXPECT_EQ(job.take().index, 2u);
}

TEST(JobRecord, MarkStopsAtTheLastTask) {
  auto job = new_job(3, 0);
  EXPECT_EQ(job.raise_mark(4096), 3u);
  job.mark_became_durable(3);
  EXPECT_EQ(job.raise_mark(4096), std::nullopt);
  EXPECT_EQ(job.available(), 3u);
}

TEST(JobRecord, RestartKnowsFreeUnknownAndEnded) {
  DurableJob durable;
  durable.job = JobId{1};
  durable.spec = spec_of(6);
  durable.dispatched_below = 4;
  durable.ended = {{0, TaskState::kSucceeded}};
  durable.requeues = {{2, 1, 0, true}, {3, 0, 1, false}};
  JobRecord job{durable};
  // 0 ended, 1 and 3 unknown, 2 requeued and free, 4 and 5 above the mark and not asked for yet.
  EXPECT_EQ(job.unknown_count(), 2u);
  EXPECT_EQ(job.available(), 1u);
  const auto taken = job.take();
  EXPECT_EQ(taken.index, 2u);
  EXPECT_TRUE(taken.was_requeued);
  EXPECT_EQ(job.retries(2).user, 1);
  job.free_unknown();
  EXPECT_EQ(job.available(), 2u);
  EXPECT_FALSE(job.take().was_requeued);
  EXPECT_EQ(job.counts().succeeded, 1u);
  EXPECT_EQ(job.counts().pending, 5u);
}

TEST(JobRecord, CancelledEndsWhatNobodyHolds) {
  auto job = new_job(4, 4);
  job.open(job.take().index, AttemptId{1, 1});
  job.cancel(CancelCause::kRequest);
  EXPECT_EQ(job.available(), 0u);
  EXPECT_EQ(job.counts().cancelled, 3u);
  EXPECT_FALSE(job.take_end());
  job.release(0, false);  // given back unstarted
  EXPECT_EQ(job.counts().cancelled, 4u);
  EXPECT_TRUE(job.take_end());
  EXPECT_FALSE(job.take_end()) << "a job ends once";
}

TEST(JobRecord, LearnsRunTimes) {
  auto job = new_job(4, 4);
  EXPECT_EQ(job.typical_run_time(), Duration::zero());
  job.learn_run_time(Duration{100});
  EXPECT_EQ(job.typical_run_time(), Duration{100});
  job.learn_run_time(Duration{200});
  EXPECT_EQ(job.typical_run_time(), Duration{110});
}

}  // namespace
}  // namespace hearth::scheduler
