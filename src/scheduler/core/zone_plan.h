// What one zone should have over the next 48 hours: its reference, the power that holds it, and how
// far the sun will carry it anyway. Pure.
//
// The reference is the setpoint, bent inside the band: up where work is plenty (zones are
// batteries), down where filler would have to heat, and down before the sun comes, so that the room
// has a place for heat that nobody ordered.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "protocol/heat.h"
#include "thermal/zone_forecast.h"

namespace hearth::scheduler {

inline constexpr std::size_t kPlanSteps = thermal::kForecastSteps;  // of 600 s

struct ZonePlanInputs {
  const protocol::HeatBand& band;
  std::array<double, kPlanSteps> setpoint_c{};
  // Of a programme: what class bounds are measured from now, a permission above the setpoint.
  std::optional<Celsius> work_reference;
  double pressure = 0;  // -1: no work in sight; 0: as much as heat is wanted; 1: it queues
  const thermal::ZoneForecast* forecast = nullptr;  // none: no weather, or prediction is off
  Kelvins commissioning;                          // not 0: this instead of what the pressure bends
  std::array<double, 48> outdoor_c{};             // by the hour, where there is a forecast
  const struct ZonePlanResult* before = nullptr;  // less than an hour old: its far end still holds
  Watts idle;                                     // of the zone's nodes together
  Watts max;
};

struct ZonePlanResult {
  Celsius t_ref;
  Kelvins charge;              // t_ref less the setpoint
  bool sun_limits = false;     // lowered because free heat is on its way
  bool commissioning = false;  // moved so that the room is learned
  Kelvins free_peak;           // 75 % of the air without heating, at its highest within 12 h, above
                               // the setpoint then; very negative in winter
  Watts hold;                  // mean of the next two hours
  Watts hold_p10_low;          // lowest 10 % quantile within 48 h
  Kelvins work_peak;           // the same above what class bounds are measured from
  protocol::ClosedFor closed_for;         // how long it stays too warm by itself for work to go on
  bool may_sleep = false;                 // the boards' idle power alone would be too much heat
  std::vector<protocol::PlanHour> hours;  // empty without a forecast
};

// How far the reference may be bent, as a share of the band; the rest is left to noise (choice):
// up where work is plenty (work itself may heat some tenths beyond it, see the agent's shedding),
// down where there is little, down before the sun comes.
inline constexpr double kChargeShare = 0.2;
inline constexpr double kFloatShare = 0.4;
inline constexpr double kSunShare = 0.8;

ZonePlanResult plan_zone(const ZonePlanInputs& inputs);

// Whether a programme says that nobody counts on comfort: a setback of at least 1 K below its
// highest setpoint, that lasts three hours more (choice). Never for a constant setpoint, which says
// nothing.
bool is_unoccupied(const protocol::Setpoint& setpoint, int minute_of_week);

// The setpoint of each step from now on, holidays included. Requires a sound setpoint that is not
// OFF.
std::array<double, kPlanSteps> setpoint_path(const protocol::Setpoint& setpoint, int minute_of_week,
                                             UtcTime utc);

}  // namespace hearth::scheduler
