// One zone and one site in the core's memory.
#pragma once

#include <memory>
#include <optional>
#include <set>

#include "scheduler/core/node_record.h"
#include "scheduler/core/tank_forecast.h"
#include "scheduler/core/zone_learning.h"
#include "scheduler/core/zone_plan.h"

namespace hearth::scheduler {

struct ZoneRecord {
  SiteId site;
  std::set<NodeIndex> nodes;
  std::optional<protocol::Setpoint> ordered;  // over the API, newest

  std::unique_ptr<TankLearning> tank;  // where its leading node heats a tank
  std::optional<TankOutlook> outlook;  // of the tank, as of plan_from

  ZoneLearning learning;
  std::optional<LearnedModel> learned;
  UtcTime fit_due{};  // zero: not planned yet
  bool fitting = false;

  std::optional<thermal::StepResponse> response;  // of the model in use
  std::optional<thermal::ForecastSpread> spread;
  std::optional<thermal::ZoneForecast> forecast;  // as of plan_from
  ZonePlanResult plan;
  UtcTime plan_from{};
  UtcTime plan_sent{};
  Celsius work_reference;  // t_ref, or where a setback lets the room still come down from
  bool work_reference_known = false;

  std::optional<TimePoint> cold_since;
  bool alarm = false;
  double cold_k_s = 0;  // integral below the band, and the time over which
  double known_s = 0;
  std::optional<TimePoint> judged_at;
};

struct SiteRecord {
  std::set<NodeIndex> nodes;
  std::optional<Watts> cap;
  SiteHistory history;
  std::int64_t day = -1;  // UTC day that heat_today counts
  Joules heat_today;
  // The forecast on the planner's steps, shared by the site's zones until the slot or it changes.
  std::int64_t steps_slot = -1;
  std::array<thermal::RoomInput, kPlanSteps> steps{};
};

}  // namespace hearth::scheduler
