// Reading jobs and tasks, following them, ending them.
#include <gmock/gmock.h>

#include "fake_agent.h"

namespace hearth::scheduler {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

class JobServiceTest : public Served {
 protected:
  job::v1::ListTasksResponse tasks(job::v1::ListTasksRequest request) {
    Context context;
    job::v1::ListTasksResponse response;
    request.set_job_id("j1");
    const auto status = jobs_->ListTasks(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  // The results of a job after `cursor`, at most `limit`, and the cursor behind them.
  struct Results {
    std::vector<std::string> bodies;
    std::string cursor;
    grpc::Status status;
  };
  Results results(const std::string& job, const std::string& cursor, std::size_t limit = 1000) {
    Context context;
    job::v1::StreamResultsRequest request;
    request.set_job_id(job);
    request.set_cursor(cursor);
    const auto reader = jobs_->StreamResults(&context, request);
    Results results;
    job::v1::StreamResultsResponse response;
    while (results.bodies.size() < limit && reader->Read(&response)) {
      for (const auto& result : response.results()) results.bodies.push_back(result.result());
      results.cursor = response.cursor();
    }
    if (results.bodies.size() >= limit) context.TryCancel();
    results.status = reader->Finish();
    return results;
  }

  struct Watched {
    std::vector<job::v1::WatchJobsResponse> facts;
    int progress = 0;
    grpc::Status status;
  };
  Watched watch(const std::string& job, const std::string& cursor) {
    Context context;
    job::v1::WatchJobsRequest request;
    request.set_job_id(job);
    request.set_cursor(cursor);
    const auto reader = jobs_->WatchJobs(&context, request);
    Watched watched;
    job::v1::WatchJobsResponse response;
    while (reader->Read(&response)) {
      if (response.kind() == job::v1::JOB_EVENT_KIND_PROGRESS) {
        ++watched.progress;
      } else {
        watched.facts.push_back(response);
      }
    }
    watched.status = reader->Finish();
    return watched;
  }
};

TEST_F(JobServiceTest, AJobRunsToItsResults) {
  const auto job = submit(3);
  FakeAgent agent{channel_};
  EXPECT_FALSE(agent.welcome().store_id().empty());
  EXPECT_GT(agent.welcome().result_credit_bytes(), 0u);
  EXPECT_EQ(agent.epoch(), 1u);
  agent.greet();
  for (int i = 0; i < 3; ++i) {
    const auto start = agent.next_start();
    agent.succeed(start, "result " + std::to_string(start.index()));
    agent.await_acknowledgement(start.attempt());
  }
  const auto all = results(job, "");
  EXPECT_TRUE(all.status.ok()) << all.status.error_message();
  EXPECT_THAT(all.bodies, ElementsAre("result 0", "result 1", "result 2"));
  const auto ended = get(job);
  EXPECT_EQ(ended.state(), job::v1::JOB_STATE_SUCCEEDED);
  EXPECT_EQ(ended.counts().succeeded(), 3u);
  EXPECT_EQ(ended.attempts_ended(), 3u);
  EXPECT_DOUBLE_EQ(ended.energy_j(), 120);
  EXPECT_TRUE(results(job, all.cursor).bodies.empty());
}

TEST_F(JobServiceTest, AStreamIsTakenUpAgainAfterARestart) {
  const auto job = submit(6);
  std::string cursor;
  std::vector<std::string> seen;
  {
    FakeAgent agent{channel_};
    agent.greet();
    for (int i = 0; i < 3; ++i) {
      const auto start = agent.next_start();
      agent.succeed(start, std::to_string(start.index()));
      agent.await_acknowledgement(start.attempt());
    }
    const auto first = results(job, "", 3);
    seen = first.bodies;
    cursor = first.cursor;
    ASSERT_EQ(seen.size(), 3u);
    restart();
  }
  FakeAgent agent{channel_};
  agent.greet({.session_counter = 2});
  for (int i = 0; i < 3; ++i) {
    const auto start = agent.next_start();
    EXPECT_GT(agent.epoch(), 1u);
    agent.succeed(start, std::to_string(start.index()));
  }
  const auto rest = results(job, cursor);
  EXPECT_TRUE(rest.status.ok()) << rest.status.error_message();
  seen.insert(seen.end(), rest.bodies.begin(), rest.bodies.end());
  std::sort(seen.begin(), seen.end());
  EXPECT_THAT(seen, ElementsAre("0", "1", "2", "3", "4", "5"));
}

TEST_F(JobServiceTest, AStopEndsOpenStreamsWithUnavailable) {
  const auto job = submit(1);
  Context context;
  job::v1::WatchJobsRequest request;
  request.set_job_id(job);
  const auto reader = jobs_->WatchJobs(&context, request);
  job::v1::WatchJobsResponse response;
  ASSERT_TRUE(reader->Read(&response));
  FakeAgent agent{channel_};
  agent.welcome();
  daemon_->stop();
  while (reader->Read(&response)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(agent.await_end().error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(JobServiceTest, AWatchTellsEveryFactAndEndsWithTheJob) {
  auto job = spec(1);
  job.mutable_retries()->set_user(1);
  job::v1::SubmitJobResponse submitted;
  ASSERT_TRUE(submit("r1", job, &submitted).ok());
  FakeAgent agent{channel_};
  agent.greet();
  agent.fail(agent.next_start(), 3);
  agent.fail(agent.next_start(), 4);

  const auto watched = watch(submitted.job_id(), submitted.cursor());
  EXPECT_TRUE(watched.status.ok()) << watched.status.error_message();
  std::vector<job::v1::JobEventKind> kinds;
  for (const auto& fact : watched.facts) kinds.push_back(fact.kind());
  ASSERT_THAT(kinds,
              ElementsAre(job::v1::JOB_EVENT_KIND_SUBMITTED, job::v1::JOB_EVENT_KIND_TASK_RETRIED,
                          job::v1::JOB_EVENT_KIND_ENDED));
  EXPECT_EQ(watched.facts[1].attempt().exit_code(), 3);
  EXPECT_EQ(watched.facts[2].job().state(), job::v1::JOB_STATE_FAILED);
  EXPECT_TRUE(watch(submitted.job_id(), watched.facts[2].cursor()).facts.empty());

  const auto listed = tasks({});
  ASSERT_EQ(listed.tasks_size(), 1);
  ASSERT_EQ(listed.tasks(0).attempts_size(), 2);
  EXPECT_EQ(listed.tasks(0).attempts(0).exit_code(), 3);
  EXPECT_EQ(listed.tasks(0).attempts(1).exit_code(), 4);
  EXPECT_EQ(listed.tasks(0).state(), job::v1::TASK_STATE_FAILED);
}

TEST_F(JobServiceTest, CursorsThatAreNotOursAreToldApart) {
  const auto job = submit(1);
  EXPECT_EQ(watch(job, "nonsense").status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(watch(job, "0000-1").status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(watch("j99", "").status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(results("j99", "").status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(results(job, "nonsense").status.error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(JobServiceTest, TasksOfAllStatesComeByIndexInPages) {
  submit(5);
  FakeAgent agent{channel_};
  agent.greet({.cores = 2});
  const auto done = agent.next_start();
  agent.succeed(done, "x");
  agent.await_acknowledgement(done.attempt());

  job::v1::ListTasksRequest request;
  request.set_page_size(2);
  std::vector<std::uint64_t> indices;
  for (;;) {
    const auto page = tasks(request);
    for (const auto& task : page.tasks()) indices.push_back(task.index());
    if (page.next_page_token().empty()) break;
    request.set_page_token(page.next_page_token());
  }
  EXPECT_THAT(indices, ElementsAre(0, 1, 2, 3, 4));

  job::v1::ListTasksRequest succeeded;
  succeeded.set_state(job::v1::TASK_STATE_SUCCEEDED);
  ASSERT_EQ(tasks(succeeded).tasks_size(), 1);
  EXPECT_EQ(tasks(succeeded).tasks(0).index(), done.index());
  EXPECT_EQ(tasks(succeeded).tasks(0).attempts(0).node_id(), "n1");

  Context context;
  job::v1::ListTasksResponse response;
  request.set_job_id("j1");
  request.set_page_token("forged");
  EXPECT_EQ(jobs_->ListTasks(&context, request, &response).error_code(),
            StatusCode::INVALID_ARGUMENT);
}

TEST_F(JobServiceTest, JobsComeNewestFirstInPages) {
  for (int i = 1; i <= 5; ++i) submit(1, "r" + std::to_string(i));
  job::v1::ListJobsRequest request;
  request.set_page_size(2);
  std::vector<std::string> ids;
  job::v1::ListJobsResponse response;
  do {
    Context context;
    request.set_page_token(response.next_page_token());
    response.Clear();
    ASSERT_TRUE(jobs_->ListJobs(&context, request, &response).ok());
    for (const auto& job : response.jobs()) ids.push_back(job.job_id());
  } while (!response.next_page_token().empty());
  EXPECT_THAT(ids, ElementsAre("j5", "j4", "j3", "j2", "j1"));

  Context context;
  request.set_page_token("");
  request.set_state(job::v1::JOB_STATE_SUCCEEDED);
  ASSERT_TRUE(jobs_->ListJobs(&context, request, &response).ok());
  EXPECT_EQ(response.jobs_size(), 0);
}

TEST_F(JobServiceTest, ACancelledJobStaysCancelled) {
  const auto job = submit(3);
  const auto cancel = [&](const std::string& id) {
    Context context;
    job::v1::CancelJobRequest request;
    request.set_job_id(id);
    job::v1::CancelJobResponse response;
    return jobs_->CancelJob(&context, request, &response);
  };
  EXPECT_TRUE(cancel(job).ok());
  EXPECT_TRUE(cancel(job).ok());
  EXPECT_EQ(get(job).state(), job::v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(get(job).counts().cancelled(), 3u);
  EXPECT_EQ(tasks({}).tasks(2).state(), job::v1::TASK_STATE_CANCELLED);
  EXPECT_EQ(cancel("j99").error_code(), StatusCode::NOT_FOUND);
  EXPECT_TRUE(watch(job, "").status.ok());

  const auto other = submit(1, "r2");
  FakeAgent agent{channel_};
  agent.greet();
  const auto start = agent.next_start();
  agent.succeed(start, "x");
  agent.await_acknowledgement(start.attempt());
  EXPECT_EQ(cancel(other).error_code(), StatusCode::FAILED_PRECONDITION);
}

TEST_F(JobServiceTest, ATaskThatCannotRunSaysWhy) {
  const auto job = submit(2);
  Context context;
  job::v1::ExplainTaskRequest request;
  request.set_job_id(job);
  job::v1::ExplainTaskResponse response;
  ASSERT_TRUE(jobs_->ExplainTask(&context, request, &response).ok());
  EXPECT_EQ(response.state(), job::v1::TASK_STATE_PENDING);
  EXPECT_FALSE(response.summary().empty());
  Context again;
  request.set_index(2);
  const auto status = jobs_->ExplainTask(&again, request, &response);
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("j1/2"));
}

}  // namespace
}  // namespace hearth::scheduler
