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

TEST(SetpointRevision, NewestWinsAndLocalBreaksTies) {
  EXPECT_LT((SetpointRevision{1, SetpointOrigin::kLocal}),
            (SetpointRevision{2, SetpointOrigin::kApi}));
  EXPECT_LT((SetpointRevision{2, SetpointOrigin::kApi}),
            (SetpointRevision{2, SetpointOrigin::kLocal}));
}

}  // namespace
}  // namespace hearth::protocol
