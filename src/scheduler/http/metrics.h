// Everything measured, in Prometheus' text format. Names follow its conventions: base units, a
// "_total" behind counters. Documented by the help texts.
#pragma once

#include <optional>
#include <string>

#include "scheduler/core/capacity.h"
#include "scheduler/core/view.h"
#include "scheduler/runtime/event_loop.h"

namespace hearth::scheduler {

struct Metrics {
  SchedulerStats core;
  LoopStats loop;
  std::uint64_t epoch = 0;
  std::size_t sessions = 0;
  std::vector<NodeView> nodes;
  std::vector<ZoneView> zones;
  std::vector<SiteView> sites;
  std::optional<CapacityHour> capacity_now;  // forecast for the current hour
};

std::string to_prometheus_text(const Metrics& metrics);

}  // namespace hearth::scheduler
