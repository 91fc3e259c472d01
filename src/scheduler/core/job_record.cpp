#include "scheduler/core/job_record.h"

#include <algorithm>

#include "common/check.h"

namespace hearth::scheduler {

using protocol::TaskState;

JobRecord::JobRecord(JobId id, protocol::JobSpec spec, bool has_payloads, UtcTime submitted_at)
    : id_(id),
      spec_(std::move(spec)),
      has_payloads_(has_payloads),
      submitted_at_(submitted_at),
      states_(spec_.task_count, TaskState::kPending) {
  by_state_[static_cast<int>(TaskState::kPending)] = spec_.task_count;
}

JobRecord::JobRecord(const DurableJob& durable)
    : JobRecord(durable.job, durable.spec, durable.has_payloads, durable.submitted_at) {
  totals_ = durable.totals;
  mark_durable_ = mark_asked_ = next_fresh_ = durable.dispatched_below;
  for (const auto& task : durable.ended) {
    set_state(task.index, task.state);
    ++ended_;
  }
  for (const auto& requeue : durable.requeues) {
    if (is_final(states_[requeue.index])) continue;
    retries_[requeue.index] = {requeue.user_failures, requeue.infrastructure_failures};
    if (!requeue.free) continue;
    free_.insert(requeue.index);
    requeued_.insert(requeue.index);
  }
  for (std::uint64_t i = 0; i < next_fresh_; ++i) {
    if (!is_final(states_[i]) && !free_.contains(i)) unknown_.insert(unknown_.end(), i);
  }
  if (durable.cancelled) cancel(*durable.cancelled);
}

TaskCounts JobRecord::counts() const {
  const auto count = [&](TaskState state) { return by_state_[static_cast<int>(state)]; };
  return {count(TaskState::kPending), count(TaskState::kRunning), count(TaskState::kSucceeded),
          count(TaskState::kFailed), count(TaskState::kCancelled)};
}

void JobRecord::set_control(const JobControl& control) {
  apply(control, spec_);
  due_.reset();
}

bool JobRecord::failed_too_often() const {
  const auto failed = by_state_[static_cast<int>(TaskState::kFailed)];
  if (spec_.maximum_failed_tasks && failed > *spec_.maximum_failed_tasks) return true;
  return spec_.maximum_failed_percent &&
         failed * 100 >
             static_cast<std::uint64_t>(*spec_.maximum_failed_percent) * spec_.task_count;
}

std::uint64_t JobRecord::available() const {
  if (cancelled_ || spec_.held || paused_ || !waits_for_.empty()) return 0;
  return free_.size() + (std::max(mark_durable_, next_fresh_) - next_fresh_);
}

JobRecord::Taken JobRecord::take() {
  CHECK(available() > 0);
  if (free_.empty()) return {next_fresh_++, false};
  const std::uint64_t index = *free_.begin();
  free_.erase(free_.begin());
  return {index, requeued_.erase(index) > 0};
}

std::optional<std::uint64_t> JobRecord::raise_mark(std::uint64_t ahead) {
  const std::uint64_t wanted = std::min(spec_.task_count, next_fresh_ + ahead);
  // Raised in steps: only once half of the last step is used up.
  const bool enough = mark_asked_ >= spec_.task_count || mark_asked_ >= next_fresh_ + ahead / 2;
  if (cancelled_ || enough || wanted <= mark_asked_) return std::nullopt;
  mark_asked_ = wanted;
  return wanted;
}

void JobRecord::mark_became_durable(std::uint64_t below) {
  mark_asked_ = std::max(mark_asked_, below);
  mark_durable_ = std::max(mark_durable_, below);
}

TaskState JobRecord::state(std::uint64_t index) const {
  return states_[index];
}

std::optional<AttemptId> JobRecord::open_attempt(std::uint64_t index) const {
  const auto found = open_.find(index);
  if (found == open_.end()) return std::nullopt;
  return found->second;
}

bool JobRecord::was_dispatched(std::uint64_t index) const {
  return index < std::min(spec_.task_count, std::max(mark_durable_, next_fresh_));
}

void JobRecord::open(std::uint64_t index, AttemptId attempt) {
  CHECK(!is_final(states_[index]));
  unknown_.erase(index);
  free_.erase(index);
  requeued_.erase(index);
  open_[index] = attempt;
  set_state(index, TaskState::kRunning);
}

void JobRecord::release(std::uint64_t index, bool durably) {
  CHECK(!is_final(states_[index]));
  open_.erase(index);
  if (cancelled_) return end(index, TaskState::kCancelled);
  set_state(index, TaskState::kPending);
  free_.insert(index);
  if (durably) requeued_.insert(index);
}

void JobRecord::hold_back(std::uint64_t index) {
  open_.erase(index);
  set_state(index, TaskState::kPending);
}

void JobRecord::end(std::uint64_t index, TaskState state) {
  CHECK(is_final(state) && !is_final(states_[index]));
  open_.erase(index);
  unknown_.erase(index);
  free_.erase(index);
  requeued_.erase(index);
  retries_.erase(index);
  set_state(index, state);
  ++ended_;
}

void JobRecord::free_unknown() {
  for (const auto index : std::exchange(unknown_, {})) {
    if (cancelled_) {
      end(index, TaskState::kCancelled);
    } else {
      free_.insert(index);
    }
  }
}

void JobRecord::cancel(CancelCause cause) {
  cancelled_ = cause;
  free_.clear();
  requeued_.clear();
  for (std::uint64_t i = 0; i < spec_.task_count; ++i) {
    if (states_[i] == TaskState::kPending && !unknown_.contains(i)) end(i, TaskState::kCancelled);
  }
}

void JobRecord::add_totals(const protocol::AttemptReport& report) {
  ++totals_.attempts_ended;
  totals_.cpu_s += report.usage.cpu_s;
  totals_.energy += report.usage.energy;
}

Duration JobRecord::typical_run_time() const {
  if (mean_run_ms_ <= 0) return spec_.expected_run_time;
  return Duration{std::max<Duration::rep>(1, static_cast<Duration::rep>(mean_run_ms_ + 0.5))};
}

void JobRecord::learn_run_time(Duration nominal) {
  constexpr double kWeight = 0.1;  // of the newest run in the moving mean
  const double ms = std::max(0.5, static_cast<double>(nominal.count()));
  mean_run_ms_ = mean_run_ms_ <= 0 ? ms : (1 - kWeight) * mean_run_ms_ + kWeight * ms;
}

void JobRecord::set_state(std::uint64_t index, TaskState state) {
  --by_state_[static_cast<int>(states_[index])];
  states_[index] = state;
  ++by_state_[static_cast<int>(state)];
}

}  // namespace hearth::scheduler
