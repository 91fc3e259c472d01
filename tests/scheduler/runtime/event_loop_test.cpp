// The loop with a store that becomes durable only when told to.
#include "scheduler/runtime/event_loop.h"

#include <gmock/gmock.h>

#include <future>

#include "common/digest.h"
#include "scheduler/runtime/reader.h"
#include "scheduler/store/memory_store.h"

namespace hearth::scheduler {
namespace {

class NoStreams : public AgentStreams {
 public:
  void send(SessionId, protocol::SchedulerMessage) override {}
  void close(SessionId, const Error&) override {}
  [[nodiscard]] bool is_open(SessionId) const override { return true; }
};

class EventLoopTest : public testing::Test {
 protected:
  static constexpr std::size_t kInboxBytes = 100'000;

  EventLoopTest() {
    loop_.start(std::make_unique<Scheduler>(SchedulerConfig{}, store_.load().value()), store_,
                streams_, [this](const Error& error) { failed_.set_value(error); });
  }
  ~EventLoopTest() override { loop_.join(); }

  // Runs on the loop's thread, behind all that was posted before.
  void on_loop(const std::function<void()>& task) {
    std::promise<void> done;
    loop_.post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::future<Result<JobReply>> submit(const std::string& request_id, std::size_t bytes = 100) {
    SubmitRequested event;
    event.request = {TenantId{"default"}, request_id};
    event.request_hash = sha256(request_id);
    event.spec.command = {"/bin/true"};
    auto answer = std::make_shared<std::promise<Result<JobReply>>>();
    loop_.request(bytes, event,
                  [answer](Result<JobReply> reply) { answer->set_value(std::move(reply)); });
    return answer->get_future();
  }

  static bool is_ready(std::future<Result<JobReply>>& answer) {
    return answer.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  }

  EventLoop loop_{kInboxBytes};
  MemoryStore store_{loop_.store_callbacks()};
  NoStreams streams_;
  std::promise<Error> failed_;
};

TEST_F(EventLoopTest, ASubmitIsAnsweredWhenItIsDurable) {
  auto answer = submit("r1");
  on_loop([] {});  // applied
  on_loop([&] { EXPECT_EQ(store_.unsynced(), 1u); });
  EXPECT_FALSE(is_ready(answer));
  on_loop([&] { store_.sync(); });
  EXPECT_EQ(answer.get().value().job, JobId{1});
}

TEST_F(EventLoopTest, WhatIsQueuedTogetherIsOneCommit) {
  std::promise<void> gate;
  loop_.post([&] { gate.get_future().wait(); });
  std::vector<std::future<Result<JobReply>>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(submit("r" + std::to_string(i)));
  gate.set_value();
  on_loop([] {});
  on_loop([&] {
    EXPECT_EQ(store_.unsynced(), 1u);
    store_.sync();
  });
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
}

TEST_F(EventLoopTest, OverTheLimitOfBytesCallsAreRefusedAtOnce) {
  std::promise<void> gate;
  loop_.post([&] { gate.get_future().wait(); });
  auto large = submit("r1", kInboxBytes - 10);
  auto refused = submit("r2", 100);
  ASSERT_TRUE(is_ready(refused));
  EXPECT_EQ(refused.get().error().code, ErrorCode::kResourceExhausted);
  gate.set_value();
  on_loop([] {});
  on_loop([&] { store_.sync(); });
  EXPECT_TRUE(large.get());
  auto next = submit("r3");
  on_loop([] {});
  on_loop([&] { store_.sync(); });
  EXPECT_TRUE(next.get());
}

TEST_F(EventLoopTest, TheWatchIsFedWhileCommitsSucceed) {
  std::promise<void> fed;
  loop_.watch(std::chrono::hours{1}, std::chrono::hours{1}, [&] { fed.set_value(); });
  fed.get_future().wait();
  auto answer = submit("r1");
  on_loop([] {});
  on_loop([&] {
    EXPECT_FALSE(loop_.is_sound(Duration{0}));  // under way for longer than that
    EXPECT_TRUE(loop_.is_sound(std::chrono::hours{1}));
    store_.sync();
  });
  EXPECT_TRUE(answer.get());
  on_loop([&] { EXPECT_TRUE(loop_.is_sound(Duration{0})); });
}

TEST(DegradedEventLoopTest, NothingIsAppliedAndCallsLearnWhy) {
  EventLoop loop{100'000};
  MemoryStore store{loop.store_callbacks()};
  NoStreams streams;
  loop.degrade("the disk is full");
  loop.start(std::make_unique<Scheduler>(SchedulerConfig{}, store.load().value()), store, streams,
             [](const Error&) {});
  std::promise<Result<JobReply>> reply;
  loop.request(100, CancelRequested{0, JobId{1}, ""},
               [&](Result<JobReply> answer) { reply.set_value(std::move(answer)); });
  EXPECT_EQ(reply.get_future().get().error(), (Error{ErrorCode::kUnavailable, "the disk is full"}));
  std::promise<std::size_t> nodes;
  Reader{loop, store}.view<std::size_t>(
      [&](const Scheduler& scheduler) {
        loop.apply(WallClockRead{UtcTime{}});
        EXPECT_EQ(scheduler.last_seq(), 0u);
        return scheduler.nodes().size();
      },
      [&](std::size_t count) { nodes.set_value(count); }, [](const Error&) { FAIL(); });
  EXPECT_EQ(nodes.get_future().get(), 0u);
  std::promise<LoopStats> stats;
  loop.post([&] { stats.set_value(loop.stats()); });
  EXPECT_TRUE(stats.get_future().get().degraded);
  loop.join();
}

TEST_F(EventLoopTest, AFailedCommitIsReportedAndNothingIsAppliedAfterIt) {
  on_loop([&] { store_.fail_next_sync({ErrorCode::kUnavailable, "disk on fire"}); });
  auto answer = submit("r1");
  on_loop([] {});
  on_loop([&] { store_.sync(); });
  EXPECT_EQ(failed_.get_future().get().message, "disk on fire");
  on_loop([&] {
    EXPECT_FALSE(loop_.serving());
    EXPECT_FALSE(loop_.is_sound(std::chrono::hours{1}));
    const auto last = loop_.scheduler().last_seq();
    loop_.apply(SubmitRequested{.request = {TenantId{"t"}, "r9"}});
    EXPECT_EQ(loop_.scheduler().last_seq(), last);
  });
  std::promise<void> stopped;
  loop_.stop_serving([&] { stopped.set_value(); });
  stopped.get_future().wait();
  EXPECT_EQ(answer.get().error().code, ErrorCode::kUnavailable);
}

TEST_F(EventLoopTest, AReadWaitsUntilWhatItSawIsDurable) {
  auto answer = submit("r1");
  on_loop([] {});
  Reader reader{loop_, store_};
  std::promise<std::optional<JobRow>> read;
  reader.read<std::optional<JobView>>(
      [](const Scheduler& scheduler) { return scheduler.job(JobId{1}); },
      [&](StoreReader& rows, const std::optional<JobView>& view) {
        EXPECT_TRUE(view);
        read.set_value(rows.job(JobId{1}).value());
      },
      [](const Error& error) { ADD_FAILURE() << error.message; });
  auto row = read.get_future();
  on_loop([&] { EXPECT_EQ(row.wait_for(std::chrono::seconds{0}), std::future_status::timeout); });
  on_loop([&] { store_.sync(); });
  EXPECT_TRUE(row.get());
}

}  // namespace
}  // namespace hearth::scheduler
