// Everything an agent's core can ask the outside world to do. Orders, in the imperative.
#pragma once

#include <string>
#include <variant>

#include "node_agent/core/hygiene.h"
#include "protocol/stream.h"
#include "thermal/case_bias.h"

namespace hearth::node_agent {

// Put on the stream, in order. Dropped silently where the stream is gone.
struct Send {
  protocol::AgentMessage message;
};

// Put this attempt's spooled result on the stream (uploading its outputs first); the adapter
// delivers it as a TaskResult with its bytes. Repeated after every reconnection.
struct OfferResult {
  AttemptId attempt;
};

// Acknowledged: delete the spooled result and its files.
struct ForgetResult {
  AttemptId attempt;
};

// Fetch the inputs of an attempt that waits for a slot; answer InputsReady or InputsFailed. Not
// ordered for an attempt without inputs.
struct FetchInputs {
  AttemptId attempt;
  TaskId task;
  protocol::JobSpec spec;
};

// Hand the attempt to a runner; answer AttemptStarted, later AttemptEnded.
struct StartTask {
  AttemptId attempt;
  TaskId task;
  protocol::JobSpec spec;
};

// SIGTERM, after `grace` SIGKILL, to the whole tree (thawed first, where it is frozen). Answer
// AttemptEnded with `failure`, or with how it ended where it was faster than the order.
struct StopTask {
  AttemptId attempt;
  protocol::FailureClass failure;
  Duration grace{};
};

// How much of its full speed a started attempt may have, 0 (frozen) to 1, in thousandths.
struct SetSpeed {
  AttemptId attempt;
  int permille = 1000;

  friend bool operator==(const SetSpeed&, const SetSpeed&) = default;
};

// The most electric power the node may draw, for drivers that can cap it in hardware.
struct SetPowerCap {
  Watts cap;
};

// Heat that filler, then resistance, shall add now.
struct SetFiller {
  Watts filler;
  Watts resistance;
  bool circulate = false;  // stir a tank, so that a hygiene lift reaches its bottom
};

// The ended attempt's report is final: write it and its bytes to the spool.
struct SpoolResult {
  protocol::AttemptReport report;
};

// An attempt left without a result anybody wants: delete its files and payload, forget its fetch.
// Follows every AttemptsReturned too, one for each attempt.
struct DiscardAttempt {
  AttemptId attempt;
};

// Keep the setpoint in force across restarts.
struct StoreSetpoint {
  protocol::Setpoint setpoint;
};

// Keep the highest epoch seen across restarts.
struct StoreEpoch {
  std::uint64_t epoch = 0;
};

// Switch the computers of a node that can sleep off, or on again (then they boot).
struct PowerBoards {
  bool on = true;
};

// Append to the audit of hygiene lifts.
struct RecordHygiene {
  HygieneRecord record;
};

// Keep the plan across restarts.
struct StorePlan {
  protocol::ZonePlan plan;
};

// Keep what was learned of the household's draws across restarts: Agent::learned_draws().
struct StoreDraws {
  int half_hours = 0;  // that it rests on
};

// Keep what was learned of a sensor near the case across restarts.
struct StoreNearCase {
  thermal::CaseBias bias;
};

// The scheduler speaks with an epoch below one we have seen, or refused us: drop the stream.
struct CloseStream {
  std::string reason;
};

using Command =
    std::variant<Send, OfferResult, ForgetResult, FetchInputs, StartTask, StopTask, SetSpeed,
                 SetPowerCap, SetFiller, SpoolResult, DiscardAttempt, StoreSetpoint, StoreEpoch,
                 StorePlan, StoreDraws, StoreNearCase, PowerBoards, RecordHygiene, CloseStream>;

// One line each, for logs and scenario files.
std::string to_string(const Command& command);

}  // namespace hearth::node_agent
