// What was learned, as rows of the telemetry file: of nodes, run times, zones, tanks, and of how
// forecasts of the fleet's capacity err. One thread at a time; fails as Database does.
#pragma once

#include "scheduler/store/sqlite.h"
#include "scheduler/store/telemetry_store.h"

namespace hearth::scheduler {

// The batch's nodes and run times, the knowledge of its zones, and the fleet's; inside a
// transaction of the caller.
Result<> write_learned(Database& database, const TelemetryBatch& batch);

// `zones` have their knowledge and no slots.
Result<TelemetryRestored> read_learned(Database& database);

// Forgets what was written before `before`.
Result<> forget_learned(Database& database, UtcTime before);

}  // namespace hearth::scheduler
