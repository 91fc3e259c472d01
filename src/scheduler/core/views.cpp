#include <algorithm>

#include "scheduler/core/impl.h"
#include "scheduler/core/score.h"

namespace hearth::scheduler {
namespace {

JobView view_of(const JobRecord& job) {
  JobView view;
  view.job = job.id();
  view.spec = job.spec();
  view.counts = job.counts();
  view.totals = job.totals();
  view.submitted_at = job.submitted_at();
  view.waits_for.assign(job.waits_for().begin(), job.waits_for().end());
  return view;
}

}  // namespace

std::optional<JobView> Scheduler::job(JobId id) const {
  const auto found = impl_->jobs.find(id);
  if (found == impl_->jobs.end()) return std::nullopt;
  return view_of(found->second);
}

std::vector<JobView> Scheduler::jobs() const {
  std::vector<JobView> views;
  for (const auto& [id, job] : impl_->jobs) views.push_back(view_of(job));
  return views;
}

std::optional<TaskView> Scheduler::task(TaskId id) const {
  const auto found = impl_->jobs.find(id.job);
  if (found == impl_->jobs.end() || id.index >= found->second.spec().task_count) {
    return std::nullopt;
  }
  TaskView view;
  view.index = id.index;
  view.state = found->second.state(id.index);
  view.attempt = found->second.open_attempt(id.index);
  if (view.attempt) {
    const auto& node = impl_->nodes[impl_->attempt_nodes.at(*view.attempt)];
    const auto& attempt = node.attempts.at(*view.attempt);
    view.node = node.facts.node;
    view.started = attempt.started;
    view.started_at = attempt.started_at;
    view.node_state = node.state;
    view.session = node.session;
  }
  return view;
}

NodeView Scheduler::Impl::view(const NodeRecord& node) const {
  NodeView view;
  view.facts = node.facts;
  view.state = node.state;
  view.draining = node.draining;
  view.quarantine = node.quarantine;
  view.labels = node.labels;
  for (const auto& [id, attempt] : node.attempts) {
    if (attempt.started) view.cores_used += attempt.resources.cores;
    ++(attempt.started ? view.tasks_running : view.tasks_waiting);
  }
  view.tasks_ended = node.tasks_ended;
  view.last_seen_at = node.last_seen_at;
  view.telemetry = node.telemetry;
  view.setpoint = node.setpoint;
  view.p_max = node.limits.p_max;
  view.idle_learned = node.learned.idle(node.facts);
  view.max_learned = node.learned.max(node.facts);
  view.speed_learned = node.learned.speed(node.facts);
  return view;
}

// The first node of the zone leads: its sensor and setpoint speak for all.
ZoneView Scheduler::Impl::view(const ZoneId& id, const ZoneRecord& zone) const {
  ZoneView view;
  view.zone = id;
  view.site = zone.site;
  bool has_lead = false;
  for (const auto index : zone.nodes) {
    const auto& node = nodes[index];
    view.nodes.push_back(node.facts.node);
    view.power += Watts{node.telemetry.power_w.value};
    view.energy += node.telemetry.energy.meter;
    view.tasks_ended += node.tasks_ended;
    for (const auto& [attempt_id, attempt] : node.attempts) view.tasks_running += attempt.started;
    if (std::exchange(has_lead, true)) continue;
    view.setpoint = node.setpoint;
    view.setpoint_now = node.telemetry.setpoint;
    view.t_ref = node.telemetry.t_ref;
    view.temperature_c = node.telemetry.air_temperature_c;
    view.state_of_charge = tank_charge(node).value_or(state_of_charge(node.telemetry, config.band));
  }
  if (zone.ordered && zone.ordered->revision > view.setpoint.revision) view.ordered = zone.ordered;
  view.heat = heat_view(zone);
  return view;
}

ZoneHeatView Scheduler::Impl::heat_view(const ZoneRecord& zone) const {
  ZoneHeatView heat;
  heat.model = zone.learned;
  heat.days_known = zone.learning.days_known();
  heat.alarm = zone.alarm;
  if (zone.known_s > 0) heat.cold_mean = rounded(Kelvins{zone.cold_k_s / zone.known_s});
  heat.charge = zone.plan.charge;
  if (!zone.forecast && !zone.outlook) return heat;
  heat.forecast = true;
  heat.sun_limits = zone.plan.sun_limits;
  heat.commissioning = zone.plan.commissioning;
  heat.hold = zone.plan.hold;
  heat.plan = zone.plan.hours;
  heat.plan_from = zone.plan_from;
  heat.outdoor = outdoor_of(zone.site);
  const auto* lead = lead_of(zone);
  if (lead != nullptr && lead->runway.known()) {
    heat.runway = lead->runway.runway(protocol::ServiceClass::kOnDemand, lead->facts.cores);
  }
  return heat;
}

// From now on, as the plan's hours lie: at most an hour apart from them.
void Scheduler::Impl::add_envelope(const ZoneRecord& zone, ZoneHeatView& heat) const {
  const auto* lead = lead_of(zone);
  if (!zone.forecast || lead == nullptr || lead->is_off()) return;
  constexpr std::size_t kStepsPerHour = 6;
  auto lowest_c = setpoint_path(lead->setpoint, lead->telemetry.minute_of_week, utc_now());
  auto highest_c = lowest_c;
  for (auto& air_c : lowest_c) air_c -= config.band.below.value;
  for (auto& air_c : highest_c) air_c += config.band.above.value;
  Watts most;
  for (const auto index : zone.nodes) most += nodes[index].learned.max(nodes[index].facts);
  const auto& forecast = zone.hold_forecast();
  const auto envelope = forecast.envelope(lowest_c, highest_c, most.value);
  for (std::size_t h = 0; h < heat.plan.size(); ++h) {
    const auto end = (h + 1) * kStepsPerHour - 1;
    heat.envelope.push_back({Joules{envelope.lowest_j[end]}, Joules{envelope.highest_j[end]}});
  }
}

std::optional<NodeView> Scheduler::node(const NodeId& name) const {
  const auto found = impl_->node_names.find(name);
  if (found == impl_->node_names.end()) return std::nullopt;
  return impl_->view(impl_->nodes[found->second]);
}

std::optional<ZoneView> Scheduler::zone(const ZoneId& id) const {
  const auto found = impl_->zones.find(id);
  if (found == impl_->zones.end()) return std::nullopt;
  auto view = impl_->view(id, found->second);
  impl_->add_envelope(found->second, view.heat);
  return view;
}

std::vector<NodeView> Scheduler::nodes() const {
  std::vector<NodeView> views;
  for (const auto& [name, index] : impl_->node_names) {
    views.push_back(impl_->view(impl_->nodes[index]));
  }
  return views;
}

std::vector<ZoneView> Scheduler::zones() const {
  std::vector<ZoneView> views;
  for (const auto& [id, zone] : impl_->zones) views.push_back(impl_->view(id, zone));
  return views;
}

std::vector<SiteView> Scheduler::sites() const {
  std::vector<SiteView> views;
  for (const auto& [id, site] : impl_->sites) {
    if (site.nodes.empty() && !site.cap) continue;  // named by nobody
    SiteView view{.site = id, .nodes = site.nodes.size(), .cap = site.cap};
    const auto known = impl_->config.sites.find(id);
    if (known != impl_->config.sites.end()) {
      if (known->second.breaker < SiteConfig{}.breaker) view.breaker = known->second.breaker;
      view.reserve = known->second.reserve;
      view.daily_heat = known->second.daily_heat;
    }
    for (const auto index : site.nodes) {
      view.power += Watts{impl_->nodes[index].telemetry.power_w.value};
    }
    view.heat_today = site.heat_today;
    views.push_back(std::move(view));
  }
  return views;
}

std::vector<TenantView> Scheduler::tenants() const {
  const auto& shares = impl_->shares;
  std::map<TenantId, TenantView> views;
  for (const auto& [tenant, limits] : impl_->config.share.tenants) views[tenant] = {};
  for (const auto& [id, job] : impl_->jobs) {
    auto& view = views[job.spec().tenant];
    ++view.jobs_active;
    view.tasks_pending += job.counts().pending;
    view.tasks_waiting += job.available();
  }
  for (FairShare::TenantIndex i = 0; i < shares.size(); ++i) {
    const double average = shares.average_cores(i, impl_->now);
    if (average < 0.001 && !views.contains(shares.name(i))) continue;
    auto& view = views[shares.name(i)];
    view.cores = shares.cores(i);
    view.average_cores = average;
    view.standing = shares.standing(i, impl_->now);
    view.at_quota = view.tasks_waiting > 0 && !shares.has_room(i, 1);
  }
  double weights = 0;
  for (auto& [tenant, view] : views) {
    view.tenant = tenant;
    view.limits = impl_->config.share.limits_of(tenant);
    if (view.jobs_active > 0) weights += view.limits.weight;
  }
  std::vector<TenantView> all;
  for (auto& [tenant, view] : views) {
    if (view.jobs_active > 0) view.entitled_share = view.limits.weight / weights;
    all.push_back(std::move(view));
  }
  return all;
}

SchedulerStats Scheduler::stats() const {
  auto stats = impl_->stats;
  stats.jobs_active = impl_->jobs.size();
  stats.pressure = impl_->pressure.value();
  for (const auto& [id, job] : impl_->jobs) {
    const auto counts = job.counts();
    stats.tasks_pending += counts.pending;
    stats.tasks_running += counts.running;
    stats.tasks_unknown += job.unknown_count();
    stats.tasks_available += job.available();
    if (job.spec().held) {
      stats.tasks_on_hold += counts.pending - job.unknown_count();
    } else if (!job.waits_for().empty()) {
      stats.tasks_after += counts.pending - job.unknown_count();
    } else if (job.paused()) {
      stats.tasks_paused += counts.pending - job.unknown_count();
    }
  }
  for (const auto& [due, task] : impl_->retries_due) {
    const auto job = impl_->jobs.find(task.job);
    if (job == impl_->jobs.end() || job->second.spec().held || job->second.paused()) continue;
    ++stats.tasks_held_back;
  }
  for (const auto& node : impl_->nodes) {
    ++(node.state == NodeState::kOnline   ? stats.nodes_online
       : node.state == NodeState::kSilent ? stats.nodes_silent
                                          : stats.nodes_lost);
  }
  return stats;
}

}  // namespace hearth::scheduler
