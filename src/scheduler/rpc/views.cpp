#include "scheduler/rpc/views.h"

#include "scheduler/rpc/heat_views.h"
#include "scheduler/runtime/clock.h"
#include "wire/checks.h"
#include "wire/fleet.h"
#include "wire/job.h"

namespace hearth::scheduler {
namespace {

void to_wire(const TaskCounts& counts, job::v1::TaskCounts* out) {
  out->set_pending(counts.pending);
  out->set_running(counts.running);
  out->set_succeeded(counts.succeeded);
  out->set_failed(counts.failed);
  out->set_cancelled(counts.cancelled);
}

void to_wire(const JobTotals& totals, job::v1::Job* out) {
  out->set_attempts_ended(totals.attempts_ended);
  out->set_cpu_s(totals.cpu_s);
  out->set_energy_j(totals.energy.value);
}

void set_time(UtcTime time, google::protobuf::Timestamp* out) {
  wire::to_wire(time, out);
}

fleet::v1::NodeState to_wire(NodeState state) {
  switch (state) {
    case NodeState::kOnline:
      return fleet::v1::NODE_STATE_ONLINE;
    case NodeState::kSilent:
      return fleet::v1::NODE_STATE_SILENT;
    case NodeState::kLost:
      return fleet::v1::NODE_STATE_LOST;
  }
  return fleet::v1::NODE_STATE_UNSPECIFIED;
}

std::string words_of(const JobUpdated& fact) {
  return std::string(fact.control.held ? "held" : "not held") + ", priority " +
         std::to_string(fact.control.priority) +
         (fact.control.deadline ? ", deadline " + hearth::to_string(*fact.control.deadline) : "") +
         (fact.reason.empty() ? "" : ": " + fact.reason);
}

struct EventToWire {
  job::v1::WatchJobsResponse& out;

