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
    "hearth.node.v1.TaskResult.result",           "hearth.node.v1.TaskResult.standard_output",
    "hearth.node.v1.TaskResult.standard_error",   "hearth.node.v1.StartAttempt.payload",
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

TEST(NodeWire, PlansComeBackEqual) {
  node::v1::ZonePlan wire;
  to_wire(samples::plan(), &wire);
  EXPECT_EQ(from_wire(wire), samples::plan());
  to_wire(protocol::ZonePlan{}, &wire);
  EXPECT_EQ(from_wire(wire), protocol::ZonePlan{}) << "a plan may be empty and without a model";
}

TEST(NodeWire, AnAgentThatKnowsLessIsUnderstood) {
  node::v1::NodeFacts facts;
  to_wire(samples::facts(), &facts);
  facts.clear_speed();
  facts.clear_tank();
  facts.clear_quiet();
  facts.clear_residential();
  facts.clear_takes_secrets();
  const auto back = from_wire(facts);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->speed, protocol::SpeedLaw{});
  EXPECT_EQ(back->tank, std::nullopt);
  EXPECT_TRUE(back->residential) << "as most nodes are";
  EXPECT_FALSE(back->takes_secrets);
  const auto telemetry = from_wire(node::v1::Telemetry{});
  ASSERT_TRUE(telemetry) << telemetry.error().message;
  EXPECT_EQ(*telemetry, protocol::Telemetry{});
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

TEST(NodeWire, LimitsFollowersAndOutdoorMustBeNumbersToo) {
  node::v1::SchedulerMessage wire;
  wire.mutable_limits()->set_outdoor_c(std::nan(""));
  wire.mutable_limits()->mutable_follow()->set_air_c(INFINITY);
  wire.mutable_limits()->mutable_follow()->set_wanted_w(-1);
  EXPECT_EQ(refusal(wire),
            "limits.outdoor_c: not a finite number: nan; "
            "limits.follow.air_c: not a finite number: inf; "
            "limits.follow.wanted_w: negative: -1.000000");
}

TEST(NodeWire, ABadPlanNamesTheHour) {
  node::v1::SchedulerMessage wire;
  to_wire(protocol::SchedulerMessage{protocol::PlanChanged{samples::plan()}}, &wire);
  auto* plan = wire.mutable_plan_changed()->mutable_plan();
  plan->mutable_hours(1)->set_t_ref_c(std::nan(""));
  plan->mutable_hours(1)->set_hold_w(-1);
  plan->mutable_model()->set_air_mass_k_per_w(0);
  EXPECT_EQ(refusal(wire),
            "plan.hours[1].t_ref_c: not a finite number: nan; plan.hours[1].hold_w: negative: "
            "-1.000000; plan.model.air_mass_k_per_w: not above 0: 0.000000");
  for (int i = 0; i < 47; ++i) plan->add_hours();
  EXPECT_EQ(refusal(wire), "plan.hours: more than 48: 49");
}

TEST(NodeWire, BadFactsNameTheField) {
  auto wire = hello();
  auto* facts = wire.mutable_hello()->mutable_facts();
  facts->mutable_speed()->set_exponent(0.5);
  facts->mutable_speed()->set_speed_min(std::nan(""));
  facts->set_resistance_w(-1);
  facts->mutable_quiet(0)->set_to_minute(1440);
  facts->mutable_tank()->set_volume_l(0);
  facts->mutable_tank()->clear_hygiene_every();
  wire.mutable_hello()->mutable_telemetry()->set_minute_of_week(10'080);
  wire.mutable_hello()->mutable_telemetry()->mutable_tank()->set_hygiene_energy_j(-1);
  EXPECT_EQ(refusal(wire),
            "hello.facts.speed.exponent: not in 1..4: 0.500000; "
            "facts.speed.speed_min: not above 0, up to 1: nan; "
            "facts.resistance_w: negative: -1.000000; "
            "facts.quiet.to_minute: not in 0..1439: 1440; "
            "facts.tank.volume_l: not above 0: 0.000000; facts.tank.hygiene_every: 0; "
            "hello.telemetry.minute_of_week: not in 0..10079: 10080; "
            "telemetry.tank.hygiene_energy_j: negative: -1.000000");
}

TEST(NodeWire, AStopNeedsAReason) {
  node::v1::SchedulerMessage wire;
  to_wire(AttemptId{3, 41}, wire.mutable_stop_attempt()->mutable_attempt());
  EXPECT_EQ(refusal(wire), "a3.41: reason: unknown value 0");
}

}  // namespace
}  // namespace hearth::wire
