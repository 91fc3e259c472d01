// How long tasks run, learned from those that ended: runways, quotes and chunks use it.
//
// Run times of a kind of work are lognormal (HEAT section 5), so mean and variance of their
// logarithm are kept, newest weighing most: for each tenant and job name, and for each tenant over
// all names. All times are nominal: at full speed, without frozen time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/job.h"

namespace hearth::scheduler {

struct RunTimeQuantiles {
  Duration p50{};
  Duration p90{};

  friend bool operator==(const RunTimeQuantiles&, const RunTimeQuantiles&) = default;
};

class RunTimes {
 public:
  struct Moments {
    double mean = 0;  // of ln(seconds)
    double variance = 0;
    double weight = 0;  // runs seen, saturating
    void take(double log_s);

    friend bool operator==(const Moments&, const Moments&) = default;
  };
  enum class Of { kName, kTenant, kEstimate };
  // One thing learned, for whoever keeps it over a restart. `name` is empty but for kName.
  struct Row {
    Of of = Of::kName;
    TenantId tenant;
    std::string name;
    Moments moments;

    friend bool operator==(const Row&, const Row&) = default;
  };

  // A task of this job ran to its successful end.
  void learn(const protocol::JobSpec& spec, Duration nominal);

  // What remains of a task that ran for `elapsed` so far. From the job's own name after five runs;
  // else from what the submitter expects; else from the tenant's other work after twenty runs; else
  // from the published mix (median 580 s, P90 4,600 s). Never beyond the job's own limit.
  [[nodiscard]] RunTimeQuantiles remaining(const protocol::JobSpec& spec, Duration elapsed) const;

  // What changed since learn() was called `learned` times; all of it for 0.
  [[nodiscard]] std::vector<Row> rows(std::uint64_t learned) const;
  // So often was learn() called.
  [[nodiscard]] std::uint64_t learned() const { return learned_; }
  void restore(const Row& row);

 private:
  struct Entry {
    Moments moments;
    std::uint64_t changed = 0;  // learned() then
  };
  [[nodiscard]] Moments moments_of(const protocol::JobSpec& spec) const;
  void take(Entry& entry, double log_s);

  std::map<std::pair<TenantId, std::string>, Entry> by_name_;
  std::map<TenantId, Entry> by_tenant_;
  std::map<TenantId, Entry> estimate_errors_;  // of ln(actual / expected)
  std::uint64_t learned_ = 0;
};

}  // namespace hearth::scheduler
