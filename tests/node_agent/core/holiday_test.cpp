// A holiday: over the programme, under a hand at the heater and OFF, warm again in time.
#include <gtest/gtest.h>

#include <algorithm>

#include "closed_loop.h"
#include "node_agent/core/recovery.h"
#include "node_agent/core/setpoint_authority.h"

namespace hearth::node_agent::test {
namespace {

using protocol::Holiday;
using protocol::Setpoint;
using protocol::SetpointMode;
using protocol::SetpointOrigin;
using std::chrono::days;

TimePoint at(Duration time) {
  return TimePoint{time};
}

Setpoint constant(double value_c, std::uint64_t counter = 0,
                  SetpointOrigin origin = SetpointOrigin::kApi) {
  Setpoint setpoint;
  setpoint.value = Celsius{value_c};
  setpoint.revision = {counter, origin};
  return setpoint;
}

Setpoint off() {
  Setpoint setpoint;
  setpoint.mode = SetpointMode::kOff;
  return setpoint;
}

Setpoint with(Setpoint setpoint, Holiday holiday, std::uint64_t counter) {
  setpoint.holiday = holiday;
  setpoint.revision = {counter, SetpointOrigin::kApi};
  return setpoint;
}

// Nights at 17 degC, days from six at 20 degC.
Setpoint every_day() {
  Setpoint setpoint;
  setpoint.mode = SetpointMode::kProgramme;
  for (int day = 0; day < 7; ++day) {
    setpoint.programme.push_back({day * 1440, 17_degC});
    setpoint.programme.push_back({day * 1440 + 360, 20_degC});
    setpoint.programme.push_back({day * 1440 + 1320, 17_degC});
  }
  return setpoint;
}

const UtcTime kMonday{days{20'003}};

TEST(HolidayAuthority, IsOverTheProgrammeFromItsStartToItsEnd) {
  SetpointAuthority authority(every_day());
  const Holiday holiday{12_degC, kMonday + hours{12}, kMonday + hours{36}};
  ASSERT_TRUE(authority.ordered(with(every_day(), holiday, 2)));
  EXPECT_FALSE(authority.on_holiday(at({}))) << "nobody knows what time it is";
  authority.clock_read(kMonday + hours{10}, 10 * 60, at({}));
  EXPECT_EQ(authority.value(at({})), 20_degC);
  EXPECT_EQ(authority.value(at(hours{2})), 12_degC);
  EXPECT_EQ(authority.value(at(hours{26} - seconds{1})), 12_degC);
  EXPECT_EQ(authority.value(at(hours{26})), 20_degC);
  const auto rise = authority.next_rise(at(hours{3}));
  ASSERT_TRUE(rise);
  EXPECT_EQ(rise->in, hours{23}) << "not the programme's, which the holiday covers";
  EXPECT_EQ(rise->to, 20_degC);
  EXPECT_TRUE(rise->cold_walls);
}

TEST(HolidayAuthority, AReturnInTheNightIsMetWithTheMorningInView) {
  // It ends at two in the night, when 17 degC hold; the step to 20 degC is four hours later.
  SetpointAuthority authority(every_day());
  ASSERT_TRUE(authority.holiday_chosen(Holiday{12_degC, kMonday, kMonday + hours{26}}));
  authority.clock_read(kMonday + hours{1}, 60, at({}));
  EXPECT_EQ(authority.next_rise(at({}))->to, 20_degC);
  EXPECT_EQ(authority.next_rise(at({}))->in, hours{29});
  // Back at home the walls are still cold; a day later they are not.
  EXPECT_EQ(authority.next_rise(at(hours{25}))->to, 20_degC);
  EXPECT_EQ(authority.next_rise(at(hours{25}))->in, hours{4});
  EXPECT_TRUE(authority.next_rise(at(hours{25}))->cold_walls);
  EXPECT_FALSE(authority.next_rise(at(hours{50}))->cold_walls);
}

TEST(HolidayAuthority, AStepBeforeAHolidayComesFirst) {
  SetpointAuthority authority(every_day());
  ASSERT_TRUE(authority.holiday_chosen(Holiday{12_degC, kMonday + hours{12}, kMonday + hours{64}}));
  authority.clock_read(kMonday + hours{1}, 60, at({}));
  EXPECT_EQ(authority.next_rise(at({}))->in, hours{5});
  EXPECT_FALSE(authority.next_rise(at({}))->cold_walls);
}

TEST(HolidayAuthority, AHandAtTheHeaterWins) {
  SetpointAuthority authority(constant(20, 1));
  authority.clock_read(kMonday, 0, at({}));
  const Holiday holiday{12_degC, kMonday, kMonday + days{9}};
  ASSERT_TRUE(authority.ordered(with(constant(20), holiday, 2)));
  EXPECT_EQ(authority.value(at(hours{1})), 12_degC);

  ASSERT_TRUE(authority.chosen(constant(22), hours{1}, at(hours{1})));
  EXPECT_EQ(authority.value(at(hours{1})), 22_degC) << "a boost";
  ASSERT_TRUE(authority.end_boost(at(hours{2})));
  EXPECT_EQ(authority.value(at(hours{2})), 12_degC) << "then the holiday again";

  ASSERT_TRUE(authority.chosen(constant(21), {}, at(hours{3})));
  EXPECT_EQ(authority.value(at(hours{3})), 21_degC);
  EXPECT_FALSE(authority.in_force().holiday) << "somebody is at home";
  EXPECT_FALSE(authority.ordered(with(constant(20), holiday, 3))) << "older than that";
}

TEST(HolidayAuthority, OffComesFirst) {
  SetpointAuthority authority(constant(20, 1));
  authority.clock_read(kMonday, 0, at({}));
  const Holiday holiday{12_degC, kMonday, kMonday + days{9}};
  ASSERT_TRUE(authority.chosen(off(), {}, at({})));
  EXPECT_FALSE(authority.ordered(with(constant(20), holiday, 9)));
  EXPECT_FALSE(authority.holiday_chosen(holiday));
  EXPECT_FALSE(authority.value(at({})));
  // Nor does one that is ordered in a boost over OFF outlive the boost.
  ASSERT_TRUE(authority.chosen(constant(22), hours{1}, at({})));
  EXPECT_FALSE(authority.ordered(with(constant(22), holiday, 9)));
  EXPECT_FALSE(authority.holiday_chosen(holiday));
  ASSERT_TRUE(authority.end_boost(at(hours{1})));
  EXPECT_TRUE(authority.is_off());
}

TEST(HolidayAuthority, OrderedInABoostItReturnsToWhatWasBeforeTheBoost) {
  SetpointAuthority authority(every_day());
  authority.clock_read(kMonday + hours{12}, 720, at({}));
  ASSERT_TRUE(authority.chosen(constant(22), hours{1}, at({})));
  const Holiday holiday{12_degC, kMonday, kMonday + days{2} + hours{12}};
  ASSERT_TRUE(authority.ordered(with(constant(22), holiday, 9)));
  EXPECT_EQ(authority.value(at(minutes{1})), 12_degC);
  EXPECT_FALSE(authority.boost_end());
  EXPECT_EQ(authority.in_force().revision, (protocol::SetpointRevision{9, SetpointOrigin::kApi}));
  EXPECT_EQ(authority.value(at(days{2})), 20_degC) << "the programme's noon";
  EXPECT_EQ(authority.to_store(), authority.in_force());
}

TEST(HolidayAuthority, EndsAtOnceWhereSomebodySaysSo) {
  SetpointAuthority authority(constant(20, 1));
  authority.clock_read(kMonday, 0, at({}));
  EXPECT_FALSE(authority.holiday_chosen({})) << "there is none";
  ASSERT_TRUE(authority.holiday_chosen(Holiday{12_degC, kMonday, kMonday + days{9}}));
  EXPECT_EQ(authority.value(at({})), 12_degC);
  ASSERT_TRUE(authority.holiday_chosen({}));
  EXPECT_EQ(authority.in_force(), constant(20, 3, SetpointOrigin::kLocal));
}

// Away in winter: the room cools, and is warm when it is to be. The model is a prior, whose walls
// are much lighter than the room's.
struct Winter {
  const char* name;
  bool with_model = true;
  double outdoor_c = 0;
  double away_c = 12;
  int days_away = 5;
  Setpoint at_home = constant(20);
  Duration due{};  // when 20 degC are, after midnight; not at it: back at two in the night
};

class HolidayLoop : public testing::TestWithParam<Winter> {
 protected:
  static AgentConfig config() {
    auto config = small_config();
    config.facts.kind = protocol::NodeKind::kRadiator;
    config.facts.static_share = config.facts.max;
    return config;
  }
  static SimulatedHeaterConfig room(double outdoor_c) {
    auto room = ClosedLoop::room(20, outdoor_c);
    room.room = thermal::room_with_loss(20, 12, thermal::MassClass::kMedium);
    return room;
  }
};

protocol::ZonePlan plan_at(UtcTime from, const Winter& winter) {
  protocol::ZonePlan plan;
  plan.from = from;
  for (int i = 0; i < 48; ++i) plan.hours.push_back({20_degC, Celsius{winter.outdoor_c}, 200_W});
  if (winter.with_model) {
    const auto prior = thermal::prior_room(12);
    plan.model = protocol::ZoneModel{prior.ci_j_per_k,  prior.cm_j_per_k,  prior.rim_k_per_w,
                                     prior.rio_k_per_w, prior.rmo_k_per_w, prior.ai_m2,
                                     prior.am_m2};
  }
  return plan;
}

TEST_P(HolidayLoop, TheRoomIsWarmWhenItIsDue) {
  const auto& winter = GetParam();
  ClosedLoop loop(config(), room(winter.outdoor_c));
  const auto plan = [&] {
    const auto utc = kMonday + (loop.now - TimePoint{});
    loop.apply(SchedulerSaid{1, protocol::PlanChanged{plan_at(utc, winter)}});
  };
  loop.apply(WallClockRead{kMonday, 0});
  plan();
  loop.apply(LocalSetpointChosen{winter.at_home, {}});
  loop.run(hours{12});
  const auto midnight = days{winter.days_away};
  const auto back = winter.due == Duration{} ? midnight : midnight + hours{2};
  loop.apply(
      LocalHolidayChosen{Holiday{Celsius{winter.away_c}, kMonday + hours{12}, kMonday + back}});
  double coldest_c = 99;
  for (Duration left = midnight + winter.due - hours{12}; left > Duration{}; left -= hours{2}) {
    plan();
    loop.run(std::min<Duration>(left, hours{2}),
             [&] { coldest_c = std::min(coldest_c, loop.air_c()); });
  }
  EXPECT_LT(coldest_c, 17.5);
  EXPECT_GT(coldest_c, winter.away_c - 0.5);
  EXPECT_GT(loop.air_c(), 19.5) << "when it is due";
  const auto until_the_night = winter.due == Duration{} ? hours{24} : hours{15};
  loop.run(until_the_night, [&] {
    ASSERT_GT(loop.air_c(), 19.5);
    ASSERT_LT(loop.air_c(), 20.7);
  });
  EXPECT_EQ(loop.agent.telemetry().setpoint, 20_degC);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, HolidayLoop,
    testing::Values(
        Winter{"with_model"}, Winter{.name = "without_model", .with_model = false},
        Winter{.name = "weeks_in_hard_frost", .outdoor_c = -8, .away_c = 8, .days_away = 21},
        Winter{.name = "back_in_the_night", .at_home = every_day(), .due = hours{6}},
        Winter{.name = "back_in_a_night_of_hard_frost",
               .outdoor_c = -8,
               .days_away = 9,
               .at_home = every_day(),
               .due = hours{6}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(HolidayAgent, ARiseToAReturnIsNotTheNextHolidays) {
  auto config = small_config();
  config.facts.kind = protocol::NodeKind::kRadiator;
  Driven driven{config};
  (void)driven.at({}, WallClockRead{kMonday, 0});
  (void)driven.at({}, air_of(12));
  (void)driven.at(minutes{1}, LocalHolidayChosen{Holiday{12_degC, kMonday, kMonday + hours{2}}});
  (void)driven.at(minutes{2}, air_of(12));
  ASSERT_EQ(driven.agent.telemetry().t_ref, 20_degC) << "the return is near";
  (void)driven.at(minutes{3}, LocalSetpointChosen{constant(20), {}});
  (void)driven.at(minutes{4}, air_of(19.8));
  (void)driven.at(minutes{5}, LocalHolidayChosen{Holiday{12_degC, kMonday, kMonday + days{9}}});
  (void)driven.at(minutes{6}, air_of(19.8));
  EXPECT_EQ(driven.agent.telemetry().setpoint, 12_degC);
  EXPECT_LT(driven.agent.telemetry().t_ref, 19_degC);
}

TEST(HolidayAgent, ARestartKeepsItAndFrostComesBeforeIt) {
  Driven before{};
  (void)before.at({}, WallClockRead{kMonday, 0});
  const auto ordered =
      before.at({}, LocalHolidayChosen{Holiday{5_degC, kMonday, kMonday + days{5}}});
  const auto stored = all_of<StoreSetpoint>(ordered);
  ASSERT_EQ(stored.size(), 1u);
  auto state = fresh_state();
  state.setpoint = stored.front().setpoint;
  Driven after{small_config(), state};
  (void)after.at({}, WallClockRead{kMonday + days{1}, 1440});
  (void)after.at({}, air_of(15));
  EXPECT_EQ(after.agent.telemetry().setpoint, 5_degC);
  EXPECT_EQ(after.agent.telemetry().power_wanted, 0_W);
  for (int i = 1; i <= 3; ++i) (void)after.at(minutes{i}, air_of(4.5));
  EXPECT_GT(after.agent.telemetry().power_wanted, 0_W);
  EXPECT_EQ(after.agent.setpoint().holiday->until, kMonday + days{5});
}

}  // namespace
}  // namespace hearth::node_agent::test
