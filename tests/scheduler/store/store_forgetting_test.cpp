// How stores forget: jobs, their requests, payloads and references, events; piece by piece.
#include <gmock/gmock.h>

#include "equality.h"
#include "harness.h"
#include "samples.h"

namespace hearth::scheduler {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <class Harness>
class StoreForgetting : public testing::Test {
 protected:
  void commit(std::vector<Fact> facts) {
    auto entries = number(last_, std::move(facts));
    last_ = entries.back().seq;
    const auto done = harness_.commit(std::move(entries));
    ASSERT_TRUE(done) << done.error().message;
  }
  // A job of `tasks` tasks that has ended.
  void ended_job(std::uint64_t job, std::uint64_t tasks, std::uint64_t staging = 0) {
    std::vector<Fact> facts{accepted(job, "bank", staging)};
    for (std::uint64_t index = 0; index < tasks; ++index) facts.emplace_back(ended(job, index));
    auto end = job_ended(job);
    end.at = at_ms(static_cast<std::int64_t>(job));
    facts.emplace_back(end);
    commit(std::move(facts));
  }
  Swept sweep_all(SweepOrder order) {
    Swept all;
    for (bool more = true; more;) {
      const auto swept = harness_.sweep(order).value();
      all.jobs += swept.jobs;
      all.rows += swept.rows;
      all.events += swept.events;
      EXPECT_LE(swept.rows, order.rows_max + 20) << "one piece";
      more = swept.more;
    }
    return all;
  }
  std::vector<std::uint64_t> expired(std::int64_t before_ms, std::size_t limit) {
    std::vector<std::uint64_t> ids;
    for (const auto job : harness_.read(
             [&](StoreReader& r) { return r.expired_jobs(at_ms(before_ms), limit).value(); })) {
      ids.push_back(job.value);
    }
    return ids;
  }
  std::size_t events() {
    return harness_.read([](StoreReader& r) { return r.events(JobId{}, 0, 1000).value(); }).size();
  }
  bool has_payload(std::uint64_t job) {
    return harness_.read([&](StoreReader& r) { return r.payloads(JobId{job}, 0).has_value(); });
  }

