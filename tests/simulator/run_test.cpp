// Tiny worlds under every policy: what must hold whatever a policy decides.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "simulator/comparison.h"
#include "simulator/policy.h"
#include "simulator/promises.h"
#include "simulator/result_text.h"
#include "support.h"

namespace hearth::simulator {
namespace {

World world_of(const Scenario& scenario, std::uint64_t seed = 1) {
  auto world = make_world(scenario, seed);
  EXPECT_TRUE(world) << world.error().message;
  return std::move(*world);
}

std::string without_times(RunResult result, const World& world) {
  result.metrics.set("wall_s", 0);
  result.metrics.set("cpu_s", 0);
  result.metrics.set("peak_rss_bytes", 0);
  return run_json(world, result);
}

class EveryPolicy : public testing::TestWithParam<const char*> {};

TEST_P(EveryPolicy, EndsEveryTaskOnceAndClosesItsBooks) {
  const auto world = world_of(test::small_scenario(0.3));
  const auto result = run_policy(world, GetParam());
  ASSERT_TRUE(result) << result.error().message;
  const auto& m = result->metrics;
  EXPECT_GT(m.get("zones_adequate"), 0);
  if (std::string{GetParam()} == "ideal") return;
  // WorkBook checks that nothing ends twice; here, that nothing is lost.
  EXPECT_EQ(m.get("tasks_completed") + m.get("tasks_unfinished"), m.get("tasks_submitted"));
  EXPECT_GT(m.get("tasks_completed"), 0.95 * m.get("tasks_submitted"));
  EXPECT_LE(m.get("ledger_error_share"), 1e-9);
  EXPECT_LE(m.get("agent_ledger_error_share"), 1e-3);
  EXPECT_LE(m.get("agent_ledger_sum_error_share"), 1e-9);
  const double sum_j = m.get("attempts_energy_j") + m.get("filler_energy_j") +
                       m.get("idle_energy_j") + m.get("resistance_energy_j");
  EXPECT_NEAR(sum_j, m.get("heat_delivered_j"), 1e-9 * sum_j);
  for (const auto& [name, value] : m.all()) EXPECT_TRUE(std::isfinite(value)) << name;
}

TEST_P(EveryPolicy, TheSameSeedIsTheSameRun) {
  const auto scenario = test::small_scenario();
  const auto a = world_of(scenario), b = world_of(scenario);
  EXPECT_EQ(without_times(*run_policy(a, GetParam()), a),
            without_times(*run_policy(b, GetParam()), b));
}

TEST_P(EveryPolicy, HeatsWithoutWork) {
  auto scenario = test::small_scenario();
  scenario.work.kind = WorkKind::kNone;
  scenario.sizing.adequate_share = 1;
  const auto world = world_of(scenario);
  const auto result = run_policy(world, GetParam());
  ASSERT_TRUE(result);
  EXPECT_LT(result->metrics.get("rms_error_k"), 1.0);
  EXPECT_EQ(result->metrics.get("attempts_energy_j"), 0);
}

INSTANTIATE_TEST_SUITE_P(All, EveryPolicy, testing::ValuesIn(kPolicyNames), [](const auto& tested) {
  std::string name = tested.param;
  std::erase(name, '-');
  return name;
});

TEST(NextDayCapacity, IsHeldAgainstWhatTheMetersCounted) {
  auto scenario = test::small_scenario(0.3);
  scenario.nodes = 8;
  scenario.days = 18;
  scenario.drain_days = 0;
  const auto world = world_of(scenario);
  const auto result = run_policy(world, "hearth");
  ASSERT_TRUE(result);
  const auto& m = result->metrics;
  EXPECT_GE(m.get("capacity_days"), 2);
  EXPECT_GE(m.get("capacity_coverage"), 0);
  EXPECT_LE(m.get("capacity_coverage"), 1);
  EXPECT_LT(std::abs(m.get("capacity_bias")), 0.3);
  double used_j = 0;
  for (const auto& day : result->record.capacity_days) {
    EXPECT_LE(day.p5_j, day.p50_j);
    EXPECT_LE(day.p50_j, day.p95_j);
    EXPECT_GT(day.used_j, 0);
    used_j += day.used_j;
  }
  // All days but the first, which has no forecast at its beginning, and what runs beyond the end.
  EXPECT_LT(used_j, m.get("heat_delivered_j"));
  EXPECT_GT(used_j, 0.7 * m.get("heat_delivered_j"));
}

TEST(Worlds, AreTheSameForEveryPolicy) {
  const auto scenario = test::small_scenario();
  const auto a = world_of(scenario);
  (void)run_policy(a, "rule-based");
  const auto b = world_of(scenario);
  EXPECT_EQ(a.work.nominal_s, b.work.nominal_s);
  EXPECT_EQ(a.heat_capacity_w, b.heat_capacity_w);
  const auto other = world_of(scenario, 2);
  EXPECT_NE(a.heat_capacity_w, other.heat_capacity_w);
}

TEST(Worlds, WorkIsScaledToTheHeatThatIdealDelivers) {
  const auto world = world_of(test::small_scenario(0.5));
  const double per_core_w = 115;  // mean of the three models
  const double wanted_s = 0.5 * world.heat_capacity_w * 2 * 86'400 / per_core_w;
  EXPECT_NEAR(world.work.core_seconds(), wanted_s, 0.05 * wanted_s + 20'000);
}

TEST(Worlds, ASmallerFleetIsTheBeginningOfALargerOne) {
  auto scenario = test::small_scenario();
  const auto large = draw_fleet(scenario, 1);
  scenario.nodes = 4;
  const auto small = draw_fleet(scenario, 1);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(small.zones[i].ua_w_per_k, large.zones[i].ua_w_per_k);
  }
}

TEST(Worlds, ZonesAreSizedAsStated) {
  auto scenario = test::small_scenario();
  scenario.nodes = 500;
  int undersized = 0;
  for (const auto& zone : draw_fleet(scenario, 1).zones) {
    const double needed_w = 1.2 * zone.ua_w_per_k * (20 - scenario.sizing.design_c);
    EXPECT_EQ(zone.rated_w >= needed_w, zone.adequate);
    undersized += !zone.adequate;
  }
  EXPECT_NEAR(undersized, 25, 15);
}

TEST(Weather, OfASeedIsItsOwnAndKeepsTheNormals) {
  auto scenario = test::small_scenario();
  scenario.days = 28;
  double sum_c = 0, sum_w = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto weather = SiteWeather::make(scenario, seed);
    ASSERT_TRUE(weather);
    for (int hour = 0; hour < 28 * 24; ++hour) {
      sum_c += weather->at(60.0 * hour).outdoor_c / (40 * 28 * 24);
      sum_w += weather->at(60.0 * hour).horizontal_w_per_m2 / (40 * 28 * 24);
    }
  }
  scenario.weather.noise_k = 0;
  const auto plain = SiteWeather::make(scenario, 1);
  double plain_c = 0, plain_w = 0;
  for (int hour = 0; hour < 28 * 24; ++hour) {
    plain_c += plain->at(60.0 * hour).outdoor_c / (28 * 24);
    plain_w += plain->at(60.0 * hour).horizontal_w_per_m2 / (28 * 24);
  }
  EXPECT_NEAR(sum_c, plain_c, 0.5);
  EXPECT_NEAR(sum_w / plain_w, 1, 0.08);
}

TEST(Weather, OfAnUnknownPlaceSaysWhichAreKnown) {
  auto scenario = test::small_scenario();
  scenario.weather.normals = "Atlantis";
  const auto weather = SiteWeather::make(scenario, 1);
  ASSERT_FALSE(weather);
  EXPECT_NE(weather.error().message.find("Atlantis: not built in; known are"), std::string::npos);
  scenario.weather.epw = "/nowhere.epw";
  EXPECT_EQ(SiteWeather::make(scenario, 1).error().message, "/nowhere.epw: cannot be read");
}

TEST(Hearth, HoldsComfortWithoutANetwork) {
  auto scenario = test::small_scenario();
  scenario.sizing.adequate_share = 1;
  scenario.outages = {{6, 100}};
  const auto world = world_of(scenario);
  const auto result = run_policy(world, "hearth");
  ASSERT_TRUE(result);
  EXPECT_LT(result->metrics.get("below_lower_kh"), 2);
  EXPECT_GT(result->metrics.get("tasks_unfinished"), 0) << "nobody hands out work";
}

TEST(Hearth, WorkSurvivesAShortOutage) {
  auto scenario = test::small_scenario(0.2);
  scenario.outages = {{6, 0.5}, {20, 3}};
  const auto world = world_of(scenario);
  const auto result = run_policy(world, "hearth");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->metrics.get("tasks_unfinished"), 0);
}

