#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "thermal/draw_off.h"
#include "thermal/simulated_tank.h"
#include "thermal/tank_model.h"

namespace hearth::thermal {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Celsius kCold{10};

void expect_ordered(const SimulatedTank& tank) {
  for (std::size_t i = 1; i < tank.layers(); ++i) {
    EXPECT_GE(tank.layer(i - 1).value, tank.layer(i).value - 1e-9) << i;
  }
}

// Whatever happens to it, what it holds is what came in less what went out.
TEST(SimulatedTank, ConservesEnergyOnRandomWalks) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    TankParameters parameters;
    parameters.layers = 4 + random.below(9);
    parameters.volume_l = 50 + 400 * random.uniform();
    SimulatedTank tank(parameters, 40_degC);
    for (int i = 0; i < 1000; ++i) {
      TankInputs inputs;
      inputs.compute = Watts{1500 * random.uniform()};
      inputs.resistance = random.chance(20) ? 1500_W : 0_W;
      inputs.circulate = random.chance(10);
      tank.step(inputs, minutes{1 + static_cast<int>(random.below(20))});
      if (random.chance(30)) {
        tank.draw({60 * random.uniform(), Celsius{30 + 25 * random.uniform()}, 40_degC}, kCold);
      }
      expect_ordered(tank);
    }
    const auto& book = tank.book();
    const double in = book.compute_j + book.resistance_j;
    EXPECT_NEAR((tank.stored_j(40_degC) - (in - book.lost_j - book.drawn_j)) / in, 0, 1e-9)
        << "seed " << seed;
    EXPECT_LE(book.unmet_l, book.delivered_l);
  }
}

TEST(SimulatedTank, ComputeHeatsNoHigherThanItsBoundResistanceDoes) {
  SimulatedTank tank({}, 20_degC);
  TankInputs inputs;
  inputs.compute = 850_W;
  tank.step(inputs, hours{2});
  // The top is warm before the bottom notices.
  EXPECT_GT(tank.top().value, 40);
  EXPECT_LT(tank.layer(5).value, 25);
  tank.step(inputs, hours{40});
  EXPECT_LE(tank.top().value, 58 + 1e-9);
  EXPECT_GT(tank.layer(5).value, 55);
  EXPECT_GT(tank.book().refused_j, 0);
  inputs.resistance = 1500_W;
  inputs.circulate = true;
  tank.step(inputs, hours{6});
  EXPECT_GT(tank.coldest_of_three().value, 60);
}

// Heated in its upper part only, the bottom stays what it was: no disinfection without stirring.
TEST(SimulatedTank, ResistanceLeavesTheBottomCold) {
  SimulatedTank tank({}, 30_degC);
  TankInputs inputs;
  inputs.resistance = 1500_W;
  tank.step(inputs, hours{3});
  EXPECT_GT(tank.top().value, 55);
  EXPECT_LT(tank.coldest_of_three().value, 40);
}

TEST(SimulatedTank, DeliversWhatItHasAndSaysWhatWasTooCold) {
  SimulatedTank tank({}, 55_degC);
  const auto first = tank.draw({20, 40_degC, 40_degC}, kCold);
  EXPECT_DOUBLE_EQ(first.litres, 20);
  EXPECT_EQ(first.unmet_l, 0);
  EXPECT_NEAR(first.energy_j, 20 * kWaterJPerKLitre * 30, 1e-6);
  EXPECT_EQ(first.peak, 40_degC);
  EXPECT_NEAR(tank.top().value, 55, 1e-9);
  EXPECT_LT(tank.layer(5).value, 40);
  const auto rest = tank.draw({500, 40_degC, 40_degC}, kCold);
  EXPECT_DOUBLE_EQ(rest.litres, 500);
  EXPECT_GT(rest.unmet_l, 100);
  EXPECT_LT(rest.unmet_l, 400);
  EXPECT_EQ(tank.draw({0, 40_degC, 40_degC}, kCold).litres, 0);
}

