// What may be changed of a live job, jobs that wait for others, and tasks submitted again.
#include <gmock/gmock.h>

#include "fake_agent.h"
#include "wire/job.h"

namespace hearth::scheduler {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

class JobControlTest : public Served {
 protected:
  job::v1::Job hold(const std::string& id, const std::string& reason, StatusCode expected = {}) {
    Context context;
    job::v1::HoldJobRequest request;
    request.set_job_id(id);
    request.set_reason(reason);
    job::v1::HoldJobResponse response;
    EXPECT_EQ(jobs_->HoldJob(&context, request, &response).error_code(), expected);
    return response.job();
  }
  job::v1::Job release(const std::string& id) {
    Context context;
    job::v1::ReleaseJobRequest request;
    request.set_job_id(id);
    job::v1::ReleaseJobResponse response;
    EXPECT_TRUE(jobs_->ReleaseJob(&context, request, &response).ok());
    return response.job();
  }
  grpc::Status update(job::v1::UpdateJobRequest request, job::v1::UpdateJobResponse* response) {
    Context context;
    request.set_job_id("j1");
    return jobs_->UpdateJob(&context, request, response);
  }
  grpc::Status retry(const std::string& id, const std::string& request_id,
                     job::v1::RetryTasksResponse* response) {
    Context context;
    job::v1::RetryTasksRequest request;
    request.set_job_id(id);
    request.set_request_id(request_id);
    return jobs_->RetryTasks(&context, request, response);
  }
};

TEST_F(JobControlTest, AHoldIsSeenEverywhereAndOutlivesARestart) {
  const auto job = submit(2);
  EXPECT_TRUE(hold(job, "market data late").held());
  EXPECT_EQ(get(job).reason(), "market data late");
  FakeAgent agent{channel_};
  agent.greet();
  Context context;
  job::v1::ExplainTaskRequest request;
  request.set_job_id(job);
  job::v1::ExplainTaskResponse explained;
  ASSERT_TRUE(jobs_->ExplainTask(&context, request, &explained).ok());
  EXPECT_THAT(explained.summary(), HasSubstr("on hold"));
  restart();
  EXPECT_TRUE(get(job).held());
  FakeAgent again{channel_};
  FakeAgent::Greeting greeting;
  greeting.session_counter = 2;
  again.greet(greeting);
  EXPECT_FALSE(release(job).held());
  again.next_start();
  hold("j9", "", StatusCode::NOT_FOUND);
}

TEST_F(JobControlTest, AnUpdateChangesWhatItNamesAndSaysWhatCannotBe) {
  submit(1);
  job::v1::UpdateJobRequest request;
  job::v1::UpdateJobResponse response;
  EXPECT_EQ(update(request, &response).error_code(), StatusCode::INVALID_ARGUMENT);
  request.set_priority(101);
  EXPECT_THAT(update(request, &response).error_message(), HasSubstr("101"));
  request.set_priority(90);
  request.mutable_deadline()->set_seconds(1'000'000'000);
  EXPECT_THAT(update(request, &response).error_message(), HasSubstr("past"));
  request.mutable_deadline()->set_seconds(4'000'000'000);
  ASSERT_TRUE(update(request, &response).ok());
  EXPECT_EQ(response.job().spec().priority(), 90u);
  EXPECT_EQ(get("j1").spec().deadline().seconds(), 4'000'000'000);
  EXPECT_FALSE(get("j1").deadline_missed());
  job::v1::UpdateJobRequest clear;
  clear.set_clear_deadline(true);
  ASSERT_TRUE(update(clear, &response).ok());
  EXPECT_FALSE(get("j1").spec().has_deadline());
  EXPECT_EQ(get("j1").spec().priority(), 90u);
}

TEST_F(JobControlTest, WithoutItsDeadlineAJobIsNotCancelledAtIt) {
  auto job = spec(1);
  job.mutable_deadline()->set_seconds(4'000'000'000);
  job.set_deadline_action(job::v1::DEADLINE_ACTION_CANCEL);
  job.set_held(true);
  job::v1::SubmitJobResponse submitted;
  ASSERT_TRUE(submit("r1", job, &submitted).ok());
  job::v1::UpdateJobRequest clear;
  clear.set_clear_deadline(true);
  job::v1::UpdateJobResponse response;
  ASSERT_TRUE(update(clear, &response).ok());
  EXPECT_EQ(response.job().spec().deadline_action(), job::v1::DEADLINE_ACTION_CONTINUE);
  EXPECT_TRUE(wire::from_wire(get("j1").spec())) << "agents refuse what does not hold together";
  restart();
  EXPECT_TRUE(wire::from_wire(get("j1").spec()));
}

TEST_F(JobControlTest, AJobThatWaitsSaysForWhatAndStartsAfterIt) {
  const auto first = submit(1);
  auto second = spec(1);
  second.add_after()->set_job_id(first);
  job::v1::SubmitJobResponse response;
  ASSERT_TRUE(submit("r2", second, &response).ok());
  EXPECT_THAT(get(response.job_id()).waits_for(), ElementsAre(first));
  FakeAgent agent{channel_};
  agent.greet();
  const auto start = agent.next_start();
  EXPECT_EQ(start.job_id(), 1u);
  agent.succeed(start, "x");
  EXPECT_EQ(agent.next_start().job_id(), 2u);
  EXPECT_THAT(get(response.job_id()).waits_for(), ElementsAre());

  auto unknown = spec(1);
  unknown.add_after()->set_job_id("j77");
  const auto status = submit("r3", unknown, &response);
  EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr("j77"));
}

TEST_F(JobControlTest, TooManyFailuresEndTheJobWithTheReason) {
  auto job = spec(5);
  job.set_maximum_failed_tasks(0);
  job::v1::SubmitJobResponse response;
  ASSERT_TRUE(submit("r1", job, &response).ok());
  FakeAgent agent{channel_};
  FakeAgent::Greeting one_core;
  one_core.cores = 1;
  agent.greet(one_core);
  const auto start = agent.next_start();
  agent.fail(start, 1);
  agent.await_acknowledgement(start.attempt());
  EXPECT_THAT(get("j1").reason(), HasSubstr("more than the 0"));
}

TEST_F(JobControlTest, FailedTasksAreSubmittedAgainWithTheirPayloads) {
  auto job = spec(3);
  job::v1::PayloadPage page;
  for (const auto* text : {"a", "b", "c"}) page.add_payloads(text);
  job::v1::SubmitJobResponse submitted;
  ASSERT_TRUE(submit("r1", job, &submitted, {page}).ok());
  job::v1::RetryTasksResponse retried;
  EXPECT_EQ(retry("j1", "x", &retried).error_code(), StatusCode::FAILED_PRECONDITION);
  {
    FakeAgent agent{channel_};
    agent.greet();
    for (int i = 0; i < 3; ++i) {
      const auto start = agent.next_start();
      start.index() == 1 ? agent.succeed(start, "x") : agent.fail(start, 3);
      agent.await_acknowledgement(start.attempt());
    }
  }
  ASSERT_TRUE(retry("j1", "x", &retried).ok());
  EXPECT_EQ(retried.task_count(), 2u);
  EXPECT_EQ(get(retried.job_id()).spec().indices(), "0,2");
  const auto first = retried.job_id();
  ASSERT_TRUE(retry("j1", "x", &retried).ok());
  EXPECT_TRUE(retried.already_submitted());
  EXPECT_EQ(retried.job_id(), first);
  EXPECT_EQ(retried.task_count(), 2u);
  FakeAgent agent{channel_};
  FakeAgent::Greeting greeting;
  greeting.session_counter = 2;
  agent.greet(greeting);
  EXPECT_EQ(agent.next_start().payload(), "a");
  EXPECT_EQ(agent.next_start().payload(), "c");
  EXPECT_EQ(retry("j44", "y", &retried).error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(retry("j1", "", &retried).error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(JobControlTest, IndicesAndPayloadsExcludeEachOther) {
  auto job = spec(1);
  job.set_indices("7");
  job::v1::PayloadPage page;
  page.add_payloads("a");
  job::v1::SubmitJobResponse response;
  EXPECT_THAT(submit("r1", job, &response, {page}).error_message(), HasSubstr("indices"));
}

TEST_F(JobControlTest, TenantsAreToldApart) {
  auto job = spec(5);
  job.set_tenant("bank");
  job::v1::SubmitJobResponse submitted;
  ASSERT_TRUE(submit("r1", job, &submitted).ok());
  FakeAgent agent{channel_};
  agent.greet();
  agent.next_start();
  Context context;
  job::v1::ListTenantsResponse listed;
  ASSERT_TRUE(jobs_->ListTenants(&context, job::v1::ListTenantsRequest{}, &listed).ok());
  ASSERT_EQ(listed.tenants_size(), 1);
  EXPECT_EQ(listed.tenants(0).tenant(), "bank");
  EXPECT_EQ(listed.tenants(0).cores(), 4U);
  EXPECT_EQ(listed.tenants(0).tasks_waiting(), 1U);
  EXPECT_EQ(listed.tenants(0).entitled_share(), 1);
  EXPECT_FALSE(listed.tenants(0).has_cores_max());
}

}  // namespace
}  // namespace hearth::scheduler
