#include "wire/node.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cmath>

#include "complete.h"
#include "hearth/node/v1/node.pb.h"
#include "samples.h"

namespace hearth::wire {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;
using testing::IsEmpty;

// What travels beside: the adapters fill it.
const std::set<std::string> kBeside = {
    "hearth.node.v1.TaskResult.result",
    "hearth.node.v1.StartAttempt.payload",
    "hearth.node.v1.Welcome.result_credit_bytes",
};

// Nothing is lost on the way out (every wire field is set), nor on the way in (what comes back
// makes the same bytes).
template <class Wire, class Message>
void expect_round_trip(const Message& message) {
  SCOPED_TRACE(to_string(message));
  Wire wire;
  to_wire(message, &wire);
  EXPECT_THAT(unset_fields(wire, kBeside), IsEmpty());
  const auto back = from_wire(wire);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->index(), message.index());
  Wire again;
  to_wire(*back, &again);
  EXPECT_TRUE(MessageDifferencer::Equals(wire, again)) << again.DebugString();
}

TEST(NodeWire, EveryFieldOfEveryAgentMessageTravels) {
  const auto messages = samples::agent_messages();
  EXPECT_EQ(messages.size(), std::variant_size_v<protocol::AgentMessage>);
  for (const auto& message : messages) expect_round_trip<node::v1::AgentMessage>(message);
}

TEST(NodeWire, EveryFieldOfEverySchedulerMessageTravels) {
  const auto messages = samples::scheduler_messages();
  EXPECT_EQ(messages.size(), std::variant_size_v<protocol::SchedulerMessage>);
  for (const auto& message : messages) expect_round_trip<node::v1::SchedulerMessage>(message);
}

TEST(NodeWire, ReportsComeBackEqual) {
  node::v1::TaskResult wire;
  to_wire(samples::report(), &wire);
  EXPECT_EQ(from_wire(wire), samples::report());
}

TEST(NodeWire, FactsAndTelemetryComeBackEqual) {
  node::v1::NodeFacts facts;
  to_wire(samples::facts(), &facts);
  EXPECT_EQ(from_wire(facts), samples::facts());
  node::v1::Telemetry telemetry;
  to_wire(samples::telemetry(), &telemetry);
  EXPECT_EQ(from_wire(telemetry), samples::telemetry());
}

TEST(NodeWire, TheReportOfATaskThatNeverRanCanBeStored) {
  node::v1::TaskResult wire;
  to_wire(protocol::AttemptReport{}, &wire);
  EXPECT_EQ(from_wire(wire), protocol::AttemptReport{});
}

TEST(NodeWire, AProgramsMessageNeedNotBeUtf8) {
  auto report = samples::report();
  report.message = "caf\xe9 \xc3\xa9 \xed\xa0\x80";
  node::v1::TaskResult wire;
  to_wire(report, &wire);
  EXPECT_EQ(wire.message(), "caf? \xc3\xa9 ???");
}

TEST(NodeWire, EveryStopReasonTravels) {
  const std::pair<protocol::StopReason, node::v1::StopReason> reasons[] = {
      {protocol::StopReason::kJobCancelled, node::v1::STOP_REASON_JOB_CANCELLED},
      {protocol::StopReason::kSuperseded, node::v1::STOP_REASON_SUPERSEDED},
      {protocol::StopReason::kDrained, node::v1::STOP_REASON_DRAINED},
      {protocol::StopReason::kHeat, node::v1::STOP_REASON_HEAT},
  };
  for (const auto& [reason, expected] : reasons) {
    node::v1::SchedulerMessage wire;
    to_wire(protocol::SchedulerMessage{protocol::StopAttempt{{1, 1}, reason}}, &wire);
    EXPECT_EQ(wire.stop_attempt().reason(), expected);
    EXPECT_EQ(std::get<protocol::StopAttempt>(*from_wire(wire)).reason, reason);
  }
}

std::string refusal(const node::v1::AgentMessage& wire) {
  const auto message = from_wire(wire);
  if (message) return "accepted";
  EXPECT_EQ(message.error().code, ErrorCode::kInvalidArgument);
  return message.error().message;
}

std::string refusal(const node::v1::SchedulerMessage& wire) {
  const auto message = from_wire(wire);
  return message ? "accepted" : message.error().message;
}

node::v1::AgentMessage hello() {
  node::v1::AgentMessage wire;
  to_wire(samples::agent_messages()[0], &wire);
  return wire;
}

TEST(NodeWire, AMessageWithoutContentIsRefused) {
  EXPECT_THAT(refusal(node::v1::AgentMessage{}), HasSubstr("message: not set"));
  EXPECT_THAT(refusal(node::v1::SchedulerMessage{}), HasSubstr("message: not set"));
}

TEST(NodeWire, ABadHelloNamesEveryBadField) {
  auto wire = hello();
  wire.mutable_hello()->mutable_facts()->set_node_id("n 1");
  wire.mutable_hello()->mutable_facts()->set_cores(0);
  wire.mutable_hello()->mutable_facts()->set_max_w(-1);
  wire.mutable_hello()->mutable_telemetry()->mutable_power_w()->set_value(std::nan(""));
  wire.mutable_hello()->clear_installation_id();
  EXPECT_EQ(refusal(wire),
            "hello.installation_id: not 1 to 128 bytes: ; "
            "hello.facts.node_id: not 1-64 of [A-Za-z0-9._-]: n 1; facts.cores: 0; "
            "facts.max_w: negative: -1.000000; "
            "hello.telemetry.power_w.value: not a finite number: nan");
}

TEST(NodeWire, AttemptsNeedAnId) {
  node::v1::AgentMessage started;
  started.mutable_attempts_started()->add_attempts();
  EXPECT_EQ(refusal(started), "attempt: no attempt id: a0.0");

  node::v1::AgentMessage result;
  to_wire(protocol::AgentMessage{protocol::TaskResult{samples::report()}}, &result);
  result.mutable_task_result()->clear_job_id();
  EXPECT_EQ(refusal(result), "a3.41: job_id: 0");
}

TEST(NodeWire, ABadResultNamesTheAttempt) {
  node::v1::AgentMessage wire;
  to_wire(protocol::AgentMessage{protocol::TaskResult{samples::report()}}, &wire);
  wire.mutable_task_result()->set_failure(static_cast<job::v1::FailureClass>(10));
  wire.mutable_task_result()->mutable_outputs(0)->set_path("../x");
  EXPECT_EQ(refusal(wire),
            "a3.41: failure: unknown value 10; "
            "a3.41: outputs.path: leaves the task's directory: ../x");
}

TEST(NodeWire, LimitsMustBeNumbers) {
  node::v1::SchedulerMessage wire;
  wire.mutable_limits()->set_t_ref_c(std::nan(""));
  wire.mutable_limits()->set_p_max_w(-5);
  EXPECT_EQ(refusal(wire),
            "limits.t_ref_c: not a finite number: nan; limits.p_max_w: negative: -5.000000");
}

TEST(NodeWire, AStopNeedsAReason) {
  node::v1::SchedulerMessage wire;
  to_wire(AttemptId{3, 41}, wire.mutable_stop_attempt()->mutable_attempt());
  EXPECT_EQ(refusal(wire), "a3.41: reason: unknown value 0");
}

}  // namespace
}  // namespace hearth::wire
