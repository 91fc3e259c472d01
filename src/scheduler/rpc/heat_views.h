// What is known and forecast of heat, as customers and operators see it: zones, nodes, buildings,
// the fleet's capacity, quotes.
#pragma once

#include "hearth/fleet/v1/fleet.pb.h"
#include "hearth/job/v1/job.pb.h"
#include "scheduler/core/quote.h"
#include "scheduler/core/view.h"
#include "scheduler/store/telemetry_store.h"

namespace hearth::scheduler {

// All but the plan.
void to_wire(const ZoneHeatView& view, fleet::v1::ZoneHeat* out);
void add_plan(const ZoneHeatView& view, fleet::v1::ZoneHeat* out);

// How the node is just now, its tank, and what was learned of it.
void add_heat(const NodeView& view, fleet::v1::Node* out);

void to_wire(const ZoneHistoryRow& row, fleet::v1::ZoneHistoryPoint* out);

void to_wire(const SiteView& view, fleet::v1::Site* out);

// The first `hours` of it.
void to_wire(const CapacityForecast& forecast, std::size_t hours,
             fleet::v1::GetCapacityResponse* out);

// Durations of the quote count from `now`.
void to_wire(const Quote& quote, UtcTime now, job::v1::QuoteJobResponse* out);

}  // namespace hearth::scheduler
