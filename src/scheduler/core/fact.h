// What counts only once it is durable: the rows that the store writes, in commit order.
//
// The core numbers facts as it makes them; the store writes them in that order and reports the
// highest number that a crash can no longer take back. After a restart the core is rebuilt from
// DurableState, which is what the store makes of all facts so far.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/stream.h"
#include "thermal/forecast_error.h"
#include "thermal/room_model.h"

namespace hearth::scheduler {

// Commit sequence: 1, 2, 3, ... over the life of a store; the number in every cursor.
using Sequence = std::uint64_t;

enum class JobState { kActive, kSucceeded, kFailed, kCancelled };

struct TaskCounts {
  std::uint64_t pending = 0;
  std::uint64_t running = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;

  friend bool operator==(const TaskCounts&, const TaskCounts&) = default;
};

// Sums over the attempts of a job that ended.
struct JobTotals {
  std::uint64_t attempts_ended = 0;
  double cpu_s = 0;
  Joules energy;

  friend bool operator==(const JobTotals&, const JobTotals&) = default;
};

// A client's own name for a submit; per tenant, together with a hash of what was submitted.
struct RequestKey {
  TenantId tenant;
  std::string request_id;

  friend auto operator<=>(const RequestKey&, const RequestKey&) = default;
};

struct JobAccepted {
  JobId job;
  protocol::JobSpec spec;
  RequestKey request;
  std::string request_hash;   // SHA-256 of the submitted bytes
  std::uint64_t staging = 0;  // names the staged payload pages; 0: an indexed array without any
  std::uint64_t dispatched_below = 0;  // the first mark, see DispatchMarkRaised
  UtcTime at{};
};

// Indices below the mark may have been handed out; those at or above it certainly were not.
struct DispatchMarkRaised {
  JobId job;
  std::uint64_t below = 0;
};

// A task's one and only end. Its result bytes travel beside it, see CommitEntry in store.h.
struct TaskEnded {
  TaskId task;
  protocol::TaskState state = protocol::TaskState::kSucceeded;
  NodeId node;
  protocol::AttemptReport report;
};

// An attempt failed and the task is free again.
struct TaskRequeued {
  TaskId task;
  int user_failures = 0;
  int infrastructure_failures = 0;
  NodeId node;
  protocol::AttemptReport report;
  UtcTime at{};
};

// A requeued task was handed out again: after a restart it is not free but unknown.
struct RequeueConsumed {
  TaskId task;
};

// What may be changed of a live job.
struct JobControl {
  bool held = false;
  int priority = 50;
  std::optional<UtcTime> deadline;

  friend bool operator==(const JobControl&, const JobControl&) = default;
};

struct JobUpdated {
  JobId job;
  JobControl control;  // from here on, whole
  std::string reason;
  UtcTime at{};
};

// The job's specification with it. Without a deadline nothing is to happen at one.
inline void apply(const JobControl& control, protocol::JobSpec& spec) {
  spec.held = control.held;
  spec.priority = control.priority;
  spec.deadline = control.deadline;
  if (!spec.deadline) spec.deadline_action = protocol::DeadlineAction::kContinue;
}

enum class CancelCause { kRequest, kFailures, kDeadline, kDependency };

// Tasks of the job without an end of their own are cancelled from here on.
struct JobCancelled {
  JobId job;
  std::string reason;
  UtcTime at{};
  CancelCause cause = CancelCause::kRequest;
};

struct JobEnded {
  JobId job;
  JobState state = JobState::kSucceeded;
  TaskCounts counts;
  JobTotals totals;
  UtcTime at{};
};

// From here until NodeGivenUp the node may hold attempts that we do not remember.
struct NodeJoined {
  protocol::NodeFacts facts;
  std::string installation_id;
};

struct NodeGivenUp {
  NodeId node;
};

struct NodeDrainSet {
  NodeId node;
  bool draining = false;
};

// Somebody ordered a setpoint over the API.
struct ZoneSetpointOrdered {
  ZoneId zone;
  protocol::Setpoint setpoint;
};

// What was learned of a zone, kept so that a restart forecasts as before.
struct LearnedModel {
  thermal::RoomModel model;       // forecasts temperature
  thermal::RoomModel hold_model;  // demand and capacity: never 1R1C
  thermal::ForecastError error;
  std::string kind;  // "3R2C", "1R1C", ...: what the fit could bear
  double ua_w_per_k = 0;
  double rmse_24h_k = 0;
  bool accepted = false;  // passed the gate
  UtcTime fitted_at{};

