// One active job in the core's memory: which indices are free, open, unknown or ended.
//
// Compact: a byte per task, plus sets as large as what is open or was retried. Indices below the
// dispatch mark may have been handed out before a restart; until the fleet has spoken, those
// without an end are unknown and nobody gets them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "scheduler/core/fact.h"

namespace hearth::scheduler {

struct RetryCount {
  int user = 0;
  int infrastructure = 0;
};

class JobRecord {
 public:
  // A job just submitted. Nothing may be handed out before mark_became_durable().
  JobRecord(JobId id, protocol::JobSpec spec, bool has_payloads, UtcTime submitted_at);

  // A job as the store remembers it: what has no end and lies below the mark is unknown, except
  // what was requeued and not handed out since.
  explicit JobRecord(const DurableJob& durable);

  [[nodiscard]] JobId id() const { return id_; }
  [[nodiscard]] const protocol::JobSpec& spec() const { return spec_; }
  [[nodiscard]] bool has_payloads() const { return has_payloads_; }
  [[nodiscard]] UtcTime submitted_at() const { return submitted_at_; }
  [[nodiscard]] bool cancelled() const { return cancelled_.has_value(); }
  [[nodiscard]] std::optional<CancelCause> cancel_cause() const { return cancelled_; }
  [[nodiscard]] JobControl control() const { return {spec_.held, spec_.priority, spec_.deadline}; }
  // Its place in the queue has to be found anew: due() is unset.
  void set_control(const JobControl& control);
  // Whether the queue of its class stands still.
  [[nodiscard]] bool paused() const { return paused_; }
  void set_paused(bool paused) { paused_ = paused; }
  // Jobs that have to end before anything of it starts.
  [[nodiscard]] const std::set<JobId>& waits_for() const { return waits_for_; }
  void wait_for(JobId job) { waits_for_.insert(job); }
  void wait_no_more(JobId job) { waits_for_.erase(job); }
  // Whether more tasks have failed than its submitter bears.
  [[nodiscard]] bool failed_too_often() const;
  [[nodiscard]] const JobTotals& totals() const { return totals_; }
  [[nodiscard]] TaskCounts counts() const;
  // Where it stands among jobs of its priority; given once.
  [[nodiscard]] std::optional<UtcTime> due() const { return due_; }
  void set_due(UtcTime due) { due_ = due; }
  // Of one of its tasks, nominal, at P90, as reckoned last; zero: not yet.
  [[nodiscard]] Duration run_time_p90() const { return run_time_p90_; }
  void set_run_time_p90(Duration p90) { run_time_p90_ = p90; }
  [[nodiscard]] std::uint64_t unknown_count() const { return unknown_.size(); }
  [[nodiscard]] bool all_ended() const { return ended_ == spec_.task_count; }
  // True once, when the job has ended: whoever asks says so.
  bool take_end() { return all_ended() && !std::exchange(end_said_, true); }

  // Free indices that may be handed out right now; none while held, paused or waiting for
  // a job.
  [[nodiscard]] std::uint64_t available() const;
  // Takes the lowest of them; requires available() > 0. The task counts as open from here on.
  struct Taken {
    std::uint64_t index = 0;
    bool was_requeued = false;  // durably so: say RequeueConsumed
  };
  Taken take();

  // The mark that should be durable now so that `ahead` fresh indices can be handed out, if that
  // is higher than what was asked for already. Counts as asked for.
  std::optional<std::uint64_t> raise_mark(std::uint64_t ahead);
  void mark_became_durable(std::uint64_t below);

  [[nodiscard]] protocol::TaskState state(std::uint64_t index) const;
  [[nodiscard]] std::optional<AttemptId> open_attempt(std::uint64_t index) const;
  [[nodiscard]] const std::map<std::uint64_t, AttemptId>& open_attempts() const { return open_; }
  // Whether the index may ever have been handed out.
  [[nodiscard]] bool was_dispatched(std::uint64_t index) const;

  // The task is open under this attempt (granted, adopted or replaced by a higher one).
  void open(std::uint64_t index, AttemptId attempt);
  // The open attempt is gone and the task is free again; `durably` if a TaskRequeued says so.
  void release(std::uint64_t index, bool durably);
  // The task waits for a retry: neither open nor free until release().
  void hold_back(std::uint64_t index);
  // The task has its one end.
  void end(std::uint64_t index, protocol::TaskState state);

  // Every unknown index is free, or cancelled where the job is.
  void free_unknown();
  // What is free or unknown... becomes cancelled; what is open ends when its agent says so.
  void cancel(CancelCause cause);

  RetryCount& retries(std::uint64_t index) { return retries_[index]; }
  void add_totals(const protocol::AttemptReport& report);

  // Mean nominal run time of successful tasks, or what the submitter expects; zero: unknown.
  [[nodiscard]] Duration typical_run_time() const;
  void learn_run_time(Duration nominal);

 private:
  void set_state(std::uint64_t index, protocol::TaskState state);

  JobId id_;
  protocol::JobSpec spec_;
  bool has_payloads_ = false;
  std::optional<CancelCause> cancelled_;
  std::set<JobId> waits_for_;
  bool paused_ = false;
  bool end_said_ = false;
  UtcTime submitted_at_{};
  std::optional<UtcTime> due_;
  Duration run_time_p90_{};
  JobTotals totals_;
  std::vector<protocol::TaskState> states_;  // kPending also for unknown and held back
  std::uint64_t by_state_[5] = {};
  std::uint64_t ended_ = 0;
  std::uint64_t next_fresh_ = 0;
  std::uint64_t mark_durable_ = 0;
  std::uint64_t mark_asked_ = 0;
  std::set<std::uint64_t> free_;      // below next_fresh_
  std::set<std::uint64_t> requeued_;  // of these, durably requeued
  std::set<std::uint64_t> unknown_;
  std::map<std::uint64_t, AttemptId> open_;
  std::map<std::uint64_t, RetryCount> retries_;
  double mean_run_ms_ = 0;
};

}  // namespace hearth::scheduler
