// One node in the core's memory, and the attempts it holds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "scheduler/core/view.h"

namespace hearth::scheduler {

using NodeIndex = std::uint32_t;

struct Attempt {
  TaskId task;
  NodeIndex node = 0;
  bool started = false;
  bool stopping = false;
  UtcTime started_at{};
  protocol::ServiceClass service_class = protocol::ServiceClass::kOnDemand;
  protocol::Resources resources;
};

// Where a node stands among those that could take work: zones below their band first, then by
// state of charge, nodes without a room last. Smaller is sooner; rounded, so that it is the same on
// every processor.
struct Rank {
  int group = 0;
  std::int64_t charge_permille = 0;

  friend auto operator<=>(const Rank&, const Rank&) = default;
};

struct NodeRecord {
  protocol::NodeFacts facts;
  std::string installation_id;
  bool joined = false;  // durably known, may hold attempts
  bool draining = false;
  NodeState state = NodeState::kLost;

  // The stream: hello_complete once HelloEnd came on this session.
  std::optional<SessionId> session;
  std::uint64_t session_counter = 0;
  bool hello_complete = false;
  std::set<AttemptId> stated;    // while the Hello lasts
  std::set<JobId> details_sent;  // on this session
  TimePoint last_seen{};
  UtcTime last_seen_at{};

  protocol::Telemetry telemetry;
  protocol::Setpoint setpoint;  // in force

  std::map<AttemptId, Attempt> attempts;
  int cores_leased = 0;
  std::uint64_t memory_leased = 0;
  std::uint64_t tasks_ended = 0;

  // Limits: the last sent, and the most power that may be in force by any word of ours.
  protocol::Limits limits;
  Watts committed;
  TimePoint limits_expire_at{};
  TimePoint plan_due_at{};

  Rank rank;

  [[nodiscard]] bool has_room() const { return facts.kind != protocol::NodeKind::kNone; }
  // By the setpoint in force, or because the node says that it has none.
  [[nodiscard]] bool is_off() const {
    return setpoint.mode == protocol::SetpointMode::kOff || !telemetry.setpoint;
  }
  [[nodiscard]] Watts watts_per_core() const {
    return (1.0 / facts.cores) * (facts.max - facts.idle);
  }
};

}  // namespace hearth::scheduler
