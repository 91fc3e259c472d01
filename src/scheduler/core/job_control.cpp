// What changes a job from outside its tasks: cancels, holds and updates, the jobs that it waits
// for, its deadline, too many failures.
#include <algorithm>

#include "scheduler/core/impl.h"

namespace hearth::scheduler {

using protocol::AfterCondition;
using protocol::DeadlineAction;
using protocol::StopReason;

namespace {

bool fulfils(AfterCondition condition, JobState ended) {
  switch (condition) {
    case AfterCondition::kSuccess:
      return ended == JobState::kSucceeded;
    case AfterCondition::kFailure:
      return ended != JobState::kSucceeded;
    case AfterCondition::kAny:
      break;
  }
  return true;
}

std::string failures_text(const JobRecord& job) {
  const auto& spec = job.spec();
  const auto failed = job.counts().failed;
  std::string text =
      std::to_string(failed) + (failed == 1 ? " task" : " tasks") + " failed, more than the ";
  if (spec.maximum_failed_tasks && job.counts().failed > *spec.maximum_failed_tasks) {
    return text + std::to_string(*spec.maximum_failed_tasks) + " that were allowed";
  }
  return text + std::to_string(spec.maximum_failed_percent.value_or(0)) + " % that were allowed";
}

}  // namespace

void Scheduler::Impl::on(const CancelRequested& event) {
  const auto found = jobs.find(event.job);
  if (found == jobs.end()) return refuse_ended(event.call, event.job);
  stop_job(found->second, CancelCause::kRequest, event.reason);
  reply_when_durable(event.call, JobReply{event.job, last_seq, false});
}

void Scheduler::Impl::refuse_ended(CallId call, JobId job) {
  reply_when_durable(call, fail(ErrorCode::kNotFound, to_string(job) + ": no such active job"));
}

void Scheduler::Impl::stop_job(JobRecord& job, CancelCause cause, std::string reason) {
  if (job.cancelled() || job.all_ended()) return;
  commit(JobCancelled{job.id(), std::move(reason), utc_now(), cause});
  job.cancel(cause);
  list_job(job);
  const auto open = job.open_attempts();
  for (const auto& [index, attempt] : open) stop_attempt(attempt, StopReason::kJobCancelled);
  end_job_if_done(job);
}

void Scheduler::Impl::stop_if_failed_too_often(JobRecord& job) {
  if (job.failed_too_often()) stop_job(job, CancelCause::kFailures, failures_text(job));
}

void Scheduler::Impl::on(const UpdateRequested& event) {
  const auto found = jobs.find(event.job);
  if (found == jobs.end() || found->second.cancelled() || found->second.all_ended()) {
    return refuse_ended(event.call, event.job);
  }
  auto& job = found->second;
  auto control = job.control();
  if (event.held) control.held = *event.held;
  if (event.priority) control.priority = *event.priority;
  if (event.deadline) control.deadline = *event.deadline;
  if (control != job.control() || control.held) {  // a hold said again may have a new reason
    commit(JobUpdated{job.id(), control, event.reason, utc_now()});
    job.set_control(control);
    watch_deadline(job);
    if (control.held) give_back_waiting(job);
    list_job(job);
  }
  reply_when_durable(event.call, JobReply{job.id(), last_seq, false});
}

// What a node was given ahead and has not begun comes back: kHeat asks for just that.
void Scheduler::Impl::give_back_waiting(const JobRecord& job) {
  for (const auto& [index, id] : job.open_attempts()) {
    const auto& attempt = nodes[attempt_nodes.at(id)].attempts.at(id);
    if (!attempt.started && !attempt.stopping) stop_attempt(id, StopReason::kHeat);
  }
}

std::optional<Error> Scheduler::Impl::unknown_dependency(const protocol::JobSpec& spec) const {
  for (const auto& dependency : spec.after) {
    if (jobs.contains(dependency.job) || ended_states.contains(dependency.job)) continue;
    return Error{ErrorCode::kFailedPrecondition,
                 "after: " + to_string(dependency.job) + ": no such job"};
  }
  return std::nullopt;
}

// The job has just come to be known, by a submit or from the store.
void Scheduler::Impl::follow_dependencies(JobRecord& job) {
  for (const auto& dependency : job.spec().after) {
    if (const auto ended = ended_states.find(dependency.job); ended != ended_states.end()) {
      weigh_dependency(job, dependency, ended->second);
    } else if (jobs.contains(dependency.job)) {
      job.wait_for(dependency.job);
      dependents[dependency.job].insert(job.id());
    } else if (dependency.condition != AfterCondition::kAny) {
      stop_job(job, CancelCause::kDependency,
               to_string(dependency.job) + " is not known any more, and it had to end first");
    }
  }
}

void Scheduler::Impl::weigh_dependency(JobRecord& job, const protocol::Dependency& dependency,
                                       JobState ended) {
  if (fulfils(dependency.condition, ended)) return;
  stop_job(job, CancelCause::kDependency,
           to_string(dependency.job) + " ended " + std::string(to_string(ended)) +
               ", and this was to run after its " +
               (dependency.condition == AfterCondition::kSuccess ? "success" : "failure"));
}

// Its end is durable: nothing that waits for it starts on what a crash could take back.
void Scheduler::Impl::job_has_ended(JobId id, JobState state) {
  ended_states[id] = state;
  const auto waiting = dependents.extract(id);
  if (waiting.empty()) return;
  for (const auto dependent : waiting.mapped()) {
    const auto found = jobs.find(dependent);
    if (found == jobs.end()) continue;
    auto& job = found->second;
    job.wait_no_more(id);
    for (const auto& dependency : job.spec().after) {
      if (dependency.job == id) weigh_dependency(job, dependency, state);
    }
    list_job(job);
  }
}

void Scheduler::Impl::watch_deadline(const JobRecord& job) {
  const auto& spec = job.spec();
  if (spec.deadline_action != DeadlineAction::kCancel || !spec.deadline) return;
  deadlines_due.emplace(*spec.deadline, job.id());
}

void Scheduler::Impl::cancel_overdue() {
  while (clock_known && !deadlines_due.empty() && deadlines_due.begin()->first <= utc_now()) {
    const auto [deadline, id] = *deadlines_due.begin();
    deadlines_due.erase(deadlines_due.begin());
    const auto found = jobs.find(id);
    if (found == jobs.end() || found->second.spec().deadline != deadline) continue;  // it was moved
    stop_job(found->second, CancelCause::kDeadline,
             "its deadline passed: " + hearth::to_string(deadline));
  }
}

}  // namespace hearth::scheduler
