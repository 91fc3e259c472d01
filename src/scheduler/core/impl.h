// The scheduler's state and its steps. Private to the core; one file per group of decisions.
//
//   scheduler.cpp   the order of the steps, time, durability
//   requests.cpp    submits, setpoints, drains
//   job_control.cpp cancels, holds and updates, jobs that wait for others, deadlines
//   forgetting.cpp  what becomes of ended jobs and of request ids in the end
//   operators.cpp   paused queues, nodes in quarantine and their labels, the queue as people see it
//   sessions.cpp    Hello ... HelloEnd, reports, silence and loss
//   attempts.cpp    how attempts end: results, retries, the end of jobs
//   planning.cpp    limits per node
//   zones.cpp       what telemetry teaches, forecasts and plans per zone, alarms
//   zone_fits.cpp   nightly fits
//   telemetry.cpp   what outlives a restart, given out and taken back
//   capacity_planning.cpp   the fleet's capacity, pressure, quotes
//   capacity_outcome.cpp    what became of the capacity that was forecast
//   placement.cpp   which task goes where
//   views.cpp, explain.cpp   what others may see
#pragma once

#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "scheduler/core/fair_share.h"
#include "scheduler/core/feasible.h"
#include "scheduler/core/job_record.h"
#include "scheduler/core/node_record.h"
#include "scheduler/core/plan.h"
#include "scheduler/core/pressure.h"
#include "scheduler/core/run_times.h"
#include "scheduler/core/scheduler.h"
#include "scheduler/core/waiting_jobs.h"
#include "scheduler/core/zone_record.h"

namespace hearth::scheduler {

// UTC days since 1970.
inline std::int64_t day_of(UtcTime utc) {
  return utc.time_since_epoch() / std::chrono::days{1};
}

struct Scheduler::Impl {
  Impl(SchedulerConfig config_in, DurableState state);

  std::vector<Command> apply(const Event& event, TimePoint at);
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  // ---- scheduler.cpp
  Sequence commit(Fact fact);
  void send(const NodeRecord& node, protocol::SchedulerMessage message);
  void reply_when_durable(CallId call, Result<JobReply> result);
  void acknowledge_when_durable(SessionId session, AttemptId attempt);
  [[nodiscard]] UtcTime utc_now() const { return UtcTime{now.time_since_epoch() + utc_offset}; }
  void on(const WallClockRead& event);
  void on(const CommitDurable& event);
  void on(const TimePassed& event);

  // ---- requests.cpp
  void on(const SubmitRequested& event);
  [[nodiscard]] std::optional<Error> over_quota(const protocol::JobSpec& spec) const;
  void on(const SetpointRequested& event);
  void on(const HolidayRequested& event);
  void order_setpoint(CallId call, const ZoneId& id, ZoneRecord& zone, protocol::Setpoint setpoint);
  void on(const DrainRequested& event);
  void on(const SiteCapRequested& event);

  // ---- job_control.cpp
  void on(const CancelRequested& event);
  void on(const UpdateRequested& event);
  void refuse_ended(CallId call, JobId job);
  void stop_job(JobRecord& job, CancelCause cause, std::string reason);
  void stop_if_failed_too_often(JobRecord& job);
  void give_back_waiting(const JobRecord& job);
  [[nodiscard]] std::optional<Error> unknown_dependency(const protocol::JobSpec& spec) const;
  void follow_dependencies(JobRecord& job);
  void weigh_dependency(JobRecord& job, const protocol::Dependency& dependency, JobState ended);
  void job_has_ended(JobId id, JobState state);
  void watch_deadline(const JobRecord& job);
  void cancel_overdue();

  // ---- forgetting.cpp
  void on(const JobsExpired& event);
  void remember_request(DurableRequest request);
  void forget_old_requests();
  void forget_request_of(JobId job);
  [[nodiscard]] std::optional<Error> forgotten_original(const SubmitRequested& event) const;

  // ---- operators.cpp
  void on(const QueueRequested& event);
  void on(const QuarantineRequested& event);
  void on(const LabelsRequested& event);
  void restore_suspensions(const DurableState& state);
  [[nodiscard]] const Suspension* pause_of(const JobRecord& job) const;
  [[nodiscard]] std::string waits_because(const JobRecord& job) const;

