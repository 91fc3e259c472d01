// Counts of observations by size, in the form that Prometheus wants. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace hearth::scheduler {

// Of durations in seconds; buckets grow about fivefold from 10 microseconds to 10 seconds.
class DurationHistogram {
 public:
  static constexpr std::array<double, 10> kUpperBounds{1e-5,  5e-5, 25e-5, 1e-3, 5e-3,
                                                       25e-3, 0.1,  0.5,   2.5,  10};

  void observe(double seconds) {
    std::size_t i = 0;
    while (i < kUpperBounds.size() && seconds > kUpperBounds[i]) ++i;
    ++counts_[i];
    sum_s_ += seconds;
  }

  // One more than bounds: the last counts what is above them all. Not cumulative.
  [[nodiscard]] const auto& counts() const { return counts_; }
  [[nodiscard]] double sum_s() const { return sum_s_; }

 private:
  std::array<std::uint64_t, kUpperBounds.size() + 1> counts_{};
  double sum_s_ = 0;
};

}  // namespace hearth::scheduler
