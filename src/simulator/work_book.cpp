#include "simulator/work_book.h"

#include <algorithm>

#include "common/check.h"

namespace hearth::simulator {

WorkBook::WorkBook(const Workload& work) : work_(work), finished_ms_(work.nominal_s.size(), -1) {}

void WorkBook::finished(std::uint32_t task, TimePoint now) {
  CHECK(finished_ms_[task] < 0);
  finished_ms_[task] = now.time_since_epoch().count();
  ++finished_count_;
  done_s_ += static_cast<double>(work_.nominal_s[task]);
}

void WorkBook::destroyed(std::uint32_t task, double nominal_s) {
  CHECK(task < finished_ms_.size());
  lost_s_ += nominal_s;
  ++preemptions_;
}

double WorkBook::lost_share() const {
  const double all = done_s_ + lost_s_;
  return all > 0 ? lost_s_ / all : 0;
}

std::vector<double> WorkBook::waits_s(TimePoint end) const {
  std::vector<double> waits;
  waits.reserve(finished_ms_.size());
  for (std::size_t task = 0; task < finished_ms_.size(); ++task) {
    const auto& job = work_.jobs[work_.job_of[task]];
    const auto finish = finished_ms_[task] >= 0 ? Duration{finished_ms_[task]}
                                                : std::max(end.time_since_epoch(), job.submitted);
    const double wait_s =
        to_seconds(finish - job.submitted) - static_cast<double>(work_.nominal_s[task]);
    waits.push_back(std::max(0.0, wait_s));
  }
  return waits;
}

void WorkBook::fill(Metrics& metrics, TimePoint days_end, TimePoint end) const {
  const auto waits = waits_s(end);
  const auto count = static_cast<double>(std::max<std::size_t>(1, waits.size()));
  double wait_sum_s = 0, slowdown_sum = 0, in_days_s = 0;
  std::uint64_t misses = 0;
  for (std::size_t task = 0; task < waits.size(); ++task) {
    const double run_s = static_cast<double>(work_.nominal_s[task]);
    wait_sum_s += waits[task];
    slowdown_sum += (waits[task] + run_s) / std::max(run_s, 10.0);
    const bool done = finished_ms_[task] >= 0;
    if (done && TimePoint{Duration{finished_ms_[task]}} <= days_end) in_days_s += run_s;
    const auto& job = work_.jobs[work_.job_of[task]];
    const auto finish = done ? Duration{finished_ms_[task]} : end.time_since_epoch();
    if (job.deadline > Duration::zero() && finish > job.deadline) ++misses;
  }
  metrics.set("wait_mean_s", wait_sum_s / count);
  metrics.set("wait_p50_s", quantile(waits, 0.5));
  metrics.set("wait_p90_s", quantile(waits, 0.9));
  metrics.set("wait_p99_s", quantile(waits, 0.99));
  metrics.set("slowdown_mean", waits.empty() ? 0 : slowdown_sum / count);
  metrics.set("tasks_submitted", static_cast<double>(waits.size()));
  metrics.set("tasks_completed", static_cast<double>(finished_count_));
  metrics.set("tasks_unfinished", static_cast<double>(waits.size() - finished_count_));
  metrics.set("core_hours_completed", done_s_ / 3600);
  metrics.set("core_hours_in_days", in_days_s / 3600);
  metrics.set("deadline_misses", static_cast<double>(misses));
  metrics.set("preemptions", static_cast<double>(preemptions_));
  metrics.set("machine_time_lost_share", lost_share());
}

}  // namespace hearth::simulator
