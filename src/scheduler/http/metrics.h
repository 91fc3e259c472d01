// Everything measured, in Prometheus' text format. Names follow its conventions: base units, a
// "_total" behind counters. Documented by the help texts.
#pragma once

#include <optional>
#include <string>

#include "scheduler/core/capacity.h"
#include "scheduler/core/view.h"
#include "scheduler/runtime/event_loop.h"
#include "scheduler/runtime/retention.h"

namespace hearth::scheduler {

// Agents' streams that are open, and what they have not taken of what we said.
struct StreamStats {
  std::size_t open = 0;
  std::size_t outbox_bytes = 0;
  std::size_t outbox_bytes_max = 0;  // of one
  std::uint64_t tls_reload_failures = 0;
  std::optional<UtcTime> tls_not_after;     // none: no TLS
  std::optional<UtcTime> issuer_not_after;  // none: no enrolment
  std::uint64_t certificates_enrolled = 0;
  std::uint64_t certificates_renewed = 0;
  std::uint64_t certificates_refused = 0;
  std::uint64_t revocations = 0;
};

struct Metrics {
  SchedulerStats core;
  LoopStats loop;
  std::uint64_t epoch = 0;
  StreamStats streams;
  std::vector<NodeView> nodes;
  std::vector<ZoneView> zones;
  std::vector<SiteView> sites;
  std::vector<TenantView> tenants;
  std::optional<CapacityHour> capacity_now;  // forecast for the current hour
  RetentionStats retention;
};

std::string to_prometheus_text(const Metrics& metrics);

}  // namespace hearth::scheduler
