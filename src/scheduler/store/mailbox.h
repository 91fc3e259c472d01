// Hands work to one thread. put() never waits; the thread takes everything there is at once.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace hearth::scheduler {

template <class T>
class Mailbox {
 public:
  void put(T item) {
    {
      const std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    changed_.notify_one();
  }

  // Waits for something. Empty only once close() was called and everything was taken.
  std::vector<T> take_all() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !items_.empty(); });
    return std::exchange(items_, {});
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> items_;
  bool closed_ = false;
};

}  // namespace hearth::scheduler
