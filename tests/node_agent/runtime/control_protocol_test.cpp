#include "node_agent/runtime/control_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::node_agent {
namespace {

std::string choice(const std::string& text, const std::string& lasting = "") {
  const auto request = parse_choice(text, lasting);
  return request ? encode(*request) : request.error().message;
}

TEST(ControlProtocol, ReadsChoicesOfPeople) {
  EXPECT_EQ(choice("off"), R"({"request":"off"})");
  EXPECT_EQ(choice("20.5"), R"({"request":"temperature","setpoint_c":20.5})");
  EXPECT_EQ(choice("22", "90m"), R"({"for_s":5400.0,"request":"temperature","setpoint_c":22.0})");
  EXPECT_EQ(choice("boost"), R"({"for_s":1800.0,"request":"boost"})");
  EXPECT_EQ(choice("boost", "2h"), R"({"for_s":7200.0,"request":"boost"})");
}

TEST(ControlProtocol, RefusesOtherChoicesNamingThem) {
  EXPECT_EQ(choice("warm"), "not a temperature in degC, off or boost: warm");
  EXPECT_EQ(choice(""), "not a temperature in degC, off or boost: ");
  EXPECT_EQ(choice("nan"), "setpoint not in 5..30 degC: nan");
  EXPECT_EQ(choice("31"), "setpoint not in 5..30 degC: 31.000000");
  EXPECT_EQ(choice("20", "soon"), "not a duration (like 90, 1.5s, 5m, 2h, 1d): soon");
  EXPECT_EQ(choice("20", "8d"), "not between 1 ms and 7 days: 8d00h");
  EXPECT_EQ(choice("off", "1h"), "off holds until somebody lifts it: no --for");
}

TEST(ControlProtocol, ReadsBackWhatItWrites) {
  for (const auto& request :
       {ControlRequest{ChooseOff{}}, ControlRequest{ChooseTemperature{Celsius{19.5}, std::nullopt}},
        ControlRequest{ChooseTemperature{Celsius{19.5}, Duration{1500}}},
        ControlRequest{Boost{std::chrono::minutes{5}}}, ControlRequest{AskStatus{}},
        ControlRequest{ResetTrip{}}}) {
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
        R"({"request":7})"}) {
    EXPECT_FALSE(parse_control_request(line)) << line;
  }
}

}  // namespace
}  // namespace hearth::node_agent
