// What outlives a restart: shown to whoever keeps it, and taken back.
#include "scheduler/core/telemetry.h"

#include <algorithm>
#include <cmath>

#include "scheduler/core/impl.h"

namespace hearth::scheduler {
namespace {

bool is_sound(const NodeLearning::State& state) {
  // Written so that NaN fails too: what was kept may be damaged.
  const auto is_power = [](const NodeLearning::Mean& mean) {
    return mean.value >= 0 && mean.value < 1e6 && mean.count >= 0;
  };
  return is_power(state.idle_w) && is_power(state.max_w) && std::abs(state.slope_top) < 1e6 &&
         state.slope_bottom >= 0 && state.slope_bottom < 1e6 && state.slope_count >= 0;
}

bool is_sound(const HeatToday& heat) {
  constexpr Joules kMost{1e15};
  return heat.given >= Joules{} && heat.given < kMost && heat.meter >= Joules{} &&
         heat.meter < kMost;
}

constexpr int kHalfHoursOfADay = thermal::kHalfHoursOfDay;

bool is_kept(const ZoneKnowledge& knowledge, const ZoneId& zone, const KeptTelemetry& kept) {
  const auto known = kept.knowledge.find(zone);
  const auto before = known == kept.knowledge.end() ? KeptTelemetry::Knowledge{} : known->second;
  const auto now = extent_of(knowledge);
  if (now.capacity_days != before.capacity_days) return false;
  if (kept.last) return now.tank_half_hours == before.tank_half_hours;
  return now.tank_half_hours / kHalfHoursOfADay == before.tank_half_hours / kHalfHoursOfADay;
}

}  // namespace

KeptTelemetry::Knowledge extent_of(const ZoneKnowledge& knowledge) {
  return {knowledge.capacity.days, knowledge.tank ? knowledge.tank->half_hours : 0};
}

void Scheduler::Impl::restore(const ZoneTelemetry& kept) {
  const auto found = zones.find(kept.zone);
  if (found == zones.end()) return;
  auto& zone = found->second;
  if (kept.learned) {
    zone.capacity_error = ZoneCapacityError{kept.learned->capacity};
    if (kept.learned->tank) zone.tank = std::make_unique<TankLearning>(*kept.learned->tank);
  }
  std::int64_t number = kept.first_slot;
  for (const auto& slot : kept.slots) zone.learning.restore(number++, slot);
  // The filter is run again over the last days, so that the zone is known as it was.
  if (config.heat.prediction && zone.learning.size() > 0) use_model(zone);
}

void Scheduler::Impl::on(const TelemetryRestored& event) {
  for (const auto& kept : event.sites) {
    auto& history = site_of(kept.site).history;
    std::int64_t number = kept.first_slot;
    for (const auto& slot : kept.slots) history.restore(number++, slot);
  }
  for (const auto& kept : event.zones) restore(kept);
  for (const auto& kept : event.nodes) {
    const auto found = node_names.find(kept.node);
    if (found == node_names.end()) continue;
    auto& node = nodes[found->second];
    if (is_sound(kept.learned)) node.learned = NodeLearning{kept.learned};
    if (is_sound(kept.heat)) restore_heat(node, kept.heat);
  }
  if (event.fleet_capacity) capacity_error = FleetCapacityError{*event.fleet_capacity};
  for (const auto& row : event.run_times) run_times.restore(row);
  for (const auto& share : event.shares) restore(share);
}

// As it would be had nothing run since.
void Scheduler::Impl::restore(const TenantShare& kept) {
  if (!(kept.average_cores >= 0 && kept.average_cores < 1e9)) return;
  const Duration since = clock_known ? std::max(Duration{}, utc_now() - kept.at) : Duration{};
  const double left = std::exp2(-to_seconds(since) / to_seconds(config.share.half_life));
  shares.restore(kept.tenant, kept.average_cores * left, now);
}

ZoneSample Scheduler::Impl::sample_of(const ZoneRecord& zone) const {
  ZoneSample sample;
  const auto* lead = lead_of(zone);
  if (lead == nullptr || lead->state != NodeState::kOnline) return sample;
  Watts power;
  for (const auto index : zone.nodes) {
    const auto& node = nodes[index];
    if (node.state == NodeState::kOnline) power += Watts{node.telemetry.power_w.value};
  }
  const auto& telemetry = lead->telemetry;
  if (telemetry.air_temperature_c.quality == protocol::Quality::kGood) {
    sample.air_centi_c = packed(telemetry.air_temperature_c.value, kAirQuantumC);
  }
  sample.power_half_w = packed(power.value, kHeatQuantumW);
  if (telemetry.setpoint) {
    sample.setpoint_centi_c = packed(telemetry.setpoint->value, kAirQuantumC);
    sample.reference_centi_c = packed(telemetry.t_ref.value, kAirQuantumC);
  }
  return sample;
}

std::vector<ZoneTelemetry> Scheduler::zone_telemetry(const ZoneId& after, std::size_t most,
                                                     const KeptTelemetry& kept) const {
  std::vector<ZoneTelemetry> all;
  auto it = impl_->zones.upper_bound(after);
  for (; it != impl_->zones.end() && all.size() < most; ++it) {
    const auto& learning = it->second.learning;
    ZoneTelemetry one{it->first, impl_->sample_of(it->second), learning.first_slot(), {}};
    ZoneKnowledge knowledge{it->second.capacity_error.state(), {}};
    if (it->second.tank) knowledge.tank = it->second.tank->state();
    if (!is_kept(knowledge, it->first, kept)) one.learned = std::move(knowledge);
    const auto known = kept.zones.find(it->first);
    // A clock that was set back begins the slots anew.
    if (known != kept.zones.end() && known->second <= learning.next_slot()) {
      one.first_slot = std::max(one.first_slot, known->second);
    }
    for (auto number = one.first_slot; number < learning.next_slot(); ++number) {
      one.slots.push_back(learning.slot(number));
    }
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<SiteTelemetry> Scheduler::site_telemetry(const SiteId& after, std::size_t most,
                                                     const KeptTelemetry& kept) const {
  std::vector<SiteTelemetry> all;
  auto it = impl_->sites.upper_bound(after);
  for (; it != impl_->sites.end() && all.size() < most; ++it) {
    const auto& history = it->second.history;
    const auto slots = static_cast<std::int64_t>(kHistorySlots);
    SiteTelemetry one{it->first, std::max<std::int64_t>(0, history.last_slot() + 1 - slots), {}};
    const auto known = kept.sites.find(it->first);
    if (known != kept.sites.end() && known->second <= history.last_slot() + 1) {
      one.first_slot = std::max(one.first_slot, known->second);
    }
    for (auto number = one.first_slot; number <= history.last_slot(); ++number) {
      one.slots.push_back({static_cast<float>(history.outdoor_c(number)),
                           static_cast<float>(history.irradiance(number))});
    }
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<NodeTelemetry> Scheduler::node_telemetry(const NodeId& after, std::size_t most) const {
  std::vector<NodeTelemetry> all;
  auto it = impl_->node_names.upper_bound(after);
  for (; it != impl_->node_names.end() && all.size() < most; ++it) {
    const auto& node = impl_->nodes[it->second];
    all.push_back({it->first, node.learned.state(), node.heat_today});
  }
  return all;
}

std::vector<TenantShare> Scheduler::tenant_shares() const {
  constexpr double kNothing = 0.001;
  const auto& shares = impl_->shares;
  std::vector<TenantShare> all;
  for (FairShare::TenantIndex i = 0; i < shares.size(); ++i) {
    const double average = shares.average_cores(i, impl_->now);
    if (average >= kNothing) all.push_back({shares.name(i), average, impl_->utc_now()});
  }
  return all;
}

const RunTimes& Scheduler::run_times() const {
  return impl_->run_times;
}

const FleetCapacityError::State& Scheduler::fleet_capacity_error() const {
  return impl_->capacity_error.state();
}

}  // namespace hearth::scheduler
