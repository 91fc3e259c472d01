#include "thermal/simulated_room.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hearth::thermal {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

RoomParameters medium() {
  return room_with_loss(20, 15, MassClass::kMedium);
}

void run(SimulatedRoom& room, Watts power, const Weather& weather, Duration time) {
  for (Duration t{}; t < time; t += minutes{10}) room.step(power, weather, minutes{10});
}

TEST(SimulatedRoom, HasTheLossItWasBuiltWith) {
  EXPECT_NEAR(SimulatedRoom(medium(), {}, 20_degC).ua_w_per_k(), 15, 1e-9);
}

// Steady: what the air, the surfaces and the mass lose is what the radiator gives.
TEST(SimulatedRoom, LosesInTheEndWhatItIsGiven) {
  auto radiator = RadiatorParameters{};
  radiator.radiative_share = 0;
  SimulatedRoom room(medium(), radiator, 20_degC);
  Weather weather;
  weather.outdoor = 5_degC;
  run(room, 300_W, weather, hours{24 * 60});
  EXPECT_NEAR(room.state().air.value, 5 + 300 / 15.0, 1e-6);
  EXPECT_NEAR(room.emitted().value, 300, 1e-6);
  // 300 W of 500 W rated: 40 K * 0.6^(1/1.24) over the air.
  EXPECT_NEAR((room.state().radiator - room.state().air).value, 40 * std::pow(0.6, 1 / 1.24), 1e-6);
}

TEST(SimulatedRoom, StaysWhereNothingDrivesIt) {
  SimulatedRoom room(medium(), {}, 12_degC);
  Weather weather;
  weather.outdoor = 12_degC;
  run(room, 0_W, weather, hours{48});
  EXPECT_NEAR(room.state().air.value, 12, 1e-9);
  EXPECT_NEAR(room.state().mass.value, 12, 1e-9);
}

// Heat is conserved on the way: what is stored after a short push is what was put in.
TEST(SimulatedRoom, StoresWhatItDoesNotLose) {
  auto parameters = medium();
  parameters.opaque_w_per_k = parameters.window_w_per_k = 0;
  parameters.ventilation_w_per_k = 0;
  SimulatedRoom room(parameters, {}, 20_degC);
  Weather weather;
  weather.outdoor = 20_degC;
  run(room, 500_W, weather, hours{6});
  run(room, 0_W, weather, hours{200});
  const double capacity = 20 * (165'000.0 + 10'000) + 37 * 500;
  EXPECT_NEAR(room.state().air.value, 20 + 500 * 6 * 3600 / capacity, 1e-3);
}

TEST(SimulatedRoom, RadiatorLagsAboutTwentyFiveMinutes) {
  SimulatedRoom room(medium(), {}, 20_degC);
  Weather weather;
  weather.outdoor = 20_degC;
  room.step(500_W, weather, minutes{25});
  EXPECT_GT(room.emitted(), 0.5 * 500_W);
  EXPECT_LT(room.emitted(), 0.75 * 500_W);
}

// Scaled to a sixtieth, a minute is an hour.
TEST(SimulatedRoom, ScalesTimeWithItsCapacities) {
  auto small = medium();
  small.capacity_scale = 1.0 / 60;
  SimulatedRoom slow(medium(), {}, 18_degC);
  SimulatedRoom fast(small, {}, 18_degC);
  for (int i = 0; i < 48; ++i) {
    slow.step(450_W, {}, hours{1});
    fast.step(450_W, {}, minutes{1});
    ASSERT_NEAR(slow.state().air.value, fast.state().air.value, 1e-9) << "hour " << i;
  }
  EXPECT_GT(slow.state().air, 25_degC);
}

TEST(SimulatedRoom, DoesNotDependMuchOnTheStep) {
  SimulatedRoom fine(medium(), {}, 18_degC);
  SimulatedRoom coarse(medium(), {}, 18_degC);
  for (int i = 0; i < 6 * 60; ++i) fine.step(450_W, {}, seconds{10});
  coarse.step(450_W, {}, hours{1});
  EXPECT_NEAR(fine.state().air.value, coarse.state().air.value, 0.05);
}

