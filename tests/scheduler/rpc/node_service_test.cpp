// Who may connect, who takes over from whom; what operators see and order.
#include <gmock/gmock.h>
#include <google/protobuf/util/time_util.h>

#include "fake_agent.h"

namespace hearth::scheduler {
namespace {

using grpc::StatusCode;
using NodeServiceTest = Served;
using FleetServiceTest = Served;

TEST_F(NodeServiceTest, ANewerStreamOfTheSameInstallationTakesOver) {
  FakeAgent old{channel_};
  old.greet();
  FakeAgent young{channel_};
  young.greet({.session_counter = 2});
  EXPECT_EQ(old.await_end().error_code(), StatusCode::ABORTED);
  FakeAgent late{channel_};
  late.greet({.session_counter = 1});
  EXPECT_EQ(late.await_end().error_code(), StatusCode::ABORTED);
}

TEST_F(NodeServiceTest, AnotherInstallationUnderTheSameNameIsRefused) {
  FakeAgent first{channel_};
  first.greet();
  submit(1);
  first.next_start();
  FakeAgent second{channel_};
  second.greet({.installation = "i2"});
  EXPECT_EQ(second.await_end().error_code(), StatusCode::ALREADY_EXISTS);
}

TEST_F(NodeServiceTest, AProtocolWeDoNotSpeakIsRefused) {
  FakeAgent agent{channel_};
  agent.greet({.protocol_version = 9});
  EXPECT_EQ(agent.await_end().error_code(), StatusCode::FAILED_PRECONDITION);
}

TEST_F(NodeServiceTest, WhoDoesNotSayHelloFirstIsRefused) {
  FakeAgent agent{channel_};
  node::v1::AgentMessage message;
  message.mutable_hello_end();
  agent.say(message);
  EXPECT_EQ(agent.await_end().error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(NodeServiceTest, AThousandTasksPassThroughOneStream) {
  submit(1000);
  FakeAgent agent{channel_};
  agent.greet({.cores = 8});
  for (int i = 0; i < 1000; ++i) agent.succeed(agent.next_start(), "x");
  Context context;
  job::v1::WatchJobsRequest request;
  request.set_job_id("j1");
  const auto reader = jobs_->WatchJobs(&context, request);
  job::v1::WatchJobsResponse response;
  job::v1::WatchJobsResponse last;
  while (reader->Read(&response)) last = response;
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(last.kind(), job::v1::JOB_EVENT_KIND_ENDED);
  EXPECT_EQ(last.job().counts().succeeded(), 1000u);
}

TEST_F(FleetServiceTest, NodesAndZonesComeByNameInPages) {
  std::deque<FakeAgent> agents;
  for (const auto* name : {"c", "a", "b"}) {
    agents.emplace_back(channel_).greet({.node = name, .installation = name});
  }
  submit(3);
  for (auto& agent : agents) agent.welcome();
  std::vector<std::string> names;
  fleet::v1::ListNodesRequest request;
  request.set_page_size(2);
  request.set_state(fleet::v1::NODE_STATE_ONLINE);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (names.size() < 3 && std::chrono::steady_clock::now() < deadline) {
    names.clear();
    fleet::v1::ListNodesResponse response;
    do {
      Context context;
      request.set_page_token(response.next_page_token());
      response.Clear();
      ASSERT_TRUE(fleet_->ListNodes(&context, request, &response).ok());
      for (const auto& node : response.nodes()) names.push_back(node.node_id());
    } while (!response.next_page_token().empty());
  }
  EXPECT_THAT(names, testing::ElementsAre("a", "b", "c"));
  Context context;
  fleet::v1::ListZonesRequest zones;
  zones.set_page_token("forged");
  fleet::v1::ListZonesResponse response;
  EXPECT_EQ(fleet_->ListZones(&context, zones, &response).error_code(),
            StatusCode::INVALID_ARGUMENT);
}

TEST_F(FleetServiceTest, ASetpointReachesTheAgentAndIsInForceWhenItSaysSo) {
  submit(1);
  FakeAgent agent{channel_};
  agent.greet();
  agent.next_start();  // so the scheduler knows the zone
  fleet::v1::SetSetpointRequest request;
  request.set_zone_id("z-n1");
  request.mutable_setpoint()->set_mode(fleet::v1::SETPOINT_MODE_CONSTANT);
  request.mutable_setpoint()->set_setpoint_c(21.5);
  fleet::v1::SetSetpointResponse response;
  {
    Context context;
    const auto status = fleet_->SetSetpoint(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  EXPECT_EQ(response.zone().ordered().setpoint_c(), 21.5);
  EXPECT_EQ(agent.next_setpoint().setpoint().setpoint_c(), 21.5);

  const auto code = [&] {
    Context context;
    return fleet_->SetSetpoint(&context, request, &response).error_code();
  };
  fleet::v1::SetHolidayRequest holiday;
  fleet::v1::SetHolidayResponse held;
  const auto set_holiday = [&] {
    Context context;
    return fleet_->SetHoliday(&context, holiday, &held).error_code();
  };
  holiday.set_zone_id("z-n1");
  holiday.mutable_holiday()->set_away_c(11);
  EXPECT_EQ(set_holiday(), StatusCode::INVALID_ARGUMENT) << "no end";
  holiday.mutable_holiday()->mutable_until()->set_seconds(4'000);
  EXPECT_EQ(set_holiday(), StatusCode::INVALID_ARGUMENT) << "in the past";
  *holiday.mutable_holiday()->mutable_until() =
      google::protobuf::util::TimeUtil::GetCurrentTime() +
      google::protobuf::util::TimeUtil::HoursToDuration(48);
  ASSERT_EQ(set_holiday(), StatusCode::OK);
  EXPECT_EQ(held.zone().ordered().setpoint_c(), 21.5);
  EXPECT_EQ(held.zone().ordered().holiday().away_c(), 11);
  EXPECT_EQ(agent.next_setpoint().setpoint().holiday().away_c(), 11);
  holiday.set_zone_id("nowhere");
  EXPECT_EQ(set_holiday(), StatusCode::NOT_FOUND);

  request.mutable_setpoint()->set_setpoint_c(31);
  EXPECT_EQ(code(), StatusCode::INVALID_ARGUMENT);
  request.mutable_setpoint()->set_setpoint_c(20);
  request.set_zone_id("nowhere");
  EXPECT_EQ(code(), StatusCode::NOT_FOUND);
}

TEST_F(FleetServiceTest, ADrainedNodeGetsNothingNew) {
  submit(1);
  FakeAgent agent{channel_};
  agent.greet();
  agent.next_start();
  Context context;
  fleet::v1::DrainNodeRequest request;
  request.set_node_id("n1");
  request.set_drain(true);
  fleet::v1::DrainNodeResponse response;
  ASSERT_TRUE(fleet_->DrainNode(&context, request, &response).ok());
  EXPECT_TRUE(response.node().draining());
  Context again;
  request.set_node_id("nobody");
  EXPECT_EQ(fleet_->DrainNode(&again, request, &response).error_code(), StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace hearth::scheduler
