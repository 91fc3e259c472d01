// What travels on the one stream between an agent and the scheduler.
//
// The agent opens it and states everything in Hello ... HelloEnd; only then does absence mean
// anything. Afterwards both sides send changes. Order within one stream is kept; across streams
// nothing is. Result bodies travel beside TaskResult in the adapters and never enter a core.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "protocol/heat.h"
#include "protocol/job.h"

namespace hearth::protocol {

inline constexpr int kProtocolVersion = 1;

// What does not change while an agent runs.
struct NodeFacts {
  NodeId node;
  SiteId site{"default"};
  ZoneId zone;
  NodeKind kind = NodeKind::kRadiator;
  int cores = 1;  // also the number of slots
  std::uint64_t memory_bytes = 0;
  Watts off{2};
  Watts idle{30};
  Watts min_run{60};
  Watts max{500};
  Duration boot{};
  Watts static_share{500};     // of the breaker: what the node may draw without word from us
  bool isolated = false;       // tasks run under another uid, walled off from the host
  std::string isolation_note;  // what is missing where not isolated
  std::string agent_version;

  friend bool operator==(const NodeFacts&, const NodeFacts&) = default;
};

// ---- agent -> scheduler

struct Hello {
  int protocol_version = kProtocolVersion;
  std::string installation_id;        // drawn once when the agent's state directory was made
  std::uint64_t session_counter = 0;  // rises with each stream of this installation
  std::uint64_t highest_epoch = 0;    // the agent refuses anything from a lower one
  NodeFacts facts;
  Setpoint setpoint;  // in force
  Telemetry telemetry;
};

struct HeldAttempt {
  AttemptId attempt;
  TaskId task;
  bool started = false;

  friend bool operator==(const HeldAttempt&, const HeldAttempt&) = default;
};

// Attempts the agent holds: running or waiting. May span several messages.
struct HelloAttempts {
  std::vector<HeldAttempt> attempts;
};

// Attempts that ended here and whose results are not acknowledged yet.
struct HelloResults {
  std::vector<HeldAttempt> attempts;
};

struct HelloEnd {};

struct Report {
  Telemetry telemetry;
};

struct AttemptsStarted {
  std::vector<AttemptId> attempts;
};

// One attempt ended. Sent again after every reconnection until it is acknowledged.
struct TaskResult {
  AttemptReport report;
};

// Attempts given back unstarted; they are free again at once and count as no try.
struct AttemptsReturned {
  std::vector<AttemptId> attempts;
};

// The setpoint in force changed, here or by our order.
struct SetpointInForce {
  Setpoint setpoint;
};

using AgentMessage = std::variant<Hello, HelloAttempts, HelloResults, HelloEnd, Report,
                                  AttemptsStarted, TaskResult, AttemptsReturned, SetpointInForce>;

// ---- scheduler -> agent; every message carries the scheduler's epoch

struct Welcome {
  std::string store_id;
  Duration report_period{std::chrono::seconds{10}};
};

// Sent once per session before the first task of a job.
struct JobDetails {
  JobId job;
  JobSpec spec;
  bool has_payloads = false;
};

// Start when a slot is free, in the order given. The task's payload travels beside it.
struct StartAttempt {
  AttemptId attempt;
  TaskId task;

  friend bool operator==(const StartAttempt&, const StartAttempt&) = default;
};

enum class StopReason { kJobCancelled, kSuperseded, kDrained, kHeat };

// End an attempt, started or not. A result is sent for started ones all the same; kSuperseded
// attempts end without one.
struct StopAttempt {
  AttemptId attempt;
  StopReason reason;

  friend bool operator==(const StopAttempt&, const StopAttempt&) = default;
};

// These results are durable, or will never be wanted: forget them.
struct ResultsAcknowledged {
  std::vector<AttemptId> attempts;
};

struct LimitsChanged {
  Limits limits;
};

// Somebody set the zone's setpoint over the API.
struct SetpointOrdered {
  Setpoint setpoint;
};

using SchedulerMessage = std::variant<Welcome, JobDetails, StartAttempt, StopAttempt,
                                      ResultsAcknowledged, LimitsChanged, SetpointOrdered>;

std::string_view to_string(StopReason reason);

// One line each, for logs and scenario files.
std::string to_string(const AgentMessage& message);
std::string to_string(const SchedulerMessage& message);

}  // namespace hearth::protocol
