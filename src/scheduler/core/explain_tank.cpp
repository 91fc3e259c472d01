// "Why is the water cold?", and what a tank will take: its part of the zone's explanation.
#include "scheduler/core/explain_tank.h"

#include <cstdio>

#include "scheduler/core/score.h"

namespace hearth::scheduler {
namespace {

template <class... Args>
std::string format(const char* pattern, Args... args) {
  char buffer[320];
  std::snprintf(buffer, sizeof buffer, pattern, args...);
  return buffer;
}

constexpr double kFull = 0.98;

std::string degrees(protocol::Reading reading) {
  return reading.quality == protocol::Quality::kGood ? format("%.1f", reading.value) : "unknown";
}

}  // namespace

std::string why_tank(const NodeRecord& lead, Watts power) {
  const auto& facts = *lead.facts.tank;
  const auto& tank = lead.telemetry.tank;
  const auto charge = tank_charge(lead);
  if (!tank || !charge) return "its thermometers are not known: it takes no heat";
  if (tank->hygiene_active) {
    return format("its water is lifted to %.0f degC against legionella", facts.hygiene.value);
  }
  if (Celsius{tank->top_c.value} < facts.useful) {
    return format(
        "the water at its top is %.1f degC, below the useful %.0f: more was drawn than "
        "%.0f W could replace yet",
        tank->top_c.value, facts.useful.value, power.value);
  }
  if (*charge >= kFull) return "it is full: its computers can give it no more until somebody draws";
  return format("charged to %.0f %%, drawing %.0f W", 100 * *charge, power.value);
}

void add_tank_facts(const ZoneRecord& zone, const NodeRecord& lead,
                    std::vector<std::string>& facts) {
  if (const auto& tank = lead.telemetry.tank) {
    facts.push_back(
        format("top %s, middle %s, bottom %s degC; useful from %.0f, computers reach %.0f",
               degrees(tank->top_c).c_str(), degrees(tank->middle_c).c_str(),
               degrees(tank->bottom_c).c_str(), lead.facts.tank->useful.value,
               lead.facts.tank->compute_max.value));
    facts.push_back(format("next hygiene lift must have ended in %s and needs %.1f kWh",
                           hearth::to_string(tank->hygiene_due_in).c_str(),
                           tank->hygiene_energy.value / 3.6e6));
  }
  if (!zone.outlook) {
    facts.emplace_back("no forecast of what it takes");
    return;
  }
  const auto& outlook = *zone.outlook;
  double day_j = 0;
  for (std::size_t i = 0; i < 48; ++i) day_j += static_cast<double>(outlook.draw_j[i]);
  facts.push_back(format("its household draws %.1f kWh in the next day, %s", day_j / 3.6e6,
                         outlook.learned
                             ? format("learned from %.0f days", zone.tank->days_known()).c_str()
                             : "as a prior has it"));
  const auto absorbed = outlook.absorbed_w();
  double next_day_w = 0;
  for (std::size_t h = 0; h < 24; ++h) next_day_w += absorbed[h] / 24;
  facts.push_back(
      format("it has a place for %.1f kWh now, and takes %.0f W on average over the "
             "next day",
             outlook.headroom_j / 3.6e6, next_day_w));
  const auto runway = lead.runway.known()
                          ? lead.runway.runway(protocol::ServiceClass::kOnDemand, lead.facts.cores)
                          : Duration{};
  facts.push_back("runway at full power for ON_DEMAND: " + (runway >= std::chrono::hours{48}
                                                                ? std::string{"48 h or more"}
                                                                : hearth::to_string(runway)));
}

}  // namespace hearth::scheduler
