// What every store promises; both must pass.
#include <gmock/gmock.h>

#include "equality.h"
#include "harness.h"
#include "samples.h"

namespace hearth::scheduler {
namespace {

using protocol::TaskState;
using testing::ElementsAre;
using testing::IsEmpty;

template <class Harness>
class StoreContract : public testing::Test {
 protected:
  // Commits in one batch and waits; numbers go on.
  void commit(std::vector<Fact> facts) {
    auto entries = number(last_, std::move(facts));
    last_ = entries.back().seq;
    const auto done = harness_.commit(std::move(entries));
    ASSERT_TRUE(done) << done.error().message;
  }
  void commit_with_body(const Fact& fact, std::string body) {
    ASSERT_TRUE(harness_.commit({{++last_, fact, std::move(body)}}));
  }

  auto job(std::uint64_t id) {
    return harness_.read([&](StoreReader& r) { return r.job(JobId{id}).value(); });
  }
  auto jobs(std::uint64_t before, const std::string& tenant, std::size_t limit) {
    std::vector<std::uint64_t> ids;
    for (const auto& row : harness_.read(
             [&](StoreReader& r) { return r.jobs(JobId{before}, tenant, limit).value(); })) {
      ids.push_back(row.job.value);
    }
    return ids;
  }
  auto tasks(std::uint64_t id, std::uint64_t first, std::uint64_t last) {
    return harness_.read([&](StoreReader& r) { return r.tasks(JobId{id}, first, last).value(); });
  }
  auto in_state(std::uint64_t id, TaskState state, std::uint64_t first, std::size_t limit) {
    return indices(harness_.read(
        [&](StoreReader& r) { return r.tasks_in_state(JobId{id}, state, first, limit).value(); }));
  }
  auto retried(std::uint64_t id, std::uint64_t first, std::uint64_t last) {
    return harness_.read(
        [&](StoreReader& r) { return r.retried_attempts(JobId{id}, first, last).value(); });
  }
  auto results(std::uint64_t id, Sequence after, std::size_t limit) {
    return harness_.read(
        [&](StoreReader& r) { return r.results(JobId{id}, after, limit).value(); });
  }
  auto events(std::uint64_t id, Sequence after, std::size_t limit) {
    return harness_.read([&](StoreReader& r) { return r.events(JobId{id}, after, limit).value(); });
  }
  auto payloads(std::uint64_t id, std::uint64_t index) {
    return harness_.read([&](StoreReader& r) { return r.payloads(JobId{id}, index); });
  }

  static std::vector<std::uint64_t> indices(const std::vector<TaskRow>& rows) {
    std::vector<std::uint64_t> indices;
    for (const auto& row : rows) indices.push_back(row.index);
    return indices;
  }
  static std::vector<Sequence> sequences(const std::vector<EventRow>& rows) {
    std::vector<Sequence> sequences;
    for (const auto& row : rows) sequences.push_back(row.seq);
    return sequences;
  }

