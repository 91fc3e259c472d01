// How far a job is: rate, remaining time, and the line that says so. Pure: time comes as values.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "common/time.h"

namespace hearth::cli {

struct Counts {
  std::uint64_t pending = 0;
  std::uint64_t running = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;

  std::uint64_t done() const { return succeeded + failed + cancelled; }
  std::uint64_t total() const { return done() + pending + running; }

  friend bool operator==(const Counts&, const Counts&) = default;
};

class Progress {
 public:
  // `now` rises; its origin does not matter.
  void update(Duration now, const Counts& counts);

  const Counts& counts() const { return counts_; }
  // Tasks per second over the last half minute; unset until something was seen to end.
  std::optional<double> rate() const;
  std::optional<Duration> remaining() const;

  // "836/1,859 done, 8 running, 2 failed, 12.3/s, 1m23s left"
  std::string text() const;
  // "[========>           ]  45 % ..." in at most `width` columns.
  std::string bar(std::size_t width) const;

 private:
  struct Sample {
    Duration at;
    std::uint64_t done;
  };

  Counts counts_;
  std::deque<Sample> samples_;
};

}  // namespace hearth::cli
