// When would a job be done? P50 and P90 of start and finish from the fleet's forecast capacity, the
// work ahead of it and its run times; and whether that meets its deadline, with the reason.
//
// A pure function; an answer, not a promise: jobs submitted later with a higher priority go first.
#pragma once

#include <optional>
#include <string>

#include "scheduler/core/capacity.h"
#include "scheduler/core/run_times.h"

namespace hearth::scheduler {

// Nominal core-seconds.
struct WorkAhead {
  double running_core_s = 0;
  double waiting_core_s = 0;  // that goes before it: of its own tenant
  double others_core_s = 0;   // that other tenants wait for: they do theirs meanwhile, see below
};

struct QuoteInputs {
  protocol::JobSpec spec;
  RunTimeQuantiles run_time;            // of one task
  std::optional<Duration> deadline_in;  // from now; negative: past
  WorkAhead ahead_p50;
  WorkAhead ahead_p90;
  double others_ratio = 0;    // of other tenants' weights to its own
  double cores_free_now = 0;  // that conditions and rooms allow at once
  bool at_once = false;       // nothing waits before it and a first task may start now
  double cores_able = 0;      // of nodes on which a task of it could ever run
  Watts per_core;             // mean dynamic power of one busy core
};

struct QuoteTimes {
  std::optional<Duration> start;  // from now; unset: beyond the 48 h that are forecast
  std::optional<Duration> finish;

  friend bool operator==(const QuoteTimes&, const QuoteTimes&) = default;
};

struct Quote {
  QuoteTimes p50;
  QuoteTimes p90;
  Joules energy;               // of the job's own run, as heat
  bool meets_deadline = true;  // at P90
  std::string reason;          // where it does not, or where nothing can be said; for people

  friend bool operator==(const Quote&, const Quote&) = default;
};

Quote quote(const QuoteInputs& inputs, const CapacityForecast& capacity);

}  // namespace hearth::scheduler
