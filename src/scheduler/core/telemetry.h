// Telemetry that outlives a restart: what the core shows to whoever keeps it, and what it takes
// back at the start (TelemetryRestored in event.h). Values on fixed UTC grids, packed as they are
// kept.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "scheduler/core/node_learning.h"
#include "scheduler/core/run_times.h"
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

struct ZoneTelemetry {
  ZoneId zone;
  ZoneSample sample;            // now; not looked at when restored
  std::int64_t first_slot = 0;  // of `slots`, which follow each other
  std::vector<ZoneLearning::Slot> slots;
};

struct SiteTelemetry {
  SiteId site;
  std::int64_t first_slot = 0;
  std::vector<SiteHistory::Weather> slots;
};

struct NodeTelemetry {
  NodeId node;
  NodeLearning::State learned;
};

// The first slot that is not kept yet, by name; all that the core has where a name is missing.
struct KeptSlots {
  std::map<ZoneId, std::int64_t> zones;
  std::map<SiteId, std::int64_t> sites;
};

}  // namespace hearth::scheduler
