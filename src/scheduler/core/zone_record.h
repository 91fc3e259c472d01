// One zone and one site in the core's memory.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "scheduler/core/capacity.h"
#include "scheduler/core/node_record.h"
#include "scheduler/core/tank_forecast.h"
#include "scheduler/core/zone_learning.h"
#include "scheduler/core/zone_plan.h"

namespace hearth::scheduler {

// A number of the zone's own, the same after every restart.
inline std::uint64_t seed_of(const ZoneId& zone) {
  std::uint64_t hash = 1469598103934665603ULL;  // FNV-1a
  for (const char c : zone.value) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return hash;
}

// A model for what holds and takes heat, where the one that forecasts temperature may not: one
// capacity "must never forecast capacity" (HEAT section 1).
struct HoldModel {
  thermal::StepResponse response;
  thermal::ForecastSpread spread;
  std::optional<thermal::ZoneForecast> forecast;  // as of plan_from
};

// The state of a room that nobody followed with this model: its mass where it stays beside this
// air.
inline thermal::RoomEstimate beside_air(const thermal::RoomModel& model,
                                        thermal::RoomEstimate estimate, Celsius outdoor) {
  const double to_air = 1 / model.rim_k_per_w, to_outdoors = 1 / model.rmo_k_per_w;
  estimate.mass_c =
      (to_air * estimate.air_c + to_outdoors * outdoor.value) / (to_air + to_outdoors);
  estimate.gain_w = 0;
  return estimate;
}

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
  std::unique_ptr<HoldModel> hold;                // where it is another one than the model in use
  ZonePlanResult plan;
  UtcTime plan_from{};
  UtcTime plan_sent{};
  Celsius work_reference;  // t_ref, or where a setback lets the room still come down from
  bool work_reference_known = false;

  // Requires a forecast.
  [[nodiscard]] const thermal::ZoneForecast& hold_forecast() const {
    return hold && hold->forecast ? *hold->forecast : *forecast;
  }

  std::optional<TimePoint> cold_since;
  bool alarm = false;
  double cold_k_s = 0;  // integral below the band, and the time over which
  double known_s = 0;
  std::optional<TimePoint> judged_at;

  ZoneCapacityError capacity_error;
  std::optional<double> capacity_residual;  // of the day that is being settled
};

// A forecast of a day's capacity that is held against what the zones' meters counted.
struct CapacityOutlook {
  struct Zone {
    ZoneId id;
    double max_w = 0;
    Joules heat_before;  // by its nodes' counters, when the day began
    double median_j = 0;
  };
  UtcTime from{};
  CapacityQuantiles band;  // of all zones, J; without nodes that have no room
  std::vector<Zone> zones;
  // While it is settled:
  std::size_t settled = 0;
  std::size_t missing = 0;
  double used_j = 0, beyond_j = 0, max_w = 0;
};

struct SiteRecord {
  std::set<NodeIndex> nodes;
  std::optional<SiteCap> cap;
  SiteHistory history;
  std::int64_t day = -1;  // UTC day that heat_today counts
  Joules heat_today;
  // The forecast on the planner's steps, shared by the site's zones until the slot or it changes.
  std::int64_t steps_slot = -1;
  std::array<thermal::RoomInput, kPlanSteps> steps{};
};

}  // namespace hearth::scheduler
