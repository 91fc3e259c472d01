// One thread, one virtual clock, one seed: what happens next, and when.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "common/random.h"
#include "common/time.h"

namespace hearth::cluster {

class World {
 public:
  explicit World(std::uint64_t seed) : random(seed) {}

  void after(Duration delay, std::function<void()> action) {
    actions_.emplace(std::pair{now + delay, ++order_}, std::move(action));
  }

  // Up to and including `end`.
  void run_until(TimePoint end) {
    while (!actions_.empty() && actions_.begin()->first.first <= end) {
      auto node = actions_.extract(actions_.begin());
      now = node.key().first;
      node.mapped()();
    }
    now = end;
  }

  // A number of milliseconds in [from, to].
  Duration between(int from, int to) {
    return Duration{from +
                    static_cast<int>(random.below(static_cast<std::uint64_t>(to - from + 1)))};
  }

  // Folds what happened into one number, so that two runs of a seed can be compared.
  void note(std::string_view what) {
    for (const char c : what) trace = (trace ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }

  Random random;
  TimePoint now{};
  std::uint64_t trace = 1469598103934665603u;  // FNV-1a

 private:
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> actions_;
  std::uint64_t order_ = 0;
};

}  // namespace hearth::cluster
