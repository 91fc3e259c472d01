// What only the store on disk does: it survives, and refuses what is not its own.
#include "scheduler/store/sqlite_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <fstream>

#include "harness.h"
#include "samples.h"
#include "scheduler/store/sqlite_inspect.h"

namespace hearth::scheduler {
namespace {

// Takes back what versions 8, 7, 6 and 5 of the tables added.
const std::string kWithout8 = "DROP TRIGGER secrets_go_with_job; DROP TABLE job_secrets;";
const std::string kWithout7 = kWithout8 + "DROP TABLE suspensions; DROP TABLE node_labels;";
const std::string kWithout6 =
    kWithout7 +
    "DROP TRIGGER output_goes_with_task; DROP TRIGGER output_goes_with_attempt;"
    "DROP TABLE task_output;";
const std::string kWithout5 =
    kWithout6 +
    "DROP TABLE forgotten; DROP TABLE artifact_references; DROP INDEX jobs_by_end;"
    "DROP INDEX requests_by_job; ALTER TABLE meta DROP COLUMN earliest;";

void run_sql(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
}

Result<std::unique_ptr<SqliteStore>> open(const std::string& path) {
  return SqliteStore::open({path}, {[](Sequence) {}, [](const Error&) {}});
}

void expect_refused(const std::string& path, const std::string& reason) {
  const auto refused = open(path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(refused.error().message.find(path), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find(reason), std::string::npos) << refused.error().message;
}

class SqliteStoreTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  const std::string path_ = directory_.file("hearth.db");
};

TEST_F(SqliteStoreTest, TheDestructorWritesWhatIsQueued) {
  Outcome outcome;
  std::string store_id;
  {
    auto store = SqliteStore::open({path_}, outcome.callbacks()).value();
    store_id = store->load()->store_id;
    for (std::uint64_t i = 1; i <= 100; ++i) store->commit(number(i - 1, {accepted(i)}));
  }
  EXPECT_EQ(outcome.durable(), 100u);
  auto store = open(path_).value();
  const auto state = store->load();
  EXPECT_EQ(state->last_seq, 100u);
  EXPECT_EQ(state->store_id, store_id);
}

TEST_F(SqliteStoreTest, WhatIsQueuedTogetherIsOneTransaction) {
  Outcome outcome;
  auto store = SqliteStore::open({path_}, outcome.callbacks()).value();
  ASSERT_TRUE(store->load());
  // While the store's thread is held here, everything else queues.
  std::promise<void> hold;
  store->stage(1, 0, {}, [&](const Result<>&) { hold.get_future().wait(); });
  for (std::uint64_t i = 1; i <= 200; ++i) store->commit(number(i - 1, {accepted(i)}));
  hold.set_value();
  ASSERT_TRUE(outcome.wait_for(200));
  EXPECT_LE(outcome.durable_calls(), 2) << "one group with the staging at most, one after it";
}

TEST_F(SqliteStoreTest, AForeignDatabaseIsRefused) {
  run_sql(path_, "CREATE TABLE notes (text TEXT)");
  expect_refused(path_, "not a Hearth store");
  run_sql(path_, "SELECT text FROM notes");
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsRefused) {
  std::ofstream(path_) << std::string(5000, 'x');
  expect_refused(path_, "not a database");
}

TEST_F(SqliteStoreTest, AStoreOfANewerVersionIsRefused) {
  { ASSERT_TRUE(open(path_)); }
  run_sql(path_, "PRAGMA user_version = 99");
  expect_refused(path_, "newer than this program");
}

TEST_F(SqliteStoreTest, WhatATaskPrintedGoesWithItsRow) {
  const protocol::OutputTails tails{{"x", 1}, {}};
  {
    Outcome outcome;
    auto store = SqliteStore::open({path_}, outcome.callbacks()).value();
    ASSERT_TRUE(store->load());
    store->commit({{1, accepted(1)},
                   {2, requeued(1, 0, 5), "", tails},
                   {3, ended(1, 0), "", tails},
                   {4, ended(1, 1), "", tails}});
    ASSERT_TRUE(outcome.wait_for(4));
  }
  run_sql(path_, "DELETE FROM tasks WHERE task_index = 0; DELETE FROM retried_attempts");
  auto store = open(path_).value();
  ASSERT_TRUE(store->load());
  std::promise<std::vector<bool>> kept;
  store->read([&](StoreReader& reader) {
    const auto has = [&](std::uint64_t index, AttemptId attempt) {
      return reader.tails({JobId{1}, index}, attempt).value().has_value();
    };
    kept.set_value({has(0, requeued(1, 0, 5).report.attempt), has(0, ended(1, 0).report.attempt),
                    has(1, ended(1, 1).report.attempt)});
  });
  EXPECT_EQ(kept.get_future().get(), (std::vector<bool>{false, false, true}));
}

TEST_F(SqliteStoreTest, AStoreOfAnEarlierVersionIsBroughtUpToDate) {
  { ASSERT_TRUE(open(path_)); }
  run_sql(path_, kWithout8 + "PRAGMA user_version = 7");
  { ASSERT_TRUE(open(path_)); }
  run_sql(path_, kWithout7 + "PRAGMA user_version = 6");
  { ASSERT_TRUE(open(path_)); }
  run_sql(path_, kWithout6 + "PRAGMA user_version = 5");
  { ASSERT_TRUE(open(path_)); }
  run_sql(path_, kWithout5);
  run_sql(path_, "ALTER TABLE jobs DROP COLUMN reason; PRAGMA user_version = 3");
  { ASSERT_TRUE(open(path_)); }
  run_sql(path_, kWithout5);
  run_sql(path_, "ALTER TABLE jobs DROP COLUMN reason");
  run_sql(path_, "ALTER TABLE site_caps DROP COLUMN reason; PRAGMA user_version = 2");
  run_sql(path_, "INSERT INTO site_caps VALUES ('home', 900)");
  {
    const auto store = open(path_);
    ASSERT_TRUE(store);
    const auto state = (*store)->load();
    ASSERT_TRUE(state) << state.error().message;
    EXPECT_EQ(state->caps,
              (std::vector<std::pair<SiteId, SiteCap>>{{SiteId{"home"}, {900_W, ""}}}));
  }
  run_sql(path_, kWithout5);
  run_sql(path_, "ALTER TABLE jobs DROP COLUMN reason");
  run_sql(path_, "DROP TABLE site_caps; DROP TABLE zone_models; PRAGMA user_version = 1");
  const auto store = open(path_);
  ASSERT_TRUE(store);
  const auto state = (*store)->load();
  ASSERT_TRUE(state) << state.error().message;
  EXPECT_TRUE(state->caps.empty());
}

TEST_F(SqliteStoreTest, AForgottenJobsSecretsAreNotLeftInTheFile) {
  const auto in_file = [&] {
    std::ifstream file{path_, std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    return bytes.find("correct horse battery staple") != std::string::npos;
  };
  auto job = accepted(1);
  job.spec.secrets["KEY"] = protocol::Secret{"correct horse battery staple"};
  {
    auto store = open(path_).value();
    ASSERT_TRUE(store->load());
    store->commit(number(0, {job, job_ended(1)}));
  }
  EXPECT_TRUE(in_file());
  {
    auto store = open(path_).value();
    ASSERT_TRUE(store->load());
    store->commit(number(2, {JobForgotten{JobId{1}}}));
  }
  EXPECT_FALSE(in_file());
}

TEST_F(SqliteStoreTest, AnEarlierVersionsJobsReferToTheirArtifacts) {
  auto task = ended(1, 0);
  task.report.outputs = {{"out.csv", std::string(64, 'd'), 3}};
  {
    auto store = open(path_).value();
    ASSERT_TRUE(store->load());
    store->commit(number(0, {accepted(1), task}));
  }
  run_sql(path_, kWithout5 + "PRAGMA user_version = 4");
  auto store = open(path_).value();
  ASSERT_TRUE(store->load());
  std::promise<std::vector<std::string>> answer;
  store->read([&](StoreReader& reader) {
    answer.set_value(
        reader.referenced({std::string(64, 'a'), std::string(64, 'd'), std::string(64, 'f')})
            .value());
  });
  EXPECT_EQ(answer.get_future().get(),
            (std::vector<std::string>{std::string(64, 'a'), std::string(64, 'd')}));
}

TEST_F(SqliteStoreTest, RowsThatDoNotBelongTogetherAreFound) {
  {
    auto store = open(path_).value();
    ASSERT_TRUE(store->load());
    auto end = job_ended(1);
    end.counts = {0, 0, 1, 0, 0};
    store->commit(number(0, {accepted(1), ended(1, 0), end, accepted(2), ended(2, 0)}));
  }
  {
    auto store = open(path_).value();
    EXPECT_EQ(store->inspect().value(), std::vector<std::string>{});
  }
  run_sql(path_, "UPDATE jobs SET succeeded = 5 WHERE id = 1; DELETE FROM jobs WHERE id = 2");
  auto store = open(path_).value();
  const auto findings = store->inspect().value();
  ASSERT_EQ(findings.size(), 5u) << testing::PrintToString(findings);
  EXPECT_EQ(findings[0], "j2: 1 results of a job that is not there");
  EXPECT_NE(findings[1].find("j1: ended with 5 tasks"), std::string::npos) << findings[1];
  EXPECT_NE(findings[2].find("request id request-2"), std::string::npos) << findings[2];
  const auto checked = store->check();
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message.find(findings[1]), std::string::npos);
}

TEST_F(SqliteStoreTest, ARestoredBackupIsAStoreOfItsOwnWithAnEpochFarAbove) {
  const auto copy = directory_.file("copy.db");
  std::string store_id;
  {
    auto store = open(path_).value();
    store_id = store->load()->store_id;
    store->commit(number(0, {accepted(1)}));
    const auto busy = restore_store_file(path_, copy);
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().code, ErrorCode::kNotFound) << "there is no backup yet";
  }
  {
    Outcome outcome;
    auto store = SqliteStore::open({path_}, outcome.callbacks()).value();
    ASSERT_TRUE(store->load());
    ASSERT_TRUE(store->backup(copy));
    store->commit(number(1, {accepted(2)}));
    ASSERT_TRUE(outcome.wait_for(2));
    const auto busy = restore_store_file(path_, copy);
    ASSERT_FALSE(busy);
    EXPECT_NE(busy.error().message.find("held by another process"), std::string::npos);
  }
  const auto replaced = restore_store_file(path_, copy);
  ASSERT_TRUE(replaced) << replaced.error().message;
  EXPECT_EQ(*replaced, path_ + ".replaced-1");
  auto state = open(path_).value()->load();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->last_job, JobId{1});
  EXPECT_NE(state->store_id, store_id);
  EXPECT_GT(state->epoch, 1000u);
  EXPECT_EQ(open(*replaced).value()->load()->last_job, JobId{2}) << "what was there stays";

