#include "scheduler/core/zone_plan.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace hearth::scheduler {
namespace {

constexpr std::size_t kStepsPerHour = 6;
constexpr Duration kPlanStep = std::chrono::minutes{10};
constexpr std::size_t kSunSteps = 12 * kStepsPerHour;
constexpr double kZSun = 0.6745;    // 75 %: the sun is a likelihood, comfort now a fact (choice)
constexpr double kSunMargin = 0.5;  // K above the setpoint that free heat may reach (choice)
constexpr std::size_t kHoldSteps = 2 * kStepsPerHour;
constexpr std::size_t kSleepSteps = 9;                     // an hour and a half
constexpr double kPressureFadesSteps = 6 * kStepsPerHour;  // who hears no more of us floats back

// How far above the band free heat will carry the zone within 12 h, at the 75 % quantile.
// What class bounds will be measured from: a setback only lowers the setpoint, not the permission.
double work_base_c(const ZonePlanInputs& inputs, std::size_t k) {
  const double setpoint_c = inputs.setpoint_c[k];
  return inputs.work_reference ? std::max(setpoint_c, inputs.work_reference->value) : setpoint_c;
}

template <class Base>
double free_peak_k(const ZonePlanInputs& inputs, Base base_c) {
  double peak = -100;
  for (std::size_t k = 0; k < kSunSteps; ++k) {
    const double air =
        static_cast<double>(inputs.forecast->free_air_c()[k]) + kZSun * inputs.forecast->sigma_k(k);
    peak = std::max(peak, air - base_c(k));
  }
  return peak;
}

// How long the zone, too warm for a class to go on, stays so without any heat of ours.
Duration closed_for(const ZonePlanInputs& inputs, Kelvins bound) {
  const auto& forecast = *inputs.forecast;
  if (forecast.now().air_c < work_base_c(inputs, 0) + bound.value) return {};
  std::size_t k = 0;
  while (k < kPlanSteps &&
         static_cast<double>(forecast.free_air_c()[k]) >= work_base_c(inputs, k) + bound.value) {
    ++k;
  }
  return static_cast<int>(k) * kPlanStep;
}

double bend_k(const protocol::HeatBand& band, double pressure) {
  const double u = std::clamp(pressure, -1.0, 1.0);
  return u >= 0 ? kChargeShare * u * band.above.value : kFloatShare * u * band.below.value;
}

// What the reference takes to hold: the next hours always, all 48 where the plan before is too old.
void plan_power(const ZonePlanInputs& inputs, double bend, ZonePlanResult& plan) {
  const std::size_t steps = inputs.before != nullptr ? kHoldSteps : kPlanSteps;
  std::array<double, kPlanSteps> reference{};
  std::array<double, kPlanSteps> hold{};
  for (std::size_t k = 0; k < steps; ++k) {
    const double kept = std::max(0.0, 1 - static_cast<double>(k) / kPressureFadesSteps);
    reference[k] = inputs.setpoint_c[k] + kept * bend;
  }
  inputs.forecast->hold_power(std::span(reference).first(steps), inputs.max.value,
                              std::span(hold).first(steps));
  const auto mean = [&hold](std::size_t first, std::size_t count) {
    double sum = 0;
    for (std::size_t k = first; k < first + count; ++k) sum += hold[k];
    return sum / static_cast<double>(count);
  };
  plan.hold = rounded(Watts{mean(0, kHoldSteps)});
  // Idling is heat as well: where it is more than is wanted, or would take the sun's place.
  const bool makes_room = plan.sun_limits && inputs.forecast->now().air_c > reference[0];
  plan.may_sleep = makes_room || mean(0, kSleepSteps) < inputs.idle.value;
  if (inputs.before != nullptr) {
    plan.hold_p10_low = inputs.before->hold_p10_low;
    plan.hours = inputs.before->hours;
    return;
  }
  const double lowest = *std::ranges::min_element(hold);
  plan.hold_p10_low =
      rounded(Watts{std::max(0.0, lowest - thermal::kZ90 * inputs.forecast->hold_power_std_w())});
  for (std::size_t h = 0; h < inputs.outdoor_c.size(); ++h) {
    plan.hours.push_back({rounded(Celsius{reference[h * kStepsPerHour]}),
                          rounded(Celsius{inputs.outdoor_c[h]}),
                          rounded(Watts{mean(h * kStepsPerHour, kStepsPerHour)})});
  }
}

}  // namespace

