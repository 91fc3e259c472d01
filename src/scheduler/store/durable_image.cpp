#include "scheduler/store/durable_image.h"

#include <algorithm>
#include <set>

#include "common/check.h"
#include "protocol/indices.h"

namespace hearth::scheduler {
namespace {

void add(JobTotals& totals, const protocol::ResourceUsage& usage) {
  ++totals.attempts_ended;
  totals.cpu_s += usage.cpu_s;
  totals.energy += usage.energy;
}

TaskRow without_body(const TaskRow& task) {
  return {task.seq, task.index, task.state, task.node, task.report, {}};
}

UtcTime time_of(const Fact& event) {
  return std::visit(
      [](const auto& fact) -> UtcTime {
        if constexpr (requires { fact.at; }) return fact.at;
        return {};
      },
      event);
}

JobRow visible(JobRow row) {
  if (row.ended_seq == 0) row.totals = {};
  row.spec.secrets = names_of(row.spec.secrets);
  return row;
}

}  // namespace

DurableImage::Job* DurableImage::find(JobId job) {
  const auto found = jobs_.find(job);
  return found == jobs_.end() ? nullptr : &found->second;
}

void DurableImage::log(Sequence seq, JobId job, const Fact& fact) {
  events_[seq] = EventRow{seq, job, fact};
}

DurableImage::Job& DurableImage::existing(JobId job) {
  const auto found = jobs_.find(job);
  CHECK(found != jobs_.end());
  return found->second;
}

Result<> DurableImage::find_contradiction(const std::vector<CommitEntry>& batch) const {
  std::set<JobId> accepted;
  std::set<TaskId> ended;
  for (const auto& entry : batch) {
    if (const auto* job = std::get_if<JobAccepted>(&entry.fact)) {
      if (jobs_.contains(job->job) || !accepted.insert(job->job).second) {
        return fail(ErrorCode::kAlreadyExists, "fact " + std::to_string(entry.seq) + ": job " +
                                                   to_string(job->job) + " exists");
      }
    }
    if (const auto* task = std::get_if<TaskEnded>(&entry.fact)) {
      const auto job = jobs_.find(task->task.job);
      const bool ended_before = job != jobs_.end() && job->second.tasks.contains(task->task.index);
      if (ended_before || !ended.insert(task->task).second) {
        return fail(ErrorCode::kAlreadyExists, "fact " + std::to_string(entry.seq) + ": task " +
                                                   to_string(task->task) + " has ended before");
      }
    }
  }
  return {};
}

Result<> DurableImage::apply(const std::vector<CommitEntry>& batch) {
  if (auto sound = find_contradiction(batch); !sound) return sound;
  for (const auto& entry : batch) {
    std::visit([&](const auto& fact) { apply(entry, fact); }, entry.fact);
    last_seq_ = entry.seq;
  }
  return {};
}

void DurableImage::apply(const CommitEntry& entry, const JobAccepted& fact) {
  auto& job = jobs_[fact.job];
  job.row.job = fact.job;
  job.row.spec = fact.spec;
  job.row.staging = fact.staging;
  job.row.submitted_at = fact.at;
  job.row.accepted_seq = entry.seq;
  job.staging = fact.staging;
  job.dispatched_below = fact.dispatched_below;
  last_job_ = std::max(last_job_, fact.job);
  auto shown = fact;
  shown.spec.secrets = names_of(fact.spec.secrets);
  log(entry.seq, fact.job, shown);
  if (!fact.request.request_id.empty()) {
    requests_[fact.request] = {fact.request, fact.request_hash, fact.job, entry.seq, fact.at};
  }
}

void DurableImage::apply(const CommitEntry&, const DispatchMarkRaised& fact) {
  existing(fact.job).dispatched_below = fact.below;
}

void DurableImage::apply(const CommitEntry& entry, const TaskEnded& fact) {
  auto& job = existing(fact.task.job);
  const auto index = fact.task.index;
  job.tasks[index] = TaskRow{entry.seq, index, fact.state, fact.node, fact.report, entry.body};
  job.order[entry.seq] = index;
  keep_tails(job, entry, fact.report);
  add(job.row.totals, fact.report.usage);
}

void DurableImage::apply(const CommitEntry& entry, const TaskRequeued& fact) {
  auto& job = existing(fact.task.job);
  const auto index = fact.task.index;
  job.retried[{index, fact.report.attempt, entry.seq}] = {index, fact.node, fact.report};
  job.requeues[index] = {index, fact.user_failures, fact.infrastructure_failures, true};
  keep_tails(job, entry, fact.report);
  add(job.row.totals, fact.report.usage);
  log(entry.seq, fact.task.job, fact);
}

void DurableImage::keep_tails(Job& job, const CommitEntry& entry,
                              const protocol::AttemptReport& report) {
  if (!entry.tails.empty()) job.tails[{report.task.index, report.attempt}] = entry.tails;
}

void DurableImage::apply(const CommitEntry&, const RequeueConsumed& fact) {
  auto& requeues = existing(fact.task.job).requeues;
  if (const auto requeue = requeues.find(fact.task.index); requeue != requeues.end()) {
    requeue->second.free = false;
  }
}

void DurableImage::apply(const CommitEntry& entry, const JobUpdated& fact) {
  auto& row = existing(fact.job).row;
  scheduler::apply(fact.control, row.spec);
  row.reason = fact.reason;
  log(entry.seq, fact.job, fact);
}

void DurableImage::apply(const CommitEntry& entry, const JobCancelled& fact) {
  auto& job = existing(fact.job);
  job.row.cancelled = fact.cause;
  job.row.reason = fact.reason;
  log(entry.seq, fact.job, fact);
}

void DurableImage::apply(const CommitEntry& entry, const JobEnded& fact) {
  log(entry.seq, fact.job, fact);
  auto& job = existing(fact.job);
  job.row.state = fact.state;
  job.row.counts = fact.counts;
  job.row.totals = fact.totals;
  job.row.ended_at = fact.at;
  job.row.ended_seq = entry.seq;
  job.requeues.clear();
}

void DurableImage::apply(const CommitEntry&, const NodeJoined& fact) {
  auto& node = nodes_[fact.facts.node];
  node.facts = fact.facts;
  node.installation_id = fact.installation_id;
  node.joined = true;
}

void DurableImage::apply(const CommitEntry&, const NodeGivenUp& fact) {
  if (nodes_.contains(fact.node)) nodes_[fact.node].joined = false;
}

void DurableImage::apply(const CommitEntry&, const NodeDrainSet& fact) {
  if (nodes_.contains(fact.node)) nodes_[fact.node].draining = fact.draining;
}

void DurableImage::apply(const CommitEntry&, const ZoneSetpointOrdered& fact) {
  setpoints_[fact.zone] = fact.setpoint;
}

void DurableImage::apply(const CommitEntry&, const ZoneModelLearned& fact) {
  models_[fact.zone] = fact.learned;
}

void DurableImage::apply(const CommitEntry&, const SiteCapSet& fact) {
  if (fact.cap) {
    caps_[fact.site] = *fact.cap;
  } else {
    caps_.erase(fact.site);
  }
}

void DurableImage::apply(const CommitEntry&, const JobForgotten& fact) {
  if (auto job = jobs_.extract(fact.job); !job.empty()) forgotten_.insert(std::move(job));
  std::erase_if(requests_, [&](const auto& item) { return item.second.job == fact.job; });
}

void DurableImage::apply(const CommitEntry&, const RequestsForgotten& fact) {
  std::erase_if(requests_, [&](const auto& item) { return item.second.job < fact.below; });
}

void DurableImage::apply(const CommitEntry&, const QueuePauseSet& fact) {
  const std::string name(to_string(fact.service_class));
  pauses_.erase(name);
  if (fact.pause) pauses_.emplace(name, std::pair{fact.service_class, *fact.pause});
}

void DurableImage::apply(const CommitEntry&, const NodeQuarantineSet& fact) {
  quarantines_.erase(fact.node);
  if (fact.quarantine) quarantines_.emplace(fact.node, *fact.quarantine);
}

void DurableImage::apply(const CommitEntry&, const NodeLabelsSet& fact) {
  labels_.erase(fact.node);
  if (!fact.labels.empty()) labels_.emplace(fact.node, fact.labels);
}

Result<> DurableImage::stage(std::uint64_t staging, std::uint64_t first_index,
                             std::vector<std::string> payloads) {
  const bool added = stagings_[staging].try_emplace(first_index, std::move(payloads)).second;
  if (!added) return page_exists(staging, first_index);
  return {};
}

void DurableImage::sweep_stagings() {
  std::set<std::uint64_t> owned;
  for (const auto& [id, job] : jobs_) owned.insert(job.staging);
  for (const auto& [id, job] : forgotten_) owned.insert(job.staging);
  std::erase_if(stagings_, [&](const auto& item) { return !owned.contains(item.first); });
}

DurableState DurableImage::load() {
  ++epoch_;
  sweep_stagings();
  DurableState state;
  state.store_id = store_id_;
  state.epoch = epoch_;
  state.last_seq = last_seq_;
  state.last_job = last_job_;
  for (const auto& [id, job] : jobs_) {
    if (job.row.ended_seq != 0) {
      state.ended_jobs.emplace_back(id, job.row.state);
      continue;
    }
    DurableJob durable;
    durable.job = id;
    durable.spec = job.row.spec;
    durable.has_payloads = job.row.staging != 0;
    durable.dispatched_below = job.dispatched_below;
    durable.cancelled = job.row.cancelled;
    durable.submitted_at = job.row.submitted_at;
    durable.totals = job.row.totals;
    for (const auto& [index, task] : job.tasks) durable.ended.push_back({index, task.state});
    for (const auto& [index, requeue] : job.requeues) {
      if (!job.tasks.contains(index)) durable.requeues.push_back(requeue);
    }
    state.jobs.push_back(std::move(durable));
  }
  for (const auto& [id, node] : nodes_) state.nodes.push_back(node);
  for (const auto& [key, request] : requests_) state.requests.push_back(request);
  for (const auto& [zone, setpoint] : setpoints_) state.setpoints.emplace_back(zone, setpoint);
  for (const auto& [zone, learned] : models_) state.models.emplace_back(zone, learned);
  for (const auto& [site, cap] : caps_) state.caps.emplace_back(site, cap);
  for (const auto& [name, pause] : pauses_) state.pauses.push_back(pause);
  for (const auto& [node, quarantine] : quarantines_)
    state.quarantines.emplace_back(node, quarantine);
  for (const auto& [node, labels] : labels_) state.labels.emplace_back(node, labels);
  return state;
}

Result<std::optional<JobRow>> DurableImage::job(JobId job) {
  const auto* found = find(job);
  if (found == nullptr) return std::nullopt;
  return visible(found->row);
}

Result<protocol::Secrets> DurableImage::secrets(JobId job) {
  const auto* found = find(job);
  return found == nullptr ? protocol::Secrets{} : found->row.spec.secrets;
}

Result<std::vector<JobRow>> DurableImage::jobs(JobId before, const std::string& tenant,
                                               std::size_t limit) {
  std::vector<JobRow> rows;
  for (auto job = jobs_.rbegin(); job != jobs_.rend() && rows.size() < limit; ++job) {
    if (before.value != 0 && job->first >= before) continue;
    if (!tenant.empty() && job->second.row.spec.tenant.value != tenant) continue;
    rows.push_back(visible(job->second.row));
  }
  return rows;
}

Result<std::vector<TaskRow>> DurableImage::tasks(JobId job, std::uint64_t first,
                                                 std::uint64_t last) {
  std::vector<TaskRow> rows;
  const auto* found = find(job);
  if (found == nullptr) return rows;
  for (auto task = found->tasks.lower_bound(first);
       task != found->tasks.end() && task->first <= last; ++task) {
    rows.push_back(without_body(task->second));
  }
  return rows;
}

Result<std::vector<TaskRow>> DurableImage::tasks_in_state(JobId job, protocol::TaskState state,
                                                          std::uint64_t first, std::size_t limit) {
  std::vector<TaskRow> rows;
  const auto* found = find(job);
  if (found == nullptr) return rows;
  for (auto task = found->tasks.lower_bound(first);
       task != found->tasks.end() && rows.size() < limit; ++task) {
    if (task->second.state == state) rows.push_back(without_body(task->second));
  }
  return rows;
}

Result<std::vector<std::uint64_t>> DurableImage::indices(
    JobId id, const std::vector<protocol::TaskState>& states) {
  const auto* job = find(id);
  if (job == nullptr) return std::vector<std::uint64_t>{};
  std::vector<std::optional<protocol::TaskState>> known(job->row.spec.task_count);
  for (const auto& [index, task] : job->tasks) known[index] = task.state;
  return indices_in(known, states, job->row.ended_seq != 0);
}

Result<std::vector<AttemptRow>> DurableImage::retried_attempts(JobId job, std::uint64_t first,
                                                               std::uint64_t last) {
  std::vector<AttemptRow> rows;
  const auto* found = find(job);
  if (found == nullptr) return rows;
  for (const auto& [key, attempt] : found->retried) {
    if (attempt.index >= first && attempt.index <= last) rows.push_back(attempt);
  }
  return rows;
}

Result<std::vector<TaskRow>> DurableImage::results(JobId job, Sequence after, std::size_t limit) {
  std::vector<TaskRow> rows;
  const auto* found = find(job);
  if (found == nullptr) return rows;
  std::size_t bytes = 0;
  for (auto next = found->order.upper_bound(after);
       next != found->order.end() && rows.size() < limit && bytes < kResultsBytes; ++next) {
    rows.push_back(found->tasks.at(next->second));
    bytes += rows.back().body.size();
  }
  return rows;
}

Result<std::vector<EventRow>> DurableImage::events(JobId job, Sequence after, std::size_t limit) {
  std::vector<EventRow> rows;
  for (auto event = events_.upper_bound(after); event != events_.end() && rows.size() < limit;
       ++event) {
    if (job.value == 0 || event->second.job == job) rows.push_back(event->second);
  }
  return rows;
}

Result<std::optional<protocol::OutputTails>> DurableImage::tails(TaskId task, AttemptId attempt) {
  const auto* job = find(task.job);
  if (job == nullptr) return std::nullopt;
  const auto found = job->tails.find({task.index, attempt});
  return found == job->tails.end() ? std::nullopt : std::optional{found->second};
}

Result<StoreReader::PayloadPage> DurableImage::payloads(JobId job, std::uint64_t index) {
  const auto* found = find(job);
  const auto staging = stagings_.find(found == nullptr ? 0 : found->staging);
  if (staging == stagings_.end()) return no_payload(TaskId{job, index});
  const auto& indices = found->row.spec.indices;
  const auto named = protocol::index_at(indices, index);
  auto page = staging->second.upper_bound(named);
  if (page == staging->second.begin()) return no_payload(TaskId{job, index});
  --page;
  if (named >= page->first + page->second.size()) return no_payload(TaskId{job, index});
  PayloadPage found_page{page->first, page->second};
  if (indices.empty()) return found_page;
  return single_payload(index, named, std::move(found_page));
}

Result<StoreUsage> DurableImage::usage() {
  StoreUsage usage;
  usage.last_job = last_job_;
  const auto note = [](std::optional<UtcTime>& oldest, UtcTime at) {
    oldest = oldest ? std::min(*oldest, at) : at;
  };
  for (const auto& [id, job] : jobs_) {
    if (job.row.ended_seq == 0) {
      ++usage.jobs_active;
    } else {
      ++usage.jobs_ended;
      note(usage.oldest_job_ended_at, job.row.ended_at);
    }
  }
  usage.jobs_forgotten = forgotten_.size();
  usage.events = events_.size();
  usage.requests = requests_.size();
  for (const auto& [key, request] : requests_) note(usage.oldest_request_at, request.at);
  if (!events_.empty()) usage.oldest_event_at = time_of(events_.begin()->second.fact);
  return usage;
}

Result<std::vector<JobId>> DurableImage::expired_jobs(UtcTime before, std::size_t limit) {
  std::set<JobId> awaited;
  std::set<std::pair<UtcTime, JobId>> ended;
  for (const auto& [id, job] : jobs_) {
    if (job.row.ended_seq != 0) {
      if (job.row.ended_at < before) ended.emplace(job.row.ended_at, id);
      continue;
    }
    for (const auto& dependency : job.row.spec.after) awaited.insert(dependency.job);
  }
  std::vector<JobId> expired;
  for (const auto& [at, id] : ended) {
    if (expired.size() < limit && !awaited.contains(id)) expired.push_back(id);
  }
  return expired;
}

// By digest the jobs that refer to it.
std::map<std::string, std::set<JobId>> DurableImage::all_references() const {
  std::map<std::string, std::set<JobId>> all;
  const auto add = [&](JobId job, const protocol::AttemptReport& report) {
    for (const auto& output : report.outputs) all[output.digest].insert(job);
  };
  for (const auto* jobs : {&jobs_, &forgotten_}) {
    for (const auto& [id, job] : *jobs) {
      for (const auto& input : job.row.spec.inputs) all[input.digest].insert(id);
      for (const auto& [index, task] : job.tasks) add(id, task.report);
      for (const auto& [key, attempt] : job.retried) add(id, attempt.report);
    }
  }
  return all;
}

Result<std::vector<std::string>> DurableImage::referenced(const std::vector<std::string>& digests) {
  const auto all = all_references();
  std::vector<std::string> kept;
  for (const auto& digest : digests) {
    if (all.contains(digest)) kept.push_back(digest);
  }
  return kept;
}

Result<std::vector<StoreReader::Reference>> DurableImage::references(const std::string& after,
                                                                     std::size_t limit) {
  const auto all = all_references();
  std::vector<Reference> references;
  for (auto item = all.upper_bound(after); item != all.end() && references.size() < limit; ++item) {
    references.push_back({item->first, item->second.size(), *item->second.rbegin()});
  }
  return references;
}

Result<StoreReader::Reference> DurableImage::reference(const std::string& digest) {
  const auto all = all_references();
  const auto found = all.find(digest);
  if (found == all.end()) return Reference{digest, 0, {}};
  return Reference{digest, found->second.size(), *found->second.rbegin()};
}

Result<bool> DurableImage::tenant_refers(const std::string& tenant, const std::string& digest) {
  const auto all = all_references();
  const auto found = all.find(digest);
  if (found == all.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](JobId job_id) {
    const auto row = job(job_id);
    return row && *row && (*row)->spec.tenant.value == tenant;
  });
}

Swept DurableImage::sweep(const SweepOrder& order) {
  Swept swept;
  const auto reached = [&] { return swept.rows + swept.jobs + swept.events >= order.rows_max; };
  while (!forgotten_.empty() && !reached()) {
    const auto& job = forgotten_.begin()->second;
    swept.rows += job.tasks.size() + job.retried.size();
    ++swept.jobs;
    forgotten_.erase(forgotten_.begin());
  }
  while (!events_.empty() && !reached()) {
    const auto& oldest = events_.begin()->second;
    if (time_of(oldest.fact) >= order.events_before && swept.events >= order.events_excess) break;
    earliest_ = oldest.seq;
    ++swept.events;
    events_.erase(events_.begin());
  }
  if (forgotten_.empty()) sweep_stagings();
  swept.more = reached();
  return swept;
}

}  // namespace hearth::scheduler
