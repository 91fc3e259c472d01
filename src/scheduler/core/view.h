// What the core shows to those who ask: snapshots, made on the loop's thread, plain values.
//
// Snapshots of jobs and tasks may run ahead of what is durable: readers take the snapshot, wait
// until its sequence is durable and let the store's rows win (runtime/reader does so).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/core/fact.h"
#include "scheduler/core/fair_share.h"
#include "scheduler/core/histogram.h"

namespace hearth::scheduler {

struct JobView {
  JobId job;
  protocol::JobSpec spec;
  JobState state = JobState::kActive;
  TaskCounts counts;
  JobTotals totals;
  UtcTime submitted_at{};
  UtcTime ended_at{};
  std::vector<JobId> waits_for;  // to end, before anything of it starts
};

enum class NodeState { kOnline, kSilent, kLost };

// An open attempt, or none while pending.
struct TaskView {
  std::uint64_t index = 0;
  protocol::TaskState state = protocol::TaskState::kPending;
  std::optional<AttemptId> attempt;
  NodeId node;
  bool started = false;
  UtcTime started_at{};
  NodeState node_state = NodeState::kLost;
  std::optional<SessionId> session;  // of the node; none: not connected
};

struct NodeView {
  protocol::NodeFacts facts;
  NodeState state = NodeState::kLost;
  bool draining = false;
  std::optional<Suspension> quarantine;
  Labels labels;
  int cores_used = 0;
  std::uint64_t tasks_running = 0;
  std::uint64_t tasks_waiting = 0;
  std::uint64_t tasks_ended = 0;
  UtcTime last_seen_at{};
  protocol::Telemetry telemetry;
  protocol::Setpoint setpoint;  // in force, as the agent says
  Watts p_max;                  // by our last limits
  Watts idle_learned;           // what it really draws, see node_learning.h
  Watts max_learned;
  protocol::SpeedLaw speed_learned;
};

// What is known and planned of a zone's heat.
struct ZoneHeatView {
  std::optional<LearnedModel> model;     // unset: nothing was fitted yet, a prior serves
  double days_known = 0;                 // of telemetry
  bool forecast = false;                 // the rest means something
  Kelvins charge;                        // reference less setpoint
  bool sun_limits = false;               // lowered for free heat on its way
  Watts hold;                            // mean of the next two hours
  Duration runway{};                     // at full power, before ON_DEMAND must stop
  std::optional<Celsius> outdoor;        // now
  std::vector<protocol::PlanHour> plan;  // from plan_from, hour by hour
  UtcTime plan_from{};
  // Of each hour of the plan: heat given from plan_from to its end, at least and at most, in the
  // band. Only of a zone asked for by name.
  struct Envelope {
    Joules lowest;
    Joules highest;
  };
  std::vector<Envelope> envelope;
  bool commissioning = false;  // the reference is moved for a while, so that the room is learned
  bool alarm = false;
  Kelvins cold_mean;  // mean of how far below its band it was, since known
};

struct ZoneView {
  ZoneId zone;
  SiteId site;
  std::vector<NodeId> nodes;
  protocol::Setpoint setpoint;                // in force, as the agent says
  std::optional<protocol::Setpoint> ordered;  // by us, not in force
  std::optional<Celsius> setpoint_now;
  Celsius t_ref;
  protocol::Reading temperature_c;
  double state_of_charge = 0;  // 0 at t_lo, 1 at t_hi; may lie outside; a tank's: tank_charge()
  Watts power;
  Joules energy;
  std::uint64_t tasks_running = 0;
  std::uint64_t tasks_ended = 0;
  ZoneHeatView heat;
};

struct SiteView {
  SiteId site;
  std::uint64_t nodes = 0;
  Watts power;                   // drawn now
  std::optional<Watts> breaker;  // unset: no limit known
  Watts reserve;
  std::optional<SiteCap> cap;  // by an operator
  Joules daily_heat;           // promised a day; 0: nothing
  Joules heat_today;           // given since midnight UTC
};

struct Condition {
  std::string name;  // stable: "node_online", "cores_total", ...
  std::string text;  // for people, with numbers
  int nodes_failing = 0;
  int nodes_total = 0;
};

struct TaskExplanation {
  TaskView task;
  std::string summary;
  std::vector<Condition> conditions;
  int nodes_feasible = 0;
};

struct ZoneExplanation {
  ZoneView zone;
  std::string summary;
  std::vector<std::string> facts;
};

// The queue of one class.
struct ClassQueueView {
  protocol::ServiceClass service_class = protocol::ServiceClass::kOnDemand;
  std::optional<Suspension> pause;
  std::uint64_t jobs = 0;
  std::uint64_t tasks_pending = 0;
  std::uint64_t tasks_available = 0;  // of these, that any node may have
  std::uint64_t tasks_on_hold = 0;    // of these, whose job somebody holds
  std::uint64_t tasks_after = 0;      // of these, whose job waits for the end of others
  std::uint64_t tasks_paused = 0;     // of these, that wait because of `pause` alone
  std::uint64_t tasks_running = 0;
  std::uint64_t cores_leased = 0;
};

struct QueuedJobView {
  JobId job;
  std::string name;
  TenantId tenant;
  protocol::ServiceClass service_class = protocol::ServiceClass::kOnDemand;
  int priority = 50;
  std::uint64_t tasks_pending = 0;
  std::uint64_t tasks_running = 0;
  std::string reason;  // why the pending ones wait, as far as it concerns all of them
};

struct QueueView {
  std::vector<ClassQueueView> classes;  // all of them, RESERVED first
  std::vector<QueuedJobView> jobs;      // those that may start now first, in the order they go
};

// For metrics.
// What a tenant has of the fleet, and what it may have.
struct TenantView {
  TenantId tenant;
  TenantLimits limits;
  std::uint64_t jobs_active = 0;
  std::uint64_t tasks_pending = 0;
  std::uint64_t tasks_waiting = 0;  // of these, that may start now
  int cores = 0;                    // leased
  double average_cores = 0;         // see fair_share.h
  double standing = 0;              // the lowest of those that wait goes first
  double entitled_share = 0;        // by its weight among those with work; 0 without
  bool at_quota = false;            // it waits because it has all the cores that it may have

  friend bool operator==(const TenantView&, const TenantView&) = default;
};

struct SchedulerStats {
  std::uint64_t jobs_active = 0;
  std::uint64_t tasks_pending = 0;
  std::uint64_t tasks_available = 0;  // of these, that any node may have
  std::uint64_t tasks_held_back = 0;  // of these, that wait before a retry
  std::uint64_t tasks_on_hold = 0;    // of these, whose job somebody holds
  std::uint64_t tasks_after = 0;      // of these, whose job waits for the end of others
  std::uint64_t tasks_paused = 0;     // of these, that wait because their class is paused
  std::uint64_t tasks_running = 0;
  std::uint64_t attempts_granted = 0;
  std::uint64_t results_accepted = 0;
  std::uint64_t results_superseded = 0;
  std::array<std::uint64_t, protocol::kFailureClassCount> attempts_retried{};  // by FailureClass
  DurationHistogram dispatch;       // from a grant to the agent's word that it began
  std::uint64_t tasks_unknown = 0;  // of these, that may run somewhere, see JobRecord
  std::uint64_t nodes_online = 0;
  std::uint64_t nodes_silent = 0;
  std::uint64_t nodes_lost = 0;
  double pressure = 0;  // how much work there is for the heat that is wanted, see pressure.h
};

std::string_view to_string(NodeState state);

}  // namespace hearth::scheduler