  friend bool operator==(const LearnedModel&, const LearnedModel&) = default;
};

struct ZoneModelLearned {
  ZoneId zone;
  LearnedModel learned;
};

// What a building may draw below its breaker, and why, in the operator's words.
struct SiteCap {
  Watts power;
  std::string reason;

  friend bool operator==(const SiteCap&, const SiteCap&) = default;
};

struct SiteCapSet {
  SiteId site;
  std::optional<SiteCap> cap;  // none: lifted
};

// The job is gone with its tasks and results; what is left of it is deleted piece by piece. It had
// ended, and no active job is to run after it.
struct JobForgotten {
  JobId job;
};

// The request ids of jobs below this one name nothing any more.
struct RequestsForgotten {
  JobId below;
};

// Somebody stopped new work, of a class or for a node, in the operator's words.
struct Suspension {
  std::string reason;
  UtcTime since{};

  friend bool operator==(const Suspension&, const Suspension&) = default;
};

// Nothing of the class is started while it is paused; what runs goes on.
struct QueuePauseSet {
  protocol::ServiceClass service_class = protocol::ServiceClass::kOnDemand;
  std::optional<Suspension> pause;  // none: resumed
};

struct NodeQuarantineSet {
  NodeId node;
  std::optional<Suspension> quarantine;  // none: released
};

using Labels = std::map<std::string, std::string>;

struct NodeLabelsSet {
  NodeId node;
  Labels labels;  // all of them, from here on
};

using Fact = std::variant<JobAccepted, DispatchMarkRaised, TaskEnded, TaskRequeued, RequeueConsumed,
                          JobUpdated, JobCancelled, JobEnded, NodeJoined, NodeGivenUp, NodeDrainSet,
                          ZoneSetpointOrdered, ZoneModelLearned, SiteCapSet, JobForgotten,
                          RequestsForgotten, QueuePauseSet, NodeQuarantineSet, NodeLabelsSet>;

// ---- what the store hands back at start

struct DurableTask {
  std::uint64_t index = 0;
  protocol::TaskState state = protocol::TaskState::kSucceeded;
};

struct DurableRequeue {
  std::uint64_t index = 0;
  int user_failures = 0;
  int infrastructure_failures = 0;
  bool free = false;  // not handed out again since
};

// A job that has not ended.
struct DurableJob {
  JobId job;
  protocol::JobSpec spec;
  bool has_payloads = false;
  std::uint64_t dispatched_below = 0;
  std::optional<CancelCause> cancelled;
  UtcTime submitted_at{};
  JobTotals totals;                      // over ended and requeued attempts
  std::vector<DurableTask> ended;        // by index
  std::vector<DurableRequeue> requeues;  // by index
};

struct DurableNode {
  protocol::NodeFacts facts;
  std::string installation_id;
  bool joined = false;  // not given up
  bool draining = false;
};

struct DurableRequest {
  RequestKey key;
  std::string hash;
  JobId job;
  Sequence seq = 0;
  UtcTime at{};  // of its submit
};

struct DurableState {
  std::string store_id;
  std::uint64_t epoch = 0;  // already raised for this start
  Sequence last_seq = 0;
  JobId last_job;
  std::vector<DurableJob> jobs;  // by id
  std::vector<std::pair<JobId, JobState>> ended_jobs;
  std::vector<DurableNode> nodes;
  std::vector<DurableRequest> requests;
  std::vector<std::pair<ZoneId, protocol::Setpoint>> setpoints;
  std::vector<std::pair<ZoneId, LearnedModel>> models;
  std::vector<std::pair<SiteId, SiteCap>> caps;
  std::vector<std::pair<protocol::ServiceClass, Suspension>> pauses;
  std::vector<std::pair<NodeId, Suspension>> quarantines;
  std::vector<std::pair<NodeId, Labels>> labels;
};

// "SUCCEEDED", ...
inline std::string_view to_string(JobState state) {
  constexpr std::array<std::string_view, 4> kNames{"ACTIVE", "SUCCEEDED", "FAILED", "CANCELLED"};
  return kNames.at(static_cast<std::size_t>(state));
}
// "REQUEST", ...
inline std::string_view to_string(CancelCause cause) {
  constexpr std::array<std::string_view, 4> kNames{"REQUEST", "FAILURES", "DEADLINE", "DEPENDENCY"};
  return kNames.at(static_cast<std::size_t>(cause));
}

// One line each, for logs and scenario files.
std::string to_string(const Fact& fact);

}  // namespace hearth::scheduler
