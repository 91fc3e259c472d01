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

// How fast a node computes at a power. Above idle it draws (max - idle) * load * speed^exponent
// down to `speed_min`; below that it works by turns at speed_min, so power falls linearly. With
// exponent 1 only turns are available (a CPU quota); a processor whose frequency can be set has
// about 2.
struct SpeedLaw {
  double exponent = 1;
  double speed_min = 0.4;

  friend bool operator==(const SpeedLaw&, const SpeedLaw&) = default;
};

// Share of full dynamic power at a speed, and the other way round; both 0..1.
double power_share(const SpeedLaw& law, double speed);
double speed_at(const SpeedLaw& law, double power_share);

// speed_at() of one law, for who asks it often: what depends on the law alone is worked out once.
class SpeedCurve {
 public:
  explicit SpeedCurve(const SpeedLaw& law);
  double operator()(double power_share) const;

 private:
  SpeedLaw law_;
  double share_at_min_;
  double inverse_exponent_;
};

// From `from` to `to` (minutes of the civil day; over midnight where to < from) the node is held
// down, for the sake of sleepers.
struct QuietHours {
  int from_minute = 0;
  int to_minute = 0;
  Watts p_max;

  friend bool operator==(const QuietHours&, const QuietHours&) = default;
};

// Hot water behind a BOILER.
struct TankFacts {
  double volume_l = 200;
  Celsius useful{40};                                  // below it a delivered litre is of no use
  Celsius compute_max{57};                             // what the computers' loop can reach
  Celsius return_max{52};                              // warmest water the loop may get back
  Celsius hygiene{60};                                 // the lift's temperature, held for an hour
  Duration hygiene_every{std::chrono::hours{24 * 7}};  // HEAT section 3: daily from 400 L on

  friend bool operator==(const TankFacts&, const TankFacts&) = default;
};

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
  SpeedLaw speed;
  Watts resistance;        // rated power of the backup element, beside `max`; 0: none
  bool can_sleep = false;  // its boards can be switched off and on by itself
  bool follows = false;    // has no thermometer: another node of the zone leads
  std::vector<QuietHours> quiet;
  std::optional<TankFacts> tank;
  std::string cpu_model;
  Watts static_share{500};     // of the breaker: what the node may draw without word from us
  bool isolated = false;       // tasks run under another uid, walled off from the host
  std::string isolation_note;  // what is missing where not isolated
  std::string agent_version;
  bool residential = true;      // stands in somebody's home
  bool takes_secrets = false;   // gives tasks their secrets, and keeps them off its disk
  bool grants_network = false;  // gives tasks that need one its network

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
  bool serves_output = true;  // answers ReadOutput (output.h), as agents before it do not
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
// attempts end without one, and kHeat is for those not begun: one that has begun goes on.
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

// Kept by the agent, on disk too, until the next one.
struct PlanChanged {
  ZonePlan plan;
};

// Somebody set the zone's setpoint over the API.
struct SetpointOrdered {
  Setpoint setpoint;
};

using SchedulerMessage =
    std::variant<Welcome, JobDetails, StartAttempt, StopAttempt, ResultsAcknowledged, LimitsChanged,
                 SetpointOrdered, PlanChanged>;

std::string_view to_string(StopReason reason);

// One line each, for logs and scenario files.
std::string to_string(const AgentMessage& message);
std::string to_string(const SchedulerMessage& message);

}  // namespace hearth::protocol
