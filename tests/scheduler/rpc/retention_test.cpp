// What is deleted in the end, as clients see it: jobs, results, cursors, artifacts.
#include <gmock/gmock.h>

#include <thread>

#include "common/blob_store.h"
#include "fake_agent.h"

namespace hearth::scheduler {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

class RetentionTest : public Served {
 protected:
  RetentionTest() {
    config_.retention.job_keep = std::chrono::hours{1};
    config_.retention.sweep_period = Duration{20};
  }

  // With other settings, on the same state.
  void restart_with(const std::function<void(RetentionConfig&)>& change) {
    change(config_.retention);
    restart();
  }

  grpc::Status get_status(const std::string& job) {
    Context context;
    job::v1::GetJobRequest request;
    request.set_job_id(job);
    job::v1::GetJobResponse response;
    return jobs_->GetJob(&context, request, &response);
  }

  // Until the event: there is no other sign of it.
  template <class Condition>
  static void await(Condition condition) {
    for (int i = 0; i < 1000 && !condition(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    ASSERT_TRUE(condition());
  }

  // A job of one task, ended.
  std::string ended(const std::string& request_id, FakeAgent& agent) {
    const auto job = submit(1, request_id);
    const auto start = agent.next_start();
    agent.succeed(start, "done");
    agent.await_acknowledgement(start.attempt());
    await([&] { return get(job).state() == job::v1::JOB_STATE_SUCCEEDED; });
    return job;
  }

  grpc::Status watch(const std::string& job, const std::string& cursor,
                     job::v1::WatchJobsResponse* response) {
    Context context;
    job::v1::WatchJobsRequest request;
    request.set_job_id(job);
    request.set_cursor(cursor);
    const auto stream = jobs_->WatchJobs(&context, request);
    if (stream->Read(response)) context.TryCancel();
    return stream->Finish();
  }
};

TEST_F(RetentionTest, AnEndedJobIsDeletedWithItsResultsAndStaysSo) {
  {
    FakeAgent agent{channel_};
    agent.greet();
    ended("r1", agent);
  }
  submit(1, "r2");
  restart_with([](RetentionConfig& config) { config.job_keep = Duration{1}; });
  await([&] { return get_status("j1").error_code() == StatusCode::NOT_FOUND; });
  EXPECT_THAT(get_status("j1").error_message(), HasSubstr("j1: deleted"));
  EXPECT_THAT(get_status("j9").error_message(), HasSubstr("j9: no such job"));
  Context context;
  job::v1::StreamResultsRequest request;
  request.set_job_id("j1");
  const auto stream = jobs_->StreamResults(&context, request);
  job::v1::StreamResultsResponse results;
  EXPECT_FALSE(stream->Read(&results));
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(get("j2").state(), job::v1::JOB_STATE_ACTIVE);

  // Nothing can be built on it, and its request id is free again.
  Context retry_context;
  job::v1::RetryTasksRequest retry;
  retry.set_job_id("j1");
  retry.set_request_id("r3");
  job::v1::RetryTasksResponse retried;
  const auto refused = jobs_->RetryTasks(&retry_context, retry, &retried);
  EXPECT_EQ(refused.error_code(), StatusCode::NOT_FOUND);
  EXPECT_THAT(refused.error_message(), HasSubstr("deleted"));
  EXPECT_EQ(submit(1, "r1"), "j3");
  restart();
  EXPECT_EQ(get_status("j1").error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(get("j3").state(), job::v1::JOB_STATE_ACTIVE);
}

TEST_F(RetentionTest, OldCursorsAreToldTheEarliest) {
  job::v1::SubmitJobResponse first;
  ASSERT_TRUE(submit("r1", spec(1), &first).ok());
  submit(1, "r2");
  job::v1::WatchJobsResponse response;
  EXPECT_EQ(watch("", first.cursor(), &response).error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(response.job_id(), "j1");
  restart_with([](RetentionConfig& config) { config.event_keep = Duration{0}; });
  grpc::Status refused;
  await([&] {
    refused = watch("", first.cursor(), &response);
    return refused.error_code() == StatusCode::OUT_OF_RANGE;
  });
  const auto& message = refused.error_message();
  EXPECT_THAT(message, HasSubstr("the earliest is "));
  const auto earliest = message.substr(message.rfind(' ') + 1);
  EXPECT_EQ(watch("j2", earliest, &response).error_code(), StatusCode::CANCELLED) << earliest;
}

TEST_F(RetentionTest, ArtifactsStayAsLongAsAKeptJobRefersToThem) {
  auto blobs = BlobStore::make({.directory = directory_.path() / "state" / "artifacts"});
  ASSERT_TRUE(blobs);
  const auto input = blobs->put("an input").value();
  const auto unused = blobs->put("nobody's").value();
  auto with_input = spec(1);
  auto* needed = with_input.add_inputs();
  needed->set_digest(input);
  needed->set_path("in");
  job::v1::SubmitJobResponse response;
  const auto submitted = submit("r1", with_input, &response);
  ASSERT_TRUE(submitted.ok()) << submitted.error_message();
  restart_with([](RetentionConfig& config) {
    config.artifact_keep = Duration{0};
    config.job_keep = Duration{1};
  });
  await([&] { return !blobs->has(unused); });
  EXPECT_TRUE(blobs->has(input));
  Context context;
  job::v1::CancelJobRequest cancel;
  cancel.set_job_id("j1");
  job::v1::CancelJobResponse cancelled;
  ASSERT_TRUE(jobs_->CancelJob(&context, cancel, &cancelled).ok());
  await([&] { return !blobs->has(input); });
}

TEST_F(RetentionTest, AboveItsSizeTheStoreForgetsWhatEndedFirst) {
  {
    FakeAgent agent{channel_};
    agent.greet();
    for (int i = 1; i <= 12; ++i) ended("r" + std::to_string(i), agent);
  }
  submit(1, "r13");
  // The first ten go at once; then the file is still larger than that, and the others go.
  restart_with([](RetentionConfig& config) { config.store_size_max_bytes = 1; });
  await([&] { return get_status("j12").error_code() == StatusCode::NOT_FOUND; });
  EXPECT_EQ(get("j13").state(), job::v1::JOB_STATE_ACTIVE) << "never an active one";
}

}  // namespace
}  // namespace hearth::scheduler
