#include "node_agent/rpc/scheduler_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_scheduler.h"
#include "wire/node.h"

namespace hearth::node_agent {
namespace {

using testing::ElementsAre;

constexpr std::chrono::seconds kPatience{30};
constexpr Duration kNever{std::chrono::hours{1}};

// Keeps what the link tells, one line each; offers results of 100 bytes.
class Listener final : public LinkEvents {
 public:
  Result<std::uint64_t> next_session_counter() override { return ++sessions_; }
  void on_opened(std::uint64_t epoch, std::uint64_t session_counter) override {
    lines.push_back("opened epoch=" + std::to_string(epoch) +
                    " session=" + std::to_string(session_counter));
  }
  void on_said(std::uint64_t epoch, protocol::SchedulerMessage message,
               std::string payload) override {
    lines.push_back(std::to_string(epoch) + " " + to_string(message) +
                    (payload.empty() ? "" : " with " + payload));
  }
  void on_output_wanted(const protocol::ReadOutput& question) override {
    lines.push_back("asked for " + to_string(question.attempt));
  }
  void on_closed(const std::string& reason) override { lines.push_back("closed " + reason); }
  bool has_waiting_work() const override { return false; }
  std::optional<std::string> load_result(AttemptId attempt) override {
    protocol::AttemptReport report;
    report.attempt = attempt;
    report.task = {JobId{1}, attempt.counter};
    node::v1::TaskResult result;
    wire::to_wire(report, &result);
    result.set_result(std::string(100, 'r'));
    return result.SerializeAsString();
  }

  std::vector<std::string> lines;

 private:
  std::uint64_t sessions_ = 0;
};

class SchedulerStreamTest : public testing::Test {
 protected:
  void start(SchedulerStreamConfig config) {
    stream_ =
        std::make_unique<SchedulerStream>(io_, open_channel(scheduler_.address(), config), config);
    stream_->start(listener_);
  }
  void start() { start({Duration{10}, Duration{100}, kNever}); }

  void TearDown() override {
    if (!stream_) return;
    bool stopped = false;
    stream_->stop([&] { stopped = true; });
    EXPECT_TRUE(run_until([&] { return stopped; }));
  }

  bool run_until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      io_.restart();
      io_.run_one_for(std::chrono::milliseconds{20});
    }
    return true;
  }
  bool run_until_said(const std::string& line) {
    return run_until([&] {
      return std::find(listener_.lines.begin(), listener_.lines.end(), line) !=
             listener_.lines.end();
    });
  }
  std::size_t results_heard(int stream) {
    std::size_t count = 0;
    for (const auto& message : scheduler_.heard(stream)) count += message.has_task_result();
    return count;
  }

  FakeScheduler scheduler_;
  boost::asio::io_context io_;
  Listener listener_;
  std::unique_ptr<SchedulerStream> stream_;
};

TEST_F(SchedulerStreamTest, OpensWithWelcomeAndPassesTheEpochWithEveryMessage) {
  scheduler_.set_epoch(5);
  start();
  ASSERT_TRUE(run_until_said("5 welcome"));
  scheduler_.say(protocol::StartAttempt{{5, 1}, {JobId{7}, 3}}, "payload");
  scheduler_.say(protocol::StopAttempt{{5, 1}, protocol::StopReason::kHeat});
  ASSERT_TRUE(run_until([&] { return listener_.lines.size() == 4; }));
  EXPECT_EQ(listener_.lines[0], "opened epoch=5 session=1");
  EXPECT_EQ(listener_.lines[1], "5 welcome");
  EXPECT_EQ(listener_.lines[2], "5 start a5.1 j7/3 with payload");
}

