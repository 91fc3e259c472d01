#include "simulator/comfort_book.h"

#include <algorithm>
#include <cmath>

namespace hearth::simulator {
namespace {

bool in_heating_season(UtcTime start) {  // October to April, by the scenario's first day
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(start)};
  const unsigned month = unsigned(date.month());
  return month >= 10 || month <= 4;
}

double hours(double minutes) {
  return minutes / 60;
}

}  // namespace

ComfortBook::ComfortBook(const Scenario& scenario, const Fleet& fleet, const IdealTrace* ideal)
    : scenario_(scenario),
      fleet_(fleet),
      ideal_(ideal),
      from_(scenario.minutes_dropped()),
      to_(scenario.minutes_of_work()),
      heating_season_(in_heating_season(scenario.start)),
      zones_(fleet.zones.size()),
      histogram_(kHistogramSize) {}

void ComfortBook::add(std::size_t index, int minute, const ComfortSample& s) {
  if (minute < from_ || minute >= to_) return;
  auto& zone = zones_[index];
  const double low_c = s.occupied ? s.setpoint_c - kBandBelowK : kFrostC;
  const double high_c = s.setpoint_c + (s.occupied ? kBandAboveK : kCeilingK);
  zone.below_k_min += std::max(0.0, low_c - s.air_c);
  zone.above_k_min += std::max(0.0, s.air_c - high_c);
  if (s.occupied) {
    const double error_k = s.air_c - s.setpoint_c;
    zone.squares_k2 += error_k * error_k;
    zone.occupied_below_k_min += std::max(0.0, low_c - s.air_c);
    ++zone.occupied_min;
    const double bin = (error_k - kHistogramFromK) / kHistogramStepK;
    histogram_[static_cast<std::size_t>(std::clamp(bin, 0.0, double{kHistogramSize - 1}))] += 1;
  }
  if (ideal_ && ideal_->has(minute)) {
    // Sun is not compute: only what exceeds both the ceiling and what nobody could have prevented.
    constexpr double kResolutionK = 0.001;  // of the trace
    const double ideal_c = ideal_->air_c(index, minute);
    const double bound_c = std::max(s.reference_c + kCeilingK, ideal_c) + kResolutionK;
    zone.over_compute_k_min += std::max(0.0, s.air_c - bound_c);
  }
  if (heating_season_ && s.air_c <= high_c) useful_j_ += s.emitted_w * 60;
}

ComfortBook::Group ComfortBook::sum(bool adequate) const {
  Group group;
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    if (fleet_.zones[i].adequate != adequate || fleet_.zones[i].tank) continue;
    const auto& zone = zones_[i];
    group.zones += 1;
    group.squares_k2 += zone.squares_k2;
    group.occupied_min += zone.occupied_min;
    group.below_k_min += zone.below_k_min;
    group.above_k_min += zone.above_k_min;
    group.over_compute_k_min += zone.over_compute_k_min;
    if (zone.occupied_min > 0)
      group.rms_k.push_back(std::sqrt(zone.squares_k2 / zone.occupied_min));
  }
  return group;
}

void ComfortBook::fill(Metrics& metrics) const {
  const auto group = sum(true);
  const double zones = std::max(1.0, group.zones);
  const double occupied = std::max(1.0, group.occupied_min);
  metrics.set("rms_error_k", std::sqrt(group.squares_k2 / occupied));
  metrics.set("rms_p95_k", quantile(group.rms_k, 0.95));
  metrics.set("tdis_kh", hours(group.below_k_min + group.above_k_min) / zones);
  metrics.set("below_lower_kh", hours(group.below_k_min) / zones);
  metrics.set("above_upper_kh", hours(group.above_k_min) / zones);
  metrics.set("over_by_compute_kh", hours(group.over_compute_k_min) / zones);
  metrics.set("useful_energy_j", useful_j_);
  fill_fairness(metrics);
  const auto apart = sum(false);
  metrics.set("zones_adequate", group.zones);
  metrics.set("zones_undersized", apart.zones);
  if (apart.zones > 0) {
    metrics.set("undersized_rms_error_k",
                std::sqrt(apart.squares_k2 / std::max(1.0, apart.occupied_min)));
    metrics.set("undersized_tdis_kh", hours(apart.below_k_min + apart.above_k_min) / apart.zones);
  }
}

void ComfortBook::fill_fairness(Metrics& metrics) const {
  std::vector<double> cold_k, model;
  double most_k = 0;
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    if (fleet_.zones[i].tank || !fleet_.zones[i].adequate || zones_[i].occupied_min == 0) continue;
    cold_k.push_back(zones_[i].occupied_below_k_min / zones_[i].occupied_min);
    model.push_back(fleet_.nodes[i].cpu_model);
    most_k = std::max(most_k, cold_k.back());
  }
  metrics.set("k_max_k", most_k);
  metrics.set("k_cpu_rank_correlation", rank_correlation(cold_k, model));
}

}  // namespace hearth::simulator