  Harness harness_;
  Sequence last_ = 0;
};

using Stores = testing::Types<MemoryHarness, SqliteHarness>;
TYPED_TEST_SUITE(StoreContract, Stores, );

TYPED_TEST(StoreContract, ANewStoreIsEmptyAndEachStartRaisesTheEpoch) {
  const auto second = this->harness_.restart();
  EXPECT_EQ(second.epoch, 2u);
  EXPECT_EQ(second.last_seq, 0u);
  EXPECT_EQ(second.last_job, JobId{});
  EXPECT_EQ(second.store_id.size(), 16u);
  EXPECT_THAT(second.jobs, IsEmpty());
  const auto third = this->harness_.restart();
  EXPECT_EQ(third.epoch, 3u);
  EXPECT_EQ(third.store_id, second.store_id);
}

TYPED_TEST(StoreContract, AnAcceptedJobIsReadBackWhole) {
  const auto fact = accepted(7);
  this->commit({fact});
  JobRow row;
  row.job = JobId{7};
  row.spec = shown(fact.spec);
  row.submitted_at = fact.at;
  row.accepted_seq = 1;
  EXPECT_TRUE(this->job(7) == row);
  EXPECT_EQ(this->job(8), std::nullopt);

  const auto state = this->harness_.restart();
  EXPECT_EQ(state.last_seq, 1u);
  EXPECT_EQ(state.last_job, JobId{7});
  ASSERT_EQ(state.jobs.size(), 1u);
  EXPECT_EQ(state.jobs[0].spec, fact.spec);
  EXPECT_EQ(state.jobs[0].dispatched_below, 4096u);
  EXPECT_EQ(state.jobs[0].submitted_at, fact.at);
  EXPECT_FALSE(state.jobs[0].has_payloads);
  EXPECT_FALSE(state.jobs[0].cancelled);
  const DurableRequest request{fact.request, fact.request_hash, JobId{7}, 1, fact.at};
  EXPECT_TRUE(state.requests == std::vector{request});
  EXPECT_TRUE(this->job(7) == row) << "after the restart";
}

TYPED_TEST(StoreContract, AMinimalSpecIsReadBack) {
  JobAccepted fact;
  fact.job = JobId{1};
  this->commit({fact});
  EXPECT_EQ(this->job(1)->spec, protocol::JobSpec{});
  const auto state = this->harness_.restart();
  EXPECT_EQ(state.jobs.at(0).spec, protocol::JobSpec{});
  EXPECT_THAT(state.requests, IsEmpty()) << "a job without a request id";
}

TYPED_TEST(StoreContract, SecretsComeBackToWhoAsksForThemAlone) {
  const auto fact = accepted(1);
  this->commit({fact, accepted(2), JobUpdated{JobId{1}, {}, "why not", at_ms(2)}});
  const auto secrets = [&](std::uint64_t job) {
    return this->harness_.read([&](StoreReader& r) { return r.secrets(JobId{job}).value(); });
  };
  const auto named = names_of(fact.spec.secrets);
  const auto expect_hidden = [&] {
    EXPECT_EQ(secrets(1), fact.spec.secrets);
    EXPECT_EQ(this->job(1)->spec.secrets, named);
    const auto rows =
        this->harness_.read([&](StoreReader& r) { return r.jobs(JobId{}, "", 9).value(); });
    for (const auto& row : rows) EXPECT_EQ(row.spec.secrets, named);
    EXPECT_EQ(std::get<JobAccepted>(this->events(1, 0, 9).at(0).fact).spec.secrets, named);
  };
  expect_hidden();
  const auto state = this->harness_.restart();
  EXPECT_EQ(state.jobs.at(0).spec.secrets, fact.spec.secrets);
  expect_hidden();
  this->commit({job_ended(1)});
  EXPECT_EQ(secrets(1), fact.spec.secrets) << "who retries its tasks needs them";
  this->commit({JobForgotten{JobId{1}}});
  EXPECT_THAT(secrets(1), IsEmpty());
  EXPECT_EQ(secrets(2), fact.spec.secrets);
  EXPECT_THAT(secrets(3), IsEmpty());
}

TYPED_TEST(StoreContract, JobsAreListedNewestFirstPageByPage) {
  this->commit({accepted(1, "bank"), accepted(2, "lab"), accepted(3, "bank"), accepted(9, "bank")});
  EXPECT_THAT(this->jobs(0, "", 10), ElementsAre(9, 3, 2, 1));
  EXPECT_THAT(this->jobs(0, "", 2), ElementsAre(9, 3));
  EXPECT_THAT(this->jobs(3, "", 2), ElementsAre(2, 1));
  EXPECT_THAT(this->jobs(0, "bank", 2), ElementsAre(9, 3));
  EXPECT_THAT(this->jobs(3, "bank", 2), ElementsAre(1));
  EXPECT_THAT(this->jobs(1, "", 2), IsEmpty());
  EXPECT_THAT(this->jobs(0, "nobody", 2), IsEmpty());
  EXPECT_THAT(this->jobs(0, "", 0), IsEmpty());
}

TYPED_TEST(StoreContract, RequestIdsAreForgottenByTheAgeOfTheirJobs) {
  this->commit({accepted(1), accepted(2)});
  EXPECT_EQ(this->harness_.restart().requests.size(), 2u);
  auto again = accepted(3);
  this->commit({again, RequestsForgotten{JobId{2}}});
  const auto state = this->harness_.restart();
  ASSERT_EQ(state.requests.size(), 2u);
  EXPECT_EQ(state.requests[0].job, JobId{2});
  EXPECT_EQ(state.requests[1].job, JobId{3});
}

TYPED_TEST(StoreContract, WhatOperatorsSuspendAndLabelIsKeptUntilTheyTakeItBack) {
  using protocol::ServiceClass;
  const NodeId node{"n1"};
  this->commit({QueuePauseSet{ServiceClass::kReserved, Suspension{"once", at_ms(1)}},
                QueuePauseSet{ServiceClass::kFlex, Suspension{"tariff", at_ms(2)}},
                QueuePauseSet{ServiceClass::kReserved, std::nullopt},
                NodeQuarantineSet{node, Suspension{"odd results", at_ms(3)}},
                NodeLabelsSet{node, {{"a", "1"}, {"rack", "cellar"}}},
                NodeLabelsSet{NodeId{"n2"}, {{"a", ""}}}});
  auto state = this->harness_.restart();
  ASSERT_EQ(state.pauses.size(), 1u);
  EXPECT_EQ(state.pauses[0].first, ServiceClass::kFlex);
  EXPECT_EQ(state.pauses[0].second, (Suspension{"tariff", at_ms(2)}));
  ASSERT_EQ(state.quarantines.size(), 1u);
  EXPECT_EQ(state.quarantines[0].first, node);
  EXPECT_EQ(state.quarantines[0].second, (Suspension{"odd results", at_ms(3)}));
  ASSERT_EQ(state.labels.size(), 2u);
  EXPECT_EQ(state.labels[0].second, (Labels{{"a", "1"}, {"rack", "cellar"}}));
  this->commit({QueuePauseSet{ServiceClass::kFlex, std::nullopt},
                NodeQuarantineSet{node, std::nullopt}, NodeLabelsSet{node, {}},
                NodeLabelsSet{NodeId{"n2"}, {{"b", "2"}}}});
  state = this->harness_.restart();
  EXPECT_THAT(state.pauses, IsEmpty());
  EXPECT_THAT(state.quarantines, IsEmpty());
  ASSERT_EQ(state.labels.size(), 1u);
  EXPECT_EQ(state.labels[0].second, (Labels{{"b", "2"}}));
}

TYPED_TEST(StoreContract, TheDispatchMarkIsKept) {
  this->commit({accepted(1), accepted(2)});
  this->commit({DispatchMarkRaised{JobId{1}, 12'288}});
  const auto state = this->harness_.restart();
  EXPECT_EQ(state.jobs.at(0).dispatched_below, 12'288u);
  EXPECT_EQ(state.jobs.at(1).dispatched_below, 4096u);
}

TYPED_TEST(StoreContract, AnEndedTaskIsReadBackWhole) {
  auto fact = ended(1, 4);
  fact.report.outputs = {{"out/a.csv", std::string(64, 'd'), 12}, {"log", std::string(64, 'e'), 0}};
  fact.report.message = "a line";
  this->commit({accepted(1)});
  this->commit_with_body(fact, "result");
  TaskRow row{2, 4, TaskState::kSucceeded, NodeId{"n7"}, fact.report, "result"};
  EXPECT_TRUE(this->results(1, 0, 10) == std::vector{row});
  row.body.clear();
  EXPECT_TRUE(this->tasks(1, 4, 4) == std::vector{row});
  EXPECT_TRUE(this->tasks(1, 4, 4) == std::vector{row}) << "read again";
  EXPECT_THAT(this->tasks(2, 0, 100), IsEmpty()) << "another job's";

  const auto state = this->harness_.restart();
  EXPECT_TRUE((state.jobs.at(0).ended == std::vector<DurableTask>{{4, TaskState::kSucceeded}}));
  EXPECT_EQ(state.jobs[0].totals, (JobTotals{1, 1.25, Joules{12.5}}));
  EXPECT_TRUE(this->tasks(1, 0, ~std::uint64_t{0}) == std::vector{row}) << "after the restart";
}

TYPED_TEST(StoreContract, AnAttemptThatNeverStartedIsReadBack) {
  this->commit({accepted(1)});
  TaskEnded fact;
  fact.task = {JobId{1}, 0};
  fact.state = TaskState::kCancelled;
  fact.report.task = fact.task;
  fact.report.failure = protocol::FailureClass::kCancelled;
  this->commit({fact});
  EXPECT_EQ(this->tasks(1, 0, 0).at(0).report, fact.report);
  EXPECT_EQ(this->harness_.restart().jobs.at(0).ended.at(0).state, TaskState::kCancelled);
}

TYPED_TEST(StoreContract, BodiesKeepEveryByte) {
  std::string large(protocol::kResultBytesMax, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7);
  const std::vector<std::string> bodies{"", std::string("\0", 1), "a\0b\xff\xfe", large};
  this->commit({accepted(1)});
  for (std::size_t i = 0; i < bodies.size(); ++i) this->commit_with_body(ended(1, i), bodies[i]);
  const auto rows = this->results(1, 0, 10);
  ASSERT_EQ(rows.size(), bodies.size());
  for (std::size_t i = 0; i < bodies.size(); ++i) EXPECT_EQ(rows[i].body, bodies[i]) << i;
}

TYPED_TEST(StoreContract, TasksAreReadByIndexResultsInCommitOrder) {
  this->commit({accepted(1), accepted(2), ended(1, 30), ended(2, 5), ended(1, 10),
                ended(1, 20, TaskState::kFailed)});
  EXPECT_THAT(this->indices(this->tasks(1, 0, 100)), ElementsAre(10, 20, 30));
  EXPECT_THAT(this->indices(this->tasks(1, 11, 30)), ElementsAre(20, 30));
  EXPECT_THAT(this->indices(this->tasks(1, 11, 19)), IsEmpty());
  EXPECT_THAT(this->indices(this->results(1, 0, 10)), ElementsAre(30, 10, 20));
  EXPECT_THAT(this->indices(this->results(1, 3, 10)), ElementsAre(10, 20)) << "after seq 3";
  EXPECT_THAT(this->indices(this->results(1, 3, 1)), ElementsAre(10));
  EXPECT_THAT(this->indices(this->results(1, 6, 10)), IsEmpty());
  EXPECT_THAT(this->indices(this->results(1, 0, 0)), IsEmpty());
  EXPECT_THAT(this->indices(this->results(3, 0, 10)), IsEmpty()) << "an unknown job";
}

TYPED_TEST(StoreContract, TasksAreFoundByState) {
  this->commit({accepted(1), ended(1, 1), ended(1, 2, TaskState::kFailed), ended(1, 3),
                ended(1, 4, TaskState::kCancelled), ended(1, 6, TaskState::kFailed)});
  EXPECT_THAT(this->in_state(1, TaskState::kSucceeded, 0, 10), ElementsAre(1, 3));
  EXPECT_THAT(this->in_state(1, TaskState::kSucceeded, 2, 10), ElementsAre(3));
  EXPECT_THAT(this->in_state(1, TaskState::kSucceeded, 0, 1), ElementsAre(1));
  EXPECT_THAT(this->in_state(1, TaskState::kFailed, 0, 10), ElementsAre(2, 6));
  EXPECT_THAT(this->in_state(1, TaskState::kFailed, 3, 10), ElementsAre(6));
  EXPECT_THAT(this->in_state(1, TaskState::kFailed, 0, 1), ElementsAre(2));
  EXPECT_THAT(this->in_state(1, TaskState::kCancelled, 0, 10), ElementsAre(4));
  EXPECT_THAT(this->in_state(1, TaskState::kRunning, 0, 10), IsEmpty());
}

TYPED_TEST(StoreContract, APageOfResultsIsBoundedInBytes) {
  this->commit({accepted(1)});
  const std::string body(protocol::kResultBytesMax, 'x');
  std::vector<CommitEntry> entries;
  for (std::uint64_t i = 0; i < 40; ++i) entries.push_back({++this->last_, ended(1, i), body});
  ASSERT_TRUE(this->harness_.commit(entries));
  const auto page = this->results(1, 0, 1000);
  EXPECT_EQ(page.size(), kResultsBytes / body.size());
  EXPECT_EQ(this->results(1, page.back().seq, 1000).size(), 40 - page.size());
}

TYPED_TEST(StoreContract, ARetriedAttemptIsReadBackAndItsTaskIsFree) {
  auto fact = requeued(1, 5, 9);
  fact.report.outputs = {{"core", std::string(64, 'f'), 3}};
  this->commit({accepted(1), requeued(1, 8, 4), fact, requeued(1, 5, 2)});
  const auto rows = this->retried(1, 5, 7);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].report.attempt.counter, 2u);
  EXPECT_TRUE(rows[1] == (AttemptRow{5, NodeId{"n8"}, fact.report}));
  EXPECT_EQ(this->retried(1, 0, 100).size(), 3u);
  EXPECT_THAT(this->retried(2, 0, 100), IsEmpty());

  const auto state = this->harness_.restart();
  EXPECT_TRUE(
      (state.jobs.at(0).requeues == std::vector<DurableRequeue>{{5, 1, 2, true}, {8, 1, 2, true}}));
  EXPECT_EQ(state.jobs[0].totals, (JobTotals{3, 0.25 * (9 + 2 + 4), Joules{37.5}}));
}

TYPED_TEST(StoreContract, AConsumedRequeueIsNotFreeUntilTheNext) {
  auto again = requeued(1, 5, 2);
  again.infrastructure_failures = 3;
  this->commit({accepted(1), requeued(1, 5), requeued(1, 6), RequeueConsumed{{JobId{1}, 5}},
                RequeueConsumed{{JobId{1}, 99}}});
  auto requeues = this->harness_.restart().jobs.at(0).requeues;
  EXPECT_TRUE((requeues == std::vector<DurableRequeue>{{5, 1, 2, false}, {6, 1, 2, true}}));
  this->commit({again});
  requeues = this->harness_.restart().jobs.at(0).requeues;
  EXPECT_TRUE((requeues == std::vector<DurableRequeue>{{5, 1, 3, true}, {6, 1, 2, true}}));
}

TYPED_TEST(StoreContract, ATaskThatEndedHasNoRequeue) {
  this->commit({accepted(1), requeued(1, 5), RequeueConsumed{{JobId{1}, 5}}, ended(1, 5)});
  const auto state = this->harness_.restart();
  EXPECT_THAT(state.jobs.at(0).requeues, IsEmpty());
  EXPECT_EQ(state.jobs[0].ended.size(), 1u);
  EXPECT_EQ(this->retried(1, 0, 9).size(), 1u) << "its failed attempt stays";
}

TYPED_TEST(StoreContract, ACancelledJobStaysSo) {
  this->commit({accepted(1), JobCancelled{JobId{1}, "no longer needed", at_ms(3)}});
  EXPECT_EQ(this->job(1)->cancelled, CancelCause::kRequest);
  EXPECT_EQ(this->job(1)->state, JobState::kActive);
  EXPECT_TRUE(this->harness_.restart().jobs.at(0).cancelled);
}

TYPED_TEST(StoreContract, WhyAJobWasCancelledIsKept) {
  this->commit({accepted(1), JobCancelled{JobId{1}, "too many", at_ms(3), CancelCause::kFailures}});
  EXPECT_EQ(this->job(1)->reason, "too many");
  EXPECT_EQ(this->harness_.restart().jobs.at(0).cancelled, CancelCause::kFailures);
}

TYPED_TEST(StoreContract, WhatIsChangedOfAJobStaysSoAndTheRestOfItAsItWas) {
  auto job = accepted(1);
  job.spec.after = {{JobId{7}, protocol::AfterCondition::kFailure}};
  job.spec.maximum_failed_tasks = 3;
  job.spec.maximum_failed_percent = 4;
  job.spec.deadline = at_ms(50);
  job.spec.deadline_action = protocol::DeadlineAction::kCancel;
  job.spec.labels = {{"held", "by a label"}};
  this->commit({job, JobUpdated{JobId{1}, {true, 7, at_ms(99)}, "maintenance", at_ms(3)}});
  auto spec = job.spec;
  spec.held = true;
  spec.priority = 7;
  spec.deadline = at_ms(99);
  EXPECT_TRUE(this->job(1)->spec == shown(spec));
  EXPECT_EQ(this->job(1)->reason, "maintenance");
  EXPECT_TRUE(this->harness_.restart().jobs.at(0).spec == spec);
  this->commit({JobUpdated{JobId{1}, {false, 7, std::nullopt}, "", at_ms(4)}});
  spec.held = false;
  spec.deadline.reset();
  spec.deadline_action = protocol::DeadlineAction::kContinue;  // there is none to cancel it at
  EXPECT_TRUE(this->job(1)->spec == shown(spec));
  EXPECT_TRUE(this->harness_.restart().jobs.at(0).spec == spec);
}

TYPED_TEST(StoreContract, WhatAttemptsPrintedIsKeptByAttempt) {
  const protocol::OutputTails first{{std::string("\xff\0out", 5), 9000}, {}};
  const protocol::OutputTails last{{}, {"trace", 5}};
  this->commit({accepted(1)});
  const auto retried = requeued(1, 4, 7);
  const auto end = ended(1, 4, TaskState::kFailed);
  ASSERT_TRUE(this->harness_.commit(
      {{++this->last_, retried, "", first}, {++this->last_, end, "result", last}}));
  this->commit({ended(1, 5)});
  const auto tails = [&](std::uint64_t index, AttemptId attempt) {
    return this->harness_.read([&](StoreReader& r) {
      return r.tails({JobId{1}, index}, attempt).value();
    });
  };
  EXPECT_EQ(tails(4, retried.report.attempt), first);
  EXPECT_EQ(tails(4, end.report.attempt), last);
  EXPECT_EQ(tails(5, ended(1, 5).report.attempt), std::nullopt) << "it printed nothing";
  EXPECT_EQ(tails(4, {9, 9}), std::nullopt);
  this->harness_.restart();
  EXPECT_EQ(tails(4, end.report.attempt), last);
}

TYPED_TEST(StoreContract, EndedJobsAreLoadedWithHowTheyEnded) {
  this->commit({accepted(1), accepted(2), job_ended(1)});
  const auto state = this->harness_.restart();
  EXPECT_THAT(state.ended_jobs, ElementsAre(std::pair(JobId{1}, JobState::kFailed)));
}

TYPED_TEST(StoreContract, IndicesOfTasksByState) {
  using protocol::TaskState;
  auto job = accepted(1);
  job.spec.task_count = 6;
  this->commit({job, ended(1, 4, TaskState::kFailed), ended(1, 0), ended(1, 2, TaskState::kFailed),
                ended(1, 3, TaskState::kCancelled)});
  const auto indices = [&](const std::vector<TaskState>& states) {
    return this->harness_.read([&](StoreReader& r) { return r.indices(JobId{1}, states).value(); });
  };
  EXPECT_THAT(indices({TaskState::kFailed}), ElementsAre(2, 4));
  EXPECT_THAT(indices({TaskState::kCancelled}), ElementsAre(3)) << "the others may still run";
  this->commit({job_ended(1)});
  EXPECT_THAT(indices({TaskState::kCancelled}), ElementsAre(1, 3, 5));
  EXPECT_THAT(indices({TaskState::kFailed, TaskState::kSucceeded}), ElementsAre(0, 2, 4));
}

TYPED_TEST(StoreContract, ATaskThatStandsForAnotherHasThatOnesPayload) {
  ASSERT_TRUE(this->harness_.stage(7, 0, {"p0", "p1", "p2", "p3"}));
  auto job = accepted(1);
  job.staging = 7;
  job.spec.task_count = 2;
  job.spec.indices = "0,3";
  this->commit({job});
  const auto payload = [&](std::uint64_t index) {
    return this->harness_.read([&](StoreReader& r) { return r.payloads(JobId{1}, index).value(); });
  };
  EXPECT_EQ(payload(0).first, 0u);
  EXPECT_THAT(payload(0).payloads, ElementsAre("p0")) << "not those of its neighbours";
  EXPECT_EQ(payload(1).first, 1u);
  EXPECT_THAT(payload(1).payloads, ElementsAre("p3"));
}

TYPED_TEST(StoreContract, AnEndedJobHasItsCountsAndIsNoLongerLoaded) {
  this->commit({accepted(1), accepted(2), ended(1, 0), requeued(1, 1), job_ended(1)});
  const auto row = this->job(1);
  EXPECT_EQ(row->state, JobState::kFailed);
  EXPECT_EQ(row->counts, (TaskCounts{1, 2, 3, 4, 5}));
  EXPECT_EQ(row->totals, (JobTotals{9, 1.25, Joules{77.5}})) << "the fact's, not our own sum";
  EXPECT_EQ(row->ended_at, at_ms(9000));
  EXPECT_EQ(row->ended_seq, 5u);
  EXPECT_EQ(this->job(2)->totals, JobTotals{});
  const auto state = this->harness_.restart();
  ASSERT_EQ(state.jobs.size(), 1u);
  EXPECT_EQ(state.jobs[0].job, JobId{2});
  EXPECT_EQ(state.last_job, JobId{2});
  EXPECT_EQ(this->results(1, 0, 10).size(), 1u) << "its results stay";
}

TYPED_TEST(StoreContract, EventsAreKeptInCommitOrder) {
  std::vector<Fact> facts{accepted(1, "bank", 5),
                          accepted(2),
                          ended(1, 0),
                          requeued(1, 3),
                          JobCancelled{JobId{2}, "why not", at_ms(4)},
                          joined("n1"),
                          job_ended(2)};
  this->commit(facts);
  for (const auto job : {0u, 1u}) {
    auto& spec = std::get<JobAccepted>(facts[job]).spec;
    spec = shown(spec);
  }
  const auto all = this->events(0, 0, 100);
  EXPECT_THAT(this->sequences(all), ElementsAre(1, 2, 4, 5, 7));
  for (const auto& event : all) {
    EXPECT_TRUE(event.fact == facts[event.seq - 1]) << event.seq;
    EXPECT_EQ(event.job, JobId{event.seq == 1 || event.seq == 4 ? 1u : 2u});
  }
  EXPECT_THAT(this->sequences(this->events(2, 0, 100)), ElementsAre(2, 5, 7));
  EXPECT_THAT(this->sequences(this->events(2, 2, 1)), ElementsAre(5));
  EXPECT_THAT(this->sequences(this->events(0, 4, 2)), ElementsAre(5, 7));
  EXPECT_THAT(this->events(0, 7, 2), IsEmpty());
  EXPECT_THAT(this->events(3, 0, 2), IsEmpty());
  EXPECT_EQ(this->harness_.read([](StoreReader& r) { return r.earliest().value(); }), 0u);
}

TYPED_TEST(StoreContract, NodesAreKeptJoinedOrNotDrainingOrNot) {
  auto moved = joined("n2");
  moved.facts.zone = ZoneId{"bath"};
  moved.installation_id = "another";
  this->commit({joined("n2"), joined("n1"), joined("n3"), NodeDrainSet{NodeId{"n2"}, true},
                NodeDrainSet{NodeId{"n3"}, true}, NodeDrainSet{NodeId{"n3"}, false},
                NodeGivenUp{NodeId{"n1"}}, NodeGivenUp{NodeId{"unknown"}}, moved});
  const auto state = this->harness_.restart();
  EXPECT_TRUE((state.nodes == std::vector<DurableNode>{{joined("n1").facts, "i-n1", false, false},
                                                       {moved.facts, "another", true, true},
                                                       {joined("n3").facts, "i-n3", true, false}}));
}

TYPED_TEST(StoreContract, TheLastSetpointOrderedIsKept) {
  const protocol::Setpoint off{protocol::SetpointMode::kOff, Celsius{20}, {}, {2, {}}, {}};
  this->commit({ZoneSetpointOrdered{ZoneId{"z2"}, off}, ZoneSetpointOrdered{ZoneId{"z1"}, off},
                ZoneSetpointOrdered{ZoneId{"z2"}, programme()}});
  const auto state = this->harness_.restart();
  ASSERT_EQ(state.setpoints.size(), 2u);
  EXPECT_EQ(state.setpoints[0], std::pair(ZoneId{"z1"}, off));
  EXPECT_EQ(state.setpoints[1], std::pair(ZoneId{"z2"}, programme()));
}

TYPED_TEST(StoreContract, WhatWasLearnedLastIsKept) {
  LearnedModel learned;
  learned.model = thermal::prior_room(40);
  learned.hold_model = thermal::prior_room(35);
  learned.error.zone_rmse_k[4] = 0.41;
  learned.kind = "3R2C";
  learned.ua_w_per_k = 39.5;
  learned.rmse_24h_k = 0.41;
  learned.accepted = true;
  learned.fitted_at = at_ms(77);
  this->commit({ZoneModelLearned{ZoneId{"z1"}, {}}, ZoneModelLearned{ZoneId{"z1"}, learned}});
  const auto state = this->harness_.restart();
  ASSERT_EQ(state.models.size(), 1u);
  EXPECT_EQ(state.models[0], std::pair(ZoneId{"z1"}, learned));
}

TYPED_TEST(StoreContract, CapsAreKeptUntilTheyAreLifted) {
  this->commit({SiteCapSet{SiteId{"a"}, SiteCap{1500_W, "peak"}},
                SiteCapSet{SiteId{"b"}, SiteCap{900_W, ""}}, SiteCapSet{SiteId{"b"}, std::nullopt},
                SiteCapSet{SiteId{"a"}, SiteCap{1200_W, "grid operator's call"}}});
  const auto state = this->harness_.restart();
  EXPECT_EQ(
      state.caps,
      (std::vector<std::pair<SiteId, SiteCap>>{{SiteId{"a"}, {1200_W, "grid operator's call"}}}));
}

TYPED_TEST(StoreContract, PayloadsAreReadByThePage) {
  const std::vector<std::string> first{"", std::string("a\0b", 3), "c"};
  const std::vector<std::string> second{std::string(protocol::kPayloadBytesMax, '\xff')};
  ASSERT_TRUE(this->harness_.stage(11, 3, second));
  ASSERT_TRUE(this->harness_.stage(11, 0, first));
  ASSERT_TRUE(this->harness_.stage(12, 0, {"another staging's"}));
  this->commit({accepted(1, "bank", 11), accepted(2)});
  EXPECT_NE(this->job(1)->staging, 0u);
  const StoreReader::PayloadPage first_page{0, first};
  EXPECT_TRUE(this->payloads(1, 0).value() == first_page);
  EXPECT_TRUE(this->payloads(1, 2).value() == first_page);
  EXPECT_TRUE(this->payloads(1, 3).value() == (StoreReader::PayloadPage{3, second}));
  for (const auto& [job, index] : {std::pair(1, 4), std::pair(2, 0), std::pair(3, 0)}) {
    const auto none =
        this->payloads(static_cast<std::uint64_t>(job), static_cast<std::uint64_t>(index));
    ASSERT_FALSE(none) << job << "/" << index;
    EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  }
  EXPECT_TRUE(this->harness_.restart().jobs.at(0).has_payloads);
  EXPECT_TRUE(this->payloads(1, 1).value() == first_page) << "owned: not swept";
}

TYPED_TEST(StoreContract, AStagingThatNoJobOwnsIsSweptAtTheNextStart) {
  ASSERT_TRUE(this->harness_.stage(21, 0, {"x"}));
  const auto again = this->harness_.stage(21, 0, {"y"});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
  this->harness_.restart();
  EXPECT_TRUE(this->harness_.stage(21, 0, {"z"})) << "nothing was left of it";
  this->commit({accepted(1, "bank", 21)});
  EXPECT_EQ(this->payloads(1, 0).value().payloads.at(0), "z");
}

TYPED_TEST(StoreContract, ASecondEndOfATaskFailsTheStoreAndNothingIsWrittenAfterwards) {
  this->commit({accepted(1), ended(1, 3)});
  const auto first = this->results(1, 0, 10);
  EXPECT_FALSE(this->harness_.commit(number(this->last_, {accepted(2), ended(1, 3)})));
  EXPECT_FALSE(this->harness_.commit(number(this->last_ + 2, {accepted(3)})));
  EXPECT_FALSE(this->harness_.stage(1, 0, {"x"}));
  EXPECT_EQ(this->harness_.outcome().failures(), 1);
  EXPECT_EQ(this->harness_.outcome().durable(), 2u);
  const auto state = this->harness_.restart();
  EXPECT_EQ(state.last_seq, 2u) << "the batch is durable as a whole or not at all";
  EXPECT_EQ(state.jobs.size(), 1u);
  EXPECT_TRUE(this->results(1, 0, 10) == first);
}

TYPED_TEST(StoreContract, BatchesBecomeDurableInOrder) {
  for (std::uint64_t i = 1; i <= 50; ++i) {
    this->harness_.store().commit(number(i - 1, {accepted(i)}));
  }
  this->last_ = 50;
  this->commit({accepted(51)});
  EXPECT_EQ(this->harness_.outcome().durable(), 51u);
  EXPECT_EQ(this->jobs(0, "", 100).size(), 51u);
  EXPECT_EQ(this->harness_.restart().jobs.size(), 51u);
  EXPECT_TRUE(this->harness_.store().check());
}

}  // namespace
}  // namespace hearth::scheduler