  std::ofstream(directory_.file("nonsense")) << std::string(5000, 'x');
  const auto refused = restore_store_file(path_, directory_.file("nonsense"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(open(path_).value()->load()->last_job, JobId{1}) << "nothing was changed";
}

TEST_F(SqliteStoreTest, ASecondOpenerIsRefused) {
  const auto first = open(path_);
  ASSERT_TRUE(first);
  expect_refused(path_, "held by another process");
}

TEST_F(SqliteStoreTest, AMissingDirectoryIsAnError) {
  const auto missing = open(directory_.file("no/such/hearth.db"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kUnavailable);
}

TEST_F(SqliteStoreTest, AFullDiskIsReportedOnceAndNothingCountsAfterwards) {
  Outcome outcome;
  Sequence durable = 0;
  {
    auto store = SqliteStore::open({path_, 200}, outcome.callbacks()).value();
    ASSERT_TRUE(store->load());
    store->commit(number(0, {accepted(1)}));
    Result<> done;
    Sequence seq = 1;
    while (done && seq < 1000) {
      store->commit({{++seq, ended(1, seq), std::string(20'000, 'x')}});
      done = outcome.wait_for(seq);
    }
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::kResourceExhausted) << done.error().message;
    EXPECT_NE(done.error().message.find(path_), std::string::npos) << done.error().message;
    durable = outcome.durable();
    EXPECT_EQ(durable, seq - 1);
    store->commit({{++seq, joined("n1"), {}}});  // small, would fit
    std::promise<Result<>> staged;
    store->stage(1, 0, {"x"}, [&](Result<> result) { staged.set_value(std::move(result)); });
    const auto refused = staged.get_future().get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
    store->read([&](StoreReader& reader) { EXPECT_TRUE(reader.job(JobId{1}).value()); });
  }
  EXPECT_EQ(outcome.durable(), durable);
  EXPECT_EQ(outcome.failures(), 1);
  auto store = open(path_).value();
  EXPECT_EQ(store->load()->last_seq, durable) << "there is room again";
}

TEST_F(SqliteStoreTest, ReadOnlyItShowsAllAndWritesNothing) {
  DurableState before;
  {
    Outcome outcome;
    auto store = SqliteStore::open({path_}, outcome.callbacks()).value();
    before = store->load().value();
    store->commit(number(0, {accepted(1), ended(1, 0)}));
    ASSERT_TRUE(outcome.wait_for(2));
  }
  {
    Outcome outcome;
    auto store = SqliteStore::open({path_, 0, true}, outcome.callbacks()).value();
    const auto state = store->load().value();
    EXPECT_EQ(state.epoch, before.epoch) << "raising it is for those who speak to agents";
    EXPECT_EQ(state.last_seq, 2u);
    std::promise<Result<std::optional<JobRow>>> row;
    store->read([&](StoreReader& reader) { row.set_value(reader.job(JobId{1})); });
    EXPECT_TRUE(row.get_future().get().value());
    store->stage(1, 0, {"x"}, [](const Result<>& done) {
      EXPECT_EQ(done.error().code, ErrorCode::kUnavailable);
    });
    store->sweep({}, [](const Result<Swept>& done) {
      EXPECT_EQ(done.error().code, ErrorCode::kUnavailable);
    });
    EXPECT_EQ(store->backup(directory_.file("copy.db")).error().code, ErrorCode::kUnavailable);
    EXPECT_TRUE(store->check());
    EXPECT_FALSE(std::filesystem::exists(path_ + "-shm"));
  }
  EXPECT_EQ(open(path_).value()->load()->epoch, before.epoch + 1);
}

TEST_F(SqliteStoreTest, ABackupIsWholeAndBecomesAStoreOfItsOwn) {
  const std::string copy = directory_.file("copy.db");
  Outcome outcome;
  auto store = SqliteStore::open({path_}, outcome.callbacks()).value();
  const auto original = store->load();
  store->commit(number(0, {accepted(1), ended(1, 0)}));
  ASSERT_TRUE(outcome.wait_for(2));
  ASSERT_TRUE(store->backup(copy));
  EXPECT_EQ(store->backup(copy).error().code, ErrorCode::kAlreadyExists);
  EXPECT_TRUE(store->check());

  auto restored = open(copy).value();
  const auto state = restored->load();
  EXPECT_EQ(state->last_seq, 2u);
  EXPECT_EQ(state->jobs.at(0).ended.size(), 1u);
  EXPECT_EQ(state->store_id.size(), 16u);
  EXPECT_NE(state->store_id, original->store_id);
  EXPECT_TRUE(restored->check());
}

// A child commits without end and tells through a pipe what was reported durable.
[[noreturn]] void commit_until_killed(const std::string& path, int pipe) {
  constexpr Sequence kInFlight = 100;
  Outcome outcome;
  auto callbacks = outcome.callbacks();
  callbacks.on_durable = [pipe, note = callbacks.on_durable](Sequence seq) {
    (void)!::write(pipe, &seq, sizeof seq);
    note(seq);
  };
  callbacks.on_failed = [](const Error&) { ::_exit(1); };
  auto store = SqliteStore::open({path}, callbacks).value();
  const auto start = store->load()->last_seq;
  auto last = start;
  const JobId job{start + 1};
  store->commit(number(last++, {accepted(job.value)}));
  for (std::uint64_t index = 0;; ++index) {
    store->commit({{++last, ended(job.value, index), std::string(1000, 'x')}});
    if (last > start + kInFlight) (void)outcome.wait_for(last - kInFlight);
  }
}

TEST_F(SqliteStoreTest, AKillLosesNothingThatWasReportedDurable) {
  std::uint64_t epoch = 0;
  for (int round = 0; round < 5; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe[0]);
      commit_until_killed(path_, pipe[1]);
    }
    ::close(pipe[1]);
    Sequence reported = 0;
    for (int reports = 0; reports < 10 * (round + 1); ++reports) {
      ASSERT_EQ(::read(pipe[0], &reported, sizeof reported), ssize_t{sizeof reported});
    }
    ::kill(child, SIGKILL);
    while (::read(pipe[0], &reported, sizeof reported) == ssize_t{sizeof reported}) {
    }
    ::close(pipe[0]);
    ::waitpid(child, nullptr, 0);

    auto store = open(path_).value();
    const auto state = store->load();
    ASSERT_TRUE(state);
    EXPECT_GE(state->last_seq, reported);
    EXPECT_GT(state->epoch, epoch + 1) << "the child's start and ours";
    epoch = state->epoch;
    std::size_t facts = state->jobs.size();
    for (const auto& job : state->jobs) facts += job.ended.size();
    EXPECT_EQ(facts, state->last_seq) << "all facts up to the last, and no other";
    EXPECT_TRUE(store->check());
  }
}

}  // namespace
}  // namespace hearth::scheduler
