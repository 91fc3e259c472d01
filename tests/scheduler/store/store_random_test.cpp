// The same seeded sequence of facts, stagings and restarts, given to both stores, reads the same.
#include <gtest/gtest.h>

#include <set>

#include "common/random.h"
#include "equality.h"
#include "harness.h"
#include "samples.h"

namespace hearth::scheduler {
namespace {

constexpr std::uint64_t kTasks = 12;  // per job: few, so that the same ones meet again

class RandomFacts {
 public:
  explicit RandomFacts(std::uint64_t seed) : random_(seed) {}

  std::vector<CommitEntry> next_batch() {
    std::vector<CommitEntry> batch;
    for (auto count = 1 + random_.below(6); count > 0; --count) {
      Fact fact = next();
      std::string body;
      if (std::holds_alternative<TaskEnded>(fact)) body = std::string(random_.below(300), '\0');
      batch.push_back({++last_, std::move(fact), std::move(body)});
    }
    return batch;
  }

  std::uint64_t next_staging() { return ++stagings_; }
  bool chance(int percent) { return random_.chance(percent); }
  [[nodiscard]] std::uint64_t jobs() const { return jobs_; }

 private:
  Fact updated(std::uint64_t job) {
    JobControl control{random_.chance(50), static_cast<int>(random_.below(101)), std::nullopt};
    if (random_.chance(50)) control.deadline = at_ms(static_cast<int>(random_.below(100'000)));
    return JobUpdated{JobId{job}, control, random_.chance(50) ? "" : "why", at_ms(2)};
  }

  Fact next() {
    if (jobs_ == 0 || random_.chance(10)) return new_job();
    const std::uint64_t job = 1 + random_.below(jobs_);
    if (forgotten_.contains(job)) return new_job();
    if (random_.chance(2)) {
      forgotten_.insert(job);
      return JobForgotten{JobId{job}};
    }
    if (random_.chance(1)) return RequestsForgotten{JobId{job}};
    const std::uint64_t index = random_.below(kTasks);
    switch (random_.below(11)) {
      case 0:
        return DispatchMarkRaised{JobId{job}, random_.below(1000)};
      case 1:
        return JobCancelled{JobId{job}, "for no reason", at_ms(1)};
      case 2:
        return RequeueConsumed{{JobId{job}, index}};
      case 3:
        return node_fact();
      case 4:
        if (random_.chance(20)) return job_ended(job);
        return ZoneSetpointOrdered{ZoneId{"z" + std::to_string(random_.below(3))}, programme()};
      case 5:
        return updated(job);
      case 6:
      case 7:
        return requeued(job, index, random_.below(50));
      default:
        if (!ended_.insert({JobId{job}, index}).second) return requeued(job, index);
        return ended(job, index, static_cast<protocol::TaskState>(2 + random_.below(3)));
    }
  }

  Fact new_job() {
    auto fact =
        accepted(++jobs_, random_.chance(50) ? "bank" : "lab", random_.chance(30) ? stagings_ : 0);
    fact.request.request_id = std::to_string(random_.below(20));
    time_ += std::chrono::hours{random_.below(48)};
    fact.at = at_ms(0) + time_;
    return fact;
  }

  Fact node_fact() {
    const std::string node = "n" + std::to_string(random_.below(4));
    if (random_.chance(50)) return joined(node);
    if (random_.chance(50)) return NodeGivenUp{NodeId{node}};
    return NodeDrainSet{NodeId{node}, random_.chance(50)};
  }

  Random random_;
  Sequence last_ = 0;
  std::uint64_t jobs_ = 0;
  std::uint64_t stagings_ = 0;
  Duration time_{};
  std::set<TaskId> ended_;
  std::set<std::uint64_t> forgotten_;
};

// Everything that readers show of one store.
struct Shown {
  std::vector<JobRow> jobs;
  std::vector<JobRow> jobs_of_tenant;
  std::vector<TaskRow> tasks;
  std::vector<TaskRow> results;
  std::vector<AttemptRow> retried;
  std::vector<EventRow> events;
  std::vector<StoreReader::PayloadPage> payloads;
  std::vector<JobId> expired;
  Sequence earliest = 0;
  JobId last_job;
  std::vector<std::uint64_t> counts;
  std::vector<std::optional<UtcTime>> oldest;

  bool operator==(const Shown&) const = default;
};

template <class T>
void append(std::vector<T>& to, std::vector<T> from) {
  to.insert(to.end(), from.begin(), from.end());
}

Shown show(StoreReader& reader, std::uint64_t jobs) {
  using enum protocol::TaskState;
  Shown shown;
  shown.jobs = reader.jobs(JobId{}, "", 1000).value();
  shown.jobs_of_tenant = reader.jobs(JobId{jobs}, "lab", 5).value();
  shown.events = reader.events(JobId{}, 3, 1000).value();
  shown.expired = reader.expired_jobs(at_ms(9001), 7).value();
  shown.earliest = reader.earliest().value();
  shown.last_job = reader.last_job().value();
  const auto usage = reader.usage().value();
  shown.counts = {usage.jobs_active, usage.jobs_ended, usage.jobs_forgotten, usage.events,
                  usage.requests};
  shown.oldest = {usage.oldest_job_ended_at, usage.oldest_event_at, usage.oldest_request_at};
  for (JobId job{1}; job.value <= jobs + 1; ++job.value) {
    if (const auto row = reader.job(job).value()) shown.jobs.push_back(*row);
    append(shown.tasks, reader.tasks(job, 2, kTasks - 2).value());
    for (const auto state : {kSucceeded, kFailed, kCancelled}) {
      append(shown.tasks, reader.tasks_in_state(job, state, 1, 4).value());
    }
    append(shown.results, reader.results(job, 20, 6).value());
    append(shown.retried, reader.retried_attempts(job, 1, kTasks).value());
    append(shown.events, reader.events(job, 5, 7).value());
    if (const auto page = reader.payloads(job, 1)) shown.payloads.push_back(*page);
  }
  return shown;
}

// All that is left of forgotten jobs, then some events.
template <class Harness>
void sweep(Harness& harness, std::uint64_t events) {
  SweepOrder order;
  order.rows_max = 40;
  while (harness.sweep(order).value().more) {
  }
  order.events_excess = events;
  ASSERT_EQ(harness.sweep(order).value().events, events);
}

class StoreRandom : public testing::TestWithParam<std::uint64_t> {};

TEST_P(StoreRandom, BothStoresShowTheSame) {
  RandomFacts facts(GetParam());
  MemoryHarness memory;
  SqliteHarness sqlite;
  for (int round = 0; round < 60; ++round) {
    if (facts.chance(20)) {
      const auto staging = facts.next_staging();
      ASSERT_TRUE(memory.stage(staging, 0, {"a", "b"}));
      ASSERT_TRUE(sqlite.stage(staging, 0, {"a", "b"}));
    }
    const auto batch = facts.next_batch();
    ASSERT_TRUE(memory.commit(batch));
    ASSERT_TRUE(sqlite.commit(batch));
    if (!facts.chance(10)) continue;
    const auto events = memory.read([](StoreReader& r) { return r.usage().value().events; });
    sweep(memory, std::min<std::uint64_t>(events, round % 5));
    sweep(sqlite, std::min<std::uint64_t>(events, round % 5));
    const auto query = [&](StoreReader& reader) { return show(reader, facts.jobs()); };
    ASSERT_TRUE(memory.read(query) == sqlite.read(query)) << "round " << round;
    const DurableState from_memory = memory.restart();
    const DurableState from_sqlite = sqlite.restart();
    ASSERT_TRUE(from_memory == from_sqlite) << "round " << round;
    ASSERT_TRUE(memory.read(query) == sqlite.read(query)) << "after the restart, round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreRandom, testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace hearth::scheduler
