#include "client.h"

#include <gtest/gtest.h>

namespace hearth::cluster {

using namespace scheduler;  // NOLINT: a test's own corner

void Client::submit(std::string request_id, std::uint64_t tasks, int user_retries) {
  jobs[request_id] = {tasks, user_retries, false, {}, {}};
  try_submit(request_id);
}

// Calls and answers get lost; whoever hears nothing repeats, under the same request id.
void Client::try_submit(const std::string& request_id) {
  auto& mine = jobs.at(request_id);
  if (mine.job && !world_.random.chance(10)) return;  // sometimes once more, to no effect
  SubmitRequested event;
  event.call = ++last_call_;
  event.request = {TenantId{"bank"}, request_id};
  event.request_hash = "hash of " + request_id;
  event.spec.command = {"price"};
  event.spec.task_count = mine.tasks;
  event.spec.user_retries = mine.user_retries;
  event.spec.infrastructure_retries = 1000;
  const bool answer_is_lost = world_.random.chance(20);
  if (!world_.random.chance(20)) {
    scheduler_.call(event.call, event, [&mine, answer_is_lost](const Result<JobReply>& reply) {
      if (answer_is_lost) return;
      ASSERT_TRUE(reply) << reply.error().message;
      EXPECT_EQ(mine.job.value_or(reply->job), reply->job) << "one request id, two jobs";
      mine.job = reply->job;
    });
  }
  world_.after(world_.between(500, 3000), [this, request_id] { try_submit(request_id); });
}

void Client::cancel_some_time(std::string request_id, Duration from_now) {
  jobs.at(request_id).may_be_cancelled = true;
  world_.after(from_now, [this, request_id] {
    auto& mine = jobs.at(request_id);
    if (!mine.job) return cancel_some_time(request_id, Duration{1000});
    scheduler_.call(++last_call_, CancelRequested{last_call_, *mine.job, "test"},
                    [](const auto&) {});
  });
}

void Client::look() {
  for (auto& [request_id, mine] : jobs) {
    if (!mine.job) continue;
    EXPECT_TRUE(scheduler_.job_row(*mine.job)) << "an acknowledged submit is lost: " << request_id;
    std::map<std::uint64_t, TaskRow> now;
    for (auto& row : scheduler_.results(*mine.job)) {
      EXPECT_TRUE(now.emplace(row.index, row).second) << "two results of " << row.index;
    }
    for (const auto& [index, row] : mine.seen) {
      ASSERT_TRUE(now.contains(index)) << "a result once seen is gone: " << index;
      EXPECT_EQ(now.at(index).report.attempt, row.report.attempt) << "a result changed";
      EXPECT_EQ(now.at(index).seq, row.seq);
    }
    mine.seen = std::move(now);
  }
}

bool Client::all_ended() {
  for (auto& [request_id, mine] : jobs) {
    if (!mine.job) return false;
    const auto row = scheduler_.job_row(*mine.job);
    if (!row || row->state == JobState::kActive) return false;
  }
  return true;
}

}  // namespace hearth::cluster
