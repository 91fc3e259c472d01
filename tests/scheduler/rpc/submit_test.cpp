// What may be submitted, and what becomes of it: once, all of it or nothing.
#include <gmock/gmock.h>

#include "common/digest.h"
#include "fake_agent.h"

namespace hearth::scheduler {
namespace {

using grpc::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

using SubmitJob = Served;

job::v1::PayloadPage page(std::uint64_t first, std::uint64_t count) {
  job::v1::PayloadPage page;
  for (auto i = first; i < first + count; ++i) page.add_payloads("payload " + std::to_string(i));
  return page;
}

TEST_F(SubmitJob, TwiceUnderOneRequestIdIsOneJob) {
  auto job = spec(3);
  (*job.mutable_environment())["B"] = "2";
  (*job.mutable_environment())["A"] = "1";
  job::v1::SubmitJobResponse first;
  ASSERT_TRUE(submit("r1", job, &first).ok());
  EXPECT_FALSE(first.already_submitted());

  job::v1::SubmitJobResponse second;
  ASSERT_TRUE(submit("r1", job, &second).ok());
  EXPECT_TRUE(second.already_submitted());
  EXPECT_EQ(second.job_id(), first.job_id());
  EXPECT_EQ(second.cursor(), first.cursor());

  restart();
  ASSERT_TRUE(submit("r1", job, &second).ok());
  EXPECT_TRUE(second.already_submitted());
  EXPECT_EQ(second.job_id(), first.job_id());
  EXPECT_EQ(get(first.job_id()).counts().pending(), 3u);
}

TEST_F(SubmitJob, OtherBytesUnderTheSameRequestIdAreRefused) {
  submit(3);
  job::v1::SubmitJobResponse response;
  const auto status = submit("r1", spec(4), &response);
  EXPECT_EQ(status.error_code(), StatusCode::ALREADY_EXISTS) << status.error_message();
  auto of_another_tenant = spec(4);
  of_another_tenant.set_tenant("other");
  EXPECT_TRUE(submit("r1", of_another_tenant, &response).ok());
}

TEST_F(SubmitJob, ASpecificationsProblemsAreAllNamed) {
  job::v1::JobSpec job;
  job.set_priority(101);
  job::v1::SubmitJobResponse response;
  const auto status = submit("", job, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("task_count"), HasSubstr("command"),
                                            HasSubstr("101"), HasSubstr("request_id")));
}

TEST_F(SubmitJob, APastDeadlineIsRefusedNamingBothTimes) {
  auto job = spec(1);
  job.mutable_deadline()->set_seconds(1'000'000'000);
  job::v1::SubmitJobResponse response;
  const auto status = submit("r1", job, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), AllOf(HasSubstr("2001-09-09T01:46:40Z"), HasSubstr("it is")));
}

TEST_F(SubmitJob, MissingInputsAreNamed) {
  const auto missing = sha256("not stored");
  auto job = spec(1);
  job.add_inputs()->set_digest(missing);
  job.mutable_inputs(0)->set_path("program");
  job::v1::SubmitJobResponse response;
  const auto status = submit("r1", job, &response);
  EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(status.error_message(), HasSubstr(missing));
}

TEST_F(SubmitJob, PayloadPagesReachTheAgentInOrder) {
  job::v1::SubmitJobResponse response;
  const auto status = submit("r1", spec(1500), &response, {page(0, 1000), page(1000, 500)});
  ASSERT_TRUE(status.ok()) << status.error_message();

  FakeAgent agent{channel_};
  agent.welcome();
  agent.greet();
  for (int i = 0; i < 4; ++i) {
    const auto start = agent.next_start();
    EXPECT_EQ(start.payload(), "payload " + std::to_string(start.index()));
    agent.succeed(start, "done");
  }
}

TEST_F(SubmitJob, PayloadsMustBeAsManyAsTasks) {
  job::v1::SubmitJobResponse response;
  const auto few = submit("r1", spec(3), &response, {page(0, 2)});
  EXPECT_EQ(few.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(few.error_message(), "payloads: 2 came, task_count is 3");
  const auto many = submit("r1", spec(3), &response, {page(0, 4)});
  EXPECT_EQ(many.error_code(), StatusCode::INVALID_ARGUMENT);
  job::v1::PayloadPage large;
  large.add_payloads(std::string(64 * 1024 + 1, 'x'));
  EXPECT_EQ(submit("r1", spec(1), &response, {large}).error_message(),
            "payload of task 0: over 64 KiB: 65537");
  EXPECT_TRUE(submit("r1", spec(3), &response, {page(0, 1), page(1, 2)}).ok());
}

TEST_F(SubmitJob, AStreamThatBreaksOffLeavesNothing) {
  {
    Context context;
    job::v1::SubmitJobResponse response;
    const auto writer = jobs_->SubmitJob(&context, &response);
    job::v1::SubmitJobRequest request;
    request.mutable_header()->set_request_id("r1");
    *request.mutable_header()->mutable_spec() = spec(2000);
    request.mutable_header()->set_has_payloads(true);
    writer->Write(request);
    *request.mutable_page() = page(0, 1000);
    writer->Write(request);
    context.TryCancel();
    writer->Finish();
  }
  Context context;
  job::v1::ListJobsResponse jobs;
  ASSERT_TRUE(jobs_->ListJobs(&context, {}, &jobs).ok());
  EXPECT_EQ(jobs.jobs_size(), 0);
}

TEST_F(SubmitJob, WhatTheSchedulerCannotHoldItRefuses) {
  config_.inbox_bytes = 1 << 20;
  restart();
  auto job = spec(1);
  for (int i = 0; i < 20; ++i) {
    (*job.mutable_labels())["label" + std::to_string(i)] = std::string(60'000, 'x');
  }
  job::v1::SubmitJobResponse response;
  EXPECT_EQ(submit("r1", job, &response).error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_FALSE(submit(1, "r2").empty());
}

}  // namespace
}  // namespace hearth::scheduler
