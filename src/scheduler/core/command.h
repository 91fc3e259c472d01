// Everything the scheduler can ask the outside world to do. Orders, in the imperative.
#pragma once

#include <string>
#include <variant>

#include "scheduler/core/event.h"
#include "scheduler/core/fact.h"

namespace hearth::scheduler {

// Write this fact; facts of one apply() are numbered without gaps and belong to one commit.
struct Commit {
  Sequence seq = 0;
  Fact fact;
};

// Put on the session's stream, in order.
struct Send {
  SessionId session;
  protocol::SchedulerMessage message;
};

// End the session's stream with this error.
struct CloseSession {
  SessionId session;
  Error error;
};

struct JobReply {
  JobId job;
  Sequence seq = 0;  // of its JobAccepted: watching from here misses nothing of it
  bool already_submitted = false;
};

// Answer a waiting caller. Already held back until what it says is durable.
struct Reply {
  CallId call = 0;
  Result<JobReply> result;  // for calls other than submit only whether it failed matters
};

// Fit this zone's model on a worker; answered with ModelFitted.
struct FitModel {
  ZoneId zone;
  thermal::RoomHistory history;
  thermal::FitOptions options;
};

// Forecast the fleet's capacity on a worker; answered with CapacityForecasted.
struct ForecastCapacity {
  CapacitySnapshot snapshot;
};

// Somebody should look after this zone, or need not any longer.
struct Alarm {
  ZoneId zone;
  bool raised = true;
  std::string text;
};

using Command = std::variant<Commit, Send, CloseSession, Reply, FitModel, ForecastCapacity, Alarm>;

// One line each, for logs and scenario files.
std::string to_string(const Command& command);

}  // namespace hearth::scheduler
