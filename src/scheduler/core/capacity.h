// How much heat the fleet can take over the next 48 hours, with 5, 50 and 95 % quantiles.
//
// A pure function of a snapshot, run on a worker: it takes milliseconds per hundred zones. Each
// draw is one joint future: the weather errs the same way for all zones of a site, all zones err by
// one learned error, each zone by its own besides (capacity_error.h); powers are summed over zones
// first and only then are quantiles taken, since quantiles do not add (HEAT section 1,
// "Uncertainty").
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "protocol/stream.h"
#include "scheduler/core/capacity_error.h"
#include "scheduler/core/tank_forecast.h"
#include "thermal/forecast_error.h"
#include "thermal/room_model.h"
#include "weather/series.h"

namespace hearth::scheduler {

inline constexpr int kHorizonHours = 48;

// One zone as the forecast sees it.
struct CapacityZone {
  thermal::RoomModel model;
  thermal::RoomEstimate now;
  std::array<float, kHorizonHours> reference_c{};  // planned; NaN while OFF: takes nothing
  float idle_w = 0;                                // of its nodes together
  float max_w = 0;
  float cores = 0;
  protocol::SpeedLaw speed;
  std::uint32_t site = 0;
  NormalError error;  // its own
};

struct CapacitySnapshot {
  UtcTime from{};
  std::vector<weather::Series> sites;
  std::vector<CapacityZone> zones;
  std::vector<TankOutlook> tanks;
  float roomless_w = 0;  // dynamic power of nodes without a room: always there
  float roomless_cores = 0;
  NormalError shared_error;  // of all zones together
  BandWidening widening;
  bool by_zone = false;  // also each zone's day: for the forecast that is held against its outcome
  std::uint64_t seed = 1;
};

struct CapacityHour {
  CapacityQuantiles power_w;  // electric power that holds the planned references
  CapacityQuantiles cores;    // nominal core-seconds per second at that power

  friend bool operator==(const CapacityHour&, const CapacityHour&) = default;
};

struct CapacityForecast {
  UtcTime from{};
  std::vector<CapacityHour> hours;
  CapacityQuantiles day_energy_j;  // over the first 24 hours, quantiles of the sum
  std::uint64_t zones = 0;
  CapacityQuantiles rooms_day_energy_j;  // of it, by rooms: neither tanks nor roomless nodes
  std::vector<CapacityQuantiles> zone_day_energy_j;  // as the snapshot's zones, where asked for

  friend bool operator==(const CapacityForecast&, const CapacityForecast&) = default;
};

inline constexpr int kCapacityDraws = 100;

CapacityForecast forecast_capacity(const CapacitySnapshot& snapshot);

}  // namespace hearth::scheduler
