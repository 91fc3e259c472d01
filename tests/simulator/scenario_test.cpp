#include "simulator/scenario.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace hearth::simulator {
namespace {

TEST(Scenario, EmptyIsAllDefaults) {
  const auto scenario = parse_scenario("{}", {});
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->nodes, 1024);
  EXPECT_EQ(to_json(*scenario), to_json(Scenario{}));
}

TEST(Scenario, WhatIsPrintedIsReadAgain) {
  Scenario scenario;
  scenario.nodes = 7;
  scenario.work.kind = WorkKind::kNone;
  scenario.outages = {{24, 72}};
  const auto again = parse_scenario(to_json(scenario), {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(to_json(*again), to_json(scenario));
}

struct Problem {
  const char* text;
  const char* said;
};
class ScenarioProblem : public testing::TestWithParam<Problem> {};

TEST_P(ScenarioProblem, IsNamedWithItsPath) {
  const auto scenario = parse_scenario(GetParam().text, {});
  ASSERT_FALSE(scenario);
  EXPECT_EQ(scenario.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(scenario.error().message, GetParam().said);
}

INSTANTIATE_TEST_SUITE_P(
    All, ScenarioProblem,
    testing::Values(Problem{"[]", "not a JSON object"}, Problem{"{", "not JSON"},
                    Problem{R"({"nodse": 3})", "nodse: unknown key"},
                    Problem{R"({"nodes": 1.5})", "nodes: not a whole number"},
                    Problem{R"({"nodes": 0})", "nodes: not between 1 and 100000"},
                    Problem{R"({"nodes": 4294967297})", "nodes: not between 1 and 100000"},
                    Problem{R"({"work": {"load": "much"}})", "work.load: not a number"},
                    Problem{R"({"work": {"kind": "swf"}})", "work.swf: which file?"},
                    Problem{R"({"work": {"kind": "dreams"}})",
                            "work.kind: neither generator, swf nor none: dreams"},
                    Problem{R"({"start": "yesterday"})", "start: not a date: yesterday"},
                    Problem{R"({"weather": 3})", "weather: not an object"},
                    Problem{R"({"outages": [{"from_h": 1}, {"form_h": 2}]})",
                            "outages[1].form_h: unknown key"},
                    Problem{R"({"buildings": {"window_share": [0.1]}})",
                            "buildings.window_share: not 2 numbers"},
                    Problem{R"({"days": -1, "work": {"lod": 1}})",
                            "days: not between 0.01 and 400; work.lod: unknown key; "
                            "dropped_days: nothing is left to judge"}));

TEST(Scenario, OverridesReachEveryKey) {
  const auto scenario = parse_scenario("{}", {"nodes=3", "work.load=1.1", "weather.normals=Nice",
                                              "start=2026-07-01", "days=1", "dropped_days=0"});
  ASSERT_TRUE(scenario) << scenario.error().message;
  EXPECT_EQ(scenario->nodes, 3);
  EXPECT_EQ(scenario->work.load, 1.1);
  EXPECT_EQ(scenario->weather.normals, "Nice");
  EXPECT_FALSE(parse_scenario("{}", {"nodes"}));
  EXPECT_FALSE(parse_scenario("{}", {"work.lode=2"}));
  EXPECT_FALSE(parse_scenario("{}", {"nodes.x=2"}));
}

TEST(Scenario, EveryExampleIsSound) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(HEARTH_SCENARIOS)) {
    const auto scenario = load_scenario(entry.path().string(), {});
    EXPECT_TRUE(scenario) << scenario.error().message;
    ++count;
  }
  EXPECT_GE(count, 1);
}

TEST(Scenario, AFileThatIsNotThereIsNamed) {
  const auto scenario = load_scenario("/nowhere.json", {});
  ASSERT_FALSE(scenario);
  EXPECT_EQ(scenario.error().message, "/nowhere.json: cannot be read");
}

}  // namespace
}  // namespace hearth::simulator