TEST_F(SchedulerStreamTest, QuestionsForOutputAreHeardAndAnswered) {
  start();
  ASSERT_TRUE(run_until_said("1 welcome"));
  protocol::ReadOutput question;
  question.request = 9;
  question.attempt = {1, 5};
  scheduler_.say(question);
  ASSERT_TRUE(run_until_said("asked for a1.5"));
  protocol::OutputRead read;
  read.request = 9;
  read.data = std::string("\xff\0", 2);
  read.size_bytes = 2;
  stream_->answer(read);
  ASSERT_TRUE(run_until([&] { return scheduler_.heard(1).size() == 1; }));
  EXPECT_EQ(scheduler_.heard(1)[0].output_read().data(), read.data);
  EXPECT_EQ(scheduler_.heard(1)[0].output_read().request_id(), 9u);
}

TEST_F(SchedulerStreamTest, SendsInOrder) {
  start();
  ASSERT_TRUE(run_until_said("1 welcome"));
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    stream_->send(protocol::AttemptsStarted{{{1, i}}});
  }
  ASSERT_TRUE(run_until([&] { return scheduler_.heard(1).size() == 1000; }));
  const auto heard = scheduler_.heard(1);
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    ASSERT_EQ(heard[i - 1].attempts_started().attempts(0).counter(), i);
  }
}

TEST_F(SchedulerStreamTest, OpensAgainAfterEachEndWithTheNextSession) {
  start();
  ASSERT_TRUE(run_until_said("opened epoch=1 session=1"));
  scheduler_.set_epoch(2);
  scheduler_.hang_up({grpc::StatusCode::UNAVAILABLE, "restarting"});
  ASSERT_TRUE(run_until_said("opened epoch=2 session=2"));
  std::vector<std::string> kinds;
  for (const auto& line : listener_.lines) kinds.push_back(line.substr(0, line.find(' ')));
  EXPECT_EQ(listener_.lines[0], "opened epoch=1 session=1");
  EXPECT_EQ(kinds[2], "closed");
  EXPECT_EQ(listener_.lines[3], "opened epoch=2 session=2");
}

TEST_F(SchedulerStreamTest, TellsNothingOfTriesThatDidNotOpen) {
  scheduler_.refuse_next({grpc::StatusCode::UNAVAILABLE, "starting"});
  scheduler_.refuse_next({grpc::StatusCode::UNAVAILABLE, "starting"});
  start();
  ASSERT_TRUE(run_until_said("1 welcome"));
  EXPECT_THAT(listener_.lines, ElementsAre("opened epoch=1 session=1", "1 welcome"));
  EXPECT_EQ(scheduler_.streams_opened(), 3);
}

TEST_F(SchedulerStreamTest, TriesSlowlyWhereAnotherInstallationIsOnline) {
  scheduler_.refuse_next({grpc::StatusCode::ALREADY_EXISTS, "another installation"});
  start({kNever, kNever, Duration{10}});  // only the pause for this refusal is short
  EXPECT_TRUE(run_until_said("1 welcome"));
}

TEST_F(SchedulerStreamTest, SendsResultsOnlyUnderCredit) {
  scheduler_.set_credit(150);
  start();
  ASSERT_TRUE(run_until_said("1 welcome"));
  for (std::uint64_t i = 1; i <= 3; ++i) stream_->offer({1, i});
  stream_->send(protocol::AttemptsReturned{{{1, 9}}});  // comes after what the credit allowed
  ASSERT_TRUE(run_until([&] { return scheduler_.heard(1).size() == 2; }));
  EXPECT_EQ(results_heard(1), 1U);  // each has 100 bytes of result, and its report
  scheduler_.say(protocol::ResultsAcknowledged{{{1, 1}}});
  ASSERT_TRUE(run_until([&] { return results_heard(1) == 2; }));
  scheduler_.say(protocol::ResultsAcknowledged{{{1, 2}}});
  ASSERT_TRUE(run_until([&] { return results_heard(1) == 3; }));
}

TEST_F(SchedulerStreamTest, DropsTheStreamWhenToldTo) {
  start();
  ASSERT_TRUE(run_until_said("1 welcome"));
  stream_->close("epoch 1 is below 2");
  ASSERT_TRUE(run_until_said("closed epoch 1 is below 2"));
  EXPECT_TRUE(run_until_said("opened epoch=1 session=2"));
}

}  // namespace
}  // namespace hearth::node_agent
