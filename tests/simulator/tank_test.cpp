// Tanks in the twin: worlds of their own, books that close, draws that are the same for every
// policy, promises kept in a small summer.
#include <gtest/gtest.h>

#include <cmath>

#include "simulator/policy.h"
#include "simulator/report.h"
#include "simulator/tank_judge.h"
#include "simulator/tank_rules.h"
#include "simulator/tanks.h"
#include "support.h"

namespace hearth::simulator {
namespace {

Scenario summer(double share = 1, int nodes = 6) {
  auto scenario = test::small_scenario(1);
  scenario.start = UtcTime{std::chrono::sys_days{std::chrono::year{2026} / 7 / 6}};
  scenario.nodes = nodes;
  scenario.days = 4;
  scenario.dropped_days = 1;
  scenario.tanks.share = share;
  scenario.tanks.volume_l = 300;
  return scenario;
}

World world_of(const Scenario& scenario, std::uint64_t seed = 1) {
  auto world = make_world(scenario, seed);
  EXPECT_TRUE(world) << world.error().message;
  return std::move(*world);
}

TEST(TankFleet, RoomsAreDrawnAsIfThereWereNoTanks) {
  const auto rooms = draw_fleet(summer(0, 20), 3);
  const auto mixed = draw_fleet(summer(0.3, 20), 3);
  EXPECT_EQ(rooms.tanks, 0);
  EXPECT_EQ(mixed.tanks, 6);
  for (std::size_t i = 0; i < 20; ++i) {
    if (mixed.zones[i].tank) {
      EXPECT_NEAR(mixed.nodes[i].max_w, 850, 60);
      EXPECT_NEAR(mixed.zones[i].tank->tank.volume_l, 300, 30.001);
      continue;
    }
    EXPECT_EQ(mixed.zones[i].ua_w_per_k, rooms.zones[i].ua_w_per_k);
    EXPECT_EQ(mixed.nodes[i].max_w, rooms.nodes[i].max_w);
  }
}

TEST(Tanks, HouseholdsDrawTheirProfile) {
  const auto scenario = summer(1, 30);
  const auto fleet = draw_fleet(scenario, 5);
  Tanks a{scenario, 5, fleet};
  Tanks b{scenario, 5, fleet};
  constexpr int kDays = 10;
  double drawn_j = 0, household = 0;
  for (int minute = 0; minute < kDays * 1440; ++minute) {
    a.begin_minute(minute);
    b.begin_minute(minute);
    for (std::size_t i = 0; i < 30; ++i) {
      ASSERT_EQ(a.drawn_l(i), b.drawn_l(i)) << "the same for every policy";
      ASSERT_LE(a.drawn_l(i), 30) << "a tap has a flow";
      a.step(i, 0, 2500);  // always hot enough
      b.step(i, 850, 0);
    }
  }
  for (std::size_t i = 0; i < 30; ++i) {
    drawn_j += a.tank(i).book().drawn_j;
    household += fleet.zones[i].tank->household;
    EXPECT_EQ(a.tank(i).book().unmet_l, 0);
  }
  const double expected_j =
      kDays * household * 3.6e6 * thermal::reference_kwh(thermal::LoadProfile::kL);
  EXPECT_NEAR(drawn_j / expected_j, 1, 0.06);
}

TEST(Tanks, AColdTankLeavesLitresUnmetAndIsCounted) {
  const auto scenario = summer(1, 4);
  const auto fleet = draw_fleet(scenario, 1);
  Tanks tanks{scenario, 1, fleet};
  TankJudge judge{scenario, fleet};
  for (int minute = 0; minute < scenario.minutes_of_work(); ++minute) {
    tanks.begin_minute(minute);
    for (std::size_t i = 0; i < 4; ++i) {
      tanks.step(i, 0, 0);
      judge.add(i, minute, tanks, {});
    }
  }
  Metrics metrics;
  judge.fill(metrics, 1, 0);
  EXPECT_GT(metrics.get("unmet_litres"), 0.5 * metrics.get("delivered_litres"));
  EXPECT_EQ(metrics.get("tank_cpu_use"), 0);
  EXPECT_EQ(metrics.get("hygiene_done"), 0);
  EXPECT_GT(metrics.get("peaks_missed_share"), 0.9);
}

TEST(TankRules, LiftWeeklyAndBackUpTheTop) {
  const auto scenario = summer(1, 1);
  auto spec = *draw_fleet(scenario, 1).zones[0].tank;
  spec.lift_age_h = 6.5 * 24 - 1;
  TankRules rules;
  EXPECT_EQ(rules.step(scenario, spec, Celsius{44}, Celsius{40}, 0).resistance_w, 1500);
  EXPECT_EQ(rules.step(scenario, spec, Celsius{47}, Celsius{40}, 1).resistance_w, 1500);
  EXPECT_EQ(rules.step(scenario, spec, Celsius{49}, Celsius{40}, 2).resistance_w, 0);
  EXPECT_TRUE(rules.step(scenario, spec, Celsius{55}, Celsius{55}, 60).circulates);
  for (int minute = 61; minute < 61 + 61; ++minute) {
    EXPECT_TRUE(rules.step(scenario, spec, Celsius{62}, Celsius{61}, minute).circulates);
  }
  EXPECT_FALSE(rules.step(scenario, spec, Celsius{62}, Celsius{61}, 122).circulates);
}

class EveryTankPolicy : public testing::TestWithParam<const char*> {};

TEST_P(EveryTankPolicy, ClosesItsBooksAndLeavesNobodyCold) {
  for (const double share : {0.5, 1.0}) {
    const auto world = world_of(summer(share));
    const auto result = run_policy(world, GetParam());
    ASSERT_TRUE(result) << result.error().message;
    const auto& m = result->metrics;
    EXPECT_EQ(m.get("tanks"), share * 6);
    EXPECT_EQ(m.get("zones_adequate") + m.get("zones_undersized"), 6 - share * 6)
        << "tanks are no rooms";
    EXPECT_LE(m.get("ledger_error_share"), 1e-9);
    EXPECT_LE(m.get("agent_ledger_error_share"), 1e-3);
    EXPECT_LE(m.get("unmet_litres"), 1e-6);
    EXPECT_GT(m.get("delivered_litres"), 1000);
    EXPECT_LE(m.get("tank_cpu_use_of_allowed"), 1.05);
    for (const auto& [name, value] : m.all()) EXPECT_TRUE(std::isfinite(value)) << name;
    EXPECT_NE(report_html(world, *result).find("Sample tanks"), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryTankPolicy, testing::ValuesIn(kPolicyNames),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(TankPromises, HoldInASmallSummer) {
  auto scenario = summer(1, 8);
  scenario.days = 9;
  scenario.dropped_days = 2;
  for (const std::uint64_t seed : {1, 2}) {
    const auto world = world_of(scenario, seed);
    const auto result = run_policy(world, "hearth");
    ASSERT_TRUE(result);
    const auto& m = result->metrics;
    EXPECT_GE(m.get("tank_cpu_use_of_allowed"), 0.6);
    EXPECT_LE(m.get("resistance_share_beyond_hygiene"), 0.1);
    EXPECT_EQ(m.get("unmet_litres"), 0);
    EXPECT_EQ(m.get("hygiene_missed"), 0);
    EXPECT_GE(m.get("hygiene_done"), 6);
  }
}

TEST(TankPromises, WithoutWorkFillerAndResistanceKeepTheWaterHot) {
  auto scenario = summer(1, 4);
  scenario.work.kind = WorkKind::kNone;
  const auto result = run_policy(world_of(scenario), "hearth");
  ASSERT_TRUE(result);
  EXPECT_LE(result->metrics.get("unmet_litres"), 1e-6);
  // Nobody pays for this: filler is as cheap as the resistance, which may help it.
  EXPECT_LE(result->metrics.get("resistance_share_beyond_hygiene"), 0.2);
}

}  // namespace
}  // namespace hearth::simulator
