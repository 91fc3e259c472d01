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
  if (const auto unknown = unknown_dependency(event.spec)) {
    return reply_when_durable(event.call, tl::unexpected(*unknown));
  }
  if (const auto over = over_quota(event.spec)) {
    return reply_when_durable(event.call, tl::unexpected(*over));
  }
  if (const auto forgotten = forgotten_original(event)) {
    return reply_when_durable(event.call, tl::unexpected(*forgotten));
  }
  const JobId id = last_job = JobId{last_job.value + 1};
  auto& job =
      jobs.emplace(id, JobRecord{id, event.spec, event.staging != 0, utc_now()}).first->second;
  const auto mark = job.raise_mark(config.dispatch_mark_step).value_or(0);
  const Sequence seq = commit(JobAccepted{id, event.spec, event.request, event.request_hash,
                                          event.staging, mark, utc_now()});
  held_marks.emplace_back(seq, DispatchMarkRaised{id, mark});
  job.set_paused(pauses.contains(event.spec.service_class));
  remember_request({event.request, event.request_hash, id, seq, utc_now()});
  forget_old_requests();
  follow_dependencies(job);
  watch_deadline(job);
  reply_when_durable(event.call, JobReply{id, seq, false});
}

std::optional<Error> Scheduler::Impl::over_quota(const protocol::JobSpec& spec) const {
  const auto& limits = config.share.limits_of(spec.tenant);
  if (limits.cores_max && spec.resources.cores > *limits.cores_max) {
    return Error{ErrorCode::kFailedPrecondition,
                 "resources.cores: " + std::to_string(spec.resources.cores) + "; tenant " +
                     spec.tenant.value + " may have " + std::to_string(*limits.cores_max) +
                     " at once"};
  }
  if (!limits.jobs_max && !limits.tasks_max) return std::nullopt;
  std::uint64_t active = 1;
  std::uint64_t tasks = spec.task_count;
  for (const auto& [id, job] : jobs) {
    if (job.spec().tenant != spec.tenant || job.all_ended()) continue;
    ++active;
    tasks += job.spec().task_count;
  }
  const auto refused = [&](std::uint64_t would, const char* what, std::uint64_t most) {
    return Error{ErrorCode::kResourceExhausted,
                 "tenant " + spec.tenant.value + ": would have " + std::to_string(would) + " " +
                     what + " that have not ended; its quota is " + std::to_string(most)};
  };
  if (limits.jobs_max && active > *limits.jobs_max) {
    return refused(active, "jobs", *limits.jobs_max);
  }
  if (limits.tasks_max && tasks > *limits.tasks_max) {
    return refused(tasks, "tasks in jobs", *limits.tasks_max);
  }
  return std::nullopt;
}

void Scheduler::Impl::on(const SetpointRequested& event) {
  const auto found = zones.find(event.zone);
  if (found == zones.end()) {
    return reply_when_durable(event.call,
                              fail(ErrorCode::kNotFound, "zone " + event.zone.value + ": unknown"));
  }
  auto setpoint = event.setpoint;
  setpoint.holiday.reset();  // holidays are asked for by themselves, and end here
  order_setpoint(event.call, event.zone, found->second, std::move(setpoint));
}

void Scheduler::Impl::order_setpoint(CallId call, const ZoneId& id, ZoneRecord& zone,
                                     protocol::Setpoint setpoint) {
  std::uint64_t counter = zone.ordered ? zone.ordered->revision.counter : 0;
  for (const auto index : zone.nodes) {
    counter = std::max(counter, nodes[index].setpoint.revision.counter);
  }
  setpoint.revision = {counter + 1, protocol::SetpointOrigin::kApi};
  zone.ordered = setpoint;
  commit(ZoneSetpointOrdered{id, setpoint});
  for (const auto index : zone.nodes) {
    if (nodes[index].hello_complete) send(nodes[index], protocol::SetpointOrdered{setpoint});
  }
  reply_when_durable(call, JobReply{});
}

void Scheduler::Impl::on(const HolidayRequested& event) {
  const auto refuse = [&](ErrorCode code, const std::string& reason) {
    reply_when_durable(event.call, fail(code, "zone " + event.zone.value + ": " + reason));
  };
  const auto found = zones.find(event.zone);
  if (found == zones.end()) return refuse(ErrorCode::kNotFound, "unknown");
  auto& zone = found->second;
  auto holiday = event.holiday;
  if (holiday) {
    const auto problems = problems_of(*holiday, utc_now());
    if (!problems.empty()) return refuse(ErrorCode::kInvalidArgument, problems.front());
    holiday->from = std::max(holiday->from, utc_now());
  }
  const auto* lead = lead_of(zone);
  const bool heard = lead != nullptr && lead->session_counter > 0;
  auto setpoint = heard ? lead->setpoint : protocol::Setpoint{};
  if (zone.ordered && zone.ordered->revision > setpoint.revision) {
    setpoint = *zone.ordered;
  } else if (!heard) {
    return refuse(ErrorCode::kFailedPrecondition,
                  "none of its nodes was heard of yet, so what it has is not known");
  }
  if (lead != nullptr && lead->facts.tank) {
    return refuse(ErrorCode::kFailedPrecondition, "a tank knows no holiday: switch it off instead");
  }
  if (!holiday && !setpoint.holiday) return reply_when_durable(event.call, JobReply{});
  if (setpoint.mode == protocol::SetpointMode::kOff) {
    return refuse(ErrorCode::kFailedPrecondition, "it is OFF; a holiday needs a setpoint below it");
  }
  setpoint.holiday = holiday;
  order_setpoint(event.call, event.zone, zone, std::move(setpoint));
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