TEST(Hearth, KnowsASensorNearTheCaseByWhatItReadsOfIt) {
  auto scenario = test::small_scenario();
  scenario.sizing.adequate_share = 1;
  const auto plain = run_policy(world_of(scenario), "hearth");
  scenario.node.near_case_share = 1;
  const auto corrected = run_policy(world_of(scenario), "hearth");
  scenario.cores.near_case = 0;
  const auto uncorrected = run_policy(world_of(scenario), "hearth");
  ASSERT_TRUE(plain && corrected && uncorrected);
  EXPECT_FALSE(plain->metrics.has("near_case_stops"));
  EXPECT_TRUE(corrected->metrics.has("near_case_stops"));
  EXPECT_FALSE(uncorrected->metrics.has("near_case_stops"));
  EXPECT_LT(corrected->metrics.get("near_case_rms_error"), 0.08);
  EXPECT_LT(plain->metrics.get("rms_error_k"), corrected->metrics.get("rms_error_k"));
  EXPECT_LT(corrected->metrics.get("rms_error_k") + 0.05, uncorrected->metrics.get("rms_error_k"));
}

TEST(Worlds, SensorsNearTheCaseChangeNothingElse) {
  auto scenario = test::small_scenario();
  const auto plain = world_of(scenario);
  scenario.node.near_case_share = 0.5;
  const auto near = world_of(scenario);
  int count = 0;
  for (std::size_t i = 0; i < near.fleet.zones.size(); ++i) {
    const auto& zone = near.fleet.zones[i];
    EXPECT_EQ(plain.fleet.zones[i].case_share, 0);
    EXPECT_EQ(plain.fleet.zones[i].rated_w, zone.rated_w);
    if (zone.case_share == 0) continue;
    ++count;
    EXPECT_GE(zone.case_share, 0.03);
    EXPECT_LE(zone.case_share, 0.15);
  }
  EXPECT_GT(count, 2);
  EXPECT_LT(count, 14);
}