TEST(SimulatedTank, CoolsAsItsLossSays) {
  TankParameters parameters;
  SimulatedTank tank(parameters, 60_degC);
  tank.step({}, hours{24});
  const double tau_s = parameters.volume_l * kWaterJPerKLitre / parameters.loss_w_per_k;
  EXPECT_NEAR(tank.top().value, 18 + 42 * std::exp(-86'400 / tau_s), 1e-6);
}

TEST(DrawOff, ProfilesHoldTheirReferenceEnergy) {
  for (const auto profile : {LoadProfile::kS, LoadProfile::kM, LoadProfile::kL, LoadProfile::kXl}) {
    double kwh = 0;
    int before = -1;
    for (const auto& draw : load_profile(profile)) {
      kwh += draw.kwh;
      EXPECT_GT(draw.minute, before);
      before = draw.minute;
    }
    EXPECT_NEAR(kwh, reference_kwh(profile), 1e-9);
  }
}

TEST(DrawOff, ProfilesAreThoseOfTheFile) {
  const char* given = std::getenv("HEARTH_TEST_DATA");
  const auto path = std::filesystem::path(given ? given : HEARTH_SHARED_DATA) /
                    "dhw/eu_load_profiles_814_2013.csv";
  std::ifstream file(path);
  if (!file) GTEST_SKIP() << path << " is not here";
  std::map<std::string, std::vector<DrawOff>> profiles;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#' || line.starts_with("profile")) continue;
    std::istringstream fields(line);
    std::string name, time, value;
    std::getline(fields, name, ',');
    std::getline(fields, time, ',');
    DrawOff draw{60 * std::stoi(time) + std::stoi(time.substr(3)), 0, 0, 0, 0};
    for (double* number : {&draw.kwh, &draw.l_per_min, &draw.useful_c, &draw.peak_c}) {
      std::getline(fields, value, ',');
      *number = std::stod(value);
    }
    profiles[name].push_back(draw);
  }
  const std::map<std::string, LoadProfile> names = {{"S", LoadProfile::kS},
                                                    {"M", LoadProfile::kM},
                                                    {"L", LoadProfile::kL},
                                                    {"XL", LoadProfile::kXl}};
  for (const auto& [name, profile] : names) {
    const auto table = load_profile(profile);
    EXPECT_EQ(profiles[name], std::vector<DrawOff>(table.begin(), table.end())) << name;
  }
}

TEST(DrawOff, RandomDaysVaryAroundTheProfile) {
  Random random(3);
  double kwh = 0;
  constexpr int kDays = 4000;
  for (int day = 0; day < kDays; ++day) {
    int before = 0;
    for (const auto& draw : random_day(LoadProfile::kL, 0.8, random)) {
      EXPECT_GE(draw.minute, before);
      EXPECT_LT(draw.minute, 1440);
      before = draw.minute;
      kwh += draw.kwh / kDays;
    }
  }
  EXPECT_NEAR(kwh, 0.8 * reference_kwh(LoadProfile::kL), 0.1);
  Random a(9), b(9);
  EXPECT_EQ(random_day(LoadProfile::kM, 1, a), random_day(LoadProfile::kM, 1, b));
}

TEST(DrawOff, LitresHoldTheirEnergy) {
  const auto bath = tap_draw({0, 3.605, 10, 10, 40}, kCold);
  EXPECT_NEAR(bath.litres, 3.605 * 3.6e6 / (4186 * 30), 1e-9);
  EXPECT_EQ(bath.tap, 40_degC);
  EXPECT_EQ(bath.useful, 10_degC);
  const auto shower = tap_draw({0, 1.4, 6, 40, 0}, kCold);
  EXPECT_EQ(shower.tap, 40_degC);
  EXPECT_EQ(shower.useful, 40_degC);
}

// An L household lives well on 850 W of compute, as HEAT says.
TEST(DrawOff, AnLProfileLivesOn850W) {
  SimulatedTank tank({}, 55_degC);
  TankInputs inputs;
  inputs.compute = 850_W;
  for (int day = 0; day < 10; ++day) {
    auto draw = load_profile(LoadProfile::kL).begin();
    for (int minute = 0; minute < 1440; ++minute) {
      for (; draw != load_profile(LoadProfile::kL).end() && draw->minute == minute; ++draw) {
        tank.draw(tap_draw(*draw, kCold), kCold);
      }
      tank.step(inputs, minutes{1});
    }
  }
  EXPECT_EQ(tank.book().unmet_l, 0);
  EXPECT_NEAR(tank.book().drawn_j / 3.6e6 / 10, 11.655, 0.2);
}

TEST(DrawOff, ColdWaterFollowsTheSeason) {
  const auto at = [](const char* time) { return cold_water(parse_utc_time(time).value()).value; };
  EXPECT_NEAR(at("2026-02-15T00:00:00Z"), 8, 0.01);
  EXPECT_NEAR(at("2026-08-16T00:00:00Z"), 16, 0.01);
}

TEST(TankModel, CountsUsefulHeatAndRoom) {
  TankModel tank;
  tank.j_per_k = 4000;
  const std::array<Celsius, 4> layers = {Celsius{60}, Celsius{50}, Celsius{40}, Celsius{20}};
  EXPECT_DOUBLE_EQ(tank.usable(layers, kCold).value, 1000.0 * (50 + 40));
  EXPECT_DOUBLE_EQ(tank.headroom(layers).value, 1000.0 * (0 + 8 + 18 + 38));
  EXPECT_DOUBLE_EQ(tank.hold_power(layers).value, 1.8 * (42.5 - 18));
}

TEST(DrawPattern, LearnsWorkingDaysAndWeekendsApart) {
  DrawPattern pattern;
  Random random(5);
  EXPECT_EQ(pattern.need(0, 96).p90, Joules{0});
  for (int week = 0; week < 30; ++week) {
    for (int slot = 0; slot < kHalfHoursOfWeek; ++slot) {
      const bool weekend = slot / kHalfHoursOfDay >= 5;
      const bool draws = slot % kHalfHoursOfDay == (weekend ? 18 : 14);
      pattern.observe(slot, Joules{draws ? 3e6 * (1 + 0.2 * random.normal()) : 0});
    }
  }
  pattern.observe(14, Joules{std::nan("")});
  EXPECT_NEAR(pattern.mean(14).value, 3e6, 0.3e6);
  EXPECT_EQ(pattern.mean(18), Joules{0});
  EXPECT_NEAR(pattern.mean(5 * 48 + 18).value, 3e6, 0.3e6);
  EXPECT_GT(pattern.p90(14), pattern.mean(14));
  // Friday noon over 48 h: Saturday's and, at the end, no more of Sunday's than its 9 o'clock.
  const auto need = pattern.need(4 * 48 + 24, 96);
  EXPECT_NEAR(need.mean.value, 6e6, 0.6e6);
  EXPECT_LT(need.p90.value - need.mean.value,
            2 * (pattern.p90(5 * 48 + 18) - pattern.mean(5 * 48 + 18)).value);
}

TEST(TankModel, RunwayEndsWhereTheHeadroomDoes) {
  TankModel tank;
  tank.loss_w_per_k = 0;
  const std::array<Celsius, 2> layers = {Celsius{48}, Celsius{48}};
  const double room_j = tank.headroom(layers).value;  // 10 K
  DrawPattern none;
  EXPECT_NEAR(to_seconds(runway(tank, layers, none, 0, 500_W)), room_j / 500, 1);
  EXPECT_EQ(runway(tank, layers, none, 0, 0_W), hours{48});
  DrawPattern some;
  for (int slot = 0; slot < kHalfHoursOfWeek; ++slot) some.observe(slot, Joules{450'000});
  EXPECT_NEAR(to_seconds(runway(tank, layers, some, 330, 500_W)), room_j / 300, 1);
  EXPECT_EQ(runway(tank, layers, some, 0, 190_W), hours{48});
  const std::array<Celsius, 2> full = {Celsius{70}, Celsius{60}};
  EXPECT_EQ(runway(tank, full, none, 0, 500_W), Duration{0});
}

}  // namespace
}  // namespace hearth::thermal
