#include <algorithm>
#include <array>

#include "common/check.h"
#include "scheduler/core/impl.h"
#include "scheduler/core/verify.h"

namespace hearth::scheduler {

using protocol::AttemptReport;
using protocol::FailureClass;
using protocol::StopReason;
using protocol::TaskState;

void Scheduler::Impl::grant(JobRecord& job, NodeIndex index) {
  auto& node = nodes[index];
  CHECK(violations(job.spec(), node).empty());
  const auto taken = job.take();
  const TaskId task{job.id(), taken.index};
  const AttemptId id{epoch, ++last_attempt};
  if (taken.was_requeued) commit(RequeueConsumed{task});
  record_attempt(index, id, job, task, false);
  node.attempts.at(id).granted_at = now;
  ++stats.attempts_granted;
  if (node.details_sent.insert(job.id()).second) {
    send(node, protocol::JobDetails{job.id(), job.spec(), job.has_payloads()});
  }
  send(node, protocol::StartAttempt{id, task});
}

void Scheduler::Impl::record_attempt(NodeIndex index, AttemptId id, JobRecord& job, TaskId task,
                                     bool is_started) {
  auto& node = nodes[index];
  const auto& spec = job.spec();
  node.attempts[id] = Attempt{.task = task,
                              .node = index,
                              .started = is_started,
                              .stopping = false,
                              .started_at = {},
                              .granted_at = {},
                              .service_class = spec.service_class,
                              .resources = spec.resources,
                              .tenant = shares.index_of(spec.tenant)};
  shares.take(shares.index_of(spec.tenant), spec.resources.cores, now);
  node.cores_leased += spec.resources.cores;
  node.memory_leased += spec.resources.memory_bytes;
  attempt_nodes[id] = index;
  job.open(task.index, id);
  rerank(index);
}

// Takes the attempt out of the node's books; the task stays open until the caller says more.
void Scheduler::Impl::forget_attempt(AttemptId id) {
  const auto found = attempt_nodes.find(id);
  if (found == attempt_nodes.end()) return;
  auto& node = nodes[found->second];
  const auto& attempt = node.attempts.at(id);
  node.cores_leased -= attempt.resources.cores;
  node.memory_leased -= attempt.resources.memory_bytes;
  shares.give_back(attempt.tenant, attempt.resources.cores, now);
  node.attempts.erase(id);
  rerank(found->second);
  dirty_nodes.insert(found->second);
  attempt_nodes.erase(found);
}

void Scheduler::Impl::stop_attempt(AttemptId id, StopReason reason) {
  const auto found = attempt_nodes.find(id);
  if (found == attempt_nodes.end()) return;
  auto& node = nodes[found->second];
  node.attempts.at(id).stopping = true;
  send(node, protocol::StopAttempt{id, reason});
}

void Scheduler::Impl::say(NodeIndex index, const protocol::TaskResult& message) {
  const auto& report = message.report;
  const auto session = *nodes[index].session;
  const NodeId name = nodes[index].facts.node;
  const auto found = jobs.find(report.task.job);
  const bool task_known =
      found != jobs.end() && report.task.index < found->second.spec().task_count;
  const bool task_open = task_known && !is_final(found->second.state(report.task.index)) &&
                         found->second.was_dispatched(report.task.index);
  const bool was_granted = report.attempt.epoch < epoch || (report.attempt.epoch == epoch &&
                                                            report.attempt.counter <= last_attempt);
  const auto open = task_open ? found->second.open_attempt(report.task.index) : std::nullopt;
  const bool is_current = open && *open == report.attempt;
  const bool succeeded = report.failure == FailureClass::kNone;
  // A late result of a superseded attempt still counts while its task is open; a failure does not.
  if (!task_open || !was_granted || (!is_current && !succeeded)) {
    ++stats.results_superseded;
    forget_attempt(report.attempt);
    return acknowledge_when_durable(session, report.attempt);
  }
  auto& job = found->second;
  if (open && !is_current) stop_attempt(*open, StopReason::kSuperseded);
  if (open) forget_attempt(*open);
  ++stats.results_accepted;
  ++nodes[index].tasks_ended;
  dirty_nodes.insert(index);
  if (succeeded) {
    job.learn_run_time(report.nominal_run_time);
    run_times.learn(job.spec(), report.nominal_run_time);
    if (job.available() > 0) {
      job.set_run_time_p90(run_times.remaining(job.spec(), {}).p90);
      list_job(job);
    }
    nodes[index].learned.result(nodes[index].facts, report, job.spec().resources.cores);
    finish(job, TaskState::kSucceeded, name, report);
  } else {
    fail_or_retry(job, name, report);
  }
  acknowledge_when_durable(session, report.attempt);
}

void Scheduler::Impl::finish(JobRecord& job, TaskState state, const NodeId& node,
                             const AttemptReport& report) {
  job.add_totals(report);
  job.end(report.task.index, state);
  commit(TaskEnded{report.task, state, node, report});
  if (state == TaskState::kFailed) stop_if_failed_too_often(job);
  list_job(job);
  end_job_if_done(job);
}

void Scheduler::Impl::fail_or_retry(JobRecord& job, const NodeId& node,
                                    const AttemptReport& report) {
  if (job.cancelled()) return finish(job, TaskState::kCancelled, node, report);
  if (report.failure == FailureClass::kInputMissing) {
    return finish(job, TaskState::kFailed, node, report);
  }
  auto& retries = job.retries(report.task.index);
  const bool users = is_users_fault(report.failure);
  const bool infrastructure =
      report.failure == FailureClass::kNodeLost || report.failure == FailureClass::kAgentError;
  if (users && ++retries.user > job.spec().user_retries) {
    return finish(job, TaskState::kFailed, node, report);
  }
  if (infrastructure && ++retries.infrastructure > job.spec().infrastructure_retries) {
    return finish(job, TaskState::kFailed, node, report);
  }
  ++stats.attempts_retried[static_cast<std::size_t>(report.failure)];
  job.add_totals(report);
  commit(TaskRequeued{report.task, retries.user, retries.infrastructure, node, report, utc_now()});
  const int failures = users ? retries.user : infrastructure ? retries.infrastructure : 0;
  if (failures == 0 || report.failure == FailureClass::kNodeLost) {
    job.release(report.task.index, true);
    list_job(job);
    return;
  }
  constexpr int kDoublingsMax = 6;
  const auto delay = std::min<Duration>(
      std::chrono::minutes{1}, config.retry_delay * (1 << std::min(failures - 1, kDoublingsMax)));
  job.hold_back(report.task.index);
  retries_due.emplace(now + delay, report.task);
}

void Scheduler::Impl::attempt_lost(AttemptId id, std::string message) {
  const auto found = attempt_nodes.find(id);
  CHECK(found != attempt_nodes.end());
  const auto& node = nodes[found->second];
  const Attempt attempt = node.attempts.at(id);
  const NodeId name = node.facts.node;
  forget_attempt(id);
  AttemptReport report;
  report.attempt = id;
  report.task = attempt.task;
  report.failure = FailureClass::kNodeLost;
  report.message = std::move(message);
  report.started_at = attempt.started_at;
  report.finished_at = utc_now();
  fail_or_retry(jobs.at(attempt.task.job), name, report);
}

void Scheduler::Impl::release_due_retries() {
  while (!retries_due.empty() && retries_due.begin()->first <= now) {
    const TaskId task = retries_due.begin()->second;
    retries_due.erase(retries_due.begin());
    const auto found = jobs.find(task.job);
    // Ended, or adopted from a node that still had it, in the meantime.
    if (found == jobs.end() || found->second.state(task.index) != TaskState::kPending) continue;
    found->second.release(task.index, true);
    list_job(found->second);
  }
}

void Scheduler::Impl::end_job_if_done(JobRecord& job) {
  if (!job.take_end()) return;
  const auto counts = job.counts();
  const bool gave_up = job.cancel_cause() == CancelCause::kFailures;
  const auto state = job.cancelled() && !gave_up    ? JobState::kCancelled
                     : gave_up || counts.failed > 0 ? JobState::kFailed
                                                    : JobState::kSucceeded;
  const Sequence seq = commit(JobEnded{job.id(), state, counts, job.totals(), utc_now()});
  ended_jobs.push_back({seq, job.id(), state});
  list_job(job);
}

// When a job should have begun. With a deadline: in time for its tasks at P90. Without: so that
// none waits longer than a multiple of its own run time, which keeps slowdown bounded for short and
// long alike (Wierman: fairness and scheduling in single server queues, 2011), the sooner the
// earlier a class was promised; a stream of later ones cannot starve it, since its time is fixed.
UtcTime Scheduler::Impl::due_time(JobRecord& job) const {
  constexpr std::array<int, protocol::kServiceClassCount> kRunTimes = {4, 16, 48, 96};  // (choice)
  constexpr Duration kWaitMax = std::chrono::hours{72};
  const auto left = run_times.remaining(job.spec(), {});
  job.set_run_time_p90(left.p90);
  if (job.spec().deadline) return *job.spec().deadline - left.p90;
  const auto factor = kRunTimes[static_cast<std::size_t>(job.spec().service_class)];
  return job.submitted_at() + std::min<Duration>(kWaitMax, factor * left.p50);
}

// Keeps the job's place among those with something to hand out, and its mark ahead of the need.
void Scheduler::Impl::list_job(JobRecord& job) {
  const auto& spec = job.spec();
  if (!job.due()) job.set_due(due_time(job));
  const JobOrder order{-spec.priority, *job.due(), job.id()};
  if (const auto mark = job.raise_mark(config.dispatch_mark_step)) {
    const DispatchMarkRaised raised{job.id(), *mark};
    held_marks.emplace_back(commit(raised), raised);
  }
  if (job.available() == 0) {
    waiting_jobs.erase(job.id());
  } else if (waiting_jobs.insert(order, shape_of(spec, job.run_time_p90()),
                                 shares.index_of(spec.tenant))) {
    dirty_jobs.insert(job.id());
  }
}

}  // namespace hearth::scheduler
