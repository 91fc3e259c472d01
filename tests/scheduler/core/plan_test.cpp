#include "scheduler/core/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/core/verify.h"

namespace hearth::scheduler {
namespace {

using testing::Contains;
using testing::IsEmpty;

const protocol::HeatBand kBand;

NodeRecord heated_node() {
  NodeRecord node;
  node.facts.idle = 30_W;
  node.facts.max = 500_W;
  node.facts.static_share = 200_W;
  node.telemetry.setpoint = 20_degC;
  return node;
}

PlanInputs alone() {
  return {
      .band = kBand, .site = {}, .site_max = 500_W, .others_committed = {}, .work_waits = false};
}

TEST(Plan, ReferenceIsWhatTheZonesPlanSaysElseTheSetpoint) {
  auto inputs = alone();
  EXPECT_EQ(plan_limits(heated_node(), inputs).t_ref, 20_degC);
  ZonePlanResult zone;
  zone.t_ref = 20.3_degC;
  inputs.zone = &zone;
  EXPECT_EQ(plan_limits(heated_node(), inputs).t_ref, 20.3_degC);
}

TEST(Plan, PromisedHeatIsGivenWhileTheRoomHasAPlaceForIt) {
  auto node = heated_node();
  auto inputs = alone();
  ZonePlanResult zone;
  zone.t_ref = 20_degC;
  inputs.zone = &zone;
  inputs.p_min = 300_W;
  node.telemetry.air_temperature_c = {20.2, protocol::Quality::kGood};
  EXPECT_EQ(plan_limits(node, inputs).p_min, 300_W);
  node.telemetry.air_temperature_c.value = 20.6;
  EXPECT_EQ(plan_limits(node, inputs).p_min, 0_W);
}

TEST(Plan, BoardsOfAClosedRoomSleepThoughWorkWaits) {
  auto node = heated_node();
  node.facts.can_sleep = true;
  auto inputs = alone();
  inputs.work_waits = true;
  ZonePlanResult zone;
  zone.t_ref = 20_degC;
  zone.may_sleep = true;
  inputs.zone = &zone;
  EXPECT_FALSE(plan_limits(node, inputs).may_sleep);
  zone.closed_for.flex = std::chrono::hours{2};
  EXPECT_TRUE(plan_limits(node, inputs).may_sleep);
  EXPECT_EQ(plan_limits(node, inputs).closed_for, zone.closed_for);
  node.attempts[{1, 1}];
  EXPECT_FALSE(plan_limits(node, inputs).may_sleep) << "what is frozen must not lose its memory";
}

TEST(Plan, BreakerIsSharedByRatedPower) {
  auto inputs = alone();
  inputs.site = {800_W, 100_W};
  inputs.site_max = 1000_W;
  EXPECT_EQ(plan_limits(heated_node(), inputs).p_max, 350_W);
  inputs.others_committed = 500_W;  // the other has not been seen to obey yet
  EXPECT_EQ(plan_limits(heated_node(), inputs).p_max, 200_W);
  inputs.others_committed = 700_W;
  EXPECT_EQ(plan_limits(heated_node(), inputs).p_max, 30_W) << "idle power is drawn anyway";
}

TEST(Plan, OffMeansIdle) {
  auto node = heated_node();
  node.setpoint.mode = protocol::SetpointMode::kOff;
  node.telemetry.setpoint.reset();
  EXPECT_EQ(plan_limits(node, alone()).p_max, 30_W);
}

TEST(Committed, WithoutAWordItIsTheStaticShareWithOneTheHigherOfBoth) {
  auto node = heated_node();
  EXPECT_EQ(committed_power(node, TimePoint{}), 200_W);
  node.limits.revision = 1;
  node.committed = 350_W;
  node.limits_expire_at = TimePoint{Duration{1000}};
  node.session = SessionId{1};
  EXPECT_EQ(committed_power(node, TimePoint{}), 350_W);
  node.session.reset();
  node.committed = 100_W;
  EXPECT_EQ(committed_power(node, TimePoint{}), 200_W) << "it may fall back to its share any time";
  EXPECT_EQ(committed_power(node, TimePoint{Duration{1000}}), 200_W);
}

TEST(Verifier, PassesWhatThePlannerMakes) {
  for (const bool work_waits : {false, true}) {
    auto inputs = alone();
    inputs.work_waits = work_waits;
    EXPECT_THAT(violations(plan_limits(heated_node(), inputs), heated_node(), inputs), IsEmpty());
  }
}

TEST(Verifier, CatchesWhatThePlannerMustNeverDo) {
  auto inputs = alone();
  inputs.site = {500_W, 100_W};
  inputs.others_committed = 150_W;
  auto limits = plan_limits(heated_node(), inputs);
  EXPECT_THAT(violations(limits, heated_node(), inputs), IsEmpty());

  limits.p_max = 300_W;
  EXPECT_THAT(violations(limits, heated_node(), inputs),
              Contains("the building's breaker would be overloaded"));
  limits.p_max = 600_W;
  EXPECT_THAT(violations(limits, heated_node(), inputs), Contains("more power than the node has"));
  limits.t_ref = 20.6_degC;
  EXPECT_THAT(violations(limits, heated_node(), inputs), Contains("reference above the band"));
  limits.t_ref = 19.4_degC;
  EXPECT_THAT(violations(limits, heated_node(), inputs), Contains("reference below the band"));
  auto off = heated_node();
  off.setpoint.mode = protocol::SetpointMode::kOff;
  limits.p_max = 200_W;
  EXPECT_THAT(violations(limits, off, inputs), Contains("heat in a zone that is OFF"));
  EXPECT_THAT(violations(safe_limits(heated_node()), heated_node(), inputs), IsEmpty());
}

}  // namespace
}  // namespace hearth::scheduler