  void operator()(const JobAccepted& fact) const {
    out.set_kind(job::v1::JOB_EVENT_KIND_SUBMITTED);
    set_time(fact.at, out.mutable_at());
  }
  void operator()(const TaskRequeued& fact) const {
    out.set_kind(job::v1::JOB_EVENT_KIND_TASK_RETRIED);
    set_time(fact.at, out.mutable_at());
    out.set_task_index(fact.task.index);
    wire::to_wire(fact.report, fact.node, out.mutable_attempt());
  }
  void operator()(const JobCancelled& fact) const {
    out.set_kind(job::v1::JOB_EVENT_KIND_CANCELLED);
    set_time(fact.at, out.mutable_at());
    out.set_message(wire::to_utf8(fact.reason));
  }
  void operator()(const JobUpdated& fact) const {
    out.set_kind(job::v1::JOB_EVENT_KIND_UPDATED);
    set_time(fact.at, out.mutable_at());
    out.set_message(wire::to_utf8(words_of(fact)));
  }
  void operator()(const JobEnded& fact) const {
    out.set_kind(job::v1::JOB_EVENT_KIND_ENDED);
    set_time(fact.at, out.mutable_at());
  }
  template <class Other>
  void operator()(const Other&) const {}  // is no event
};

}  // namespace

job::v1::JobState to_wire(JobState state) {
  switch (state) {
    case JobState::kActive:
      return job::v1::JOB_STATE_ACTIVE;
    case JobState::kSucceeded:
      return job::v1::JOB_STATE_SUCCEEDED;
    case JobState::kFailed:
      return job::v1::JOB_STATE_FAILED;
    case JobState::kCancelled:
      return job::v1::JOB_STATE_CANCELLED;
  }
  return job::v1::JOB_STATE_UNSPECIFIED;
}

void to_wire(const JobRow& row, const std::optional<JobView>& view, job::v1::Job* out) {
  const bool use_view = row.state == JobState::kActive && view;
  out->set_job_id(to_string(row.job));
  wire::to_wire(row.spec, out->mutable_spec());
  out->set_state(to_wire(row.state));
  to_wire(use_view ? view->counts : row.counts, out->mutable_counts());
  to_wire(use_view ? view->totals : row.totals, out);
  set_time(row.submitted_at, out->mutable_submitted_at());
  const bool ended = row.state != JobState::kActive;
  if (ended) set_time(row.ended_at, out->mutable_ended_at());
  out->set_held(!ended && row.spec.held);
  out->set_reason(wire::to_utf8(row.reason));
  if (row.cancelled) {
    out->set_cancel_cause(static_cast<job::v1::CancelCause>(1 + static_cast<int>(*row.cancelled)));
  }
  if (use_view) {
    for (const auto other : view->waits_for) out->add_waits_for(to_string(other));
  }
  const auto& deadline = row.spec.deadline;
  out->set_deadline_missed(deadline && (ended ? row.ended_at : utc_now()) > *deadline);
}

Result<> read_job(StoreReader& reader, JobId id, const std::optional<JobView>& view,
                  job::v1::Job* out) {
  HEARTH_TRY(row, reader.job(id));
  if (!row) return tl::unexpected(no_such_job(reader, id));
  to_wire(*row, view, out);
  return {};
}

void add_open_attempt(const TaskView& view,
                      google::protobuf::RepeatedPtrField<job::v1::Attempt>* out) {
  if (!view.attempt) return;
  auto* attempt = out->Add();
  attempt->set_attempt_id(to_string(*view.attempt));
  attempt->set_node_id(view.node.value);
  if (view.started) set_time(view.started_at, attempt->mutable_started_at());
}

void to_wire(const TaskRow& row, job::v1::TaskResult* out) {
  out->set_index(row.index);
  out->set_state(wire::to_wire(row.state));
  out->set_result(row.body);
  for (const auto& output : row.report.outputs) wire::to_wire(output, out->add_outputs());
  wire::to_wire(row.report, row.node, out->mutable_attempt());
}

void to_wire(const EventRow& row, job::v1::WatchJobsResponse* out) {
  out->set_job_id(to_string(row.job));
  std::visit(EventToWire{*out}, row.fact);
}

void to_wire(const NodeView& view, fleet::v1::Node* out) {
  const auto& facts = view.facts;
  out->set_node_id(facts.node.value);
  out->set_state(to_wire(view.state));
  out->set_kind(wire::to_wire(facts.kind));
  out->set_zone_id(facts.zone.value);
  out->set_site_id(facts.site.value);
  out->set_draining(view.draining);
  if (view.quarantine) {
    out->set_quarantined(true);
    out->set_quarantine_reason(view.quarantine->reason);
    set_time(view.quarantine->since, out->mutable_quarantined_since());
  }
  out->mutable_labels()->insert(view.labels.begin(), view.labels.end());
  out->set_cores(static_cast<std::uint32_t>(facts.cores));
  out->set_cores_used(static_cast<std::uint32_t>(view.cores_used));
  out->set_memory_bytes(facts.memory_bytes);
  out->set_idle_w(facts.idle.value);
  out->set_max_w(facts.max.value);
  wire::to_wire(view.telemetry.power_w, out->mutable_power_w());
  out->set_power_wanted_w(view.telemetry.power_wanted.value);
  out->set_power_max_w(view.p_max.value);
  out->set_tasks_running(static_cast<std::uint32_t>(view.tasks_running));
  out->set_tasks_waiting(static_cast<std::uint32_t>(view.tasks_waiting));
  out->set_tasks_ended(view.tasks_ended);
  out->set_isolated(facts.isolated);
  out->set_isolation_note(facts.isolation_note);
  out->set_agent_version(facts.agent_version);
  out->set_residential(facts.residential);
  out->set_takes_secrets(facts.takes_secrets);
  out->set_grants_network(facts.grants_network);
  if (view.last_seen_at != UtcTime{}) set_time(view.last_seen_at, out->mutable_last_seen_at());
  wire::to_wire(view.telemetry.energy, out->mutable_energy());
  add_heat(view, out);
}

void to_wire(const ZoneView& view, fleet::v1::Zone* out) {
  out->set_zone_id(view.zone.value);
  out->set_site_id(view.site.value);
  for (const auto& node : view.nodes) out->add_node_ids(node.value);
  wire::to_wire(view.setpoint, out->mutable_setpoint());
  if (view.setpoint_now) out->set_setpoint_now_c(view.setpoint_now->value);
  out->set_reference_c(view.t_ref.value);
  wire::to_wire(view.temperature_c, out->mutable_temperature_c());
  out->set_state_of_charge(view.state_of_charge);
  out->set_power_w(view.power.value);
  out->set_energy_j(view.energy.value);
  out->set_tasks_running(static_cast<std::uint32_t>(view.tasks_running));
  out->set_tasks_ended(view.tasks_ended);
  if (view.ordered) wire::to_wire(*view.ordered, out->mutable_ordered());
  to_wire(view.heat, out->mutable_heat());
}

}  // namespace hearth::scheduler
