// The readings of a sliding window, oldest first: a queue in one piece of memory.
//
// Of a window that moves on by one reading only its ends are touched; what was dropped is moved
// over now and then.
#pragma once

#include <cstddef>
#include <vector>

namespace hearth::node_agent {

template <class T>
class Recent {
 public:
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t size() const { return all_.size() - dropped_; }
  [[nodiscard]] auto begin() const { return all_.begin() + static_cast<std::ptrdiff_t>(dropped_); }
  [[nodiscard]] auto end() const { return all_.end(); }
  [[nodiscard]] const T& oldest() const { return all_[dropped_]; }  // of one that is not empty
  [[nodiscard]] const T& newest() const { return all_.back(); }

  void push(const T& reading) { all_.push_back(reading); }
  void drop_oldest() {
    ++dropped_;
    if (dropped_ < kMovedOver && dropped_ < all_.size()) return;
    all_.erase(all_.begin(), begin());
    dropped_ = 0;
  }
  void clear() {
    all_.clear();
    dropped_ = 0;
  }

 private:
  static constexpr std::size_t kMovedOver = 32;
  std::vector<T> all_;
  std::size_t dropped_ = 0;
};

}  // namespace hearth::node_agent
