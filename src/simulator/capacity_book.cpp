#include "simulator/capacity_book.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace hearth::simulator {
namespace {

constexpr Duration kDay = std::chrono::hours{24};

double ideal_j(const World& world, double from_hour) {
  double sum_j = 0;
  double before_hour = 0;
  for (const auto& point : world.ideal.record.points) {
    const double middle = (before_hour + point.hour) / 2;
    if (middle > from_hour && middle < from_hour + 24) {
      sum_j += 3600 * (point.hour - before_hour) * point.filler_w;
    }
    before_hour = point.hour;
  }
  return sum_j;
}

}  // namespace

CapacityBook::CapacityBook(const World& world, NodePlant& plant)
    : world_(world), plant_(plant), by_name_(world.fleet.zones.size()) {
  std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
  std::ranges::sort(by_name_, {}, [](std::size_t zone) { return std::to_string(zone); });
}

void CapacityBook::forecast(const scheduler::CapacityForecast& forecast, TimePoint now) {
  passed(now);
  if (forecast.zone_day_energy_j.size() != by_name_.size()) return;
  open_ = Open{now, forecast, {}};
  for (std::size_t node = 0; node < by_name_.size(); ++node) {
    (void)plant_.energy(node, now);
    open_->meter_j.push_back(plant_.meter_j(node));
  }
}

void CapacityBook::passed(TimePoint now) {
  if (!open_ || now < open_->from + kDay) return;
  for (std::size_t node = 0; node < by_name_.size(); ++node) (void)plant_.energy(node, now);
  close();
}

void CapacityBook::close() {
  const auto& forecast = open_->forecast;
  const double from_hour = to_seconds(open_->from.time_since_epoch()) / 3600;
  Record::CapacityDay day;
  day.hour = from_hour;
  day.p5_j = forecast.rooms_day_energy_j.p5;
  day.p50_j = forecast.rooms_day_energy_j.p50;
  day.p95_j = forecast.rooms_day_energy_j.p95;
  day.ideal_j = ideal_j(world_, from_hour);
  int within = 0;
  for (std::size_t i = 0; i < by_name_.size(); ++i) {
    const auto node = by_name_[i];
    const double used_j = plant_.meter_j(node) - open_->meter_j[node];
    const auto& band = forecast.zone_day_energy_j[i];
    day.used_j += used_j;
    if (used_j >= band.p5 && used_j <= band.p95) ++within;
  }
  day.zones_within = static_cast<double>(within) / static_cast<double>(by_name_.size());
  days_.push_back(day);
  open_.reset();
}

void CapacityBook::fill(Metrics& metrics, Record& record) const {
  record.capacity_days = days_;
  double count = 0, below = 0, above = 0, zones = 0;
  double width_j = 0, median_j = 0, used_j = 0, squares = 0, ideal = 0;
  for (const auto& day : days_) {
    const bool learned = day.hour >= 24.0 * kLearningDays;
    if (!learned || 60 * (day.hour + 24) > world_.scenario.minutes_of_work()) continue;
    ++count;
    below += day.used_j < day.p5_j ? 1 : 0;
    above += day.used_j > day.p95_j ? 1 : 0;
    zones += day.zones_within;
    width_j += day.p95_j - day.p5_j;
    median_j += day.p50_j;
    used_j += day.used_j;
    ideal += day.ideal_j;
    squares += (day.used_j - day.p50_j) * (day.used_j - day.p50_j);
  }
  if (count == 0) return;
  metrics.set("capacity_days", count);
  metrics.set("capacity_coverage", 1 - (below + above) / count);
  metrics.set("capacity_below_share", below / count);
  metrics.set("capacity_above_share", above / count);
  metrics.set("capacity_zone_coverage", zones / count);
  metrics.set("capacity_band_width", median_j > 0 ? width_j / median_j : 0);
  metrics.set("capacity_bias", used_j > 0 ? (median_j - used_j) / used_j : 0);
  metrics.set("capacity_cv_rmse", used_j > 0 ? std::sqrt(squares * count) / used_j : 0);
  metrics.set("capacity_used_over_ideal", ideal > 0 ? used_j / ideal : 0);
}

}  // namespace hearth::simulator
