#include "node_agent/runtime/input_fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::node_agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr AttemptId kFirst{1, 1};
constexpr AttemptId kSecond{1, 2};

// The pool is the test's own: downloads run when it says so, with the outcome it says.
class InputFetcherTest : public testing::Test {
 protected:
  void run_loop() {
    io_.restart();
    io_.poll();
  }
  // Runs every download that was posted to the pool.
  void run_pool() {
    const auto jobs = std::exchange(pool_, {});
    for (const auto& job : jobs) job();
    run_loop();
  }
  // Until a retry has come to the pool.
  void wait_for_retry() {
    io_.restart();
    while (pool_.empty()) ASSERT_GT(io_.run_one_for(std::chrono::seconds{10}), 0U);
  }

  boost::asio::io_context io_;
  std::set<std::string> cached_;
  std::vector<std::function<void()>> pool_;
  std::vector<std::string> downloaded_;
  Result<> outcome_;
  std::vector<std::string> answers_;
  InputFetcher fetcher_{
      io_,
      {Duration{1}, Duration{1}, 3},
      {[this](const std::string& digest) { return cached_.contains(digest); },
       [this](const std::string& digest) {
         downloaded_.push_back(digest);
         return outcome_;
       },
       [this](std::function<void()> job) { pool_.push_back(std::move(job)); },
       [this](const std::string& digest) { cached_.insert(digest); },
       [this](AttemptId attempt, const Result<>& result) {
         answers_.push_back(to_string(attempt) + " " + (result ? "ready" : result.error().message));
       }}};
};

TEST_F(InputFetcherTest, AnswersAtOnceButNeverFromInsideWhereAllIsCached) {
  cached_ = {"a", "b"};
  fetcher_.fetch(kFirst, {"a", "b"});
  EXPECT_THAT(answers_, IsEmpty());
  run_loop();
  EXPECT_THAT(answers_, ElementsAre("a1.1 ready"));
  EXPECT_THAT(pool_, IsEmpty());
}

TEST_F(InputFetcherTest, SharesOneDownloadOfADigest) {
  fetcher_.fetch(kFirst, {"a", "b", "a"});
  fetcher_.fetch(kSecond, {"a"});
  run_pool();
  EXPECT_THAT(downloaded_, ElementsAre("a", "b"));
  EXPECT_THAT(answers_, ElementsAre("a1.2 ready", "a1.1 ready"));
}

TEST_F(InputFetcherTest, FailsAllWhoWantWhatDoesNotExist) {
  outcome_ = fail(ErrorCode::kNotFound, "no such artifact");
  fetcher_.fetch(kFirst, {"a"});
  fetcher_.fetch(kSecond, {"a"});
  run_pool();
  EXPECT_THAT(answers_,
              ElementsAre("a1.1 input a: no such artifact", "a1.2 input a: no such artifact"));
}

TEST_F(InputFetcherTest, GoesOnTryingWhileTheSchedulerIsAway) {
  outcome_ = fail(ErrorCode::kUnavailable, "away");
  fetcher_.fetch(kFirst, {"a"});
  for (int i = 0; i < 10; ++i) {
    run_pool();
    EXPECT_THAT(answers_, IsEmpty());
    wait_for_retry();
  }
  outcome_ = {};
  run_pool();
  EXPECT_THAT(answers_, ElementsAre("a1.1 ready"));
}

TEST_F(InputFetcherTest, GivesUpAfterAFewTriesWhereTryingMayNotHelp) {
  outcome_ = fail(ErrorCode::kInvalidArgument, "other bytes");
  fetcher_.fetch(kFirst, {"a"});
  run_pool();
  wait_for_retry();
  run_pool();
  wait_for_retry();
  run_pool();
  EXPECT_THAT(answers_, ElementsAre("a1.1 input a: other bytes"));
  EXPECT_EQ(downloaded_.size(), 3U);
}

TEST_F(InputFetcherTest, StopsTryingWhenNobodyWaits) {
  outcome_ = fail(ErrorCode::kUnavailable, "away");
  fetcher_.fetch(kFirst, {"a"});
  run_pool();
  fetcher_.abandon(kFirst);
  io_.restart();
  io_.run();  // nothing is left to wait for
  EXPECT_THAT(pool_, IsEmpty());
  EXPECT_THAT(answers_, IsEmpty());
}

TEST_F(InputFetcherTest, AnotherAttemptTakesOverADownloadUnderWay) {
  fetcher_.fetch(kFirst, {"a"});
  fetcher_.abandon(kFirst);
  fetcher_.fetch(kSecond, {"a"});
  run_pool();
  EXPECT_THAT(downloaded_, ElementsAre("a"));
  EXPECT_THAT(answers_, ElementsAre("a1.2 ready"));
}

}  // namespace
}  // namespace hearth::node_agent
