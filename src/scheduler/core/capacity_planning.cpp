// The fleet's capacity: when to forecast it, what goes in, and what a job may expect of it.
#include <algorithm>
#include <cmath>
#include <limits>

#include "scheduler/core/impl.h"

namespace hearth::scheduler {
namespace {

constexpr Duration kEmptyRetry = std::chrono::seconds{10};  // right after a start
constexpr double kSizedForK = 30;    // what a heater holds at full power (choice, as zones.cpp)
constexpr double kUaFactorMost = 2;  // a heater may be half of what the room needs, or four times
constexpr int kZonesPerTurn = 500;   // taken into a snapshot in one apply(), so that it stays short
constexpr std::size_t kQueuedJobsCounted = 20'000;  // beyond, their mean stands for the rest

}  // namespace

CapacityZone Scheduler::Impl::capacity_zone(const ZoneRecord& zone, const NodeRecord& lead) const {
  CapacityZone in;
  for (const auto index : zone.nodes) {
    const auto& node = nodes[index];
    if (node.state != NodeState::kOnline) continue;
    in.idle_w += static_cast<float>(node.learned.idle(node.facts).value);
    in.max_w += static_cast<float>(node.learned.max(node.facts).value);
    in.cores += static_cast<float>(node.facts.cores);
    in.speed = node.learned.speed(node.facts);
  }
  in.model = model_of(zone);
  in.now = zone.learning.filter().estimate();
  // A row written before hold models were kept has none.
  const bool has_other = zone.learned && thermal::within_bounds(zone.learned->hold_model) &&
                         zone.learned->hold_model != zone.learned->model;
  if (has_other) in.model = zone.learned->hold_model;
  // A loss far from what the heater was chosen for is a fit gone astray.
  const double ua_sized = in.max_w > 0 ? static_cast<double>(in.max_w) / kSizedForK : 0;
  const double ua = in.model.ua_w_per_k();
  const bool credible = ua_sized <= 0 || (ua < kUaFactorMost * ua_sized &&
                                          ua > ua_sized / kUaFactorMost / kUaFactorMost);
  if (!credible) in.model = thermal::prior_room(std::clamp(ua_sized, 3.0, 500.0));
  if (has_other || !credible) {
    in.now = beside_air(in.model, in.now, outdoor_of(zone.site).value_or(Celsius{in.now.air_c}));
  }
  constexpr int kMinutesPerWeek = 7 * 24 * 60;
  const int minute = std::max(0, lead.telemetry.minute_of_week);
  for (std::size_t h = 0; h < in.reference_c.size(); ++h) {
    const double kept = std::max(0.0, 1 - static_cast<double>(h) / 6);
    if (lead.is_off() || lead.setpoint.mode == protocol::SetpointMode::kOff) {
      in.reference_c[h] = std::numeric_limits<float>::quiet_NaN();
      continue;
    }
    const int then = (minute + 60 * static_cast<int>(h)) % kMinutesPerWeek;
    const UtcTime at = utc_now() + std::chrono::hours{h};
    const double setpoint_c = protocol::setpoint_at(lead.setpoint, then, at).value;
    in.reference_c[h] = static_cast<float>(setpoint_c + kept * zone.plan.charge.value);
  }
  in.error = zone.capacity_error.now();
  return in;
}

void Scheduler::Impl::ask_for_capacity() {
  if (!config.heat.prediction || !clock_known || weather.empty() || capacity_asked) return;
  if (!capacity_making) {
    const bool first_of_day = outlook_day && day_of(utc_now()) > *outlook_day;
    if (!first_of_day && capacity_due && now < *capacity_due) return;
    capacity_due = now + config.heat.capacity_period;
    capacity_making.emplace();
    auto& snapshot = capacity_making->snapshot;
    snapshot.zones.reserve(zones.size());
    snapshot.from = utc_now();
    snapshot.seed = static_cast<std::uint64_t>(slot_of(utc_now()));
    snapshot.by_zone = first_of_day;
  }
  // Whole fleets take several turns. Yesterday's outcome first: today's forecast learns from it.
  if (!settle_outlook(*capacity_making) || !gather_capacity(*capacity_making)) return;
  auto snapshot = std::move(capacity_making->snapshot);
  auto outlook_now = std::move(capacity_making->outlook);
  capacity_making.reset();
  if (snapshot.zones.empty() && snapshot.tanks.empty() && snapshot.roomless_cores <= 0) {
    capacity_due = now + std::min(kEmptyRetry, config.heat.capacity_period);
    return;
  }
  capacity_asked = true;
  if (snapshot.by_zone || !outlook_day) outlook_day = day_of(snapshot.from);
  if (snapshot.by_zone) outlook_asked = std::move(outlook_now);
  snapshot.shared_error = capacity_error.shared();
  snapshot.widening = capacity_error.widening();
  out.emplace_back(ForecastCapacity{std::move(snapshot)});
}

// Takes so many more zones in, and in the end the nodes without a room; whether that was all.
bool Scheduler::Impl::gather_capacity(CapacityMaking& making) {
  auto& snapshot = making.snapshot;
  auto next = making.after ? zones.upper_bound(*making.after) : zones.begin();
  for (int turn = 0; turn < kZonesPerTurn && next != zones.end(); ++turn, ++next) {
    auto& [id, zone] = *next;
    making.after = id;
    if (zone.capacity_residual) {
      zone.capacity_error.take(*zone.capacity_residual - making.residual);
      zone.capacity_residual.reset();
    }
    const auto* lead = lead_of(zone);
    if (lead != nullptr && lead->state == NodeState::kOnline && zone.outlook) {
      snapshot.tanks.push_back(*zone.outlook);
      continue;
    }
    const auto* series = weather_of(zone.site);
    if (lead == nullptr || series == nullptr || lead->state != NodeState::kOnline) continue;
    if (!lead->has_room() || !zone.learning.has_filter() || !zone.learning.estimating()) continue;
    const SiteId key = weather.contains(zone.site) ? zone.site : SiteId{};
    const auto [place, is_new] =
        making.places.emplace(key, static_cast<std::uint32_t>(snapshot.sites.size()));
    if (is_new) snapshot.sites.push_back(*series);
    snapshot.zones.push_back(capacity_zone(zone, *lead));
    snapshot.zones.back().site = place->second;
    if (snapshot.by_zone) note_outlook(making, id, zone);
  }
  if (next != zones.end()) return false;
  for (const auto& node : nodes) {
    if (node.has_room() || node.state != NodeState::kOnline) continue;
    snapshot.roomless_w += static_cast<float>(node.facts.max.value);
    snapshot.roomless_cores += static_cast<float>(node.facts.cores);
  }
  return true;
}

void Scheduler::Impl::on(const CapacityForecasted& event) {
  capacity_asked = false;
  capacity = event.forecast;
  take_outlook(event.forecast);
}

// Pressure follows the queue and the share of wanted heat that customers' work gives.
void Scheduler::Impl::follow_pressure() {
  constexpr Duration kPeriod = std::chrono::minutes{1};
  if (pressure_due && now < *pressure_due) return;
  pressure_due = now + kPeriod;
  Watts wanted;
  Watts paid;
  for (const auto& node : nodes) {
    if (!node.has_room() || node.state != NodeState::kOnline) continue;
    // A tank says what it could take at once, which soon fills it.
    const Watts lasting = node.absorbs.value_or(node.telemetry.power_wanted);
    const Watts now_wanted = std::min(node.telemetry.power_wanted, lasting);
    wanted += std::max(node.facts.idle, now_wanted) - node.facts.idle;
    paid += std::min(node.leased_power(), node.facts.max);
  }
  pressure.take(now, !waiting_jobs.empty(), wanted > 0_W ? paid / wanted : 1.0);
}

Quote Scheduler::quote(const protocol::JobSpec& spec) const {
  return impl_->quote(spec, nullptr);
}

std::optional<Quote> Scheduler::estimate(JobId id) const {
  const auto found = impl_->jobs.find(id);
  if (found == impl_->jobs.end()) return std::nullopt;
  const auto& job = found->second;
  const auto counts = job.counts();
  if (job.spec().held || job.paused() || !job.waits_for().empty() || job.cancelled() ||
      job.all_ended()) {
    return std::nullopt;
  }
  auto spec = job.spec();
  spec.task_count = counts.pending + counts.running;
  return impl_->quote(spec, &job);
}

// Sets what goes before a job of this specification in its tenant's own order, and what others
// wait for.
void Scheduler::Impl::add_waiting(const JobRecord* submitted, QuoteInputs& inputs) const {
  const auto& spec = inputs.spec;
  std::size_t counted = 0;
  bool passed = false;  // all of its own tenant that goes before it
  for (const auto& order : waiting_jobs) {
    const auto& job = jobs.at(order.job);
    const bool own = job.spec().tenant == spec.tenant;
    passed |= own && order.minus_priority > -spec.priority;
    passed |= submitted != nullptr && order.job == submitted->id();
    if (own && passed) {
      if (waiting_jobs.tenants().size() == 1) break;
      continue;
    }
    if (++counted > kQueuedJobsCounted) break;
    const auto left = run_times.remaining(job.spec(), {});
    const double cores = static_cast<double>(job.counts().pending) * job.spec().resources.cores;
    const auto part = own ? &WorkAhead::waiting_core_s : &WorkAhead::others_core_s;
    inputs.ahead_p50.*part += cores * to_seconds(left.p50);
    inputs.ahead_p90.*part += cores * to_seconds(left.p90);
  }
  if (counted <= kQueuedJobsCounted) return;
  const double stretch =
      static_cast<double>(waiting_jobs.size()) / static_cast<double>(kQueuedJobsCounted);
  for (auto* ahead : {&inputs.ahead_p50, &inputs.ahead_p90}) {
    ahead->waiting_core_s *= stretch;
    ahead->others_core_s *= stretch;
  }
}

// What others with waiting work may do for each core-second of this tenant, by their weights.
double Scheduler::Impl::others_ratio(const TenantId& tenant) const {
  double others = 0;
  for (const auto& [other, shapes] : waiting_jobs.tenants()) {
    if (shares.name(other) != tenant) others += shares.limits(other).weight;
  }
  return others / config.share.limits_of(tenant).weight;
}

// `submitted`: the job itself where it waits already; what it has to do is all in `spec`.
Quote Scheduler::Impl::quote(const protocol::JobSpec& spec, const JobRecord* submitted) const {
  const auto& impl = *this;
  QuoteInputs inputs;
  inputs.spec = spec;
  inputs.run_time = impl.run_times.remaining(spec, {});
  if (spec.deadline) inputs.deadline_in = *spec.deadline - impl.utc_now();
  impl.add_waiting(submitted, inputs);
  inputs.others_ratio = impl.others_ratio(spec.tenant);
  const Shape shape = impl.shape_of_job(spec, inputs.run_time.p90);
  Watts per_core_sum;
  for (const auto& node : impl.nodes) {
    const auto failed = failing(node, shape, impl.config.band, 0);
    if (lasting(failed).any() || node.state != NodeState::kOnline) continue;
    inputs.cores_able += node.facts.cores;
    per_core_sum += static_cast<double>(node.facts.cores) * node.watts_per_core();
    if (failed.none()) {
      inputs.cores_free_now += usable_cores(node) - node.cores_leased;
    }
  }
  // What runs holds its cores until it ends.
  for (const auto& [attempt, index] : impl.attempt_nodes) {
    const auto& open = impl.nodes[index].attempts.at(attempt);
    const auto job = impl.jobs.find(open.task.job);
    if (job == impl.jobs.end() || &job->second == submitted) continue;
    const Duration elapsed =
        open.started ? std::max(Duration{}, impl.utc_now() - open.started_at) : Duration{};
    const auto left = impl.run_times.remaining(job->second.spec(), elapsed);
    inputs.ahead_p50.running_core_s += open.resources.cores * to_seconds(left.p50);
    inputs.ahead_p90.running_core_s += open.resources.cores * to_seconds(left.p90);
  }
  // Free cores start at once whatever runs elsewhere.
  const auto& ahead = inputs.ahead_p50;
  const bool none_waits = ahead.waiting_core_s <= 0 && ahead.others_core_s <= 0;
  if (none_waits && inputs.cores_free_now >= spec.resources.cores) inputs.at_once = true;
  if (inputs.cores_able > 0) inputs.per_core = (1 / inputs.cores_able) * per_core_sum;
  return scheduler::quote(inputs, impl.capacity);
}

const CapacityForecast& Scheduler::capacity() const {
  return impl_->capacity;
}

}  // namespace hearth::scheduler
