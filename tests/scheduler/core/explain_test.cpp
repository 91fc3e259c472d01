// "Why is it not running?", "why is it cold?", and the snapshots that others see.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/core/feasible.h"
#include "scheduler/core/scheduler.h"

namespace hearth::scheduler {
namespace {

using protocol::Quality;
using protocol::SetpointMode;
using protocol::TaskState;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class ExplainTest : public testing::Test {
 protected:
  ExplainTest() {
    DurableState state;
    state.store_id = "test";
    state.epoch = 1;
    SchedulerConfig config;
    config.silent_after = seconds{30};
    scheduler_ = std::make_unique<Scheduler>(config, state);
  }

  void apply(const Event& event) { (void)scheduler_->apply(event, now_); }
  void say(std::uint64_t session, protocol::AgentMessage message) {
    apply(AgentSaid{SessionId{session}, std::move(message)});
  }

  protocol::Telemetry telemetry(double air_c) {
    protocol::Telemetry t;
    t.air_temperature_c = {air_c, Quality::kGood};
    t.power_w = {250, Quality::kGood};
    t.setpoint = 20_degC;
    t.t_ref = 20_degC;
    t.energy.meter = Joules{1000};
    return t;
  }

  void join(std::uint64_t session, const std::string& node, double air_c) {
    protocol::Hello hello;
    hello.installation_id = "of " + node;
    hello.session_counter = 1;
    hello.facts.node = NodeId{node};
    hello.facts.zone = ZoneId{"zone-" + node};
    hello.facts.cores = 2;
    hello.facts.memory_bytes = 1 << 30;
    hello.telemetry = telemetry(air_c);
    say(session, hello);
    say(session, protocol::HelloEnd{});
  }

  JobId submit(std::uint64_t tasks, int cores, int priority = 50) {
    SubmitRequested event;
    event.request = {TenantId{"bank"}, "r" + std::to_string(++requests_)};
    event.spec.command = {"true"};
    event.spec.task_count = tasks;
    event.spec.priority = priority;
    event.spec.resources.cores = cores;
    apply(event);
    apply(CommitDurable{scheduler_->last_seq()});
    return JobId{requests_};
  }

  std::string summary(JobId job, std::uint64_t index) {
    return scheduler_->explain_task({job, index})->summary;
  }
  std::string zone_summary(const std::string& node) {
    return scheduler_->explain_zone(ZoneId{"zone-" + node})->summary;
  }

  TimePoint now_{};
  std::unique_ptr<Scheduler> scheduler_;
  std::uint64_t requests_ = 0;
};

TEST_F(ExplainTest, WithoutNodesItSaysSo) {
  EXPECT_EQ(summary(submit(1, 1), 0), "pending: no node has ever joined");
}

TEST_F(ExplainTest, CountsEveryFailingConditionWorstFirst) {
  join(1, "small", 18);
  join(2, "warm", 25);
  const auto job = submit(1, 4);
  const auto told = *scheduler_->explain_task({job, 0});
  ASSERT_EQ(told.conditions.size(), kConditionCount);
  EXPECT_EQ(told.conditions[0].name, "cores_total");
  EXPECT_EQ(told.conditions[0].nodes_failing, 2);
  EXPECT_EQ(told.conditions[0].nodes_total, 2);
  EXPECT_EQ(told.conditions[1].name, "room_takes_heat");
  EXPECT_EQ(told.conditions[1].nodes_failing, 1);
  EXPECT_EQ(told.nodes_feasible, 0);
  EXPECT_EQ(told.summary,
            "pending: no node meets every condition: cores_total fails on 2 of 2; "
            "room_takes_heat fails on 1 of 2");
  EXPECT_THAT(told.conditions[0].text, HasSubstr("4 cores"));
}

TEST_F(ExplainTest, EveryConditionHasWordsOfItsOwn) {
  join(1, "n1", 18);
  const auto told = *scheduler_->explain_task({submit(1, 99), 0});
  std::set<std::string> names, texts;
  for (const auto& condition : told.conditions) {
    names.insert(condition.name);
    texts.insert(condition.text);
  }
  EXPECT_EQ(names.size(), kConditionCount);
  EXPECT_EQ(texts.size(), kConditionCount);
}

TEST_F(ExplainTest, SaysWhatARunningOneDoes) {
  join(1, "n1", 18);
  const auto job = submit(1, 1);
  EXPECT_THAT(summary(job, 0), HasSubstr("leased to n1"));
  say(1, protocol::AttemptsStarted{{AttemptId{1, 1}}});
  EXPECT_EQ(summary(job, 0), "running on n1");
  const auto view = *scheduler_->task({job, 0});
  EXPECT_EQ(view.state, TaskState::kRunning);
  EXPECT_EQ(view.attempt, (AttemptId{1, 1}));
  EXPECT_TRUE(view.started);
}

TEST_F(ExplainTest, UnknownThingsAreNotFound) {
  EXPECT_EQ(scheduler_->explain_task({JobId{9}, 0}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(scheduler_->explain_zone(ZoneId{"nowhere"}).error().message, "zone nowhere: unknown");
  EXPECT_EQ(scheduler_->job(JobId{9}), std::nullopt);
  EXPECT_EQ(scheduler_->task({submit(1, 1), 1}), std::nullopt);
  EXPECT_EQ(scheduler_->node(NodeId{"nobody"}), std::nullopt);
}

TEST_F(ExplainTest, ZonesAreExplainedWithNumbers) {
  join(1, "cold", 18);
  join(2, "warm", 21.5);
  join(3, "fine", 20.2);
  EXPECT_EQ(zone_summary("cold"),
            "2.0 K below its setpoint and heating at 250 W, 50 % of full power");
  EXPECT_THAT(zone_summary("warm"), HasSubstr("1.5 K above its setpoint"));
  EXPECT_THAT(zone_summary("fine"), HasSubstr("inside its band, 0.2 K"));
  const auto told = *scheduler_->explain_zone(ZoneId{"zone-cold"});
  EXPECT_THAT(told.facts, testing::Contains(HasSubstr("setpoint 20.0 degC, reference 20.0 degC")));
  EXPECT_THAT(told.facts, testing::Contains(HasSubstr("node cold: ONLINE, 250 W drawn")));
  EXPECT_DOUBLE_EQ(told.zone.state_of_charge, -1.5);
}

TEST_F(ExplainTest, ZonesSayWhyTheyAreNotHeated) {
  join(1, "n1", 18);
  auto t = telemetry(18);
  t.tripped = true;
  say(1, protocol::Report{t});
  EXPECT_THAT(zone_summary("n1"), HasSubstr("safety trip"));
  t = telemetry(18);
  t.air_temperature_c.quality = Quality::kStale;
  say(1, protocol::Report{t});
  EXPECT_THAT(zone_summary("n1"), HasSubstr("not known"));
  protocol::Setpoint off{.mode = SetpointMode::kOff};
  off.revision = {3, protocol::SetpointOrigin::kLocal};
  say(1, protocol::SetpointInForce{off});
  EXPECT_EQ(zone_summary("n1"), "it is switched OFF (LOCAL)");
  apply(SetpointRequested{0, ZoneId{"zone-n1"}, {.value = 21_degC}});
  EXPECT_THAT(scheduler_->explain_zone(ZoneId{"zone-n1"})->facts,
              testing::Contains(HasSubstr("ordered over the API and is not in force")));
  apply(SessionClosed{SessionId{1}});
  EXPECT_THAT(zone_summary("n1"), HasSubstr("not heard of"));
}

TEST_F(ExplainTest, ViewsAddUp) {
  join(1, "n1", 18);
  join(2, "n2", 18);
  const auto job = submit(5, 1);
  say(1, protocol::AttemptsStarted{{AttemptId{1, 1}}});
  const auto nodes = scheduler_->nodes();
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_EQ(nodes[0].cores_used, 1);
  EXPECT_EQ(nodes[0].tasks_running, 1u);
  EXPECT_EQ(nodes[0].tasks_waiting + nodes[1].tasks_waiting, 3u);
  EXPECT_EQ(scheduler_->job(job)->counts.pending, 1u);
  EXPECT_EQ(scheduler_->jobs().size(), 1u);
  const auto zones = scheduler_->zones();
  ASSERT_EQ(zones.size(), 2u);
  EXPECT_THAT(zones[0].nodes, ElementsAre(NodeId{"n1"}));
  EXPECT_EQ(zones[0].energy, Joules{1000});
  const auto stats = scheduler_->stats();
  EXPECT_EQ(stats.tasks_running, 4u);
  EXPECT_EQ(stats.attempts_granted, 4u);
  EXPECT_EQ(stats.nodes_online, 2u);
}

TEST_F(ExplainTest, AKnownRequestIsKnown) {
  submit(1, 1);
  EXPECT_TRUE(scheduler_->knows({TenantId{"bank"}, "r1"}));
  EXPECT_FALSE(scheduler_->knows({TenantId{"other"}, "r1"}));
}

}  // namespace
}  // namespace hearth::scheduler