TEST(SimulatedRoom, SunAndPeopleWarmIt) {
  Weather weather;
  SimulatedRoom dark(medium(), {}, 18_degC);
  SimulatedRoom sunny(medium(), {}, 18_degC);
  run(dark, 0_W, weather, hours{24});
  weather.solar = 200_W;
  weather.internal = 80_W;
  run(sunny, 0_W, weather, hours{24});
  EXPECT_GT(sunny.state().air - dark.state().air, 1_K);
  EXPECT_GT(sunny.operative(), dark.operative());
}

// The film's power law is tabulated inside: in the steady state it must show to no one.
TEST(SimulatedRoom, ItsRadiatorFollowsThePowerLaw) {
  for (const double watts : {0.5, 3.0, 20.0, 77.0, 150.0, 500.0, 900.0}) {
    SimulatedRoom room(medium(), {}, 20_degC);
    run(room, Watts{watts}, {}, hours{24 * 40});
    const double excess = (room.state().radiator - room.state().air).value;
    EXPECT_NEAR(excess / (40 * std::pow(watts / 500, 1 / 1.24)), 1, 1e-5) << watts;
  }
}

TEST(SimulatedRoom, AnOpenedWindowIsAnotherRoomFromThenOn) {
  auto open = medium();
  open.ventilation_w_per_k = 90;
  SimulatedRoom opened(medium(), {}, 20_degC);
  SimulatedRoom fresh(open, {}, 20_degC);
  opened.set_ventilation(90);
  for (int i = 0; i < 60; ++i) {
    opened.step(300_W, {}, minutes{1});
    fresh.step(300_W, {}, minutes{1});
    ASSERT_EQ(opened.state().air, fresh.state().air) << "minute " << i;
  }
}

RadiatorParameters none() {
  RadiatorParameters radiator;
  radiator.rated = 0_W;
  return radiator;
}

TEST(SimulatedRoom, IdealPowerReachesTheTargetOrItsBound) {
  for (const double air_capacity : {0.0, 10'000.0}) {
    auto parameters = medium();
    parameters.air_j_per_k_m2 = air_capacity;
    SimulatedRoom room(parameters, none(), 18_degC);
    Weather weather;
    weather.outdoor = 0_degC;
    weather.opaque = Watts{-20};
    for (int minute = 0; minute < 300; ++minute) {
      weather.solar = Watts{2.0 * minute};
      const auto power = room.power_to_reach(20_degC, weather, minutes{1}, 0_W, 700_W);
      room.step(power, weather, minutes{1});
      EXPECT_EQ(room.emitted(), power);
      if (power == 700_W) {
        EXPECT_LT(room.state().air, 20_degC);
      } else if (power > 0_W) {
        EXPECT_NEAR(room.state().air.value, 20, 1e-9);
      } else {
        EXPECT_GT(room.state().air.value, 20 - 1e-9);
      }
    }
    const auto cooling = room.power_to_reach(15_degC, weather, minutes{10}, Watts{-1e6}, 0_W);
    room.step(cooling, weather, minutes{10});
    EXPECT_LT(cooling, 0_W);
    EXPECT_NEAR(room.state().air.value, 15, 1e-9);
  }
}

// The same steady loss whether heat comes through a radiator's air side or straight.
TEST(SimulatedRoom, WithoutARadiatorLosesInTheEndWhatItIsGiven) {
  auto radiator = none();
  radiator.radiative_share = 0;
  SimulatedRoom room(medium(), radiator, 20_degC);
  run(room, 300_W, {}, hours{24 * 60});
  EXPECT_NEAR(room.state().air.value, 5 + 300 / 15.0, 1e-6);
}

}  // namespace
}  // namespace hearth::thermal
