// Everything that can happen to the scheduler. Facts, in the past tense.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "scheduler/core/capacity.h"
#include "scheduler/core/fact.h"
#include "scheduler/core/telemetry.h"
#include "thermal/room_fit.h"
#include "weather/series.h"

namespace hearth::scheduler {

// Names the caller that waits for an answer; given out by the rpc adapter, 0: nobody waits.
using CallId = std::uint64_t;

struct WallClockRead {
  UtcTime utc;
};

// A sound submit whose payload pages, if any, are durable under `staging` and whose inputs are
// stored. Answered with JobReply.
struct SubmitRequested {
  CallId call = 0;
  RequestKey request;
  std::string request_hash;
  protocol::JobSpec spec;
  std::uint64_t staging = 0;
  std::optional<JobId> retries;  // whose payloads it reads: it must not have been forgotten
};

struct CancelRequested {
  CallId call = 0;
  JobId job;
  std::string reason;
};

// Changes a live job; what is unset stays. A deadline of nullopt takes it away.
struct UpdateRequested {
  CallId call = 0;
  JobId job;
  std::optional<bool> held;
  std::optional<int> priority;
  std::optional<std::optional<UtcTime>> deadline;
  std::string reason;
};

struct SetpointRequested {
  CallId call = 0;
  ZoneId zone;
  protocol::Setpoint setpoint;  // its revision is ignored: the core gives the next one
};

// Over what the zone has, which comes back by itself; nothing ends the holiday that it has.
struct HolidayRequested {
  CallId call = 0;
  ZoneId zone;
  std::optional<protocol::Holiday> holiday;
};

struct DrainRequested {
  CallId call = 0;
  NodeId node;
  bool drain = true;
  bool stop_running = false;
};

// The agent of a session said something; the first message of a session is Hello.
struct AgentSaid {
  SessionId session;
  protocol::AgentMessage message;
};

struct SessionClosed {
  SessionId session;
};

// Every fact up to here survives a crash.
struct CommitDurable {
  Sequence seq = 0;
};

// The weather as forecast from now on; an empty site: for all sites without a series of their own.
struct WeatherRead {
  SiteId site;
  weather::Series series;
};

// What a telemetry store kept of us before a restart, or a part of it; before anything an agent
// says. Zones and nodes that nobody knows any more are passed over.
struct TelemetryRestored {
  std::vector<SiteTelemetry> sites;  // before their zones
  std::vector<ZoneTelemetry> zones;
  std::vector<NodeTelemetry> nodes;
  std::vector<RunTimes::Row> run_times;
  std::optional<FleetCapacityError::State> fleet_capacity{};
  std::vector<TenantShare> shares{};
};

// What became of FitModel.
struct ModelFitted {
  ZoneId zone;
  thermal::RoomFit fit;
};

// What became of ForecastCapacity.
struct CapacityForecasted {
  CapacityForecast forecast;
};

// An operator caps a building's power below its breaker, or lifts the cap.
struct SiteCapRequested {
  CallId call = 0;
  SiteId site;
  std::optional<SiteCap> cap;
};

// An operator pauses the queue of a class, or of all, or lets it go on.
struct QueueRequested {
  CallId call = 0;
  std::optional<protocol::ServiceClass> service_class;
  bool pause = true;
  std::string reason;
};

// An operator mistrusts a node, or trusts it again: it gets nothing new, however it is drained or
// not. What it has not begun goes elsewhere, and with stop_running what it runs.
struct QuarantineRequested {
  CallId call = 0;
  NodeId node;
  bool quarantine = true;
  bool stop_running = false;
  std::string reason;
};

// Sets labels of a node, or takes those away that have no value.
struct LabelsRequested {
  CallId call = 0;
  NodeId node;
  std::map<std::string, std::optional<std::string>> changes;
};

// These ended jobs are beyond what is kept of them. Those that an active job is to run after stay.
struct JobsExpired {
  std::vector<JobId> jobs;
};

// Nothing happened but time went by; the caller honoured next_deadline().
struct TimePassed {};

using Event = std::variant<WallClockRead, SubmitRequested, CancelRequested, UpdateRequested,
                           SetpointRequested, HolidayRequested, DrainRequested, SiteCapRequested,
                           AgentSaid, SessionClosed, CommitDurable, WeatherRead, TelemetryRestored,
                           ModelFitted, CapacityForecasted, JobsExpired, QueueRequested,
                           QuarantineRequested, LabelsRequested, TimePassed>;

// One line each, for logs and scenario files.
std::string to_string(const Event& event);

}  // namespace hearth::scheduler
