#include "node_agent/core/work.h"

#include <set>

#include "common/check.h"

namespace hearth::node_agent {

void Work::forget_unused_details() {
  std::set<JobId> used;
  for (const auto& [attempt, held] : waiting_) used.insert(held.task.job);
  for (const auto& [attempt, held] : started_) used.insert(held.task.job);
  std::erase_if(specs_, [&](const auto& entry) { return !used.contains(entry.first); });
}

const protocol::JobSpec* Work::spec_of(JobId job) const {
  const auto found = specs_.find(job);
  return found == specs_.end() ? nullptr : &found->second;
}

bool Work::holds(AttemptId attempt) const {
  return waiting_.contains(attempt) || started_.contains(attempt) || spooled_.contains(attempt);
}

void Work::add_waiting(AttemptId attempt, TaskId task) {
  const auto* spec = spec_of(task.job);
  CHECK(spec && !holds(attempt));
  waiting_[attempt] = {task, ++next_order_, spec->inputs.empty()};
  queue_[next_order_] = attempt;
}

StartedAttempt& Work::add_started(AttemptId attempt, TaskId task, int speed_permille,
                                  TimePoint now) {
  const auto* spec = spec_of(task.job);
  CHECK(spec && !holds(attempt));
  auto& started = started_[attempt];
  started.task = task;
  started.service_class = spec->service_class;
  started.resources = spec->resources;
  started.speed_permille = speed_permille;
  started.speed_since = now;
  started.progress = Progress{speed_permille, now};
  return started;
}

StartedAttempt& Work::start(AttemptId attempt, TimePoint now) {
  const TaskId task = waiting_.at(attempt).task;
  remove(attempt);
  return add_started(attempt, task, 1000, now);
}

void Work::remove(AttemptId attempt) {
  if (const auto found = waiting_.find(attempt); found != waiting_.end()) {
    queue_.erase(found->second.order);
    waiting_.erase(found);
  }
  started_.erase(attempt);
}

int Work::cores_used() const {
  int cores = 0;
  for (const auto& [attempt, held] : started_) cores += held.resources.cores;
  return cores;
}

std::uint64_t Work::memory_used() const {
  std::uint64_t bytes = 0;
  for (const auto& [attempt, held] : started_) bytes += held.resources.memory_bytes;
  return bytes;
}

std::vector<protocol::HeldAttempt> Work::held() const {
  std::vector<protocol::HeldAttempt> all;
  for (const auto& [attempt, held] : started_) all.push_back({attempt, held.task, true});
  for (const auto& [order, attempt] : queue_) {
    all.push_back({attempt, waiting_.at(attempt).task, false});
  }
  return all;
}

std::vector<protocol::HeldAttempt> Work::results() const {
  std::vector<protocol::HeldAttempt> all;
  for (const auto& [attempt, task] : spooled_) all.push_back({attempt, task, true});
  return all;
}

}  // namespace hearth::node_agent
