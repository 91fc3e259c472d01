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

}  // namespace
}  // namespace hearth::thermal
