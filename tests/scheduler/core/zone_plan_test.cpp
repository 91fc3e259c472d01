#include "scheduler/core/zone_plan.h"

#include <gtest/gtest.h>

#include <vector>

#include "scheduler/core/pressure.h"
#include "scheduler/core/runway_table.h"

namespace hearth::scheduler {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const protocol::HeatBand kBand;

// A room of UA 20 W/K at 20 degC, and its forecast under the weather given.
struct Room {
  explicit Room(double outdoor_c, double sun_w_per_m2 = 0)
      : weather(kPlanSteps, thermal::RoomInput{outdoor_c, 0, 0}) {
    // The sun of one day, from 8 to 16 h from now.
    for (std::size_t k = 48; k < 96; ++k) weather[k].irradiance_w_per_m2 = sun_w_per_m2;
  }
  thermal::RoomModel model = thermal::prior_room(20);
  thermal::StepResponse response{model, thermal::kRadiatorLagS};
  std::vector<thermal::RoomInput> weather;
  // From the mass temperature that this weather keeps beside air of 20 degC.
  thermal::ZoneForecast forecast() const {
    const double to_air = 1 / model.rim_k_per_w, to_outdoors = 1 / model.rmo_k_per_w;
    const double mass_c =
        (20 * to_air + weather.front().outdoor_c * to_outdoors) / (to_air + to_outdoors);
    return {response, thermal::ForecastError{}, {20, mass_c, 0, 0}, weather};
  }
};

ZonePlanInputs inputs_for(const thermal::ZoneForecast* forecast, double pressure) {
  ZonePlanInputs inputs{.band = kBand};
  inputs.setpoint_c.fill(20);
  inputs.pressure = pressure;
  inputs.forecast = forecast;
  inputs.idle = 40_W;
  inputs.max = 500_W;
  return inputs;
}

TEST(ZonePlan, ReferenceFollowsPressureInsideTheBand) {
  EXPECT_EQ(plan_zone(inputs_for(nullptr, 0)).t_ref, 20_degC);
  const auto charged = plan_zone(inputs_for(nullptr, 1));
  const auto floating = plan_zone(inputs_for(nullptr, -1));
  EXPECT_GT(charged.t_ref, 20.05_degC);
  EXPECT_LE(charged.t_ref, 20_degC + kBand.above);
  EXPECT_LT(floating.t_ref, 19.9_degC);
  EXPECT_GE(floating.t_ref, 20_degC - kBand.below);
}

TEST(ZonePlan, HoldPowerIsWhatTheRoomLoses) {
  const Room room{0};
  const auto forecast = room.forecast();
  const auto plan = plan_zone(inputs_for(&forecast, 0));
  ASSERT_EQ(plan.hours.size(), 48u);
  EXPECT_NEAR(plan.hold.value, 20 * room.model.ua_w_per_k(), 10);
  EXPECT_NEAR(plan.hours.back().hold.value, 20 * room.model.ua_w_per_k(), 10);
  EXPECT_NEAR(plan.hours.back().t_ref.value, 20, 0.01);
  EXPECT_GT(plan.hold_p10_low, 100_W);
  EXPECT_LT(plan.hold_p10_low, plan.hold);
  EXPECT_FALSE(plan.may_sleep);
  EXPECT_FALSE(plan.sun_limits);
}

TEST(ZonePlan, MakesRoomForTheSunThatComes) {
  const Room dull{8};
  const Room sunny{8, 600};
  const auto without = dull.forecast();
  const auto with = sunny.forecast();
  const auto plain = plan_zone(inputs_for(&without, 1));
  const auto lowered = plan_zone(inputs_for(&with, 1));
  EXPECT_FALSE(plain.sun_limits);
  EXPECT_TRUE(lowered.sun_limits);
  EXPECT_LT(lowered.t_ref, plain.t_ref);
  EXPECT_GE(lowered.t_ref, 20_degC - kBand.below);
  EXPECT_GT(lowered.free_peak, Kelvins{0.5});
}

TEST(ZonePlan, TellsHowLongAWarmRoomStaysClosedToEachClass) {
  const Room mild{15};
  const auto at = [&](double air_c) {
    const thermal::ZoneForecast forecast{
        mild.response, thermal::ForecastError{}, {air_c, air_c, 0, 0}, mild.weather};
    return plan_zone(inputs_for(&forecast, 0)).closed_for;
  };
  EXPECT_EQ(at(20.9), protocol::ClosedFor{});
  const auto warm = at(22.5);
  EXPECT_GT(warm.reserved, Duration{});
  EXPECT_GT(warm.on_demand, warm.reserved);
  EXPECT_GT(warm.flex, warm.on_demand);
  EXPECT_LT(warm.flex, thermal::kForecastSpan);
}

TEST(ZonePlan, ASetbackClosesNoRoomToWork) {
  const Room room{0};
  const auto forecast = room.forecast();
  auto inputs = inputs_for(&forecast, 0);
  inputs.setpoint_c.fill(17);  // the room still is at 20, as work may keep it
  EXPECT_GT(plan_zone(inputs).work_peak, Kelvins{1.5});
  inputs.work_reference = 20_degC;
  const auto plan = plan_zone(inputs);
  EXPECT_EQ(plan.closed_for, protocol::ClosedFor{});
  EXPECT_LT(plan.work_peak, Kelvins{1});
}

TEST(ZonePlan, BoardsMaySleepWhereIdlingIsTooMuchHeat) {
  const Room mild{19.5};
  const auto forecast = mild.forecast();
  EXPECT_TRUE(plan_zone(inputs_for(&forecast, -1)).may_sleep);
}

TEST(ZonePlan, FarEndIsKeptForAnHour) {
  const Room room{0};
  const auto forecast = room.forecast();
  const auto whole = plan_zone(inputs_for(&forecast, 0));
  auto inputs = inputs_for(&forecast, 0);
  inputs.before = &whole;
  const auto next = plan_zone(inputs);
  EXPECT_EQ(next.hours, whole.hours);
  EXPECT_EQ(next.hold, whole.hold);
  EXPECT_EQ(next.hold_p10_low, whole.hold_p10_low);
}

TEST(SetpointPath, FollowsTheProgrammeAcrossTheWeeksEnd) {
  protocol::Setpoint setpoint;
  setpoint.mode = protocol::SetpointMode::kProgramme;
  setpoint.programme = {{0, 17_degC}, {6 * 60, 20_degC}, {22 * 60, 16_degC}};
  const UtcTime now{std::chrono::hours{1000}};
  auto path = setpoint_path(setpoint, 7 * 24 * 60 - 60, now);  // Sunday 23 h
  EXPECT_EQ(path[0], 16);
  EXPECT_EQ(path[6], 17);
  EXPECT_EQ(path[6 + 36], 20);
  setpoint.holiday = protocol::Holiday{
      12_degC, now + std::chrono::minutes{50}, now + std::chrono::hours{6}};
  path = setpoint_path(setpoint, 7 * 24 * 60 - 60, now);
  EXPECT_EQ(path[4], 16);
  EXPECT_EQ(path[5], 12);
  EXPECT_EQ(path[35], 12);
  EXPECT_EQ(path[36], 17);
  EXPECT_EQ(path[6 + 36], 20);
}

TEST(Commissioning, OnlyASetbackThatLastsIsUnoccupied) {
  protocol::Setpoint setpoint;
  EXPECT_FALSE(is_unoccupied(setpoint, 0));  // constant: nobody knows
  setpoint.mode = protocol::SetpointMode::kProgramme;
  setpoint.programme = {{0, 17_degC}, {6 * 60, 20_degC}, {22 * 60, 19.5_degC}};
  EXPECT_TRUE(is_unoccupied(setpoint, 0));
  EXPECT_TRUE(is_unoccupied(setpoint, 2 * 60 + 50));
  EXPECT_FALSE(is_unoccupied(setpoint, 3 * 60));  // people are back within three hours
  EXPECT_FALSE(is_unoccupied(setpoint, 12 * 60));
  EXPECT_FALSE(is_unoccupied(setpoint, 23 * 60));  // half a kelvin is no setback
  setpoint.programme = {{0, 20_degC}, {6 * 24 * 60 + 20 * 60, 16_degC}};
  EXPECT_FALSE(is_unoccupied(setpoint, 6 * 24 * 60 + 23 * 60));  // the week begins warm
  EXPECT_TRUE(is_unoccupied(setpoint, 6 * 24 * 60 + 20 * 60));
  setpoint.mode = protocol::SetpointMode::kOff;
  EXPECT_FALSE(is_unoccupied(setpoint, 0));
}

TEST(Commissioning, MovesTheReferenceInsideTheBandButGivesWayToTheSun) {
  auto inputs = inputs_for(nullptr, 0);
  inputs.commissioning = Kelvins{0.5};
  EXPECT_EQ(plan_zone(inputs).t_ref, 20.5_degC);
  EXPECT_TRUE(plan_zone(inputs).commissioning);
  inputs.commissioning = Kelvins{-0.5};
  EXPECT_EQ(plan_zone(inputs).t_ref, 19.5_degC);
  const Room sunny{8, 600};
  const auto forecast = sunny.forecast();
  auto with_sun = inputs_for(&forecast, 0);
  with_sun.commissioning = Kelvins{0.5};
  const auto plan = plan_zone(with_sun);
  EXPECT_TRUE(plan.sun_limits);
  EXPECT_LT(plan.t_ref, 20_degC);
}

TEST(RunwayTable, LessPowerAndMoreStandingLastLonger) {
  const Room room{12};
  const auto forecast = room.forecast();
  RunwayTable table;
  EXPECT_FALSE(table.known());
  table.reset({.forecast = &forecast,
               .stop = {22_degC, 21.5_degC, 21_degC},
               .idle = 40_W,
               .per_core = 115_W,
               .others = {},
               .min_run = 60_W,
               .hold_p10_low = 0_W,
               .cores = 4,
               .speed = {2, 0.4}});
  using protocol::ServiceClass;
  EXPECT_GT(table.runway(ServiceClass::kReserved, 4), table.runway(ServiceClass::kOnDemand, 4));
  EXPECT_GT(table.runway(ServiceClass::kOnDemand, 4), table.runway(ServiceClass::kFlex, 4));
  EXPECT_GT(table.runway(ServiceClass::kFlex, 1), table.runway(ServiceClass::kFlex, 4));
  EXPECT_TRUE(table.fits(ServiceClass::kFlex, 4, minutes{5}));
  EXPECT_FALSE(table.fits(ServiceClass::kFlex, 4, hours{48}));
}

TEST(RunwayTable, WhereHeatIsAlwaysWantedEverythingFits) {
  const Room room{0};
  const auto forecast = room.forecast();
  RunwayTable table;
  table.reset({.forecast = &forecast,
               .stop = {22_degC, 21.5_degC, 21_degC},
               .idle = 40_W,
               .per_core = 115_W,
               .others = {},
               .min_run = 60_W,
               .hold_p10_low = 200_W,
               .cores = 4,
               .speed = {}});
  EXPECT_TRUE(table.fits(protocol::ServiceClass::kFlex, 4, hours{100}));
}

TEST(Pressure, RisesWithAQueueAndFallsSlowlyWithoutWork) {
  Pressure pressure;
  TimePoint now{};
  pressure.take(now, true, 0);
  EXPECT_EQ(pressure.value(), 0);
  for (int i = 0; i < 30; ++i) pressure.take(now += minutes{1}, true, 0);
  EXPECT_EQ(pressure.value(), 1);
  for (int i = 0; i < 30; ++i) pressure.take(now += minutes{1}, false, 0);
  EXPECT_GT(pressure.value(), 0.5);
  for (int i = 0; i < 300; ++i) pressure.take(now += minutes{1}, false, 0);
  EXPECT_EQ(pressure.value(), -1);
  for (int i = 0; i < 300; ++i) pressure.take(now += minutes{1}, false, 0.7);
  EXPECT_NEAR(pressure.value(), 0, 1e-9);
}

}  // namespace
}  // namespace hearth::scheduler
