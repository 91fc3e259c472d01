// What a tank's telemetry teaches, and what the tank will take.
#include "scheduler/core/tank_forecast.h"

#include <gtest/gtest.h>

#include <numeric>

#include "scheduler/core/capacity.h"
#include "scheduler/core/runway_table.h"
#include "thermal/simulated_tank.h"

namespace hearth::scheduler {
namespace {

using protocol::Quality;
using std::chrono::hours;

protocol::NodeFacts boiler() {
  protocol::NodeFacts facts;
  facts.kind = protocol::NodeKind::kBoiler;
  facts.cores = 4;
  facts.idle = Watts{40};
  facts.max = Watts{850};
  facts.tank.emplace().volume_l = 200;
  return facts;
}

protocol::Telemetry telemetry_of(double top_c, double middle_c, double bottom_c, int minute) {
  protocol::Telemetry telemetry;
  auto& tank = telemetry.tank.emplace();
  tank.top_c = {top_c, Quality::kGood};
  tank.middle_c = {middle_c, Quality::kGood};
  tank.bottom_c = {bottom_c, Quality::kGood};
  telemetry.minute_of_week = minute;
  return telemetry;
}

std::optional<TankOutlook> outlook_of(const protocol::NodeFacts& facts,
                                      const protocol::Telemetry& telemetry,
                                      const TankLearning& learning) {
  return tank_outlook({facts, telemetry, facts.idle, facts.max, facts.speed}, learning);
}

double sum(const std::array<double, 48>& power, int from, int to) {
  return std::accumulate(power.begin() + from, power.begin() + to, 0.0);
}

TEST(TankLearning, FindsTheHouseholdsHours) {
  const auto facts = boiler();
  thermal::SimulatedTank tank{{.volume_l = 200, .loss_w_per_k = 1.5}, Celsius{50}};
  TankLearning learning;
  Joules heat;
  UtcTime utc{hours{24 * 4}};  // a Monday
  for (int minute = 0; minute < 6 * 1440; ++minute) {
    // 60 l at 40 degC at 7:10, and again at 20:10.
    const bool draws = minute % 1440 == 7 * 60 + 10 || minute % 1440 == 20 * 60 + 10;
    if (draws) (void)tank.draw({60, Celsius{40}, Celsius{40}}, Celsius{12});
    tank.step({Watts{300}, {}, false, Celsius{18}}, std::chrono::minutes{1});
    heat = Joules{tank.book().compute_j};
    utc += std::chrono::minutes{1};
    if (minute % 10 != 0) continue;
    const auto t = telemetry_of(tank.top().value, tank.layer(3).value, tank.layer(5).value,
                                (minute + 1) % (7 * 1440));
    learning.report(*facts.tank, t, heat, utc);
    EXPECT_EQ(learning.learned(), minute >= 2 * 1440) << minute;
  }
  const double asked_j = 2 * 60 * 4186 * 28.0;
  double day_j = 0, peaks_j = 0;
  for (int i = 0; i < 48; ++i) {
    const double mean_j = learning.pattern().mean(i).value;
    day_j += mean_j;
    if (std::abs(i - 14) <= 2 || std::abs(i - 40) <= 2) peaks_j += mean_j;
  }
  // Three thermometers see little of the layers between them.
  EXPECT_NEAR(day_j / asked_j, 1, 0.2);
  EXPECT_GT(peaks_j, 0.7 * day_j);
}

TEST(TankLearning, GapsAndUnknownLayersTeachNothing) {
  const auto facts = boiler();
  TankLearning learning;
  UtcTime utc{};
  for (int i = 0; i < 200; ++i, utc += hours{2}) {
    learning.report(*facts.tank, telemetry_of(50, 50, 50 - i % 20, 120 * i % 10'080), {}, utc);
  }
  EXPECT_EQ(learning.days_known(), 0);
  auto silent = telemetry_of(50, 50, 50, 0);
  silent.tank->middle_c.quality = Quality::kStale;
  EXPECT_FALSE(outlook_of(facts, silent, learning));
}

TEST(TankOutlook, TakesItsPlaceFirstThenWhatIsDrawn) {
  const auto facts = boiler();
  TankLearning learning;
  for (const double bottom_c : {15.0, 45.0, 52.0}) {
    const auto outlook = outlook_of(facts, telemetry_of(57, 50, bottom_c, 0), learning);
    ASSERT_TRUE(outlook);
    const auto absorbed = outlook->absorbed_w();
    const double all_j = 3600 * sum(absorbed, 0, 48);
    double drawn_j = 0;
    for (const float draw : outlook->draw_j) drawn_j += static_cast<double>(draw);
    EXPECT_NEAR(all_j, outlook->headroom_j + drawn_j + outlook->loss_w * 48 * 3600, 0.02 * all_j);
    for (const double power : absorbed) EXPECT_LE(power, 850 + 1e-9);
    if (bottom_c < 20) {
      EXPECT_NEAR(absorbed[0], 850, 1e-9);
    }
    if (bottom_c >= 52) {
      EXPECT_EQ(outlook->headroom_j, 0) << "the loop may get no more back";
      EXPECT_LT(absorbed[0], 100);
    }
  }
}

TEST(TankOutlook, RunwayShrinksWithPowerAndCharge) {
  const auto facts = boiler();
  const auto cool = outlook_of(facts, telemetry_of(45, 30, 15, 0), {});
  const auto warm = outlook_of(facts, telemetry_of(57, 55, 45, 0), {});
  ASSERT_TRUE(cool && warm);
  EXPECT_EQ(cool->runway(Watts{50}, {}), hours{48});
  EXPECT_GT(cool->runway(Watts{400}, {}), cool->runway(Watts{850}, {}));
  EXPECT_GT(cool->runway(Watts{850}, {}), warm->runway(Watts{850}, {}));
  EXPECT_GT(warm->runway(Watts{850}, {}), warm->runway(Watts{850}, Kelvins{-2.5}));
  // About 23 MJ of place at 790 W above the losses.
  EXPECT_NEAR(to_seconds(cool->runway(Watts{850}, {})), cool->headroom_j / 800, 3000);
  RunwayTable table;
  table.reset({.tank = &*warm,
               .idle = Watts{40},
               .per_core = Watts{200},
               .min_run = Watts{60},
               .cores = 4});
  EXPECT_TRUE(table.known());
  EXPECT_TRUE(table.fits(protocol::ServiceClass::kOnDemand, 1, std::chrono::minutes{10}));
  EXPECT_FALSE(table.fits(protocol::ServiceClass::kOnDemand, 4, hours{48}));
}

TEST(TankCapacity, CountsInTheFleet) {
  const auto outlook = outlook_of(boiler(), telemetry_of(50, 40, 20, 0), {});
  CapacitySnapshot snapshot;
  for (int i = 0; i < 50; ++i) snapshot.tanks.push_back(*outlook);
  const auto forecast = forecast_capacity(snapshot);
  EXPECT_EQ(forecast.zones, 50u);
  const double expected_j = 50 * 3600 * sum(outlook->absorbed_w(), 0, 24);
  EXPECT_NEAR(forecast.day_energy_j.p50 / expected_j, 1, 0.1);
  EXPECT_LT(forecast.day_energy_j.p5, forecast.day_energy_j.p50);
  EXPECT_LT(forecast.day_energy_j.p50, forecast.day_energy_j.p95);
  EXPECT_GT(forecast.hours[0].cores.p50, 150);
}

}  // namespace
}  // namespace hearth::scheduler
