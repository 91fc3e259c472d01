// What operators suspend: the queues of classes, nodes that they mistrust; and what they see of it.
#include "scheduler/core/impl.h"

namespace hearth::scheduler {
namespace {

using protocol::ServiceClass;
using protocol::StopReason;

std::array<ServiceClass, protocol::kServiceClassCount> all_classes() {
  std::array<ServiceClass, protocol::kServiceClassCount> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<ServiceClass>(i);
  return all;
}

}  // namespace

void Scheduler::Impl::restore_suspensions(const DurableState& state) {
  pauses.insert(state.pauses.begin(), state.pauses.end());
  for (auto& [id, job] : jobs) job.set_paused(pauses.contains(job.spec().service_class));
  for (const auto& [name, quarantine] : state.quarantines) {
    if (const auto found = node_names.find(name); found != node_names.end()) {
      nodes[found->second].quarantine = quarantine;
    }
  }
  for (const auto& [name, labels] : state.labels) {
    if (const auto found = node_names.find(name); found != node_names.end()) {
      nodes[found->second].labels = labels;
    }
  }
}

void Scheduler::Impl::on(const QueueRequested& event) {
  for (const auto service_class : all_classes()) {
    if (event.service_class && *event.service_class != service_class) continue;
    const auto known = pauses.find(service_class);
    if (event.pause) {
      if (known != pauses.end() && known->second.reason == event.reason) continue;
      const auto since = known == pauses.end() ? utc_now() : known->second.since;
      pauses[service_class] = {event.reason, since};
    } else {
      if (known == pauses.end()) continue;
      pauses.erase(known);
    }
    const auto now_paused = pauses.find(service_class);
    commit(QueuePauseSet{service_class, now_paused == pauses.end()
                                            ? std::nullopt
                                            : std::optional{now_paused->second}});
    for (auto& [id, job] : jobs) {
      if (job.spec().service_class != service_class) continue;
      job.set_paused(event.pause);
      if (event.pause) give_back_waiting(job);
      list_job(job);
    }
  }
  reply_when_durable(event.call, JobReply{});
}

void Scheduler::Impl::on(const QuarantineRequested& event) {
  const auto found = node_names.find(event.node);
  if (found == node_names.end()) {
    return reply_when_durable(event.call,
                              fail(ErrorCode::kNotFound, "node " + event.node.value + ": unknown"));
  }
  auto& node = nodes[found->second];
  std::optional<Suspension> wanted;
  if (event.quarantine) {
    wanted = {event.reason, node.quarantine ? node.quarantine->since : utc_now()};
  }
  if (wanted != node.quarantine) commit(NodeQuarantineSet{event.node, wanted});
  node.quarantine = wanted;
  rerank(found->second);
  if (event.quarantine) {
    const auto attempts = node.attempts;
    for (const auto& [id, attempt] : attempts) {
      if (event.stop_running || !attempt.started) stop_attempt(id, StopReason::kDrained);
    }
  } else {
    dirty_nodes.insert(found->second);
  }
  reply_when_durable(event.call, JobReply{});
}

void Scheduler::Impl::on(const LabelsRequested& event) {
  constexpr std::size_t kLabelsMax = 64;
  const auto found = node_names.find(event.node);
  if (found == node_names.end()) {
    return reply_when_durable(event.call,
                              fail(ErrorCode::kNotFound, "node " + event.node.value + ": unknown"));
  }
  auto& node = nodes[found->second];
  auto labels = node.labels;
  for (const auto& [key, value] : event.changes) {
    if (value) {
      labels[key] = *value;
    } else {
      labels.erase(key);
    }
  }
  if (labels.size() > kLabelsMax) {
    return reply_when_durable(event.call,
                              fail(ErrorCode::kInvalidArgument,
                                   "labels: over 64 on node " + event.node.value + " with these"));
  }
  if (labels != node.labels) commit(NodeLabelsSet{event.node, labels});
  node.labels = std::move(labels);
  reply_when_durable(event.call, JobReply{});
}

const Suspension* Scheduler::Impl::pause_of(const JobRecord& job) const {
  const auto found = pauses.find(job.spec().service_class);
  return found == pauses.end() ? nullptr : &found->second;
}

// What keeps the whole job back; empty where nothing does.
std::string Scheduler::Impl::waits_because(const JobRecord& job) const {
  if (job.spec().held) return "its job is on hold: `hearth job release` lets it start";
  if (!job.waits_for().empty()) {
    std::string text = "its job waits for ";
    for (const auto other : job.waits_for()) {
      text += (text.ends_with("for ") ? "" : ", ") + to_string(other);
    }
    return text + " to end";
  }
  const auto* pause = pause_of(job);
  if (pause == nullptr) return {};
  return "the queue of " + std::string(to_string(job.spec().service_class)) + " is paused" +
         (pause->reason.empty() ? "" : " (" + pause->reason + ")") +
         ": `hearth queue resume` lets it start";
}

QueueView Scheduler::queue(std::size_t jobs_max) const {
  QueueView queue;
  for (const auto service_class : all_classes()) {
    ClassQueueView view;
    view.service_class = service_class;
    const auto pause = impl_->pauses.find(service_class);
    if (pause != impl_->pauses.end()) view.pause = pause->second;
    queue.classes.push_back(std::move(view));
  }
  for (const auto& [id, job] : impl_->jobs) {
    auto& view = queue.classes[static_cast<std::size_t>(job.spec().service_class)];
    const auto counts = job.counts();
    ++view.jobs;
    view.tasks_pending += counts.pending;
    view.tasks_running += counts.running;
    view.tasks_available += job.available();
    const auto kept_back = counts.pending - job.unknown_count();
    if (job.spec().held) {
      view.tasks_on_hold += kept_back;
    } else if (!job.waits_for().empty()) {
      view.tasks_after += kept_back;
    } else if (job.paused()) {
      view.tasks_paused += kept_back;
    }
  }
  for (const auto& node : impl_->nodes) {
    for (const auto& [id, attempt] : node.attempts) {
      queue.classes[static_cast<std::size_t>(attempt.service_class)].cores_leased +=
          static_cast<std::uint64_t>(attempt.resources.cores);
    }
  }
  const auto add = [&](const JobRecord& job) {
    if (queue.jobs.size() >= jobs_max) return;
    const auto& spec = job.spec();
    const auto counts = job.counts();
    queue.jobs.push_back({job.id(), spec.name, spec.tenant, spec.service_class, spec.priority,
                          counts.pending, counts.running, impl_->waits_because(job)});
  };
  for (const auto& order : impl_->waiting_jobs) add(impl_->jobs.at(order.job));
  for (const auto& [id, job] : impl_->jobs) {
    if (job.available() == 0 && job.counts().pending > 0) add(job);
  }
  return queue;
}

}  // namespace hearth::scheduler
