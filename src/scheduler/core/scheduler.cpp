#include "scheduler/core/scheduler.h"

#include <algorithm>

#include "common/check.h"
#include "scheduler/core/impl.h"

namespace hearth::scheduler {

Scheduler::Scheduler(SchedulerConfig config, DurableState state)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(state))) {}
Scheduler::~Scheduler() = default;

std::vector<Command> Scheduler::apply(const Event& event, TimePoint now) {
  return impl_->apply(event, now);
}
std::optional<TimePoint> Scheduler::next_deadline() const {
  return impl_->next_deadline();
}
Sequence Scheduler::last_seq() const {
  return impl_->last_seq;
}
std::uint64_t Scheduler::epoch() const {
  return impl_->epoch;
}
const std::string& Scheduler::store_id() const {
  return impl_->store_id;
}
bool Scheduler::knows(const RequestKey& request) const {
  return impl_->requests.contains(request);
}

Scheduler::Impl::Impl(SchedulerConfig config_in, DurableState state)
    : config(std::move(config_in)),
      store_id(std::move(state.store_id)),
      epoch(state.epoch),
      last_seq(state.last_seq),
      durable_seq(state.last_seq),
      last_job(state.last_job),
      shares(config.share) {
  for (auto& request : state.requests) remember_request(std::move(request));
  for (const auto& job : state.jobs) jobs.emplace(job.job, JobRecord{job});
  for (const auto& [job, ended] : state.ended_jobs) ended_states.emplace(job, ended);
  for (auto& known : state.nodes) {
    const NodeIndex index = node_named(known.facts.node);
    auto& node = nodes[index];
    node.facts = std::move(known.facts);
    node.installation_id = std::move(known.installation_id);
    node.joined = known.joined;
    node.draining = known.draining;
    node.state = known.joined ? NodeState::kSilent : NodeState::kLost;
    auto& zone = zones[node.facts.zone];
    zone.site = node.facts.site;
    zone.nodes.insert(index);
    sites[node.facts.site].nodes.insert(index);
    if (known.joined) awaited.insert(index);
  }
  for (auto& [zone, setpoint] : state.setpoints) zones[zone].ordered = std::move(setpoint);
  for (auto& [zone, learned] : state.models) zones[zone].learned = std::move(learned);
  for (const auto& [site, cap] : state.caps) sites[site].cap = cap;
  restore_suspensions(state);
}

std::vector<Command> Scheduler::Impl::apply(const Event& event, TimePoint at) {
  CHECK(at >= now || !started);
  now = at;
  if (!std::exchange(started, true)) {
    for (auto& node : nodes) node.last_seen = now;
    if (awaited.empty()) {
      for (auto& [id, job] : jobs) job.free_unknown();
    }
    for (auto& [id, job] : jobs) {
      follow_dependencies(job);
      watch_deadline(job);
      stop_if_failed_too_often(job);
    }
    for (auto& [id, job] : jobs) list_job(job);
    for (auto it = jobs.begin(); it != jobs.end();) end_job_if_done((it++)->second);
  }

  std::visit([&](const auto& e) { on(e); }, event);
  expire_silent_nodes();
  cancel_overdue();
  release_due_retries();
  follow_pressure();
  plan_due_nodes();
  ask_for_capacity();
  place();
  return std::exchange(out, {});
}

std::optional<TimePoint> Scheduler::Impl::next_deadline() const {
  std::optional<TimePoint> earliest;
  const auto consider = [&](TimePoint deadline) {
    earliest = earliest ? std::min(*earliest, deadline) : deadline;
  };
  if (!dirty_jobs.empty() || !dirty_nodes.empty() || capacity_making) consider(now);
  if (!plans_due.empty()) consider(plans_due.begin()->first);
  if (!retries_due.empty()) consider(retries_due.begin()->first);
  if (clock_known && !deadlines_due.empty()) {
    const auto overdue = deadlines_due.begin()->first.time_since_epoch() - utc_offset;
    consider(std::max(now, TimePoint{overdue}));
  }
  if (!nodes.empty()) consider(silence_check_at);
  return earliest;
}

Sequence Scheduler::Impl::commit(Fact fact) {
  out.emplace_back(Commit{++last_seq, std::move(fact)});
  return last_seq;
}

void Scheduler::Impl::send(const NodeRecord& node, protocol::SchedulerMessage message) {
  if (node.session) out.emplace_back(Send{*node.session, std::move(message)});
}

void Scheduler::Impl::reply_when_durable(CallId call, Result<JobReply> result) {
  if (call == 0) return;
  Reply reply{call, std::move(result)};
  if (durable_seq == last_seq) {
    out.emplace_back(std::move(reply));
  } else {
    held_replies.emplace_back(last_seq, std::move(reply));
  }
}

void Scheduler::Impl::acknowledge_when_durable(SessionId session, AttemptId attempt) {
  if (durable_seq == last_seq) {
    out.emplace_back(Send{session, protocol::ResultsAcknowledged{{attempt}}});
  } else {
    held_acknowledgements.emplace_back(last_seq, std::pair{session, attempt});
  }
}

void Scheduler::Impl::on(const WallClockRead& event) {
  utc_offset = event.utc.time_since_epoch() - now.time_since_epoch();
  clock_known = true;
}

void Scheduler::Impl::on(const CommitDurable& event) {
  CHECK(event.seq <= last_seq);
  durable_seq = std::max(durable_seq, event.seq);
  const auto is_due = [&](const auto& queue) {
    return !queue.empty() && queue.front().first <= durable_seq;
  };
  for (; is_due(held_replies); held_replies.pop_front()) {
    out.emplace_back(std::move(held_replies.front().second));
  }
  std::map<SessionId, protocol::ResultsAcknowledged> acknowledged;
  for (; is_due(held_acknowledgements); held_acknowledgements.pop_front()) {
    const auto& [session, attempt] = held_acknowledgements.front().second;
    if (sessions.contains(session)) acknowledged[session].attempts.push_back(attempt);
  }
  for (auto& [session, message] : acknowledged) out.emplace_back(Send{session, std::move(message)});
  for (; is_due(held_marks); held_marks.pop_front()) {
    const auto& mark = held_marks.front().second;
    const auto job = jobs.find(mark.job);
    if (job == jobs.end()) continue;
    job->second.mark_became_durable(mark.below);
    list_job(job->second);
  }
  while (!ended_jobs.empty() && ended_jobs.front().seq <= durable_seq) {
    const auto ended = ended_jobs.front();
    ended_jobs.pop_front();
    jobs.erase(ended.job);
    job_has_ended(ended.job, ended.state);
  }
}

void Scheduler::Impl::on(const TimePassed&) {}

}  // namespace hearth::scheduler