  // ---- sessions.cpp
  void on(const AgentSaid& event);
  void on(const SessionClosed& event);
  void say(NodeIndex index, const protocol::HelloAttempts& message);
  void say(NodeIndex index, const protocol::HelloResults& message);
  void say(NodeIndex index, const protocol::HelloEnd& message);
  void say(NodeIndex index, const protocol::Report& message);
  void say(NodeIndex index, const protocol::AttemptsStarted& message);
  void say(NodeIndex index, const protocol::TaskResult& message);
  void say(NodeIndex index, const protocol::AttemptsReturned& message);
  void say(NodeIndex index, const protocol::SetpointInForce& message);
  void hello(SessionId session, const protocol::Hello& message);
  NodeIndex node_named(const NodeId& name);
  void saw(NodeIndex index);
  void adopt(NodeIndex index, const protocol::HeldAttempt& held);
  void drop_session(NodeIndex index, std::optional<Error> error);
  void fall_silent(NodeIndex index);
  void give_up(NodeIndex index);
  void expire_silent_nodes();
  void stop_waiting_for(NodeIndex index);

  // ---- attempts.cpp
  void grant(JobRecord& job, NodeIndex index);
  void record_attempt(NodeIndex index, AttemptId id, JobRecord& job, TaskId task, bool started);
  void forget_attempt(AttemptId id);
  void stop_attempt(AttemptId id, protocol::StopReason reason);
  void finish(JobRecord& job, protocol::TaskState state, const NodeId& node,
              const protocol::AttemptReport& report);
  void fail_or_retry(JobRecord& job, const NodeId& node, const protocol::AttemptReport& report);
  void attempt_lost(AttemptId id, std::string message);
  void release_due_retries();
  void end_job_if_done(JobRecord& job);
  void list_job(JobRecord& job);
  [[nodiscard]] UtcTime due_time(JobRecord& job) const;

  // ---- planning.cpp
  void plan_due_nodes();
  void plan_soon(NodeIndex index);
  void plan_node(NodeIndex index);
  [[nodiscard]] PlanInputs plan_inputs(const NodeRecord& node, const ZonePlanResult* zone);
  [[nodiscard]] Watts promised_power(const NodeRecord& node, const SiteRecord& site,
                                     const SiteConfig& promised) const;
  [[nodiscard]] std::optional<protocol::Follow> follow_of(const NodeRecord& node,
                                                          const NodeRecord& lead) const;
  void send_plan(ZoneRecord& zone, const NodeRecord& node);
  void rerank(NodeIndex index);

  // ---- zones.cpp
  void on(const WeatherRead& event);
  SiteRecord& site_of(const SiteId& id);
  [[nodiscard]] const weather::Series* weather_of(const SiteId& site) const;
  [[nodiscard]] std::optional<Celsius> outdoor_of(const SiteId& site) const;  // now, as forecast
  [[nodiscard]] const NodeRecord* lead_of(const ZoneRecord& zone) const;
  void account_heat(NodeRecord& node);
  void restore_heat(NodeRecord& node, const HeatToday& kept);
  void learn_from_report(NodeIndex index);
  [[nodiscard]] bool may_ease(const protocol::Setpoint& setpoint) const;
  void follow_work_reference(ZoneRecord& zone, const NodeRecord& lead);
  void judge_comfort(ZoneRecord& zone, const NodeRecord& lead);
  [[nodiscard]] thermal::RoomModel model_of(const ZoneRecord& zone) const;
  void use_model(ZoneRecord& zone);
  void replan_zone(ZoneRecord& zone, const NodeRecord& lead);
  void plan_tank(ZoneRecord& zone, const NodeRecord& lead);
  [[nodiscard]] Kelvins commissioning_of(const ZoneRecord& zone, const NodeRecord& lead) const;
  void make_forecast(ZoneRecord& zone, const weather::Series& series, ZonePlanInputs& inputs);
  void share_plan(const ZoneRecord& zone, NodeRecord& node, Celsius work_reference, Watts zone_max);

  // ---- telemetry.cpp
  void on(const TelemetryRestored& event);
  void restore(const ZoneTelemetry& kept);
  void restore(const TenantShare& kept);
  [[nodiscard]] ZoneSample sample_of(const ZoneRecord& zone) const;

  // ---- zone_fits.cpp
  void on(const ModelFitted& event);
  void ask_for_fit(const ZoneId& id, ZoneRecord& zone);

  // ---- capacity_planning.cpp
  void on(const CapacityForecasted& event);
  [[nodiscard]] CapacityZone capacity_zone(const ZoneRecord& zone, const NodeRecord& lead) const;
  struct CapacityMaking {  // a snapshot under way: whole fleets take several turns
    CapacitySnapshot snapshot;
    std::map<SiteId, std::uint32_t> places;  // of weather series, by their key
    std::optional<ZoneId> after;
    CapacityOutlook outlook;  // of the day's first forecast
    bool settled = false;     // the outlook of the day before, with that
    double residual = 0;      // what its zones erred on average
  };
  void ask_for_capacity();
  [[nodiscard]] bool gather_capacity(CapacityMaking& making);
  void follow_pressure();

