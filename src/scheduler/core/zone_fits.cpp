// Nightly fits: when, from what, and what becomes of them.
#include <cmath>
#include <limits>

#include "scheduler/core/impl.h"

namespace hearth::scheduler {
namespace {

constexpr double kDaysMin = 1;
constexpr double kYoungDays = 5;

// Zones are fitted one after the other through the night, by name, so that nothing comes in bursts.
Duration fit_offset(const ZoneId& zone) {
  return std::chrono::minutes{60 + seed_of(zone) % 180};
}

thermal::RoomHistory history_of(const ZoneLearning& learning, const SiteHistory& site) {
  thermal::RoomHistory history;
  const std::int64_t first = learning.first_slot();
  const auto size = learning.size();
  history.start = UtcTime{first * kSlot};
  for (auto* column : {&history.air_c, &history.heat_w, &history.outdoor_c,
                       &history.irradiance_w_per_m2, &history.setpoint_c}) {
    column->reserve(size);
  }
  double air_before = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t k = 0; k < size; ++k) {
    const std::int64_t number = first + static_cast<std::int64_t>(k);
    const auto slot = learning.slot(number);
    history.air_c.push_back(air_before);  // the instant at which the slot begins
    history.heat_w.push_back(slot_heat_w(slot));
    history.outdoor_c.push_back(site.outdoor_c(number));
    history.irradiance_w_per_m2.push_back(site.irradiance(number));
    history.setpoint_c.push_back(slot_setpoint_c(slot));
    air_before = slot_air_c(slot);
  }
  return history;
}

}  // namespace

void Scheduler::Impl::ask_for_fit(const ZoneId& id, ZoneRecord& zone) {
  const UtcTime utc = utc_now();
  if (zone.fit_due == UtcTime{}) {
    const auto midnight = std::chrono::floor<std::chrono::days>(utc);
    zone.fit_due = UtcTime{midnight.time_since_epoch()} + fit_offset(id);
    zone.fit_due += std::chrono::days{zone.fit_due <= utc ? 1 : 0};
  }
  if (utc < zone.fit_due || zone.fitting) return;
  // A new zone is fitted every night: its first sunny day is worth more than its tenth.
  const auto period = zone.learning.days_known() < kYoungDays
                          ? std::min<Duration>(config.heat.fit_period, std::chrono::hours{24})
                          : config.heat.fit_period;
  while (zone.fit_due <= utc) zone.fit_due += period;
  if (zone.learning.days_known() < kDaysMin) return;
  zone.fitting = true;
  thermal::FitOptions options;
  options.lag_s = thermal::kRadiatorLagS;
  if (zone.learned && zone.learned->accepted) options.previous = zone.learned->model;
  for (const auto index : zone.nodes) options.power_max_w += nodes[index].facts.max.value;
  out.emplace_back(FitModel{id, history_of(zone.learning, site_of(zone.site).history), options});
}

void Scheduler::Impl::on(const ModelFitted& event) {
  const auto found = zones.find(event.zone);
  if (found == zones.end()) return;
  auto& zone = found->second;
  zone.fitting = false;
  const auto& fit = event.fit;
  const bool had_accepted = zone.learned && zone.learned->accepted;
  if (fit.kind == thermal::ModelKind::kPrior || fit.kind == thermal::ModelKind::kKept) return;
  // What failed the gate never replaces what passed it.
  const bool keeps_gate = fit.accepted || (fit.kind == thermal::ModelKind::kUaOnly && had_accepted);
  if (had_accepted && !keeps_gate) return;
  LearnedModel learned{.model = fit.model,
                       .hold_model = fit.hold_model,
                       .error = fit.error,
                       .kind = std::string(thermal::to_string(fit.kind)),
                       .ua_w_per_k = fit.ua_w_per_k,
                       .rmse_24h_k = fit.error.zone_k(24),
                       .accepted = keeps_gate,
                       .fitted_at = utc_now()};
  commit(ZoneModelLearned{event.zone, learned});
  zone.learned = std::move(learned);
  use_model(zone);
}

}  // namespace hearth::scheduler
