#include "node_agent/runtime/control_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::node_agent {
namespace {

const UtcTime kNow{std::chrono::hours{24 * 20'000}};  // 2024-10-04T00:00:00Z

std::string choice(const ChoiceWords& words) {
  const auto request = parse_choice(words, kNow);
  return request ? encode(*request) : request.error().message;
}

TEST(ControlProtocol, ReadsChoicesOfPeople) {
  EXPECT_EQ(choice({"off"}), R"({"request":"off"})");
  EXPECT_EQ(choice({"20.5"}), R"({"request":"temperature","setpoint_c":20.5})");
  EXPECT_EQ(choice({"22", "90m"}), R"({"for_s":5400.0,"request":"temperature","setpoint_c":22.0})");
  EXPECT_EQ(choice({"boost"}), R"({"for_s":1800.0,"request":"boost"})");
  EXPECT_EQ(choice({"boost", "2h"}), R"({"for_s":7200.0,"request":"boost"})");
}

TEST(ControlProtocol, ReadsHolidays) {
  EXPECT_EQ(choice({.choice = "holiday", .until = "+2d"}),
            R"({"away_c":12.0,"from":"2024-10-04T00:00:00Z","request":"holiday",)"
            R"("until":"2024-10-06T00:00:00Z"})");
  EXPECT_EQ(choice({.choice = "holiday",
                    .from = "2024-10-05T08:00:00+02:00",
                    .until = "2024-10-06T12:00:00Z",
                    .away = "9.5"}),
            R"({"away_c":9.5,"from":"2024-10-05T06:00:00Z","request":"holiday",)"
            R"("until":"2024-10-06T12:00:00Z"})");
  EXPECT_EQ(choice({"home"}), R"({"request":"home"})");
}

TEST(ControlProtocol, RefusesHolidaysNamingTheWord) {
  using testing::HasSubstr;
  EXPECT_THAT(choice({"holiday"}), HasSubstr("needs its end: --until"));
  EXPECT_THAT(choice({.choice = "holiday", .lasting = "2d"}), HasSubstr("--until, not --for"));
  EXPECT_THAT(choice({.choice = "holiday", .until = "soon"}), HasSubstr("--until: neither a time"));
  EXPECT_THAT(choice({.choice = "holiday", .until = "2024-10-03T00:00:00Z"}),
              HasSubstr("is in the past"));
  EXPECT_THAT(choice({.choice = "holiday", .from = "+3d", .until = "+2d"}),
              HasSubstr("is not after its start"));
  EXPECT_THAT(choice({.choice = "holiday", .until = "+2d", .away = "3"}), HasSubstr("away_c"));
  EXPECT_THAT(choice({.choice = "holiday", .until = "+2d", .away = "cold"}),
              HasSubstr("--away: not a temperature"));
  EXPECT_THAT(choice({.choice = "20", .until = "+2d"}), HasSubstr("are a holiday's"));
  EXPECT_THAT(choice({"home", "1h"}), HasSubstr("no --for"));
}

TEST(ControlProtocol, RefusesOtherChoicesNamingThem) {
  EXPECT_EQ(choice({"warm"}), "not a temperature in degC, off, boost, holiday or home: warm");
  EXPECT_EQ(choice({""}), "not a temperature in degC, off, boost, holiday or home: ");
  EXPECT_EQ(choice({"nan"}), "setpoint not in 5..30 degC: nan");
  EXPECT_EQ(choice({"31"}), "setpoint not in 5..30 degC: 31.000000");
  EXPECT_EQ(choice({"20", "soon"}), "not a duration (like 90, 1.5s, 5m, 2h, 1d): soon");
  EXPECT_EQ(choice({"20", "8d"}), "not between 1 ms and 7 days: 8d00h");
  EXPECT_EQ(choice({"off", "1h"}), "off holds until somebody chooses again: no --for");
}

TEST(ControlProtocol, ReadsBackWhatItWrites) {
  for (const auto& request :
       {ControlRequest{ChooseOff{}}, ControlRequest{ChooseTemperature{Celsius{19.5}, std::nullopt}},
        ControlRequest{ChooseTemperature{Celsius{19.5}, Duration{1500}}},
        ControlRequest{Boost{std::chrono::minutes{5}}}, ControlRequest{AskStatus{}},
        ControlRequest{ChooseHoliday{{Celsius{11}, kNow, kNow + std::chrono::hours{9}}}},
        ControlRequest{EndHoliday{}}, ControlRequest{ResetTrip{}}}) {
    const auto line = encode(request);
    const auto again = parse_control_request(line);
    ASSERT_TRUE(again) << line;
    EXPECT_EQ(encode(*again), line);
  }
}

TEST(ControlProtocol, RefusesLinesThatAreNoRequests) {
  for (const char* line :
       {"", "off", "[]", "{}", R"({"request":"dance"})", R"({"request":"temperature"})",
        R"({"request":"off","extra":1})", R"({"request":"temperature","setpoint_c":4})",
        R"({"request":"temperature","setpoint_c":"20"})", R"({"request":"boost","for_s":0})",
        R"({"request":7})", R"({"request":"holiday","away_c":12})",
        R"({"request":"holiday","away_c":12,"from":"x","until":"2026-01-01T00:00:00Z"})"}) {
    EXPECT_FALSE(parse_control_request(line)) << line;
  }
}

}  // namespace
}  // namespace hearth::node_agent