  // ---- capacity_outcome.cpp
  [[nodiscard]] Joules heat_of(const ZoneRecord& zone) const;
  [[nodiscard]] bool settle_outlook(CapacityMaking& making);
  void close_outlook(CapacityMaking& making);
  void note_outlook(CapacityMaking& making, const ZoneId& id, const ZoneRecord& zone) const;
  void take_outlook(const CapacityForecast& forecast);

  [[nodiscard]] Shape shape_of_job(const protocol::JobSpec& spec, Duration run_time_p90) const;

  // ---- placement.cpp
  void place();
  [[nodiscard]] std::vector<NodeIndex> candidates_for(const JobRecord& job, const Shape& shape,
                                                      std::size_t most) const;
  [[nodiscard]] ShapeWalk walk(Duration longest) const;
  void place_job(JobId id);
  void fill_node(NodeIndex index);
  void take_back_waiting(NodeIndex index);
  [[nodiscard]] int cores_ahead(const JobRecord& job, const NodeRecord& node) const;

  [[nodiscard]] NodeView view(const NodeRecord& node) const;
  [[nodiscard]] ZoneView view(const ZoneId& id, const ZoneRecord& zone) const;
  [[nodiscard]] ZoneHeatView heat_view(const ZoneRecord& zone) const;
  [[nodiscard]] Quote quote(const protocol::JobSpec& spec, const JobRecord* submitted) const;
  void add_waiting(const JobRecord* submitted, QuoteInputs& inputs) const;
  [[nodiscard]] double others_ratio(const TenantId& tenant) const;
  void add_envelope(const ZoneRecord& zone, ZoneHeatView& heat) const;
  [[nodiscard]] std::string why_share(const JobRecord& job) const;
  [[nodiscard]] std::string why_zone(const ZoneView& zone, const NodeRecord* lead) const;

  // ---- state
  SchedulerConfig config;
  std::string store_id;
  std::uint64_t epoch = 0;
  TimePoint now{};
  bool started = false;
  Duration utc_offset{};
  bool clock_known = false;
  std::vector<Command> out;  // of the apply() under way

  Sequence last_seq = 0;
  Sequence durable_seq = 0;
  std::deque<std::pair<Sequence, Reply>> held_replies;
  std::deque<std::pair<Sequence, std::pair<SessionId, AttemptId>>> held_acknowledgements;
  std::deque<std::pair<Sequence, DispatchMarkRaised>> held_marks;
  struct EndedJob {
    Sequence seq = 0;
    JobId job;
    JobState state = JobState::kSucceeded;
  };
  std::deque<EndedJob> ended_jobs;  // forgotten once durable

  JobId last_job;
  std::map<JobId, JobRecord> jobs;
  std::map<RequestKey, DurableRequest> requests;
  std::map<JobId, RequestKey> requests_by_job;  // of these, the oldest first
  FairShare shares;
  WaitingJobs waiting_jobs;  // have available() > 0
  std::map<protocol::ServiceClass, Suspension> pauses;
  std::set<JobId> dirty_jobs;  // to be offered to every node
  std::set<std::pair<TimePoint, TaskId>> retries_due;
  std::map<JobId, JobState> ended_states;             // durably
  std::map<JobId, std::set<JobId>> dependents;        // by the active job that they wait for
  std::set<std::pair<UtcTime, JobId>> deadlines_due;  // of jobs that end with them

  std::uint64_t last_attempt = 0;
  std::map<AttemptId, NodeIndex> attempt_nodes;

  std::vector<NodeRecord> nodes;
  std::map<NodeId, NodeIndex> node_names;
  std::map<SessionId, NodeIndex> sessions;
  std::map<ZoneId, ZoneRecord> zones;
  std::map<SiteId, SiteRecord> sites;
  std::map<SiteId, weather::Series> weather;  // empty site: for all others
  Pressure pressure;
  std::optional<TimePoint> pressure_due;
  RunTimes run_times;
  CapacityForecast capacity;
  bool capacity_asked = false;
  std::optional<CapacityMaking> capacity_making;
  std::optional<TimePoint> capacity_due;
  std::optional<std::int64_t> outlook_day;  // UTC day whose first forecast was ordered
  CapacityOutlook outlook_asked, outlook;   // being forecast; forecast, its outcome to come
  FleetCapacityError capacity_error;
  std::set<NodeIndex> dirty_nodes;  // to be offered work
  std::set<std::pair<Rank, NodeIndex>> ranked;
  std::set<std::pair<TimePoint, NodeIndex>> plans_due;
  std::set<NodeIndex> awaited;  // joined before our start and not heard of since

  std::deque<TimePoint> recent_silences;  // within the last minute
  TimePoint expiry_suspended_until{};
  TimePoint silence_check_at{};  // the fleet is looked over for silence then, not at every event

  SchedulerStats stats;
};

}  // namespace hearth::scheduler
