// "Why is it cold?" and "why is it warm?", with the numbers that decide.
#include <algorithm>
#include <cstdio>

#include "scheduler/core/explain_tank.h"
#include "scheduler/core/impl.h"

namespace hearth::scheduler {
namespace {

using protocol::Quality;

template <class... Args>
std::string format(const char* pattern, Args... args) {
  char buffer[320];
  std::snprintf(buffer, sizeof buffer, pattern, args...);
  return buffer;
}

constexpr double kFullShare = 0.95;  // of the limit: counts as heating with all it has

// What the model says that full power can hold at the weather of now.
std::string full_power_holds(const ZoneView& zone, Watts full) {
  if (!zone.heat.model || !zone.heat.outdoor || !zone.setpoint_now) return {};
  const double ua = zone.heat.model->ua_w_per_k;
  const double held_c = zone.heat.outdoor->value + full.value / ua;
  if (held_c < zone.setpoint_now->value) {
    return format(
        "; the room loses %.0f W per kelvin, so at %.1f degC outside full power holds only "
        "%.1f degC: the heater is too small for this weather",
        ua, zone.heat.outdoor->value, held_c);
  }
  return format("; at %.1f degC outside full power could hold %.1f degC: it is warming up",
                zone.heat.outdoor->value, held_c);
}

std::string why_cold(const ZoneView& zone, const NodeRecord& lead, Kelvins below) {
  const auto& t = lead.telemetry;
  const std::string start = format("%.1f K below its setpoint", below.value);
  if (t.window_open) {
    return start +
           ": the air fell faster than the heat explains, so a window is thought open and "
           "is not heated against";
  }
  if (t.quiet) return start + ": quiet hours hold its power down";
  if (t.asleep) return start + ": its boards are asleep and about to be woken";
  const Watts full = lead.facts.max;
  if (lead.limits.revision != 0 && lead.limits.p_max < kFullShare * full &&
      t.power_wanted >= kFullShare * lead.limits.p_max) {
    return start + format(": it wants %.0f W but the building's limit leaves it %.0f W",
                          t.power_wanted.value, lead.limits.p_max.value);
  }
  const double percent = full > 0_W ? 100.0 * zone.power.value / full.value : 0;
  if (zone.power >= kFullShare * full) {
    return start + format(" and heating with all it has, %.0f W", zone.power.value) +
           full_power_holds(zone, full);
  }
  return start + format(" and heating at %.0f W, %.0f %% of full power", zone.power.value, percent);
}

std::string why_warm(const ZoneView& zone, const NodeRecord& lead, Kelvins above) {
  const std::string start = format("%.1f K above its setpoint", above.value);
  if (zone.power <= lead.facts.idle + Watts{10}) {
    return start + format(
                       ": nothing is heated (%.0f W, the computer's idling%s); what warms it is "
                       "the sun, people or heat stored earlier",
                       zone.power.value, lead.telemetry.asleep ? ", asleep" : "");
  }
  return start +
         format(
             ": %zu attempts draw %.0f W; they are slowed as it gets warmer, and new ones start "
             "only below the limits of their class",
             lead.attempts.size(), zone.power.value);
}

std::string bend_reason(const ZoneView& zone) {
  const double bend = zone.heat.charge.value;
  if (zone.heat.commissioning && !zone.heat.sun_limits) {
    return format(
        "reference %+.2f K against the setpoint: the zone is new and nobody is in; moving "
        "it a little teaches what it holds",
        bend);
  }
  if (zone.heat.sun_limits) {
    return format("reference %+.2f K against the setpoint: room is kept for sun and gains to come",
                  bend);
  }
  if (bend > 0) {
    return format("reference %+.2f K against the setpoint: work is plenty, the zone is charged",
                  bend);
  }
  if (bend < 0) {
    return format(
        "reference %+.2f K against the setpoint: little work, it floats before filler "
        "heats",
        bend);
  }
  return "reference at the setpoint";
}

std::string model_fact(const ZoneHeatView& heat) {
  if (!heat.model) {
    return format(
        "no model was fitted yet (%.1f days of telemetry): a prior from the heater's size",
        heat.days_known);
  }
  return format("model %s%s: loses %.1f W/K, forecasts err by %.2f K at 24 h, from %.0f days",
                heat.model->kind.c_str(), heat.model->accepted ? "" : " (not accepted)",
                heat.model->ua_w_per_k, heat.model->rmse_24h_k, heat.days_known);
}

void add_forecast(const ZoneHeatView& heat, std::vector<std::string>& facts) {
  facts.push_back(model_fact(heat));
  if (!heat.forecast) {
    facts.emplace_back(
        "no forecast: no weather is configured, or nothing was heard of the zone yet");
    return;
  }
  facts.push_back(format("outside %.1f degC; %.0f W hold the reference over the next two hours",
                         heat.outdoor.value_or(Celsius{0}).value, heat.hold.value));
  facts.push_back("runway at full power for ON_DEMAND: " + (heat.runway >= std::chrono::hours{48}
                                                                ? "48 h or more"
                                                                : hearth::to_string(heat.runway)));
}

void add_holiday(const protocol::Setpoint& setpoint, UtcTime now, std::vector<std::string>& facts) {
  if (!setpoint.holiday || setpoint.holiday->until <= now) return;
  const auto& holiday = *setpoint.holiday;
  const auto what = format("%.1f degC", holiday.away.value);
  const auto then = ", then what it had comes back; heated ahead, to be warm by then";
  if (holiday.covers(now)) {
    facts.push_back("holiday: " + what + " until " + hearth::to_string(holiday.until) + then);
  } else {
    facts.push_back("holiday to come: " + what + " from " + hearth::to_string(holiday.from) +
                    " until " + hearth::to_string(holiday.until) + then);
  }
}

void add_room_facts(const ZoneView& zone, std::vector<std::string>& facts) {
  if (zone.setpoint_now) {
    facts.push_back(format("setpoint %.1f degC, reference %.1f degC", zone.setpoint_now->value,
                           zone.t_ref.value));
    facts.push_back(bend_reason(zone));
  }
  facts.push_back(format(
      "temperature %.2f degC (%s), charge %.0f %% of its band", zone.temperature_c.value,
      std::string(to_string(zone.temperature_c.quality)).c_str(), 100 * zone.state_of_charge));
  add_forecast(zone.heat, facts);
}

}  // namespace

std::string Scheduler::Impl::why_zone(const ZoneView& zone, const NodeRecord* lead) const {
  if (lead == nullptr) return "no node of this zone has joined";
  if (lead->state != NodeState::kOnline) {
    return "its node " + lead->facts.node.value +
           " is not heard of; the agent there heats by itself";
  }
  if (zone.setpoint.mode == protocol::SetpointMode::kOff) {
    return "it is switched OFF (" + std::string(to_string(zone.setpoint.revision.origin)) + ")";
  }
  if (lead->telemetry.tripped) return "a safety trip holds until somebody resets it at the node";
  if (lead->facts.tank) return why_tank(*lead, zone.power);
  if (zone.temperature_c.quality != Quality::kGood || !zone.setpoint_now) {
    return "its temperature is not known: the node heats carefully";
  }
  const Kelvins off = Celsius{zone.temperature_c.value} - *zone.setpoint_now;
  if (off < -config.band.below) return why_cold(zone, *lead, -off);
  if (off > config.band.above) return why_warm(zone, *lead, off);
  const char* away = zone.setpoint.on_holiday(utc_now()) ? "on holiday: " : "";
  return format("%sinside its band, %.1f K from its setpoint, drawing %.0f W", away, off.value,
                zone.power.value);
}

Result<ZoneExplanation> Scheduler::explain_zone(const ZoneId& id) const {
  const auto found = zone(id);
  if (!found) return fail(ErrorCode::kNotFound, "zone " + id.value + ": unknown");
  ZoneExplanation explanation{*found, {}, {}};
  const auto& record = impl_->zones.at(id);
  const NodeRecord* lead = impl_->lead_of(record);
  explanation.summary = impl_->why_zone(*found, lead);
  auto& facts = explanation.facts;
  const bool is_tank = lead != nullptr && lead->facts.tank;
  if (is_tank) {
    add_tank_facts(record, *lead, facts);
  } else {
    add_room_facts(*found, facts);
    add_holiday(found->setpoint, impl_->utc_now(), facts);
  }
  const auto site = impl_->sites.find(found->site);
  if (site != impl_->sites.end() && site->second.cap) {
    const auto& cap = *site->second.cap;
    facts.push_back(format("its building is capped at %.0f W", cap.power.value) +
                    (cap.reason.empty() ? "" : ": " + cap.reason));
  }
  for (const auto index : record.nodes) {
    const auto& node = impl_->nodes[index];
    facts.push_back(format("node %s: %s, %.0f W drawn, %.0f W wanted, %.0f W allowed, %zu attempts",
                           node.facts.node.value.c_str(),
                           std::string(to_string(node.state)).c_str(), node.telemetry.power_w.value,
                           node.telemetry.power_wanted.value, node.limits.p_max.value,
                           node.attempts.size()));
  }
  if (found->heat.alarm) facts.emplace_back("ALARM: it has been cold for hours");
  if (found->ordered) facts.emplace_back("a setpoint was ordered over the API and is not in force");
  return explanation;
}

}  // namespace hearth::scheduler
