// Jobs with secrets: who gets the values, and that nobody else does.
#include <gmock/gmock.h>

#include <fstream>

#include "fake_agent.h"

namespace hearth::scheduler {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kValue = "correct-horse-battery-staple";

class SecretsTest : public Served {
 protected:
  static job::v1::JobSpec secret_spec() {
    auto made = spec(2);
    (*made.mutable_secrets())["DB_PASSWORD"] = kValue;
    return made;
  }
  std::string submit_secret() {
    job::v1::SubmitJobResponse response;
    const auto status = Served::submit("r1", secret_spec(), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.job_id();
  }
  static void expect_names_alone(const job::v1::JobSpec& spec) {
    ASSERT_EQ(spec.secrets_size(), 1);
    EXPECT_EQ(spec.secrets().at("DB_PASSWORD"), "");
  }
  std::string explained(const std::string& id) {
    Context context;
    job::v1::ExplainTaskRequest request;
    request.set_job_id(id);
    job::v1::ExplainTaskResponse response;
    EXPECT_TRUE(jobs_->ExplainTask(&context, request, &response).ok());
    return response.DebugString();
  }
};

TEST_F(SecretsTest, TheAgentGetsTheValuesAndAnswersHaveTheNames) {
  const auto id = submit_secret();
  const auto look = [&] {
    expect_names_alone(get(id).spec());
    Context context;
    job::v1::ListJobsResponse listed;
    ASSERT_TRUE(jobs_->ListJobs(&context, job::v1::ListJobsRequest{}, &listed).ok());
    ASSERT_EQ(listed.jobs_size(), 1);
    expect_names_alone(listed.jobs(0).spec());
    EXPECT_THAT(explained(id), Not(HasSubstr(kValue)));
    Context watching;
    job::v1::WatchJobsRequest request;
    const auto events = jobs_->WatchJobs(&watching, request);
    job::v1::WatchJobsResponse event;
    ASSERT_TRUE(events->Read(&event));
    EXPECT_THAT(event.DebugString(), Not(HasSubstr(kValue)));
    watching.TryCancel();
    (void)events->Finish();
  };
  look();
  {
    FakeAgent agent{channel_};
    agent.greet();
    EXPECT_EQ(agent.next_details().spec().secrets().at("DB_PASSWORD"), kValue);
  }
  restart();
  look();
  FakeAgent agent{channel_};
  FakeAgent::Greeting greeting;
  greeting.session_counter = 2;
  agent.greet(greeting);
  EXPECT_EQ(agent.next_details().spec().secrets().at("DB_PASSWORD"), kValue) << "as stored";
  daemon_->stop();
  std::ifstream audit{config_.state_dir + "/audit.jsonl"};
  const std::string lines{std::istreambuf_iterator<char>{audit}, {}};
  EXPECT_THAT(lines, HasSubstr("SubmitJob"));
  EXPECT_THAT(lines, Not(HasSubstr(kValue)));
}

TEST_F(SecretsTest, TheDatabaseIsReadableForItsUserAlone) {
  submit_secret();
  daemon_->stop();
  const auto path = config_.state_dir + "/hearth.db";
  std::filesystem::permissions(path, std::filesystem::perms{0644});
  start();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    EXPECT_EQ(std::filesystem::status(path + suffix).permissions(), std::filesystem::perms{0600})
        << suffix;
  }
}

TEST_F(SecretsTest, ARetryHasThemAndShowsThemToNobody) {
  const auto id = submit_secret();
  FakeAgent agent{channel_};
  agent.greet();
  for (int i = 0; i < 2; ++i) {
    const auto start = agent.next_start();
    agent.fail(start, 3);
    agent.await_acknowledgement(start.attempt());
  }
  agent.next_details();
  Context context;
  job::v1::RetryTasksRequest request;
  request.set_job_id(id);
  request.set_request_id("again");
  job::v1::RetryTasksResponse retried;
  const auto status = jobs_->RetryTasks(&context, request, &retried);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(agent.next_details().spec().secrets().at("DB_PASSWORD"), kValue);
  expect_names_alone(get(retried.job_id()).spec());
}

TEST_F(SecretsTest, TheSameRequestWithOtherValuesIsAnotherOne) {
  submit_secret();
  job::v1::SubmitJobResponse response;
  ASSERT_TRUE(Served::submit("r1", secret_spec(), &response).ok());
  EXPECT_TRUE(response.already_submitted());
  auto other = secret_spec();
  (*other.mutable_secrets())["DB_PASSWORD"] = "another";
  const auto status = Served::submit("r1", other, &response);
  EXPECT_EQ(status.error_code(), StatusCode::ALREADY_EXISTS);
  EXPECT_THAT(status.error_message(), Not(HasSubstr("another")));
}

TEST_F(SecretsTest, WhatIsWrongIsToldWithoutTheValue) {
  auto wrong = secret_spec();
  (*wrong.mutable_environment())["DB_PASSWORD"] = "x";
  job::v1::SubmitJobResponse response;
  const auto status = Served::submit("r1", wrong, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("secrets: DB_PASSWORD is in environment"));
  EXPECT_THAT(status.error_message(), Not(HasSubstr(kValue)));
}

TEST_F(SecretsTest, AnAgentThatDoesNotKnowThemGetsNone) {
  FakeAgent old{channel_};
  FakeAgent::Greeting greeting;
  greeting.takes_secrets = false;
  old.greet(greeting);
  const auto secret = submit_secret();
  const auto plain = Served::submit(1, "r2");
  EXPECT_EQ(to_string(JobId{old.next_start().job_id()}), plain);
  EXPECT_THAT(explained(secret), HasSubstr("takes_secrets fails on 1 of 1"));
  FakeAgent fresh{channel_};
  greeting.node = "n2";
  greeting.takes_secrets = true;
  fresh.greet(greeting);
  EXPECT_EQ(to_string(JobId{fresh.next_start().job_id()}), secret);
}

TEST_F(SecretsTest, NodesSayWhereTheyStandAndWhatTheyKnow) {
  FakeAgent home{channel_};
  home.greet();
  FakeAgent office{channel_};
  FakeAgent::Greeting greeting;
  greeting.node = "n2";
  greeting.residential = false;
  greeting.takes_secrets = false;
  office.greet(greeting);
  auto apart = spec(1);
  apart.set_no_residential(true);
  job::v1::SubmitJobResponse response;
  ASSERT_TRUE(Served::submit("r1", apart, &response).ok());
  EXPECT_EQ(office.next_start().job_id(), 1u);
  Context context;
  fleet::v1::ListNodesResponse nodes;
  ASSERT_TRUE(fleet_->ListNodes(&context, fleet::v1::ListNodesRequest{}, &nodes).ok());
  ASSERT_EQ(nodes.nodes_size(), 2);
  EXPECT_TRUE(nodes.nodes(0).residential());
  EXPECT_TRUE(nodes.nodes(0).takes_secrets());
  EXPECT_FALSE(nodes.nodes(1).residential());
  EXPECT_FALSE(nodes.nodes(1).takes_secrets());
  EXPECT_TRUE(get("j1").spec().no_residential());
}

}  // namespace
}  // namespace hearth::scheduler