std::array<double, kPlanSteps> setpoint_path(const protocol::Setpoint& setpoint, int minute_of_week,
                                             UtcTime utc) {
  std::array<double, kPlanSteps> path{};
  if (setpoint.mode == protocol::SetpointMode::kConstant && !setpoint.holiday) {
    path.fill(setpoint.value.value);
    return path;
  }
  constexpr int kMinutesPerWeek = 7 * 24 * 60;
  for (std::size_t k = 0; k < kPlanSteps; ++k) {
    const int minute = (std::max(0, minute_of_week) + 10 * static_cast<int>(k)) % kMinutesPerWeek;
    const UtcTime then = utc + static_cast<int>(k) * kPlanStep;
    path[k] = protocol::setpoint_at(setpoint, minute, then).value;
  }
  return path;
}

bool is_unoccupied(const protocol::Setpoint& setpoint, int minute_of_week) {
  if (setpoint.mode != protocol::SetpointMode::kProgramme || setpoint.programme.empty()) {
    return false;
  }
  constexpr int kMinutesPerWeek = 7 * 24 * 60;
  constexpr int kAhead = 3 * 60;
  constexpr Kelvins kSetback{1};
  Celsius comfort = setpoint.programme.front().setpoint;
  for (const auto& step : setpoint.programme) comfort = std::max(comfort, step.setpoint);
  const auto is_setback = [&](int minute) {
    return protocol::setpoint_at(setpoint, minute % kMinutesPerWeek) <= comfort - kSetback;
  };
  for (int minute = minute_of_week; minute <= minute_of_week + kAhead; minute += 10) {
    if (!is_setback(minute)) return false;
  }
  return true;
}

ZonePlanResult plan_zone(const ZonePlanInputs& inputs) {
  ZonePlanResult plan;
  const double lowest_k = -kSunShare * inputs.band.below.value;
  plan.commissioning = inputs.commissioning != Kelvins{};
  double bend = plan.commissioning ? std::clamp(inputs.commissioning.value,
                                                -inputs.band.below.value, inputs.band.above.value)
                                   : bend_k(inputs.band, inputs.pressure);
  if (inputs.forecast != nullptr) {
    const double peak = free_peak_k(inputs, [&](std::size_t k) { return inputs.setpoint_c[k]; });
    plan.free_peak = rounded(Kelvins{peak});
    plan.work_peak = rounded(
        Kelvins{free_peak_k(inputs, [&](std::size_t k) { return work_base_c(inputs, k); })});
    const double over = peak - kSunMargin;
    // Once the room is warm by itself there is nothing left to make room for.
    const bool still_cool = inputs.forecast->now().air_c <= inputs.setpoint_c[0] + 0.2;
    if (over > 0 && still_cool) {
      const double limited = std::max(lowest_k, std::min(bend, -over));
      plan.sun_limits = limited < bend;
      bend = limited;
    }
  }
  plan.charge = rounded(Kelvins{bend});
  plan.t_ref = rounded(Celsius{inputs.setpoint_c[0] + bend});
  if (inputs.forecast == nullptr) return plan;

  plan.closed_for = {closed_for(inputs, inputs.band.reserved.must_stop_above),
                     closed_for(inputs, inputs.band.on_demand.must_stop_above),
                     closed_for(inputs, inputs.band.flex.must_stop_above)};
  plan_power(inputs, bend, plan);
  return plan;
}

}  // namespace hearth::scheduler
