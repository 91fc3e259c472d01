// Zones: what their telemetry teaches, their forecast and plan, their alarms.
#include <algorithm>
#include <cmath>
#include <utility>

#include "scheduler/core/impl.h"
#include "thermal/commissioning.h"

namespace hearth::scheduler {
namespace {

// The prior knows two square metres of window and no side of the house, while a low sun in a south
// window brings more than twice what it brings on the horizontal. Until a zone has shown its own,
// its plan takes so much of the sun (our choice: in the twin it takes a third off what rooms are
// too warm by in their first days, and a tenth onto the waits).
constexpr double kUnseenSun = 2;

using protocol::Quality;

constexpr double kPriorKelvins = 30;  // an adequate heater holds so much at full power (choice)

std::optional<Celsius> believed_air(const NodeRecord& node) {
  const auto& air = node.telemetry.air_temperature_c;
  if (air.quality != Quality::kGood || node.telemetry.safe_mode) return std::nullopt;
  return Celsius{air.value};
}

}  // namespace

SiteRecord& Scheduler::Impl::site_of(const SiteId& id) {
  return sites[id];
}

const weather::Series* Scheduler::Impl::weather_of(const SiteId& site) const {
  auto found = weather.find(site);
  if (found == weather.end()) found = weather.find(SiteId{});
  return found == weather.end() || found->second.hours.empty() ? nullptr : &found->second;
}

std::optional<Celsius> Scheduler::Impl::outdoor_of(const SiteId& site) const {
  const auto* series = clock_known ? weather_of(site) : nullptr;
  if (series == nullptr) return std::nullopt;
  return rounded(weather::at(*series, utc_now()).outdoor);
}

// The node whose sensor and setpoint speak for the zone: the first that is online and does not
// follow, else the first of all.
const NodeRecord* Scheduler::Impl::lead_of(const ZoneRecord& zone) const {
  for (const auto index : zone.nodes) {
    const auto& node = nodes[index];
    if (node.state == NodeState::kOnline && node.hello_complete && !node.facts.follows) {
      return &node;
    }
  }
  return zone.nodes.empty() ? nullptr : &nodes[*zone.nodes.begin()];
}

void Scheduler::Impl::on(const WeatherRead& event) {
  weather[event.site] = event.series;
  for (auto& [id, site] : sites) site.steps_slot = -1;
}

void Scheduler::Impl::account_heat(NodeRecord& node) {
  const auto& energy = node.telemetry.energy;
  auto& today = node.heat_today;
  Joules given = energy.meter;
  if (energy.boot_id == today.boot_id) {
    given = std::max(Joules{}, energy.meter - today.meter);
  } else if (today.boot_id.empty()) {
    given = {};  // before our time
  }
  today.boot_id = energy.boot_id;
  today.meter = energy.meter;
  // What was given while we were away has its day, but no moment that zones could learn from.
  if (!std::exchange(node.meter_kept, false)) node.heat_seen += given;
  auto& site = site_of(node.facts.site);
  const std::int64_t day = day_of(utc_now());
  if (std::exchange(site.day, day) != day) site.heat_today = {};
  if (std::exchange(today.day, day) != day) today.given = {};
  site.heat_today += given;
  today.given += given;
}

void Scheduler::Impl::restore_heat(NodeRecord& node, const HeatToday& kept) {
  // A counter read on another day does not say what of it is today's.
  if (!clock_known || kept.day != day_of(utc_now())) return;
  node.heat_today = kept;
  node.meter_kept = !kept.boot_id.empty();
  auto& site = site_of(node.facts.site);
  if (std::exchange(site.day, kept.day) != kept.day) site.heat_today = {};
  site.heat_today += kept.given;
}

void Scheduler::Impl::learn_from_report(NodeIndex index) {
  auto& node = nodes[index];
  account_heat(node);
  int busy = 0;
  for (const auto& [id, attempt] : node.attempts) {
    if (attempt.started) busy += attempt.resources.cores;
  }
  node.learned.report(node.facts, node.telemetry, busy);
  if (!node.has_room()) return;
  auto& zone = zones[node.facts.zone];
  const auto* lead = lead_of(zone);
  if (lead != &node) return;
  Joules energy;
  Watts power;
  for (const auto other : zone.nodes) {
    energy += nodes[other].heat_seen;
    power += Watts{nodes[other].telemetry.power_w.value};
  }
  zone.learning.report(utc_now(), believed_air(node), node.telemetry.setpoint, energy, power);
  if (node.facts.tank) {
    if (!zone.tank) zone.tank = std::make_unique<TankLearning>();
    zone.tank->report(*node.facts.tank, node.telemetry, energy, utc_now());
    return;  // a room's comfort is not a tank's
  }
  follow_work_reference(zone, node);
  judge_comfort(zone, node);
}

bool Scheduler::Impl::may_ease(const protocol::Setpoint& setpoint) const {
  return setpoint.mode == protocol::SetpointMode::kProgramme || setpoint.on_holiday(utc_now());
}

// A programme's step down is a permission, not an order to cool (DESIGN section 6), and so is a
// holiday: what class bounds are measured from falls no faster than the room does by itself.
void Scheduler::Impl::follow_work_reference(ZoneRecord& zone, const NodeRecord& lead) {
  Celsius reference = lead.limits.revision != 0 ? lead.limits.t_ref : lead.telemetry.t_ref;
  const auto air = believed_air(lead);
  const bool holiday = lead.setpoint.on_holiday(utc_now());
  // Before a holiday's end the agent lifts its reference far above ours: work may help it.
  if (holiday) reference = std::max(reference, lead.telemetry.t_ref);
  if (!may_ease(lead.setpoint) || !zone.work_reference_known) {
    zone.work_reference = reference;
  } else {
    const Celsius kept = air ? std::min(zone.work_reference, *air) : zone.work_reference;
    zone.work_reference = std::max(reference, kept);
  }
  zone.work_reference_known = true;
  for (const auto index : zone.nodes) nodes[index].work_reference = zone.work_reference;
}

void Scheduler::Impl::judge_comfort(ZoneRecord& zone, const NodeRecord& lead) {
  const auto air = believed_air(lead);
  if (!air || !lead.telemetry.setpoint) {
    zone.judged_at.reset();
    return;
  }
  const Celsius setpoint = *lead.telemetry.setpoint;
  if (zone.judged_at) {
    const double passed_s = to_seconds(now - *zone.judged_at);
    const Kelvins below = setpoint - config.band.below - *air;
    if (below > Kelvins{}) zone.cold_k_s += below.value * passed_s;
    zone.known_s += passed_s;
  }
  zone.judged_at = now;
  const bool cold = setpoint - *air > config.heat.cold_alarm;
  if (!cold) zone.cold_since.reset();
  if (cold && !zone.cold_since) zone.cold_since = now;
  const bool alarm = cold && now - *zone.cold_since >= config.heat.cold_alarm_after;
  if (alarm == zone.alarm) return;
  zone.alarm = alarm;
  const auto view_now = view(lead.facts.zone, zone);
  out.emplace_back(Alarm{lead.facts.zone, alarm, why_zone(view_now, &lead)});
}

// The model in use: the learned one, or the prior of HEAT section 1 with the loss that an adequate
// heater would cover.
thermal::RoomModel Scheduler::Impl::model_of(const ZoneRecord& zone) const {
  if (zone.learned) return zone.learned->model;
  Watts rated;
  for (const auto index : zone.nodes) rated += nodes[index].facts.max;
  return thermal::prior_room(std::clamp(rated.value / kPriorKelvins, 3.0, 500.0));
}

void Scheduler::Impl::use_model(ZoneRecord& zone) {
  const auto model = model_of(zone);
  zone.learning.use_model(model, site_of(zone.site).history);
  zone.response.emplace(model, thermal::kRadiatorLagS);
  zone.spread.emplace(*zone.response,
                      zone.learned ? zone.learned->error : thermal::ForecastError{});
  zone.hold.reset();
  // A row written before hold models were kept has none.
  const bool other = zone.learned && thermal::within_bounds(zone.learned->hold_model) &&
                     zone.learned->hold_model != zone.learned->model;
  if (other) {
    thermal::StepResponse response{zone.learned->hold_model, thermal::kRadiatorLagS};
    const thermal::ForecastSpread spread{response, zone.learned->error};
    zone.hold = std::make_unique<HoldModel>(HoldModel{response, spread, std::nullopt});
  }
  zone.forecast.reset();
  zone.plan_sent = {};
  for (const auto index : zone.nodes) nodes[index].runway.clear();
}

void Scheduler::Impl::replan_zone(ZoneRecord& zone, const NodeRecord& lead) {
  auto& site = site_of(zone.site);
  const UtcTime utc = utc_now();
  const auto* series = config.heat.prediction && clock_known ? weather_of(zone.site) : nullptr;
  const std::int64_t slot = slot_of(utc);
  if (series != nullptr && site.history.last_slot() < slot) {
    site.history.take(slot, weather::at(*series, utc));
  }
  const bool is_tank = lead.facts.tank.has_value();
  if (clock_known && !is_tank) {
    zone.learning.close_slots(utc, site.history);
    if (config.heat.prediction && config.heat.learning) ask_for_fit(lead.facts.zone, zone);
  }
  ZonePlanInputs inputs{.band = config.band};
  inputs.pressure = pressure.value();
  for (const auto index : zone.nodes) {
    inputs.idle += nodes[index].learned.idle(nodes[index].facts);
    inputs.max +=
        nodes[index].limits.revision != 0 ? nodes[index].limits.p_max : nodes[index].facts.max;
  }
  inputs.setpoint_c = setpoint_path(lead.setpoint, lead.telemetry.minute_of_week, utc);
  if (lead.telemetry.setpoint) inputs.setpoint_c[0] = lead.telemetry.setpoint->value;
  zone.forecast.reset();
  if (series != nullptr && !is_tank) {
    const bool may_begin = !zone.learning.estimating() && zone.learning.last_air();
    if (!zone.learning.has_filter() || may_begin) use_model(zone);
    if (zone.learning.estimating()) make_forecast(zone, *series, inputs);
  }
  if (zone.forecast) inputs.forecast = &*zone.forecast;
  if (may_ease(lead.setpoint) && zone.work_reference_known) {
    inputs.work_reference = zone.work_reference;
  }
  inputs.commissioning = commissioning_of(zone, lead);
  // The far end of the plan moves slowly: it is made anew once an hour, for the agent too.
  const bool whole = utc - zone.plan_sent >= std::chrono::hours{1} || zone.plan.hours.empty();
  inputs.before = whole ? nullptr : &zone.plan;
  zone.plan = plan_zone(inputs);
  zone.plan_from = utc;
  if (is_tank) return plan_tank(zone, lead);
  const Celsius work_reference =
      zone.work_reference_known ? std::max(zone.work_reference, zone.plan.t_ref) : zone.plan.t_ref;
  for (const auto index : zone.nodes) share_plan(zone, nodes[index], work_reference, inputs.max);
}

// A tank has no band to bend a reference in; what it takes is planned, hour by hour.
void Scheduler::Impl::plan_tank(ZoneRecord& zone, const NodeRecord& lead) {
  zone.outlook.reset();
  for (const auto index : zone.nodes) {
    nodes[index].hold.reset();
    nodes[index].absorbs.reset();
    nodes[index].runway.clear();
  }
  if (!config.heat.prediction || !zone.tank || zone.nodes.size() > 1) return;
  auto& node = nodes[*zone.nodes.begin()];
  if (&node != &lead) return;
  zone.outlook = tank_outlook({node.facts, node.telemetry, node.learned.idle(node.facts),
                               node.learned.max(node.facts), node.learned.speed(node.facts)},
                              *zone.tank);
  if (!zone.outlook) return;
  const auto absorbed = zone.outlook->absorbed_w();
  zone.plan.hold = node.hold.emplace(rounded(Watts{(absorbed[0] + absorbed[1]) / 2}));
  double day_w = 0;
  for (std::size_t h = 0; h < 24; ++h) day_w += absorbed[h] / 24;
  node.absorbs = rounded(Watts{day_w});
  zone.plan.may_sleep = absorbed[0] < zone.outlook->loss_w;
  zone.plan.hours.clear();
  const auto* series = clock_known ? weather_of(zone.site) : nullptr;
  for (std::size_t h = 0; h < absorbed.size() && series != nullptr; ++h) {
    const auto at = utc_now() + std::chrono::hours{h};
    zone.plan.hours.push_back(
        {zone.plan.t_ref, rounded(weather::at(*series, at).outdoor), rounded(Watts{absorbed[h]})});
  }
  const auto& band = config.band.tank;
  node.runway.reset({.tank = &*zone.outlook,
                     .stop_below = {band.reserved.must_stop_above, band.on_demand.must_stop_above,
                                    band.flex.must_stop_above},
                     .idle = node.learned.idle(node.facts),
                     .per_core = node.watts_per_core(),
                     .min_run = node.facts.min_run,
                     .cores = node.facts.cores,
                     .speed = node.learned.speed(node.facts)});
}

void Scheduler::Impl::make_forecast(ZoneRecord& zone, const weather::Series& series,
                                    ZonePlanInputs& inputs) {
  const UtcTime utc = utc_now();
  auto& site = site_of(zone.site);
  if (site.steps_slot != slot_of(utc)) {
    site.steps_slot = slot_of(utc);
    for (std::size_t k = 0; k < kPlanSteps; ++k) {
      const auto sample = weather::at(series, utc + kSlot * static_cast<int>(k) + kSlot / 2);
      site.steps[k] = {sample.outdoor.value, 0, sample.irradiance_w_per_m2};
    }
  }
  for (std::size_t h = 0; h < inputs.outdoor_c.size(); ++h) {
    inputs.outdoor_c[h] = site.steps[6 * h].outdoor_c;
  }
  const auto& estimate = zone.learning.filter().estimate();
  auto steps = site.steps;
  if (!zone.learned || !zone.learned->accepted) {
    for (auto& step : steps) step.irradiance_w_per_m2 *= kUnseenSun;
  }
  zone.forecast.emplace(*zone.response, *zone.spread, estimate, steps);
  if (!zone.hold) return;
  auto& hold = *zone.hold;
  hold.forecast.emplace(
      hold.response, hold.spread,
      beside_air(hold.response.model(), estimate, Celsius{inputs.outdoor_c.front()}), site.steps);
}

// The small disturbance from which a new zone is learned, while nobody is there and until its model
// is accepted. Only a programme says when that is, and the last hours before people are back are
// theirs already.
Kelvins Scheduler::Impl::commissioning_of(const ZoneRecord& zone, const NodeRecord& lead) const {
  const bool wanted = config.heat.commissioning && config.heat.prediction && config.heat.learning;
  const bool known = zone.learned && zone.learned->accepted;
  const int minute = lead.telemetry.minute_of_week;
  if (!wanted || known || minute < 0 || zone.learning.size() == 0 || lead.facts.tank) return {};
  constexpr double kSecondsPerDay = 86'400;
  const auto since = from_seconds(zone.learning.days_known() * kSecondsPerDay);
  return thermal::commissioning_offset(since, !is_unoccupied(lead.setpoint, minute),
                                       seed_of(lead.facts.zone));
}

void Scheduler::Impl::share_plan(const ZoneRecord& zone, NodeRecord& node, Celsius work_reference,
                                 Watts zone_max) {
  node.work_reference = work_reference;
  node.hold.reset();
  node.free_peak.reset();
  node.runway.clear();
  if (!zone.forecast) return;
  const double share = zone_max > 0_W ? node.facts.max / zone_max : 1;
  node.hold = rounded(std::min(1.0, share) * zone.plan.hold);
  node.free_peak = zone.plan.work_peak;
  Watts others;
  for (const auto index : zone.nodes) {
    if (&nodes[index] != &node) others += Watts{nodes[index].telemetry.power_w.value};
  }
  const auto& band = config.band;
  // By the model that forecasts temperature best, as the plan: in the twin runways and hold power
  // of the one that capacity is reckoned with (hold_model) doubled the waits at 60 % load.
  node.runway.reset({.forecast = &*zone.forecast,
                     .stop = {work_reference + band.reserved.must_stop_above,
                              work_reference + band.on_demand.must_stop_above,
                              work_reference + band.flex.must_stop_above},
                     .idle = node.learned.idle(node.facts),
                     .per_core = node.watts_per_core(),
                     .others = others,
                     .min_run = node.facts.min_run,
                     .hold_p10_low = share * zone.plan.hold_p10_low,
                     .cores = node.facts.cores,
                     .speed = node.learned.speed(node.facts)});
}

}  // namespace hearth::scheduler
