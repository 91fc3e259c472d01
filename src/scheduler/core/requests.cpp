#include "scheduler/core/impl.h"

namespace hearth::scheduler {

using protocol::StopReason;

void Scheduler::Impl::on(const SubmitRequested& event) {
  if (const auto known = requests.find(event.request); known != requests.end()) {
    const auto& request = known->second;
    if (request.hash != event.request_hash) {
      return reply_when_durable(
          event.call, fail(ErrorCode::kAlreadyExists, "request_id " + event.request.request_id +
                                                          ": used for other bytes by " +
                                                          to_string(request.job)));
    }
    return reply_when_durable(event.call, JobReply{request.job, request.seq, true});
  }
  const JobId id = last_job = JobId{last_job.value + 1};
  auto& job =
      jobs.emplace(id, JobRecord{id, event.spec, event.staging != 0, utc_now()}).first->second;
  const auto mark = job.raise_mark(config.dispatch_mark_step).value_or(0);
  const Sequence seq = commit(JobAccepted{id, event.spec, event.request, event.request_hash,
                                          event.staging, mark, utc_now()});
  held_marks.emplace_back(seq, DispatchMarkRaised{id, mark});
  requests[event.request] = {event.request, event.request_hash, id, seq};
  reply_when_durable(event.call, JobReply{id, seq, false});
}

void Scheduler::Impl::on(const CancelRequested& event) {
  const auto found = jobs.find(event.job);
  if (found == jobs.end()) {
    return reply_when_durable(
        event.call, fail(ErrorCode::kNotFound, to_string(event.job) + ": no such active job"));
  }
  auto& job = found->second;
  if (!job.cancelled() && !job.all_ended()) {
    commit(JobCancelled{job.id(), event.reason, utc_now()});
    job.cancel();
    list_job(job);
    const auto open = job.open_attempts();
    for (const auto& [index, attempt] : open) stop_attempt(attempt, StopReason::kJobCancelled);
    end_job_if_done(job);
  }
  reply_when_durable(event.call, JobReply{job.id(), last_seq, false});
}

void Scheduler::Impl::on(const SetpointRequested& event) {
  const auto found = zones.find(event.zone);
  if (found == zones.end()) {
    return reply_when_durable(event.call,
                              fail(ErrorCode::kNotFound, "zone " + event.zone.value + ": unknown"));
  }
  auto& zone = found->second;
  std::uint64_t counter = zone.ordered ? zone.ordered->revision.counter : 0;
  for (const auto index : zone.nodes) {
    counter = std::max(counter, nodes[index].setpoint.revision.counter);
  }
  auto setpoint = event.setpoint;
  setpoint.revision = {counter + 1, protocol::SetpointOrigin::kApi};
  zone.ordered = setpoint;
  commit(ZoneSetpointOrdered{event.zone, setpoint});
  for (const auto index : zone.nodes) {
    if (nodes[index].hello_complete) send(nodes[index], protocol::SetpointOrdered{setpoint});
  }
  reply_when_durable(event.call, JobReply{});
}

void Scheduler::Impl::on(const DrainRequested& event) {
  const auto found = node_names.find(event.node);
  if (found == node_names.end()) {
    return reply_when_durable(event.call,
                              fail(ErrorCode::kNotFound, "node " + event.node.value + ": unknown"));
  }
  auto& node = nodes[found->second];
  if (node.draining != event.drain) commit(NodeDrainSet{event.node, event.drain});
  node.draining = event.drain;
  rerank(found->second);
  if (event.drain) {
    const auto attempts = node.attempts;
    for (const auto& [id, attempt] : attempts) {
      if (event.stop_running || !attempt.started) stop_attempt(id, StopReason::kDrained);
    }
  } else {
    dirty_nodes.insert(found->second);
  }
  reply_when_durable(event.call, JobReply{});
}

void Scheduler::Impl::on(const SiteCapRequested& event) {
  const auto found = sites.find(event.site);
  if (found == sites.end()) {
    return reply_when_durable(event.call,
                              fail(ErrorCode::kNotFound, "site " + event.site.value + ": unknown"));
  }
  if (event.cap && !(event.cap->power >= 0_W && event.cap->power.value < 1e12)) {
    return reply_when_durable(
        event.call, fail(ErrorCode::kInvalidArgument,
                         "cap_w: not a power: " + std::to_string(event.cap->power.value)));
  }
  found->second.cap = event.cap;
  commit(SiteCapSet{event.site, event.cap});
  for (const auto index : found->second.nodes) plan_soon(index);
  reply_when_durable(event.call, JobReply{});
}

}  // namespace hearth::scheduler
