// A holiday over the API: what is ordered of which agent, what is refused, what a restart keeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/core/scheduler.h"

namespace hearth::scheduler {
namespace {

using protocol::Holiday;
using protocol::SetpointMode;
using protocol::SetpointOrigin;
using std::chrono::days;
using std::chrono::hours;
using testing::Contains;
using testing::HasSubstr;

constexpr UtcTime kNow{days{20'000}};
const ZoneId kKitchen{"kitchen"};

class HolidayTest : public testing::Test {
 protected:
  HolidayTest() { start(); }

  void start() {
    durable_.store_id = "store";
    ++durable_.epoch;
    core_ = std::make_unique<Scheduler>(SchedulerConfig{}, durable_);
    apply(WallClockRead{kNow});
  }

  void apply(const Event& event) {
    for (const auto& command : core_->apply(event, now_)) {
      if (const auto* send = std::get_if<Send>(&command)) {
        if (const auto* one = std::get_if<protocol::SetpointOrdered>(&send->message)) {
          ordered_ = one->setpoint;
        }
      }
      if (const auto* reply = std::get_if<Reply>(&command)) reply_ = reply->result;
      if (const auto* commit = std::get_if<Commit>(&command)) remember(*commit);
    }
  }

  // The reply comes once the commit is durable.
  Result<JobReply> ask(std::optional<Holiday> holiday, const ZoneId& zone = kKitchen) {
    reply_.reset();
    ordered_.reset();
    apply(HolidayRequested{7, zone, holiday});
    apply(CommitDurable{core_->last_seq()});
    EXPECT_TRUE(reply_);
    return *reply_;
  }

  void join(protocol::Setpoint setpoint, bool tank = false) {
    protocol::Hello hello;
    hello.installation_id = "i1";
    hello.session_counter = ++sessions_;
    hello.facts.node = NodeId{"n1"};
    hello.facts.zone = kKitchen;
    hello.facts.cores = 2;
    hello.facts.memory_bytes = 1 << 30;
    if (tank) hello.facts.tank.emplace();
    hello.setpoint = std::move(setpoint);
    hello.telemetry.air_temperature_c = {20, protocol::Quality::kGood};
    hello.telemetry.setpoint = 20_degC;
    say(hello);
    say(protocol::HelloEnd{});
  }

  void say(protocol::AgentMessage message) {
    apply(AgentSaid{SessionId{sessions_}, std::move(message)});
  }

  void remember(const Commit& commit) {
    const auto* set = std::get_if<ZoneSetpointOrdered>(&commit.fact);
    if (set != nullptr) durable_.setpoints = {{set->zone, set->setpoint}};
  }

  static protocol::Setpoint programme() {
    protocol::Setpoint setpoint;
    setpoint.mode = SetpointMode::kProgramme;
    setpoint.programme = {{0, 17_degC}, {360, 20_degC}};
    setpoint.revision = {4, SetpointOrigin::kLocal};
    return setpoint;
  }

  TimePoint now_{hours{1}};
  DurableState durable_;
  std::unique_ptr<Scheduler> core_;
  std::optional<protocol::Setpoint> ordered_;
  std::optional<Result<JobReply>> reply_;
  std::uint64_t sessions_ = 0;
};

const Holiday kFortnight{11_degC, kNow - hours{1}, kNow + days{14}};

TEST_F(HolidayTest, GoesOverWhatTheZoneHas) {
  join(programme());
  ASSERT_TRUE(ask(kFortnight));
  auto expected = programme();
  expected.revision = {5, SetpointOrigin::kApi};
  expected.holiday = kFortnight;
  expected.holiday->from = kNow;
  EXPECT_EQ(ordered_, expected);
  say(protocol::SetpointInForce{expected});
  EXPECT_FALSE(core_->zone(kKitchen)->ordered);
  EXPECT_THAT(core_->explain_zone(kKitchen)->facts,
              Contains(HasSubstr("holiday: 11.0 degC until ")));

  ASSERT_TRUE(ask({}));
  expected.revision.counter = 6;
  expected.holiday.reset();
  EXPECT_EQ(ordered_, expected) << "it ends, and the programme is there again";
  say(protocol::SetpointInForce{expected});
  ASSERT_TRUE(ask({})) << "there is none: nothing to do";
  EXPECT_FALSE(ordered_);
}

TEST_F(HolidayTest, IsRefusedWithTheReason) {
  const auto refusal = [&](std::optional<Holiday> holiday, const ZoneId& zone = kKitchen) {
    const auto reply = ask(holiday, zone);
    EXPECT_FALSE(reply);
    EXPECT_FALSE(ordered_);
    return reply ? std::string() : reply.error().message;
  };
  EXPECT_EQ(refusal(kFortnight, ZoneId{"attic"}), "zone attic: unknown");
  join(programme());
  EXPECT_THAT(refusal(Holiday{11_degC, kNow - days{9}, kNow - days{2}}), HasSubstr("in the past"));
  EXPECT_THAT(refusal(Holiday{3_degC, kNow, kNow + days{2}}), HasSubstr("away_c"));
  EXPECT_THAT(refusal(Holiday{11_degC, kNow, kNow + days{400}}), HasSubstr("a year ahead"));
  protocol::Setpoint off{.mode = SetpointMode::kOff};
  off.revision = {8, SetpointOrigin::kLocal};
  say(protocol::SetpointInForce{off});
  EXPECT_THAT(refusal(kFortnight), HasSubstr("it is OFF"));
}

TEST_F(HolidayTest, TanksHaveNone) {
  join({}, true);
  const auto reply = ask(kFortnight);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(HolidayTest, ARestartOrdersAgainWhatTheAgentDidNotHear) {
  join(programme());
  ASSERT_TRUE(ask(kFortnight));
  DurableNode node;
  node.facts.node = NodeId{"n1"};
  node.facts.zone = kKitchen;
  node.facts.cores = 2;
  node.installation_id = "i1";
  node.joined = true;
  durable_.nodes = {node};
  start();
  ASSERT_TRUE(core_->zone(kKitchen)->ordered);
  EXPECT_EQ(core_->zone(kKitchen)->ordered->holiday->until, kFortnight.until);
  ordered_.reset();
  join(programme());
  ASSERT_TRUE(ordered_);
  EXPECT_EQ(ordered_->holiday->until, kFortnight.until);
  EXPECT_EQ(ordered_->programme, programme().programme);
}

}  // namespace
}  // namespace hearth::scheduler
