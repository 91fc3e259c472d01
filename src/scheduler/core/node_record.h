// One node in the core's memory, and the attempts it holds.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "scheduler/core/fair_share.h"
#include "scheduler/core/node_learning.h"
#include "scheduler/core/runway_table.h"
#include "scheduler/core/telemetry.h"
#include "scheduler/core/view.h"

namespace hearth::scheduler {

using NodeIndex = std::uint32_t;

struct Attempt {
  TaskId task;
  NodeIndex node = 0;
  bool started = false;
  bool stopping = false;
  UtcTime started_at{};
  std::optional<TimePoint> granted_at;  // by us, since our start
  protocol::ServiceClass service_class = protocol::ServiceClass::kOnDemand;
  protocol::Resources resources;
  FairShare::TenantIndex tenant = 0;
};

// Where a node stands among those that could take work: zones below their band first, then by
// state of charge, nodes without a room last. Smaller is sooner; rounded, so that it is the same on
// every processor.
struct Rank {
  enum Group { kCold, kInBand, kNoRoom, kAsleep, kClosing, kFull };
  int group = kCold;
  std::int64_t charge_permille = 0;

  friend auto operator<=>(const Rank&, const Rank&) = default;
};

struct NodeRecord {
  protocol::NodeFacts facts;
  std::string installation_id;
  bool joined = false;  // durably known, may hold attempts
  bool draining = false;
  std::optional<Suspension> quarantine;
  Labels labels;
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

  // Heat: what was learned of the node, its part of the zone's plan, and how long the zone bears
  // it.
  NodeLearning learned;
  HeatToday heat_today;
  bool meter_kept = false;                // its last reading is from before our start
  Joules heat_seen;                       // by any counter, since our first report of it
  std::optional<Watts> hold;              // the node's share, mean of the next two hours
  std::optional<Watts> absorbs;           // of a tank: what it takes, mean of the next day
  std::optional<Celsius> work_reference;  // what class bounds are measured from; t_ref if unset
  std::optional<Kelvins> free_peak;       // of free heat within 12 h, above where work may go
  RunwayTable runway;
  // Work of a class that came back unasked is not offered again before, by class: the node judges
  // by what we may not have heard yet.
  std::array<TimePoint, protocol::kServiceClassCount> gave_back_until{};

  Rank rank;
  bool ranked = false;  // among those that could take work

  [[nodiscard]] bool has_room() const { return facts.kind != protocol::NodeKind::kNone; }
  // By the setpoint in force, or because the node says that it has none.
  [[nodiscard]] bool is_off() const {
    return setpoint.mode == protocol::SetpointMode::kOff || !telemetry.setpoint;
  }
  [[nodiscard]] Celsius reference() const { return work_reference.value_or(limits.t_ref); }
  // At full speed, what its attempts draw above idle.
  [[nodiscard]] Watts leased_power() const {
    return static_cast<double>(cores_leased) * watts_per_core();
  }
  // How much of the heat that its zone wants is not given by customers' work yet.
  [[nodiscard]] Watts headroom() const;
  [[nodiscard]] Watts watts_per_core() const {
    return (1.0 / facts.cores) * (facts.max - facts.idle);
  }
};

}  // namespace hearth::scheduler