  Harness harness_;
  Sequence last_ = 0;
};

using Stores = testing::Types<MemoryHarness, SqliteHarness>;
TYPED_TEST_SUITE(StoreForgetting, Stores, );

TYPED_TEST(StoreForgetting, JobsExpireInTheOrderOfTheirEnds) {
  this->ended_job(1, 1);
  this->ended_job(2, 1);
  this->ended_job(3, 1);
  this->commit({accepted(4)});
  EXPECT_THAT(this->expired(3, 10), ElementsAre(1, 2));
  EXPECT_THAT(this->expired(100, 2), ElementsAre(1, 2));
  EXPECT_THAT(this->expired(100, 10), ElementsAre(1, 2, 3));
  auto waiting = accepted(5);
  waiting.spec.after = {{JobId{2}, protocol::AfterCondition::kAny}};
  this->commit({waiting});
  EXPECT_THAT(this->expired(100, 10), ElementsAre(1, 3)) << "an active job is to run after j2";
  auto end = job_ended(5);
  end.at = at_ms(9000);
  this->commit({end});
  EXPECT_THAT(this->expired(100, 10), ElementsAre(1, 2, 3));
}

TYPED_TEST(StoreForgetting, AForgottenJobIsGoneAtOnceAndForEver) {
  this->ended_job(1, 3);
  this->ended_job(2, 3);
  this->commit({JobForgotten{JobId{1}}});
  const auto look = [&] {
    EXPECT_EQ(this->harness_.read([](StoreReader& r) { return r.job(JobId{1}).value(); }),
              std::nullopt);
    const auto why =
        this->harness_.read([](StoreReader& r) { return no_such_job(r, JobId{1}).message; });
    EXPECT_THAT(why, HasSubstr("j1: deleted"));
    const auto never =
        this->harness_.read([](StoreReader& r) { return no_such_job(r, JobId{9}).message; });
    EXPECT_THAT(never, HasSubstr("j9: no such job"));
  };
  look();
  auto state = this->harness_.restart();
  ASSERT_EQ(state.ended_jobs.size(), 1u);
  EXPECT_EQ(state.ended_jobs[0].first, JobId{2});
  ASSERT_EQ(state.requests.size(), 1u);
  EXPECT_EQ(state.requests[0].job, JobId{2});
  EXPECT_EQ(state.last_job, JobId{2}) << "no id comes twice";
  look();
  EXPECT_EQ(this->sweep_all({}).jobs, 1u);
  look();
  EXPECT_EQ(this->sweep_all({}).jobs, 0u) << "once";
  EXPECT_THAT(this->harness_.read([](StoreReader& r) { return r.tasks(JobId{1}, 0, 9).value(); }),
              IsEmpty());
  EXPECT_EQ(
      this->harness_.read([](StoreReader& r) { return r.tasks(JobId{2}, 0, 9).value(); }).size(),
      3u);
}

TYPED_TEST(StoreForgetting, ItIsDeletedInPiecesAndGoesOnAfterARestart) {
  this->ended_job(1, 50);
  this->commit({requeued(1, 0), requeued(1, 1), JobForgotten{JobId{1}}});
  SweepOrder order;
  order.rows_max = 20;
  const auto first = this->harness_.sweep(order);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_GT(first->rows, 0u);
  this->harness_.restart();
  (void)this->sweep_all(order);
  const auto usage = this->harness_.read([](StoreReader& r) { return r.usage().value(); });
  EXPECT_EQ(usage.jobs_forgotten, 0u);
  EXPECT_EQ(usage.jobs_ended, 0u);
  EXPECT_THAT(this->harness_.read(
                  [](StoreReader& r) { return r.retried_attempts(JobId{1}, 0, 9).value(); }),
              IsEmpty());
}

TYPED_TEST(StoreForgetting, PayloadsStayWhileAJobReadsThem) {
  ASSERT_TRUE(this->harness_.stage(7, 0, {"a", "b"}));
  this->ended_job(1, 1, 7);
  this->ended_job(2, 1, 7);  // retried tasks of j1
  this->commit({JobForgotten{JobId{1}}});
  (void)this->sweep_all({});
  EXPECT_TRUE(this->has_payload(2));
  this->harness_.restart();
  EXPECT_TRUE(this->has_payload(2));
  this->commit({JobForgotten{JobId{2}}, accepted(3, "bank", 7)});
  (void)this->sweep_all({});
  EXPECT_TRUE(this->has_payload(3)) << "one that came with the forgetting";
  this->commit({job_ended(3), JobForgotten{JobId{3}}});
  (void)this->sweep_all({});
  // The number of a staging names nothing any more.
  ASSERT_TRUE(this->harness_.stage(7, 0, {"c"}));
}

TYPED_TEST(StoreForgetting, ArtifactsAreReferredToAsLongAsTheirJobs) {
  auto job = accepted(1);
  auto task = ended(1, 0);
  task.report.outputs = {{"out.csv", std::string(64, 'd'), 3}};
  auto attempt = requeued(1, 1);
  attempt.report.outputs = {{"log.txt", std::string(64, 'e'), 3}};
  this->commit({job, task, attempt, job_ended(1)});
  const std::vector<std::string> all{std::string(64, 'a'), std::string(64, 'd'),
                                     std::string(64, 'e'), std::string(64, 'f')};
  const auto referenced = [&] {
    return this->harness_.read([&](StoreReader& r) { return r.referenced(all).value(); });
  };
  const auto referred_by = [&](const std::string& tenant) {
    std::vector<std::string> found;
    for (const auto& digest : all) {
      const auto refers = this->harness_.read(
          [&](StoreReader& r) { return r.tenant_refers(tenant, digest).value(); });
      if (refers) found.push_back(digest);
    }
    return found;
  };
  EXPECT_THAT(referenced(), ElementsAre(all[0], all[1], all[2]));
  EXPECT_THAT(referred_by("bank"), ElementsAre(all[0], all[1], all[2]));
  EXPECT_THAT(referred_by("rival"), IsEmpty());
  this->harness_.restart();
  EXPECT_THAT(referenced(), ElementsAre(all[0], all[1], all[2]));
  this->commit({JobForgotten{JobId{1}}});
  (void)this->sweep_all({});
  EXPECT_THAT(referenced(), IsEmpty());
  EXPECT_THAT(referred_by("bank"), IsEmpty());
}

TYPED_TEST(StoreForgetting, EventsGoFromTheOldestAndCursorsWithThem) {
  for (std::uint64_t job = 1; job <= 5; ++job) this->ended_job(job, 0);
  ASSERT_EQ(this->events(), 10u);
  const auto earliest = [&] {
    return this->harness_.read([](StoreReader& r) { return r.earliest().value(); });
  };
  EXPECT_EQ(earliest(), 0u);
  SweepOrder order;
  order.events_before = at_ms(3);  // j1 and j2
  EXPECT_EQ(this->harness_.sweep(order)->events, 4u);
  EXPECT_EQ(earliest(), 4u);
  this->harness_.restart();
  EXPECT_EQ(earliest(), 4u);
  order.events_excess = 3;
  EXPECT_EQ(this->harness_.sweep(order)->events, 3u);
  EXPECT_EQ(earliest(), 7u);
  EXPECT_EQ(this->events(), 3u);
  EXPECT_EQ(this->harness_.sweep({})->events, 0u);
  EXPECT_EQ(earliest(), 7u);
}

TYPED_TEST(StoreForgetting, UsageSaysWhatThereIs) {
  this->ended_job(1, 2);
  this->ended_job(2, 2);
  this->commit({accepted(3)});
  const auto usage = this->harness_.read([](StoreReader& r) { return r.usage().value(); });
  EXPECT_EQ(usage.jobs_active, 1u);
  EXPECT_EQ(usage.jobs_ended, 2u);
  EXPECT_EQ(usage.events, 5u);
  EXPECT_EQ(usage.requests, 3u);
  EXPECT_EQ(usage.oldest_job_ended_at, at_ms(1));
  EXPECT_EQ(usage.oldest_event_at, at_ms(1));
  EXPECT_EQ(usage.oldest_request_at, at_ms(1));
  EXPECT_EQ(usage.last_job, JobId{3});
}

}  // namespace
}  // namespace hearth::scheduler
