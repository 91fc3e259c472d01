// What became of the capacity that was forecast: the first forecast of each UTC day is held against
// what the meters of its zones' nodes counted over its 24 hours, and the next one learns from that.
#include <utility>

#include "scheduler/core/impl.h"

namespace hearth::scheduler {
namespace {

constexpr Duration kDay = std::chrono::hours{24};
constexpr Duration kSlack = std::chrono::hours{1};  // a day settled later or earlier is dropped
constexpr double kMissingMost = 0.1;                // of the zones, or the day says nothing
constexpr std::size_t kZonesPerTurn = 1000;

}  // namespace

Joules Scheduler::Impl::heat_of(const ZoneRecord& zone) const {
  Joules heat;
  for (const auto index : zone.nodes) heat += nodes[index].heat_seen;
  return heat;
}

// Whether nothing of it is left to do.
bool Scheduler::Impl::settle_outlook(CapacityMaking& making) {
  if (!making.snapshot.by_zone || making.settled) return true;
  const Duration passed = making.snapshot.from - outlook.from;
  if (outlook.zones.empty() || passed < kDay - kSlack || passed > kDay + kSlack) {
    outlook = {};
    making.settled = true;
    return true;
  }
  const double to_day = to_seconds(kDay) / to_seconds(passed);
  for (std::size_t turn = 0; turn < kZonesPerTurn; ++turn) {
    if (outlook.settled == outlook.zones.size()) {
      close_outlook(making);
      return true;
    }
    const auto& was = outlook.zones[outlook.settled++];
    const auto found = zones.find(was.id);
    const auto* lead = found == zones.end() ? nullptr : lead_of(found->second);
    const bool known = lead != nullptr && lead->state == NodeState::kOnline;
    const Joules heat = known ? heat_of(found->second) : Joules{};
    if (!known || heat < was.heat_before) {
      ++outlook.missing;
      outlook.used_j += was.median_j;
      continue;
    }
    const double used_j = to_day * (heat - was.heat_before).value;
    const double beyond_j = used_j - was.median_j;
    outlook.used_j += used_j;
    outlook.beyond_j += beyond_j;
    outlook.max_w += was.max_w;
    found->second.capacity_residual = beyond_j / (was.max_w * to_seconds(kDay));
  }
  return false;
}

void Scheduler::Impl::close_outlook(CapacityMaking& making) {
  making.settled = true;
  const auto all = static_cast<double>(outlook.zones.size());
  if (static_cast<double>(outlook.missing) <= kMissingMost * all) {
    const double full_day_j = outlook.max_w * to_seconds(kDay);
    making.residual = outlook.beyond_j / full_day_j;
    capacity_error.take(outlook.band, outlook.used_j,
                        (outlook.used_j - outlook.band.p50) / full_day_j);
  }
  outlook = {};
}

void Scheduler::Impl::note_outlook(CapacityMaking& making, const ZoneId& id,
                                   const ZoneRecord& zone) const {
  const auto max_w = static_cast<double>(making.snapshot.zones.back().max_w);
  making.outlook.zones.push_back({id, max_w, heat_of(zone), 0});
}

void Scheduler::Impl::take_outlook(const CapacityForecast& forecast) {
  if (forecast.zone_day_energy_j.size() != outlook_asked.zones.size()) return;
  if (outlook_asked.zones.empty()) return;
  outlook = std::exchange(outlook_asked, {});
  outlook.from = forecast.from;
  outlook.band = forecast.rooms_day_energy_j;
  for (std::size_t z = 0; z < outlook.zones.size(); ++z) {
    outlook.zones[z].median_j = forecast.zone_day_energy_j[z].p50;
  }
}

}  // namespace hearth::scheduler
