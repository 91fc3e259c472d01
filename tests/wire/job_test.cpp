#include "wire/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "complete.h"
#include "hearth/job/v1/job.pb.h"
#include "samples.h"

namespace hearth::wire {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(JobSpecWire, EveryFieldTravels) {
  job::v1::JobSpec wire;
  to_wire(samples::spec(), &wire);
  EXPECT_THAT(unset_fields(wire), IsEmpty());
  const auto back = from_wire(wire);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, samples::spec());
}

TEST(JobSpecWire, UnsetFieldsGetTheDefaultsOfTheProto) {
  job::v1::JobSpec wire;
  wire.set_task_count(3);
  wire.add_command("true");
  const auto spec = from_wire(wire);
  ASSERT_TRUE(spec) << spec.error().message;
  protocol::JobSpec expected;
  expected.task_count = 3;
  expected.command = {"true"};
  EXPECT_EQ(*spec, expected);
  EXPECT_EQ(spec->priority, 50);
  EXPECT_EQ(spec->infrastructure_retries, 10);
}

TEST(JobSpecWire, ExplicitZerosAreNotDefaults) {
  auto sample = samples::spec();
  sample.priority = 0;
  sample.infrastructure_retries = 0;
  job::v1::JobSpec wire;
  to_wire(sample, &wire);
  EXPECT_EQ(from_wire(wire), sample);
}

TEST(JobSpecWire, TheSmallestTimeLimitIsNotNoLimit) {
  job::v1::JobSpec wire;
  to_wire(samples::spec(), &wire);
  wire.clear_expected_run_time();
  wire.mutable_maximum_run_time()->set_seconds(0);
  wire.mutable_maximum_run_time()->set_nanos(1);
  EXPECT_EQ(from_wire(wire)->maximum_run_time, Duration{1});
}

struct BadSpec {
  const char* name;
  void (*spoil)(job::v1::JobSpec&);
  const char* problem;
};

class BadSpecTest : public testing::TestWithParam<BadSpec> {};

TEST_P(BadSpecTest, IsRefusedByFieldAndValue) {
  job::v1::JobSpec wire;
  to_wire(samples::spec(), &wire);
  GetParam().spoil(wire);
  const auto spec = from_wire(wire);
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(spec.error().message, GetParam().problem);
}

using Wire = job::v1::JobSpec;
INSTANTIATE_TEST_SUITE_P(
    Cases, BadSpecTest,
    testing::Values(
        BadSpec{"no_tasks", [](Wire& w) { w.set_task_count(0); },
                "task_count: not in 1..10000000: 0"},
        BadSpec{"class",
                [](Wire& w) { w.set_service_class(static_cast<job::v1::ServiceClass>(9)); },
                "service_class: unknown value 9"},
        BadSpec{"priority", [](Wire& w) { w.set_priority(101); }, "priority: not in 0..100: 101"},
        BadSpec{"huge_priority", [](Wire& w) { w.set_priority(4'294'967'295u); },
                "priority: too large: 4294967295"},
        BadSpec{"tenant", [](Wire& w) { w.set_tenant("a b"); },
                "tenant: not 1-64 of [A-Za-z0-9._-]: a b"},
        BadSpec{"negative_time", [](Wire& w) { w.mutable_expected_run_time()->set_seconds(-1); },
                "expected_run_time: not a duration of 0 to 10,000 years: -1 s, 0 ns"},
        BadSpec{"nanos", [](Wire& w) { w.mutable_deadline()->set_nanos(1'000'000'000); },
                "deadline: not a time of the years 1 to 9999: 1767420000 s, 1000000000 ns"},
        BadSpec{"all_at_once",
                [](Wire& w) {
                  w.clear_command();
                  w.set_task_count(0);
                },
                "task_count: not in 1..10000000: 0; command: empty"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(AttemptWire, ShowsCustomersEveryField) {
  job::v1::Attempt wire;
  to_wire(samples::report(), NodeId{"n1"}, &wire);
  EXPECT_THAT(unset_fields(wire), IsEmpty());
  EXPECT_EQ(wire.attempt_id(), "a3.41");
  EXPECT_EQ(wire.failure(), job::v1::FAILURE_CLASS_USER_ERROR);
  EXPECT_EQ(wire.ended_at().nanos(), 2'000'000);
}

TEST(AttemptWire, WhatNeverStartedHasNoTimes) {
  job::v1::Attempt wire;
  to_wire(protocol::AttemptReport{}, NodeId{}, &wire);
  EXPECT_FALSE(wire.has_started_at());
  EXPECT_FALSE(wire.has_ended_at());
  EXPECT_FALSE(wire.has_exit_code());
}

TEST(EnumsWire, AreNamedAlike) {
  for (int i = 0; i <= static_cast<int>(protocol::FailureClass::kCancelled); ++i) {
    const auto failure = static_cast<protocol::FailureClass>(i);
    EXPECT_EQ(from_wire(to_wire(failure)), failure);
    if (i > 0) {
      EXPECT_EQ(job::v1::FailureClass_Name(to_wire(failure)),
                "FAILURE_CLASS_" + std::string(to_string(failure)));
    }
  }
  for (int i = 0; i <= static_cast<int>(protocol::TaskState::kCancelled); ++i) {
    const auto state = static_cast<protocol::TaskState>(i);
    EXPECT_EQ(job::v1::TaskState_Name(to_wire(state)),
              "TASK_STATE_" + std::string(to_string(state)));
    EXPECT_EQ(from_wire(to_wire(state)).value(), state);
  }
  for (int i = 0; i <= static_cast<int>(protocol::ServiceClass::kFiller); ++i) {
    const auto service_class = static_cast<protocol::ServiceClass>(i);
    EXPECT_EQ(job::v1::ServiceClass_Name(to_wire(service_class)),
              "SERVICE_CLASS_" + std::string(to_string(service_class)));
  }
}

TEST(EnumsWire, AFilterMayBeLeftOutButNotInvented) {
  EXPECT_EQ(from_wire(job::v1::TASK_STATE_UNSPECIFIED).value(), std::nullopt);
  EXPECT_THAT(from_wire(static_cast<job::v1::TaskState>(6)).error().message,
              HasSubstr("state: unknown value 6"));
  EXPECT_THAT(from_wire(static_cast<job::v1::FailureClass>(-1)).error().message,
              HasSubstr("failure: unknown value -1"));
}

}  // namespace
}  // namespace hearth::wire