TEST(Policies, UnknownOnesAreRefused) {
  const auto world = world_of(test::small_scenario());
  EXPECT_FALSE(run_policy(world, "wishful"));
}

TEST(Comparison, MeansRangesAndPromises) {
  auto scenario = test::small_scenario();
  scenario.days = 1;
  const auto comparison = compare(scenario, {1, 2}, {"ideal", "rule-based", "hearth"}, 2);
  ASSERT_TRUE(comparison) << comparison.error().message;
  ASSERT_EQ(comparison->policies.size(), 3u);
  const auto* hearth = comparison->find("hearth");
  ASSERT_TRUE(hearth);
  const double mean = hearth->mean("rms_error_k");
  EXPECT_GE(mean, hearth->least("rms_error_k"));
  EXPECT_LE(mean, hearth->most("rms_error_k"));
  // The same as a run by itself: a process of its own changes nothing.
  const auto alone = run_policy(world_of(scenario, 2), "hearth");
  EXPECT_DOUBLE_EQ(alone->metrics.get("rms_error_k"), hearth->runs[1].get("rms_error_k"));
  EXPECT_FALSE(promises(*comparison).empty());
  EXPECT_NE(comparison_text(*comparison).find("over_by_compute_kh is 0"), std::string::npos);
  EXPECT_NE(comparison_json(*comparison).find("\"rule-based\":{\"rms_error_k\":"),
            std::string::npos);
}

}  // namespace
}  // namespace hearth::simulator
