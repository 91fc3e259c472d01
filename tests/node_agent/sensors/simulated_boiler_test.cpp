// A computed tank for trying a boiler node without hardware.
#include "node_agent/sensors/simulated_boiler.h"

#include <gtest/gtest.h>

namespace hearth::node_agent {
namespace {

using protocol::Quality;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

SimulatedBoilerConfig boiler() {
  SimulatedBoilerConfig config;
  config.cores = 4;
  config.idle = 50_W;
  config.max = 850_W;
  config.resistance_max = config.tank.resistance = 1500_W;
  config.start = 45_degC;
  return config;
}

double mean_c(const SensorsRead& sensors) {
  return (sensors.tank->top.value + sensors.tank->middle.value + sensors.tank->bottom.value) / 3;
}

void run(SimulatedBoiler& heater, Duration time, Duration pass, double busy = 0) {
  for (Duration passed{}; passed < time; passed += pass) {
    (void)heater.read(busy * 4 * to_seconds(pass), pass);
  }
}

TEST(SimulatedBoiler, WorkWarmsTheTankAndNoRoom) {
  SimulatedBoiler heater(boiler());
  const double before = mean_c(heater.read(0, {}));
  EXPECT_EQ(before, 45);
  run(heater, hours{2}, seconds{10}, 1);
  const auto sensors = heater.read(0, {});
  EXPECT_EQ(sensors.air_temperature_c, protocol::Reading{});
  EXPECT_EQ(sensors.tank->top.quality, Quality::kGood);
  EXPECT_GT(sensors.tank->top.value, sensors.tank->bottom.value) << "it has layers";
  EXPECT_NEAR(sensors.meter->value, 850 * 7200, 1);
  const auto& book = heater.tank().book();
  EXPECT_NEAR(book.compute_j, 850 * 7200, 1);
  const double stored = heater.tank().stored_j(45_degC);
  EXPECT_NEAR(stored, book.compute_j - book.lost_j, 1);
  EXPECT_EQ(book.drawn_j, 0) << "nobody lives there";
}

TEST(SimulatedBoiler, ItsHouseholdDrawsItsProfileEveryDay) {
  for (const auto profile : {thermal::LoadProfile::kS, thermal::LoadProfile::kL}) {
    auto config = boiler();
    config.draws = profile;
    config.start_minute = 13 * 60 + 7;
    SimulatedBoiler heater(config);
    ASSERT_TRUE(heater.set_filler(850_W, 1500_W));
    run(heater, hours{48}, minutes{1});
    const double drawn_kwh = heater.tank().book().drawn_j / 3.6e6;
    EXPECT_NEAR(drawn_kwh, 2 * thermal::reference_kwh(profile), 0.02 * drawn_kwh);
    EXPECT_EQ(heater.tank().book().unmet_l, 0);
  }
}

TEST(SimulatedBoiler, ItsDayBeginsWhereTheClockStood) {
  auto config = boiler();
  config.draws = thermal::LoadProfile::kL;
  config.start_minute = 6 * 60 + 50;
  SimulatedBoiler heater(config);
  run(heater, minutes{9}, seconds{10});
  EXPECT_EQ(heater.tank().book().delivered_l, 0);
  run(heater, minutes{5}, seconds{10});
  EXPECT_NEAR(heater.tank().book().delivered_l, 7, 2) << "the draw-off of 7:00";
  config.start_minute = 22 * 60;
  SimulatedBoiler late(config);
  run(late, hours{8}, minutes{1});
  EXPECT_EQ(late.tank().book().delivered_l, 0) << "over midnight, until the morning";
  run(late, hours{2}, minutes{1});
  EXPECT_GT(late.tank().book().delivered_l, 20);
}

TEST(SimulatedBoiler, DrawsTheSameWhateverThePassesAre) {
  auto config = boiler();
  config.draws = thermal::LoadProfile::kXl;
  SimulatedBoiler quick(config);
  SimulatedBoiler slow(config);
  run(quick, hours{24}, seconds{1});
  run(slow, hours{24}, hours{3});
  EXPECT_NEAR(quick.tank().book().delivered_l, slow.tank().book().delivered_l, 1);
  EXPECT_GT(quick.tank().book().unmet_l, 10) << "nothing heated it";
}

TEST(SimulatedBoiler, ThePumpStirsIt) {
  SimulatedBoiler heater(boiler());
  run(heater, hours{2}, seconds{10}, 1);
  const auto layered = heater.read(0, {});
  ASSERT_TRUE(heater.circulate(true));
  run(heater, hours{2}, seconds{10});
  const auto stirred = heater.read(0, {});
  EXPECT_GT(layered.tank->top.value - layered.tank->bottom.value, 8);
  EXPECT_LT(stirred.tank->top.value - stirred.tank->bottom.value, 1);
}

TEST(SimulatedBoiler, TheResistanceGoesBeyondWhatComputersReach) {
  auto config = boiler();
  config.start = 55_degC;
  SimulatedBoiler computers(config);
  SimulatedBoiler both(config);
  ASSERT_TRUE(both.set_filler(0_W, 9000_W));
  run(computers, hours{12}, minutes{1}, 1);
  run(both, hours{12}, minutes{1}, 1);
  EXPECT_LE(computers.tank().top(), config.tank.compute_max);
  EXPECT_GT(both.tank().top(), 62_degC);
  EXPECT_NEAR(both.tank().book().resistance_j, 1500 * 12 * 3600, 1) << "no more than there is";
  EXPECT_NEAR(both.read(0, {}).resistance.value, 1500 * 12 * 3600, 1);
}

TEST(SimulatedBoiler, SleepingBoardsDrawNextToNothing) {
  SimulatedBoiler heater(boiler());
  ASSERT_TRUE(heater.power_boards(false));
  EXPECT_EQ(heater.read(40, seconds{10}).power_w.value, 2);
  EXPECT_EQ(heater.description(), "simulated tank of 200 l, 850 W");
}

}  // namespace
}  // namespace hearth::node_agent
