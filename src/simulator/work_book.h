// What became of every task: when it was done, what was destroyed on the way. Metrics of waiting as
// HEAT section 4 defines them.
#pragma once

#include <cstdint>
#include <vector>

#include "simulator/metrics.h"
#include "simulator/workload.h"

namespace hearth::simulator {

class WorkBook {
 public:
  explicit WorkBook(const Workload& work);

  // A task is done, once; a second time is a broken invariant.
  void finished(std::uint32_t task, TimePoint now);
  // An attempt was ended before its time: so much nominal work is gone.
  void destroyed(std::uint32_t task, double nominal_s);

  [[nodiscard]] bool is_finished(std::uint32_t task) const { return finished_ms_[task] >= 0; }
  [[nodiscard]] bool all_finished() const { return finished_count_ == finished_ms_.size(); }
  [[nodiscard]] std::size_t finished_count() const { return finished_count_; }
  [[nodiscard]] double lost_share() const;

  // `end`: when the run was over, for what is still waiting; `days_end`: the last submission.
  void fill(Metrics& metrics, TimePoint days_end, TimePoint end) const;
  // Waits in seconds, of every task, for the plots.
  [[nodiscard]] std::vector<double> waits_s(TimePoint end) const;

 private:
  const Workload& work_;
  std::vector<std::int64_t> finished_ms_;  // -1: not
  std::size_t finished_count_ = 0;
  double done_s_ = 0;
  double lost_s_ = 0;
  std::uint64_t preemptions_ = 0;
};

}  // namespace hearth::simulator
