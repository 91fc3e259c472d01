#include "cli/programme.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::cli {
namespace {

using protocol::SetpointMode;

TEST(Setpoint, IsATemperatureOrOff) {
  EXPECT_EQ(parse_setpoint("20.5")->value, Celsius{20.5});
  EXPECT_EQ(parse_setpoint("20.5C")->value, Celsius{20.5});
  EXPECT_EQ(parse_setpoint("off")->mode, SetpointMode::kOff);
  EXPECT_EQ(parse_setpoint("warm").error().message,
            "neither a temperature (like 20.5) nor off: warm");
  EXPECT_EQ(parse_setpoint("31").error().message, "setpoint_c: not in 5..30 degC: 31.000000");
  EXPECT_FALSE(parse_setpoint("nan"));
}

TEST(Programme, DaysAndTimesBecomeMinutesOfTheWeek) {
  const auto setpoint = parse_programme(R"({
    // the week
    "mon-fri": {"06:00": 20.5, "22:30": 17},
    "sat,sun": {"08:00": 21}
  })");
  ASSERT_TRUE(setpoint) << setpoint.error().message;
  EXPECT_EQ(setpoint->mode, SetpointMode::kProgramme);
  ASSERT_EQ(setpoint->programme.size(), 13u);
  // Sunday's last setpoint holds into Monday.
  EXPECT_EQ(setpoint->programme[0], (protocol::ProgrammeStep{0, Celsius{21}}));
  EXPECT_EQ(setpoint->programme[1], (protocol::ProgrammeStep{360, Celsius{20.5}}));
  EXPECT_EQ(setpoint->programme[12], (protocol::ProgrammeStep{6 * 1440 + 480, Celsius{21}}));
}

TEST(Programme, TheFormOfTheProtosIsReadToo) {
  const auto setpoint = parse_programme(R"([{"minute_of_week": 0, "setpoint_c": 18},
                                            {"minute_of_week": 360, "setpoint_c": 20}])");
  ASSERT_TRUE(setpoint) << setpoint.error().message;
  EXPECT_EQ(setpoint->programme.size(), 2u);
}

struct BadProgramme {
  const char* name;
  const char* text;
  const char* problem;
};

class BadProgrammeTest : public testing::TestWithParam<BadProgramme> {};

TEST_P(BadProgrammeTest, SaysWhatIsWrong) {
  const auto setpoint = parse_programme(GetParam().text);
  ASSERT_FALSE(setpoint);
  EXPECT_EQ(setpoint.error().message, GetParam().problem);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BadProgrammeTest,
    testing::Values(
        BadProgramme{"day", R"({"mon-fry": {"06:00": 20}})",
                     "mon-fry: not days (like mon, mon-fri, sat,sun or daily)"},
        BadProgramme{"time", R"({"mon": {"6": 20, "25:00": 20}})",
                     "mon: not a time of day (like 06:30): 25:00; "
                     "mon: not a time of day (like 06:30): 6"},
        BadProgramme{"value", R"({"mon": {"06:00": "20"}})", "mon 06:00: not a number: \"20\""},
        BadProgramme{"twice", R"({"mon-tue": {"06:00": 20}, "tue": {"06:00": 21}})",
                     "tue 06:00: tue is given twice"},
        BadProgramme{"too_hot", R"({"daily": {"00:00": 20, "06:00": 40}})",
                     "programme: setpoint_c: not in 5..30 degC: 40.000000; "
                     "programme: setpoint_c: not in 5..30 degC: 40.000000; "
                     "programme: setpoint_c: not in 5..30 degC: 40.000000; "
                     "programme: setpoint_c: not in 5..30 degC: 40.000000; "
                     "programme: setpoint_c: not in 5..30 degC: 40.000000; "
                     "programme: setpoint_c: not in 5..30 degC: 40.000000; "
                     "programme: setpoint_c: not in 5..30 degC: 40.000000"},
        BadProgramme{"empty", "{}", "no programme: no steps"},
        BadProgramme{"missing", R"([{"minute_of_week": 0}])", "[0]: needs setpoint_c, a number"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace hearth::cli
