// The attempts this node holds: waiting, started, ended but not acknowledged.
//
// State and bookkeeping only; who may start, and who must stop, is decided elsewhere.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "common/flat_map.h"
#include "node_agent/core/patience.h"
#include "protocol/stream.h"

namespace hearth::node_agent {

struct WaitingAttempt {
  TaskId task;
  std::uint64_t order = 0;
  bool inputs_ready = false;
};

inline constexpr int kSpeedUnknown = -1000;

struct StartedAttempt {
  TaskId task;
  protocol::ServiceClass service_class{};
  protocol::Resources resources;
  std::optional<protocol::FailureClass> stopping;
  bool unwanted = false;      // superseded: ends without a result
  int speed_permille = 1000;  // in force; kSpeedUnknown for one found running at start
  TimePoint speed_since{};
  double busy_share = 1;  // of its cores' time that it was last seen to compute
  Progress progress{1000, TimePoint{}};
};

class Work {
 public:
  void remember(const protocol::JobDetails& details) { specs_[details.job] = details.spec; }
  // A new session sends details again: those of jobs of which nothing is held can go.
  void forget_unused_details();
  const protocol::JobSpec* spec_of(JobId job) const;

  bool holds(AttemptId attempt) const;
  // The job's details must be known. Waiting attempts start in the order they were added.
  void add_waiting(AttemptId attempt, TaskId task);
  StartedAttempt& add_started(AttemptId attempt, TaskId task, int speed_permille, TimePoint now);
  StartedAttempt& start(AttemptId attempt, TimePoint now);  // a waiting one
  void remove(AttemptId attempt);                           // waiting or started

  std::map<AttemptId, WaitingAttempt>& waiting() { return waiting_; }
  FlatMap<AttemptId, StartedAttempt>& started() { return started_; }
  const std::map<AttemptId, WaitingAttempt>& waiting() const { return waiting_; }
  const FlatMap<AttemptId, StartedAttempt>& started() const { return started_; }
  const std::map<std::uint64_t, AttemptId>& queue() const { return queue_; }
  std::map<AttemptId, TaskId>& spooled() { return spooled_; }

  int cores_used() const;
  std::uint64_t memory_used() const;

  std::vector<protocol::HeldAttempt> held() const;     // for HelloAttempts
  std::vector<protocol::HeldAttempt> results() const;  // for HelloResults

 private:
  std::uint64_t next_order_ = 0;
  std::map<JobId, protocol::JobSpec> specs_;
  std::map<AttemptId, WaitingAttempt> waiting_;
  std::map<std::uint64_t, AttemptId> queue_;  // waiting, by order
  FlatMap<AttemptId, StartedAttempt> started_;
  std::map<AttemptId, TaskId> spooled_;
};

}  // namespace hearth::node_agent
