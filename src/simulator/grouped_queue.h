// What waits under policy `rule-based`: jobs of one group, those with the fewest running tasks
// first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace hearth::simulator {

class GroupedQueue {
 public:
  void add(std::uint32_t job, std::uint32_t first_task, std::uint32_t count) {
    auto& entry = jobs_[job];
    for (std::uint32_t i = count; i > 0; --i) entry.tasks.push_back(first_task + i - 1);
    size_ += count;
    order_.insert({entry.running, job});
  }

  // The next task of the job with the fewest running, or of `job`; it counts as running.
  std::optional<std::uint32_t> take() {
    if (order_.empty()) return std::nullopt;
    return take_of(order_.begin()->second);
  }
  std::optional<std::uint32_t> take_of(std::uint32_t job) {
    const auto found = jobs_.find(job);
    if (found == jobs_.end() || found->second.tasks.empty()) return std::nullopt;
    auto& entry = found->second;
    order_.erase({entry.running, job});
    const auto task = entry.tasks.back();
    entry.tasks.pop_back();
    --size_;
    ++entry.running;
    if (!entry.tasks.empty()) order_.insert({entry.running, job});
    return task;
  }

  void ended(std::uint32_t job) { change_running(job); }
  void killed(std::uint32_t job, std::uint32_t task) {
    change_running(job);
    auto& entry = jobs_[job];
    entry.tasks.push_back(task);
    ++size_;
    order_.insert({entry.running, job});
  }

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Entry {
    std::vector<std::uint32_t> tasks;  // the next one last
    std::uint32_t running = 0;
  };
  void change_running(std::uint32_t job) {
    auto& entry = jobs_.at(job);
    order_.erase({entry.running, job});
    --entry.running;
    if (!entry.tasks.empty()) {
      order_.insert({entry.running, job});
    } else if (entry.running == 0) {
      jobs_.erase(job);
    }
  }

  std::map<std::uint32_t, Entry> jobs_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> order_;  // running, job
  std::size_t size_ = 0;
};

}  // namespace hearth::simulator
