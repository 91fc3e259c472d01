// The scheduler's decisions, with no I/O.
//
// A deterministic state machine: the same configuration, durable state, events and times give the
// same commands, byte for byte. It reads no clock, draws no random numbers, starts no threads and
// logs nothing. One thread owns it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "scheduler/core/command.h"
#include "scheduler/core/event.h"
#include "scheduler/core/fair_share.h"
#include "scheduler/core/quote.h"
#include "scheduler/core/view.h"

namespace hearth::scheduler {

struct SiteConfig {
  Watts breaker{1e9};  // what the building's breaker carries
  Watts reserve;       // of it, kept for boot, resistance and other loads
  Joules daily_heat;   // promised to the building each day (UTC) while its rooms can take it

  friend bool operator==(const SiteConfig&, const SiteConfig&) = default;
};

// How rooms are learned, forecast and bent.
struct HeatConfig {
  bool prediction = true;     // models, weather and runways; off: bands and the present alone
  bool learning = true;       // nightly fits; off: models stay as they are
  bool commissioning = true;  // new zones are moved a little in unoccupied hours, to learn them
  Duration fit_period{std::chrono::hours{24}};
  Duration capacity_period{std::chrono::minutes{30}};
  Kelvins cold_alarm{2.0};  // below the setpoint, for cold_alarm_after: somebody should look
  Duration cold_alarm_after{std::chrono::hours{3}};

  friend bool operator==(const HeatConfig&, const HeatConfig&) = default;
};

struct SchedulerConfig {
  Duration silent_after{std::chrono::seconds{30}};  // ONLINE -> SILENT
  Duration lost_after{std::chrono::minutes{10}};    // SILENT -> LOST, counted from last seen
  // When more than half of the fleet, and at least so many nodes, fall silent within a minute,
  // nobody is given up for so long.
  std::size_t mass_silence_nodes = 20;
  Duration mass_silence_hold{std::chrono::minutes{30}};
  Duration report_period{std::chrono::seconds{10}};
  Duration plan_period{std::chrono::seconds{60}};  // each node's limits are renewed so often
  Duration limits_valid_for{std::chrono::minutes{5}};
  Duration retry_delay{std::chrono::seconds{1}};  // doubled with each failure, up to a minute
  std::uint64_t dispatch_mark_step = 4096;
  Duration chunk_target{std::chrono::seconds{2}};  // short tasks are leased so far ahead
  int chunk_max = 256;                             // per core
  // How long a request id names its job, counted to the newest submit, and how many do at most.
  Duration request_keep{std::chrono::days{7}};
  std::size_t request_ids_max = 1'000'000;
  protocol::HeatBand band;
  HeatConfig heat;
  std::map<SiteId, SiteConfig> sites;  // others: no breaker limit
  ShareConfig share;

  friend bool operator==(const SchedulerConfig&, const SchedulerConfig&) = default;
};

class Scheduler {
 public:
  Scheduler(SchedulerConfig config, DurableState state);
  ~Scheduler();

  // Takes in one event that happened at `now` and returns what to do, in order.
  // Times never run backwards between calls.
  [[nodiscard]] std::vector<Command> apply(const Event& event, TimePoint now);

  // When apply(TimePassed{}) must next be called, if nothing else happens first.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  // The number of the last fact made; reads wait until it is durable.
  [[nodiscard]] Sequence last_seq() const;
  [[nodiscard]] std::uint64_t epoch() const;
  [[nodiscard]] const std::string& store_id() const;

  // Whether a submit under this key made a job; it is answered as it was then.
  [[nodiscard]] bool knows(const RequestKey& request) const;

  // Snapshots. Jobs that ended and whose end is durable are known to the store alone.
  [[nodiscard]] std::optional<JobView> job(JobId job) const;
  [[nodiscard]] std::vector<JobView> jobs() const;
  [[nodiscard]] std::optional<TaskView> task(TaskId task) const;
  [[nodiscard]] std::optional<NodeView> node(const NodeId& node) const;
  [[nodiscard]] std::optional<ZoneView> zone(const ZoneId& zone) const;
  [[nodiscard]] std::vector<NodeView> nodes() const;  // by name
  [[nodiscard]] std::vector<ZoneView> zones() const;  // by name
  // By name: those with work, those that had some lately, those that the configuration names.
  [[nodiscard]] std::vector<TenantView> tenants() const;
  [[nodiscard]] Result<TaskExplanation> explain_task(TaskId task) const;
  [[nodiscard]] Result<ZoneExplanation> explain_zone(const ZoneId& zone) const;
  [[nodiscard]] SchedulerStats stats() const;
  // What waits and why, of each class; the jobs in the order in which they go, at most so many.
  [[nodiscard]] QueueView queue(std::size_t jobs_max) const;

  // The last forecast of the fleet's capacity; no hours before the first.
  [[nodiscard]] const CapacityForecast& capacity() const;
  // When a job of this specification, submitted now, would be done.
  [[nodiscard]] Quote quote(const protocol::JobSpec& spec) const;
  // The same of what is left of an active job; nothing where it is held, paused, waits for another
  // job or is not known.
  [[nodiscard]] std::optional<Quote> estimate(JobId job) const;
  [[nodiscard]] std::vector<SiteView> sites() const;  // by name

  // For whoever keeps telemetry over a restart (telemetry.h). By name, at most `most` after
  // `after`; of slots and of knowledge only what `kept` has not.
  [[nodiscard]] std::vector<ZoneTelemetry> zone_telemetry(const ZoneId& after, std::size_t most,
                                                          const KeptTelemetry& kept) const;
  [[nodiscard]] std::vector<SiteTelemetry> site_telemetry(const SiteId& after, std::size_t most,
                                                          const KeptTelemetry& kept) const;
  [[nodiscard]] std::vector<NodeTelemetry> node_telemetry(const NodeId& after,
                                                          std::size_t most) const;
  [[nodiscard]] const RunTimes& run_times() const;
  [[nodiscard]] std::vector<TenantShare> tenant_shares() const;
  [[nodiscard]] const FleetCapacityError::State& fleet_capacity_error() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::scheduler
