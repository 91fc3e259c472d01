// When which slot's task ends: a binary heap with one place for each slot, so that a change of pace
// moves an entry instead of leaving a stale one behind. Ties go by slot: the same on every machine.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "common/time.h"

namespace hearth::simulator {

class EndQueue {
 public:
  explicit EndQueue(std::size_t slots) : place_(slots, kNowhere) {}

  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] std::pair<TimePoint, std::uint32_t> top() const {
    return {heap_[0].at, heap_[0].slot};
  }

  void set(std::uint32_t slot, TimePoint at) {
    std::size_t i = place_[slot];
    if (i == kNowhere) {
      i = heap_.size();
      heap_.push_back({at, slot});
      place_[slot] = i;
    } else {
      heap_[i].at = at;
    }
    sink(rise(i));
  }

  void remove(std::uint32_t slot) {
    const std::size_t i = place_[slot];
    if (i == kNowhere) return;
    place_[slot] = kNowhere;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (i == heap_.size()) return;
    heap_[i] = last;
    place_[last.slot] = i;
    sink(rise(i));
  }

 private:
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
  struct Entry {
    TimePoint at;
    std::uint32_t slot;
    bool operator<(const Entry& other) const {
      return at != other.at ? at < other.at : slot < other.slot;
    }
  };
  void exchange(std::size_t a, std::size_t b) {
    std::swap(heap_[a], heap_[b]);
    place_[heap_[a].slot] = a;
    place_[heap_[b].slot] = b;
  }
  std::size_t rise(std::size_t i) {
    while (i > 0 && heap_[i] < heap_[(i - 1) / 2]) {
      exchange(i, (i - 1) / 2);
      i = (i - 1) / 2;
    }
    return i;
  }
  void sink(std::size_t i) {
    while (true) {
      std::size_t least = i;
      for (std::size_t child = 2 * i + 1; child <= 2 * i + 2 && child < heap_.size(); ++child) {
        if (heap_[child] < heap_[least]) least = child;
      }
      if (least == i) return;
      exchange(i, least);
      i = least;
    }
  }

  std::vector<Entry> heap_;
  std::vector<std::size_t> place_;
};

}  // namespace hearth::simulator
