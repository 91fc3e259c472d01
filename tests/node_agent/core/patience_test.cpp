#include "node_agent/core/patience.h"

#include <gtest/gtest.h>

#include "support.h"

namespace hearth::node_agent::test {
namespace {

using protocol::ServiceClass;

TimePoint at(Duration time) {
  return TimePoint{time};
}

TEST(Progress, FrozenTimeIsNoRunTime) {
  Progress progress{1000, at({})};
  progress.set_speed(500, at(minutes{10}));
  progress.set_speed(0, at(minutes{20}));
  EXPECT_EQ(progress.nominal(at(minutes{50})), minutes{15});
  EXPECT_EQ(progress.frozen(at(minutes{50})), minutes{30});
}

TEST(Progress, FrozenTimeIsSummedUntilItRunsFreely) {
  Progress progress{0, at({})};
  progress.set_speed(300, at(minutes{5}));
  progress.set_speed(0, at(hours{1}));
  EXPECT_EQ(progress.frozen(at(minutes{62})), minutes{7}) << "slow is not free";
  progress.set_speed(1000, at(minutes{62}));
  EXPECT_EQ(progress.frozen(at(minutes{71})), minutes{7}) << "nor is a moment";
  EXPECT_EQ(progress.frozen(at(minutes{72})), minutes{0});
  progress.set_speed(0, at(minutes{80}));
  EXPECT_EQ(progress.frozen(at(minutes{81})), minutes{1});
}

TEST(Patience, IsWhatWouldBeLostWithinReason) {
  EXPECT_EQ(patience_for(minutes{1}, {}), minutes{30});
  EXPECT_EQ(patience_for(minutes{40}, {}), hours{2});
  EXPECT_EQ(patience_for(hours{9}, {}), hours{24});
}

TEST(Patience, EndsAtOnceWhereItWouldEndInVain) {
  EXPECT_EQ(patience_for(minutes{40}, hours{4}), minutes{0});
  EXPECT_EQ(patience_for(minutes{40}, minutes{239}), hours{2}) << "a forecast errs";
  EXPECT_EQ(patience_for(minutes{1}, minutes{59}), minutes{30});
  EXPECT_EQ(patience_for(hours{9}, hours{23}), hours{24});
}

TEST(GivingUp, ChoosesTheYieldingClassThenTheLeastLost) {
  const FrozenAttempt old_flex{{1, 1}, ServiceClass::kFlex, hours{1}, hours{2}};
  const FrozenAttempt young_flex{{1, 2}, ServiceClass::kFlex, minutes{30}, hours{2}};
  const FrozenAttempt reserved{{1, 3}, ServiceClass::kReserved, minutes{1}, hours{2}};
  const FrozenAttempt patient{{1, 4}, ServiceClass::kFiller, minutes{30}, minutes{29}};
  EXPECT_EQ(attempt_to_give_up({old_flex, reserved, young_flex, patient}), young_flex.attempt);
  EXPECT_EQ(attempt_to_give_up({reserved, patient}), reserved.attempt);
  EXPECT_EQ(attempt_to_give_up({patient}), std::nullopt);
  EXPECT_EQ(attempt_to_give_up({}), std::nullopt);
}

// Whatever the room does next: the time lost is at most four times the least possible, and the
// floor.
TEST(GivingUp, LosesAtMostFourTimesTheLeast) {
  for (int nominal = 1; nominal <= 180; nominal += 7) {
    for (int cold_after = 1; cold_after <= 400; ++cold_after) {
      const auto patience = static_cast<int>(patience_for(minutes{nominal}, {}) / minutes{1});
      const int best = std::min(cold_after, nominal);
      const int ours = cold_after <= patience ? cold_after : patience + nominal;
      EXPECT_LE(ours, 4 * std::max(best, 30)) << nominal << " " << cold_after;
    }
  }
}

TEST(Freezing, AtTheBoundLosesNothingAndGoesOnWhenItCools) {
  Driven driven;
  driven.connect(19.9, hours{10});
  (void)driven.start(seconds{0}, 1, spec_of(ServiceClass::kFlex));
  const auto frozen = driven.at(minutes{20}, air_of(21.01));
  EXPECT_EQ(all_of<SetSpeed>(frozen), (std::vector{SetSpeed{AttemptId{1, 1}, 0}}));
  EXPECT_TRUE(all_of<StopTask>(driven.at(minutes{39}, air_of(21.01))).empty());
  const auto thawed = driven.at(minutes{39}, air_of(20.05));
  EXPECT_EQ(all_of<SetSpeed>(thawed), (std::vector{SetSpeed{AttemptId{1, 1}, 1000}}));
}

TEST(Freezing, IsGivenUpOneByOneWhenItLastsTooLong) {
  Driven driven;
  driven.connect(19.9, hours{10});
  for (std::uint64_t i = 1; i <= 3; ++i) (void)driven.start({}, i, spec_of(ServiceClass::kFlex));
  (void)driven.at(minutes{20}, air_of(21.01));
  std::vector<Duration> stops;
  for (Duration time = minutes{20}; time < hours{2}; time += minutes{1}) {
    const auto commands = driven.at(time, air_of(21.01));
    for (const auto& stop : all_of<StopTask>(commands)) {
      EXPECT_EQ(stop.failure, protocol::FailureClass::kHeat);
      stops.push_back(time);
    }
  }
  EXPECT_EQ(stops, (std::vector<Duration>{minutes{80}, minutes{85}, minutes{90}}));
}

TEST(Freezing, IsGivenUpAtOnceWhereTheSunWillOutlastPatience) {
  Driven driven;
  driven.connect(19.9, hours{10});
  (void)driven.start({}, 1, spec_of(ServiceClass::kFlex));
  protocol::Limits limits{2, 20_degC, 0_W, 500_W, hours{10}};
  limits.closed_for = {{}, {}, hours{3}};
  (void)driven.say(minutes{5}, protocol::LimitsChanged{limits});
  const auto commands = driven.at(minutes{20}, air_of(21.01));
  ASSERT_EQ(all_of<StopTask>(commands).size(), 1u);
  EXPECT_EQ(all_of<StopTask>(commands).front().failure, protocol::FailureClass::kHeat);
}

TEST(Freezing, TheDeadlineOfPatienceIsTold) {
  Driven driven;
  driven.connect(19.9, hours{10});
  (void)driven.start(seconds{0}, 1, spec_of(ServiceClass::kFlex));
  (void)driven.at(minutes{4}, air_of(21.01));
  Duration time = minutes{4};
  std::vector<Command> commands;
  while (all_of<StopTask>(commands).empty() && time < hours{1}) {
    time = driven.agent.next_deadline()->time_since_epoch();
    commands = driven.at(time, TimePassed{});
  }
  EXPECT_EQ(time, minutes{34});
}

TEST(TakenBack, ComesTooLateForWhatHasBegun) {
  Driven driven;
  driven.connect(19);
  (void)driven.start(seconds{0}, 1, spec_of(ServiceClass::kFlex));
  const auto stop = [&](Duration at, protocol::StopReason reason) {
    return all_of<StopTask>(driven.say(at, protocol::StopAttempt{{1, 1}, reason}));
  };
  EXPECT_TRUE(stop(seconds{1}, protocol::StopReason::kHeat).empty());
  EXPECT_EQ(stop(seconds{2}, protocol::StopReason::kDrained).size(), 1u);
}

TEST(Off, FreezesAtOnceAndGivesUpAfterAMinute) {
  Driven driven;
  driven.connect(19);
  (void)driven.start(seconds{0}, 1, spec_of(ServiceClass::kReserved));
  protocol::Setpoint off;
  off.mode = protocol::SetpointMode::kOff;
  const auto frozen = driven.at(minutes{1}, LocalSetpointChosen{off, std::nullopt});
  EXPECT_EQ(all_of<SetSpeed>(frozen), (std::vector{SetSpeed{AttemptId{1, 1}, 0}}));
  EXPECT_TRUE(all_of<StopTask>(frozen).empty());
  EXPECT_TRUE(all_of<StopTask>(driven.at(seconds{119}, TimePassed{})).empty());
  EXPECT_EQ(all_of<StopTask>(driven.at(seconds{120}, TimePassed{})).size(), 1u);
}

TEST(Off, AFingerOnTheWrongButtonLosesNothing) {
  Driven driven;
  driven.connect(19);
  (void)driven.start(seconds{0}, 1, spec_of(ServiceClass::kReserved));
  protocol::Setpoint off;
  off.mode = protocol::SetpointMode::kOff;
  (void)driven.at(minutes{1}, LocalSetpointChosen{off, std::nullopt});
  const auto thawed = driven.at(seconds{80}, LocalSetpointChosen{{}, std::nullopt});
  EXPECT_EQ(all_of<SetSpeed>(thawed), (std::vector{SetSpeed{AttemptId{1, 1}, 1000}}));
  EXPECT_TRUE(all_of<StopTask>(driven.at(minutes{5}, TimePassed{})).empty());
}

TEST(Waiting, GoesBackWhereItsBoundIsPassed) {
  Driven driven;
  driven.connect(20.55);
  const auto kept = driven.start(seconds{0}, 1, spec_of(ServiceClass::kFlex));
  EXPECT_TRUE(sent<protocol::AttemptsReturned>(kept).empty());
  EXPECT_TRUE(all_of<StartTask>(kept).empty());
  const auto returned = driven.at(minutes{20}, air_of(20.65));
  ASSERT_EQ(sent<protocol::AttemptsReturned>(returned).size(), 1u);
  const auto reports = sent<protocol::Report>(returned);
  ASSERT_FALSE(reports.empty());
  EXPECT_EQ(reports[0].telemetry.air_temperature_c.value, 20.65) << "why must be known first";
}

}  // namespace
}  // namespace hearth::node_agent::test
