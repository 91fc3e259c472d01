// Telemetry that outlives a restart: what the core shows to whoever keeps it, and what it takes
// back at the start (TelemetryRestored in event.h). Values on fixed UTC grids, packed as they are
// kept.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/core/capacity_error.h"
#include "scheduler/core/node_learning.h"
#include "scheduler/core/run_times.h"
#include "scheduler/core/tank_forecast.h"
#include "scheduler/core/zone_learning.h"

namespace hearth::scheduler {

// A zone at one moment. kMissing in Slot's sense where a value is not known.
struct ZoneSample {
  std::int16_t air_centi_c = ZoneLearning::Slot::kMissing;
  std::int16_t power_half_w = ZoneLearning::Slot::kMissing;  // drawn by all its nodes, in 0.5 W
  std::int16_t setpoint_centi_c = ZoneLearning::Slot::kMissing;
  std::int16_t reference_centi_c = ZoneLearning::Slot::kMissing;

  friend bool operator==(const ZoneSample&, const ZoneSample&) = default;
};

// What days taught of a zone beside its model, which is a fact.
struct ZoneKnowledge {
  ZoneCapacityError::State capacity;
  std::optional<TankLearning::State> tank;

  friend bool operator==(const ZoneKnowledge&, const ZoneKnowledge&) = default;
};

struct ZoneTelemetry {
  ZoneId zone;
  ZoneSample sample;            // now; not looked at when restored
  std::int64_t first_slot = 0;  // of `slots`, which follow each other
  std::vector<ZoneLearning::Slot> slots;
  std::optional<ZoneKnowledge> learned{};
};

struct SiteTelemetry {
  SiteId site;
  std::int64_t first_slot = 0;
  std::vector<SiteHistory::Weather> slots;
};

// What a node gave to its building on one UTC day, and the reading of its energy counter up to
// which that counts: heat given while nobody looked is found by it.
struct HeatToday {
  std::int64_t day = -1;  // since 1970
  Joules given;
  std::string boot_id;  // of the counter; empty: none was read
  Joules meter;

  friend bool operator==(const HeatToday&, const HeatToday&) = default;
};

struct NodeTelemetry {
  NodeId node;
  NodeLearning::State learned;
  HeatToday heat{};
};

// The cores that a tenant had on average, see fair_share.h.
struct TenantShare {
  TenantId tenant;
  double average_cores = 0;
  UtcTime at{};

  friend bool operator==(const TenantShare&, const TenantShare&) = default;
};

// What is kept already, by name; all that the core has where a name is missing.
struct KeptTelemetry {
  // How much a zone's knowledge rests on. It changes slowly, and is to be kept anew once it grew by
  // a day, or at the last by anything.
  struct Knowledge {
    int capacity_days = 0;
    int tank_half_hours = 0;
  };
  std::map<ZoneId, std::int64_t> zones;  // the first slot that is not kept yet
  std::map<SiteId, std::int64_t> sites;
  std::map<ZoneId, Knowledge> knowledge;
  int fleet_days = 0;  // of FleetCapacityError
  bool last = false;   // nothing more will be asked for
};
KeptTelemetry::Knowledge extent_of(const ZoneKnowledge& knowledge);

}  // namespace hearth::scheduler
