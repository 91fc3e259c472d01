#include "protocol/heat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace hearth::protocol {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

Setpoint programme(std::vector<ProgrammeStep> steps) {
  return {
      .mode = SetpointMode::kProgramme, .value = {}, .programme = std::move(steps), .revision = {}};
}

TEST(Setpoint, AcceptsWhatPeopleChoose) {
  EXPECT_THAT(problems_of(Setpoint{}), IsEmpty());
  EXPECT_THAT(problems_of(programme({{0, 17_degC}, {420, 20_degC}})), IsEmpty());
  EXPECT_THAT(problems_of(Setpoint{.mode = SetpointMode::kOff}), IsEmpty());
}

TEST(Setpoint, RefusesWhatWouldHarm) {
  EXPECT_THAT(problems_of(Setpoint{.value = 31_degC}), Contains(HasSubstr("not in 5..30")));
  EXPECT_THAT(problems_of(Setpoint{.value = Celsius{std::nan("")}}),
              Contains(HasSubstr("not in 5..30")));
  EXPECT_THAT(problems_of(programme({})), Contains(HasSubstr("gap")));
  EXPECT_THAT(problems_of(programme({{60, 20_degC}})), Contains(HasSubstr("gap")));
  EXPECT_THAT(problems_of(programme({{0, 20_degC}, {0, 19_degC}})),
              Contains(HasSubstr("rising order")));
  EXPECT_THAT(problems_of(programme({{0, 20_degC}, {10080, 19_degC}})),
              Contains(HasSubstr("10080")));
}

TEST(Setpoint, ProgrammeHoldsFromEachStepOn) {
  const auto s = programme({{0, 17_degC}, {420, 20_degC}, {1320, 16_degC}});
  EXPECT_EQ(setpoint_at(s, 0), 17_degC);
  EXPECT_EQ(setpoint_at(s, 419), 17_degC);
  EXPECT_EQ(setpoint_at(s, 420), 20_degC);
  EXPECT_EQ(setpoint_at(s, 10079), 16_degC);
}

TEST(Holiday, RefusesWhatNobodyCanMean) {
  using std::chrono::hours;
  const UtcTime now{hours{1000}};
  const Holiday sound{.from = now, .until = now + hours{24}};
  EXPECT_EQ(sound.away, kAwayDefault);
  struct Case {
    const char* says;  // nothing: it is sound
    Holiday holiday;
  };
  for (const auto& [says, holiday] :
       {Case{"", sound}, Case{"", {30_degC, now, now + kHolidayMax}},
        Case{"", {5_degC, now - hours{9}, now + hours{1}}},
        Case{"away_c: not in 5..30", {Celsius{4.9}, now, now + hours{1}}},
        Case{"away_c: not in 5..30", {Celsius{std::nan("")}, now, now + hours{1}}},
        Case{"is not after its start", {12_degC, now + hours{2}, now + hours{2}}},
        Case{"is in the past", {12_degC, now - hours{2}, now}},
        Case{"over a year ahead", {12_degC, now, now + kHolidayMax + hours{1}}}}) {
    const auto problems = problems_of(holiday, now);
    if (std::string_view(says).empty()) {
      EXPECT_THAT(problems, IsEmpty());
    } else {
      EXPECT_THAT(problems, testing::ElementsAre(HasSubstr(says)));
    }
  }
  Setpoint setpoint{.mode = SetpointMode::kOff};
  setpoint.holiday = sound;
  EXPECT_THAT(problems_of(setpoint), Contains(HasSubstr("not with OFF")));
  setpoint.mode = SetpointMode::kConstant;
  EXPECT_THAT(problems_of(setpoint), IsEmpty()) << "also one that is over by now";
  setpoint.holiday->away = 31_degC;
  EXPECT_THAT(problems_of(setpoint), Contains(HasSubstr("holiday: away_c")));
}

TEST(Holiday, HoldsOverTheProgrammeUntilItsEnd) {
  auto s = programme({{0, 17_degC}, {420, 20_degC}});
  const UtcTime from{std::chrono::hours{100}};
  const UtcTime until = from + std::chrono::hours{48};
  s.holiday = Holiday{10_degC, from, until};
  const Duration moment{1};
  EXPECT_EQ(setpoint_at(s, 500, from - moment), 20_degC);
  EXPECT_EQ(setpoint_at(s, 500, from), 10_degC);
  EXPECT_EQ(setpoint_at(s, 100, until - moment), 10_degC);
  EXPECT_EQ(setpoint_at(s, 100, until), 17_degC);
}

TEST(SetpointRevision, NewestWinsAndLocalBreaksTies) {
  EXPECT_LT((SetpointRevision{1, SetpointOrigin::kLocal}),
            (SetpointRevision{2, SetpointOrigin::kApi}));
  EXPECT_LT((SetpointRevision{2, SetpointOrigin::kApi}),
            (SetpointRevision{2, SetpointOrigin::kLocal}));
}

}  // namespace
}  // namespace hearth::protocol
