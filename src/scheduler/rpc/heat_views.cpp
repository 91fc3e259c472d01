#include "scheduler/rpc/heat_views.h"

#include <cmath>

#include "wire/checks.h"
#include "wire/fleet.h"

namespace hearth::scheduler {
namespace {

constexpr Duration kHour = std::chrono::hours{1};
constexpr Duration kRunwayMost = std::chrono::hours{48};

void to_wire(const CapacityQuantiles& quantiles, fleet::v1::Quantiles* out) {
  out->set_p5(quantiles.p5);
  out->set_p50(quantiles.p50);
  out->set_p95(quantiles.p95);
}

void to_wire(const LearnedModel& learned, fleet::v1::ZoneModel* out) {
  out->set_kind(learned.kind);
  out->set_accepted(learned.accepted);
  out->set_ua_w_per_k(learned.ua_w_per_k);
  out->set_rmse_24h_k(learned.rmse_24h_k);
  wire::to_wire(learned.fitted_at, out->mutable_fitted_at());
}

void to_wire(const protocol::TankReading& tank, fleet::v1::Tank* out) {
  wire::to_wire(tank.top_c, out->mutable_top_c());
  wire::to_wire(tank.middle_c, out->mutable_middle_c());
  wire::to_wire(tank.bottom_c, out->mutable_bottom_c());
  wire::to_wire(tank.hygiene_due_in, out->mutable_hygiene_due_in());
  out->set_hygiene_energy_j(tank.hygiene_energy.value);
  out->set_hygiene_active(tank.hygiene_active);
  out->set_hygiene_done(tank.hygiene_done);
}

void to_wire(const QuoteTimes& times, UtcTime now, job::v1::QuoteTimes* out) {
  if (times.start) wire::to_wire(now + *times.start, out->mutable_start());
  if (times.finish) wire::to_wire(now + *times.finish, out->mutable_finish());
}

}  // namespace

void to_wire(const ZoneHeatView& view, fleet::v1::ZoneHeat* out) {
  if (view.model) to_wire(*view.model, out->mutable_model());
  out->set_days_known(view.days_known);
  out->set_forecast(view.forecast);
  out->set_alarm(view.alarm);
  out->set_cold_mean_k(view.cold_mean.value);
  if (!view.forecast) return;
  out->set_charge_k(view.charge.value);
  out->set_sun_limits(view.sun_limits);
  out->set_hold_w(view.hold.value);
  if (view.runway > Duration::zero()) {
    wire::to_wire(std::min(view.runway, kRunwayMost), out->mutable_runway());
  }
  if (view.outdoor) out->set_outdoor_c(view.outdoor->value);
}

void add_plan(const ZoneHeatView& view, fleet::v1::ZoneHeat* out) {
  UtcTime from = view.plan_from;
  for (const auto& hour : view.plan) {
    auto* added = out->add_plan();
    wire::to_wire(from, added->mutable_from());
    added->set_reference_c(hour.t_ref.value);
    added->set_outdoor_c(hour.outdoor.value);
    added->set_hold_w(hour.hold.value);
    const auto hours = static_cast<std::size_t>(&hour - view.plan.data());
    if (hours < view.envelope.size()) {
      added->set_lowest_j(view.envelope[hours].lowest.value);
      added->set_highest_j(view.envelope[hours].highest.value);
    }
    from += kHour;
  }
}

void add_heat(const NodeView& view, fleet::v1::Node* out) {
  const auto& telemetry = view.telemetry;
  out->set_tripped(telemetry.tripped);
  out->set_safe_mode(telemetry.safe_mode);
  out->set_asleep(telemetry.asleep);
  out->set_quiet(telemetry.quiet);
  out->set_window_open(telemetry.window_open);
  if (telemetry.tank) to_wire(*telemetry.tank, out->mutable_tank());
  auto* learned = out->mutable_learned();
  learned->set_idle_w(view.idle_learned.value);
  learned->set_max_w(view.max_learned.value);
  learned->set_speed_exponent(view.speed_learned.exponent);
}

void to_wire(const ZoneHistoryRow& row, fleet::v1::ZoneHistoryPoint* out) {
  wire::to_wire(row.at, out->mutable_at());
  if (!std::isnan(row.air_c)) out->set_temperature_c(row.air_c);
  if (!std::isnan(row.power_w)) out->set_power_w(row.power_w);
  if (!std::isnan(row.setpoint_c)) out->set_setpoint_c(row.setpoint_c);
  if (!std::isnan(row.reference_c)) out->set_reference_c(row.reference_c);
  if (!std::isnan(row.outdoor_c)) out->set_outdoor_c(row.outdoor_c);
  if (!std::isnan(row.irradiance_w_per_m2)) {
    out->set_irradiance_w_per_m2(row.irradiance_w_per_m2);
  }
}

void to_wire(const SiteView& view, fleet::v1::Site* out) {
  out->set_site_id(view.site.value);
  out->set_nodes(view.nodes);
  out->set_power_w(view.power.value);
  if (view.breaker) out->set_breaker_w(view.breaker->value);
  out->set_reserve_w(view.reserve.value);
  if (view.cap) {
    out->set_cap_w(view.cap->power.value);
    out->set_cap_reason(view.cap->reason);
  }
  out->set_daily_heat_j(view.daily_heat.value);
  out->set_heat_today_j(view.heat_today.value);
}

void to_wire(const CapacityForecast& forecast, std::size_t hours,
             fleet::v1::GetCapacityResponse* out) {
  wire::to_wire(forecast.from, out->mutable_made_at());
  UtcTime from = forecast.from;
  for (std::size_t i = 0; i < std::min(hours, forecast.hours.size()); ++i) {
    auto* hour = out->add_hours();
    wire::to_wire(from, hour->mutable_from());
    to_wire(forecast.hours[i].power_w, hour->mutable_power_w());
    to_wire(forecast.hours[i].cores, hour->mutable_cores());
    from += kHour;
  }
  to_wire(forecast.day_energy_j, out->mutable_day_energy_j());
  out->set_zones(forecast.zones);
}

void to_wire(const Quote& quote, UtcTime now, job::v1::QuoteJobResponse* out) {
  wire::to_wire(now, out->mutable_quoted_at());
  to_wire(quote.p50, now, out->mutable_p50());
  to_wire(quote.p90, now, out->mutable_p90());
  out->set_energy_j(quote.energy.value);
  out->set_meets_deadline(quote.meets_deadline);
  out->set_reason(quote.reason);
}

}  // namespace hearth::scheduler
