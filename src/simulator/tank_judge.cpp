#include "simulator/tank_judge.h"

#include <algorithm>

namespace hearth::simulator {
namespace {

constexpr int kLiftEveryMin = 7 * 24 * 60;
constexpr int kOneLiftMin = 24 * 60;  // holds so close together are one lift
struct Hold {
  Celsius at_least;
  int minutes;
};
constexpr Hold kHolds[] = {{Celsius{70}, 2}, {Celsius{65}, 4}, {Celsius{60}, 60}};  // HEAT 3

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

}  // namespace

TankJudge::TankJudge(const Scenario& scenario, const Fleet& fleet)
    : scenario_(scenario),
      fleet_(fleet),
      from_(scenario.minutes_dropped()),
      to_(scenario.minutes_of_work()),
      tanks_(fleet.tanks > 0 ? fleet.zones.size() : 0) {
  for (std::size_t i = 0; i < tanks_.size(); ++i) {
    if (fleet.zones[i].tank) tanks_[i].last_lift_min = -60 * fleet.zones[i].tank->lift_age_h;
  }
}

void TankJudge::add(std::size_t zone, int minute, const Tanks& tanks, const EnergyByCause& energy) {
  if (minute >= to_) return;
  auto& tank = tanks_[zone];
  const auto& water = tanks.tank(zone);
  const Sums sums{energy, water.book(), tanks.peaks(zone), tanks.peaks_missed(zone)};
  watch_hygiene(tank, water.coldest_of_three(), minute);
  if (minute < from_) {
    tank.from = sums;
  } else if (tanks.circulates(zone)) {
    tank.lift_resistance_j += energy.resistance_j - tank.resistance_before_j;
  }
  tank.resistance_before_j = energy.resistance_j;
  tank.to = sums;
}

void TankJudge::watch_hygiene(Tank& tank, Celsius coldest, int minute) const {
  const bool counts = minute >= from_;
  for (std::size_t i = 0; i < 3; ++i) {
    tank.held_min[i] = coldest >= kHolds[i].at_least ? tank.held_min[i] + 1 : 0;
    if (tank.held_min[i] < kHolds[i].minutes) continue;
    if (minute - tank.last_lift_min > kOneLiftMin && counts) tank.done += 1;
    tank.last_lift_min = minute;
    tank.missed = false;
  }
  if (tank.missed || minute - tank.last_lift_min <= kLiftEveryMin) return;
  tank.missed = true;
  if (counts) tank.missed_count += 1;
}

double TankJudge::compute_j() const {
  double sum_j = 0;
  for (const auto& tank : tanks_) sum_j += tank.to.book.compute_j - tank.from.book.compute_j;
  return sum_j;
}

void TankJudge::fill(Metrics& metrics, double allowed_j, double lost_share) const {
  if (tanks_.empty()) return;
  EnergyByCause energy;
  thermal::TankBook book;
  double rated_w = 0, lift_j = 0, done = 0, missed = 0, peaks = 0, peaks_missed = 0;
  for (std::size_t i = 0; i < tanks_.size(); ++i) {
    const auto& tank = tanks_[i];
    if (!fleet_.zones[i].tank) continue;
    rated_w += fleet_.nodes[i].max_w;
    energy.attempts_j += tank.to.energy.attempts_j - tank.from.energy.attempts_j;
    energy.filler_j += tank.to.energy.filler_j - tank.from.energy.filler_j;
    energy.idle_j += tank.to.energy.idle_j - tank.from.energy.idle_j;
    book.resistance_j += tank.to.book.resistance_j - tank.from.book.resistance_j;
    book.drawn_j += tank.to.book.drawn_j - tank.from.book.drawn_j;
    book.lost_j += tank.to.book.lost_j - tank.from.book.lost_j;
    book.refused_j += tank.to.book.refused_j - tank.from.book.refused_j;
    book.delivered_l += tank.to.book.delivered_l - tank.from.book.delivered_l;
    book.unmet_l += tank.to.book.unmet_l - tank.from.book.unmet_l;
    peaks += tank.to.peaks - tank.from.peaks;
    peaks_missed += tank.to.peaks_missed - tank.from.peaks_missed;
    lift_j += tank.lift_resistance_j;
    done += tank.done;
    missed += tank.missed_count;
  }
  const double heat_j = compute_j() + book.resistance_j;
  const double paid_j = energy.attempts_j * (1 - lost_share);
  metrics.set("tanks", fleet_.tanks);
  metrics.set("tank_cpu_use", ratio(paid_j, rated_w * 60.0 * (to_ - from_)));
  metrics.set("tank_cpu_use_of_allowed", ratio(paid_j, allowed_j));
  metrics.set("tank_allowed_j", allowed_j);
  metrics.set("tank_heat_j", heat_j);
  metrics.set("tank_attempts_j", energy.attempts_j);
  metrics.set("tank_filler_j", energy.filler_j);
  metrics.set("tank_idle_j", energy.idle_j);
  metrics.set("tank_drawn_j", book.drawn_j);
  metrics.set("tank_lost_j", book.lost_j);
  metrics.set("tank_refused_j", book.refused_j);
  metrics.set("resistance_share", ratio(book.resistance_j, heat_j));
  metrics.set("resistance_share_beyond_hygiene", ratio(book.resistance_j - lift_j, heat_j));
  metrics.set("delivered_litres", book.delivered_l);
  metrics.set("unmet_litres", book.unmet_l);
  metrics.set("peaks_missed_share", ratio(peaks_missed, peaks));
  metrics.set("hygiene_done", done);
  metrics.set("hygiene_missed", missed);
}

}  // namespace hearth::simulator
