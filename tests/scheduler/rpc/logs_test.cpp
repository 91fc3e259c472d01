// What tasks print: from their nodes while they run, from their results afterwards.
#include <gmock/gmock.h>

#include "fake_agent.h"

namespace hearth::scheduler {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using Stream = std::unique_ptr<grpc::ClientReader<job::v1::GetLogsResponse>>;

const char* word_of(job::v1::LogNoticeKind kind) {
  switch (kind) {
    case job::v1::LOG_NOTICE_KIND_WAITING:
      return "waiting";
    case job::v1::LOG_NOTICE_KIND_STARTED:
      return "started";
    case job::v1::LOG_NOTICE_KIND_SILENT:
      return "silent";
    case job::v1::LOG_NOTICE_KIND_ENDED:
      return "ended";
    default:
      return "?";
  }
}

class LogsTest : public Served {
 protected:
  LogsTest() {
    config_.scheduler.silent_after = Duration{300};
    config_.scheduler.lost_after = Duration{600};
  }

  Stream open(Context& context, bool follow, std::optional<std::uint64_t> tail_bytes = {}) {
    job::v1::GetLogsRequest request;
    request.set_job_id("j1");
    request.set_stream(job::v1::OUTPUT_STREAM_STDOUT);
    request.set_follow(follow);
    if (tail_bytes) request.set_tail_bytes(*tail_bytes);
    return jobs_->GetLogs(&context, request);
  }
  // One line for each message: "started n1", "0 text", "ended n1: USER_ERROR: exit code 3".
  static std::string next(const Stream& stream) {
    job::v1::GetLogsResponse response;
    if (!stream->Read(&response)) return "(end)";
    if (response.has_chunk()) {
      return std::to_string(response.chunk().offset()) + " " + response.chunk().data();
    }
    const auto& notice = response.notice();
    return word_of(notice.kind()) + (notice.node_id().empty() ? "" : " " + notice.node_id()) +
           (notice.message().empty() ? "" : ": " + notice.message());
  }
  grpc::Status status_of(const job::v1::GetLogsRequest& request) {
    Context context;
    const auto stream = jobs_->GetLogs(&context, request);
    job::v1::GetLogsResponse response;
    EXPECT_FALSE(stream->Read(&response)) << response.DebugString();
    return stream->Finish();
  }
};

TEST_F(LogsTest, WhatCannotBeShownIsSaid) {
  submit(2);
  job::v1::GetLogsRequest request;
  request.set_job_id("j9");
  EXPECT_EQ(status_of(request).error_code(), StatusCode::NOT_FOUND);
  request.set_job_id("x");
  EXPECT_EQ(status_of(request).error_code(), StatusCode::INVALID_ARGUMENT);
  request.set_job_id("j1");
  const auto waiting = status_of(request);
  EXPECT_EQ(waiting.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(waiting.error_message(), HasSubstr("j1/0: it has not started yet"));
  request.set_attempt_id("a9.9");
  EXPECT_EQ(status_of(request).error_code(), StatusCode::NOT_FOUND);
  request.set_attempt_id("nine");
  EXPECT_EQ(status_of(request).error_code(), StatusCode::INVALID_ARGUMENT);
  request.clear_attempt_id();
  request.set_index(2);
  EXPECT_THAT(status_of(request).error_message(), HasSubstr("j1/2: no such task; the job has 2"));
}

TEST_F(LogsTest, TheTailOfAFailedTaskIsThereWhenItsNodeIsGone) {
  submit(1);
  {
    FakeAgent agent{channel_};
    agent.greet();
    const auto start = agent.next_start();
    agent.end(start, 3, "", "last words", 9010);
    agent.await_acknowledgement(start.attempt());
  }
  restart();
  Context context;
  const auto stream = open(context, false);
  EXPECT_EQ(next(stream), "started n1");
  EXPECT_EQ(next(stream), "9000 last words");
  EXPECT_EQ(next(stream), "ended n1: USER_ERROR: exit code 3");
  EXPECT_EQ(next(stream), "(end)");
  EXPECT_TRUE(stream->Finish().ok());
  Context another;
  const auto shorter = open(another, false, 5);
  EXPECT_EQ(next(shorter), "started n1");
  EXPECT_EQ(next(shorter), "9005 words");
}

TEST_F(LogsTest, FollowsFromBeforeTheStartToTheEnd) {
  submit(1);
  Context context;
  const auto stream = open(context, true);
  EXPECT_EQ(next(stream), "waiting: it has not started yet");
  FakeAgent agent{channel_};
  agent.greet();
  const auto start = agent.next_start();
  agent.begin(start);
  EXPECT_EQ(next(stream), "started n1");
  auto question = agent.next_question();
  EXPECT_EQ(question.stream(), job::v1::OUTPUT_STREAM_STDOUT);
  EXPECT_EQ(question.offset(), 0u);
  EXPECT_GT(question.wait().seconds(), 0);
  agent.answer(question, "one ", 4, false);
  EXPECT_EQ(next(stream), "0 one ");
  question = agent.next_question();
  EXPECT_EQ(question.offset(), 4u);
  agent.answer(question, "", 4, false);  // its wait was over
  question = agent.next_question();
  agent.answer(question, "two", 7, true);
  EXPECT_EQ(next(stream), "4 two");
  agent.end(start, 0, "result", "two", 7);
  EXPECT_EQ(next(stream), "ended n1") << "what was sent is not sent again";
  EXPECT_EQ(next(stream), "(end)");
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(LogsTest, WithoutFollowingWhatIsThereIsAll) {
  submit(1);
  FakeAgent agent{channel_};
  agent.greet();
  agent.begin(agent.next_start());
  Context context;
  Stream stream;
  // Until the scheduler has taken in that it runs.
  for (bool runs = false; !runs;) runs = get("j1").counts().running() == 1;
  stream = open(context, false, 100);
  EXPECT_EQ(next(stream), "started n1");
  const auto question = agent.next_question();
  EXPECT_FALSE(question.has_wait());
  EXPECT_EQ(question.tail_bytes(), 100u);
  agent.answer(question, "so far", 6, false);
  EXPECT_EQ(next(stream), "0 so far");
  EXPECT_EQ(next(stream), "(end)");
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(LogsTest, GoesOnWithTheNextAttemptElsewhere) {
  submit(1);
  Context context;
  const auto stream = open(context, true);
  EXPECT_EQ(next(stream), "waiting: it has not started yet");
  auto agent = std::make_unique<FakeAgent>(channel_);
  agent->greet();
  agent->begin(agent->next_start());
  EXPECT_EQ(next(stream), "started n1");
  agent->answer(agent->next_question(), "begun", 5, false);
  EXPECT_EQ(next(stream), "0 begun");
  agent.reset();
  EXPECT_THAT(next(stream), HasSubstr("silent n1: "));
  EXPECT_THAT(next(stream), HasSubstr("ended n1: NODE_LOST"));
  FakeAgent other{channel_};
  FakeAgent::Greeting greeting;
  greeting.node = "n2";
  greeting.installation = "i2";
  other.greet(greeting);
  const auto start = other.next_start();
  other.end(start, 0, "", "all of it", 9);
  std::string line = next(stream);
  if (line.starts_with("waiting")) line = next(stream);
  EXPECT_EQ(line, "started n2");
  EXPECT_EQ(next(stream), "0 all of it");
  EXPECT_EQ(next(stream), "ended n2");
  EXPECT_EQ(next(stream), "(end)");
}

TEST_F(LogsTest, AnAgentOfBeforeIsNotAskedAndItsResultsHaveNoTail) {
  submit(1);
  FakeAgent agent{channel_};
  FakeAgent::Greeting greeting;
  greeting.serves_output = false;
  agent.greet(greeting);
  const auto start = agent.next_start();
  agent.begin(start);
  Context context;
  const auto stream = open(context, true);
  std::string line = next(stream);
  if (line.starts_with("waiting")) line = next(stream);
  EXPECT_EQ(line, "started n1");
  EXPECT_THAT(next(stream), HasSubstr("older than this"));
  job::v1::GetLogsRequest request;
  request.set_job_id("j1");
  Context another;
  const auto at_once = jobs_->GetLogs(&another, request);
  job::v1::GetLogsResponse response;
  while (at_once->Read(&response)) {
  }
  EXPECT_EQ(at_once->Finish().error_code(), StatusCode::FAILED_PRECONDITION);
  agent.succeed(start, "x");
  EXPECT_EQ(next(stream), "ended n1");
}

TEST_F(LogsTest, WhoLeavesAndAStopOfTheSchedulerLeaveNothingBehind) {
  submit(1);
  FakeAgent agent{channel_};
  agent.greet();
  agent.begin(agent.next_start());
  {
    Context context;
    const auto stream = open(context, true);
    const auto question = agent.next_question();
    context.TryCancel();
    stream->Finish();
    agent.answer(question, "too late", 8, false);
  }
  Context context;
  const auto stream = open(context, true);
  agent.next_question();
  daemon_->stop();
  std::string line;
  while ((line = next(stream)) != "(end)") {
  }
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace hearth::scheduler
