#include "thermal/tank_model.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"

namespace hearth::thermal {
namespace {

constexpr double kWeight = 0.1;  // of the newest day: about ten days of memory; our choice
constexpr double kP90 = 1.2816;
constexpr double kHalfHourS = 1800;
constexpr int kHorizon = 96;

}  // namespace

Joules TankModel::usable(std::span<const Celsius> layers, Celsius cold) const {
  CHECK(!layers.empty());
  const double part = j_per_k / static_cast<double>(layers.size());
  Joules sum;
  for (const auto layer : layers) {
    if (layer >= useful && layer > cold) sum += Joules{part * (layer - cold).value};
  }
  return sum;
}

Joules TankModel::headroom(std::span<const Celsius> layers) const {
  CHECK(!layers.empty());
  const double part = j_per_k / static_cast<double>(layers.size());
  Joules sum;
  for (const auto layer : layers) sum += Joules{part * std::max(0.0, (compute_max - layer).value)};
  return sum;
}

Watts TankModel::hold_power(std::span<const Celsius> layers) const {
  CHECK(!layers.empty());
  double excess_k = 0;
  for (const auto layer : layers) excess_k += (layer - ambient).value;
  return Watts{std::max(0.0, loss_w_per_k * excess_k / static_cast<double>(layers.size()))};
}

DrawPattern::DrawPattern(const Slots& slots) {
  constexpr double kMost = 1e12;  // J, and its square: beyond, what was kept is damaged
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const auto& slot = slots[i];
    const bool sound = slot.mean_j >= 0 && slot.mean_j < kMost && slot.variance_j2 >= 0 &&
                       slot.variance_j2 < kMost * kMost && slot.count > 0;
    if (sound) slots_[i] = slot;
  }
}

std::size_t DrawPattern::index(int half_hour_of_week) {
  const int of_week =
      ((half_hour_of_week % kHalfHoursOfWeek) + kHalfHoursOfWeek) % kHalfHoursOfWeek;
  const int weekend = of_week / kHalfHoursOfDay >= 5 ? kHalfHoursOfDay : 0;
  return static_cast<std::size_t>(weekend + of_week % kHalfHoursOfDay);
}

const DrawPattern::Slot& DrawPattern::slot(int half_hour_of_week) const {
  const auto own = index(half_hour_of_week);
  const auto day = static_cast<std::size_t>(kHalfHoursOfDay);
  const auto other = own < day ? own + day : own - day;
  return slots_[own].count == 0 ? slots_[other] : slots_[own];
}

void DrawPattern::observe(int half_hour_of_week, Joules drawn) {
  if (!std::isfinite(drawn.value) || drawn.value < 0) return;
  auto& slot = slots_[index(half_hour_of_week)];
  const double weight = std::max(kWeight, 1.0 / (slot.count + 1));
  const double step = drawn.value - slot.mean_j;
  slot.mean_j += weight * step;
  slot.variance_j2 = (1 - weight) * (slot.variance_j2 + weight * step * step);
  slot.count = std::min(slot.count + 1, 1'000'000);
}

Joules DrawPattern::mean(int half_hour_of_week) const {
  return Joules{slot(half_hour_of_week).mean_j};
}

Joules DrawPattern::p90(int half_hour_of_week) const {
  const auto& s = slot(half_hour_of_week);
  return Joules{s.mean_j + kP90 * std::sqrt(s.variance_j2)};
}

DrawPattern::Need DrawPattern::need(int from, int half_hours) const {
  double mean = 0;
  double variance = 0;
  for (int i = 0; i < std::min(half_hours, kHorizon); ++i) {
    mean += slot(from + i).mean_j;
    variance += slot(from + i).variance_j2;
  }
  return {Joules{mean}, Joules{mean + kP90 * std::sqrt(variance)}};
}

Duration runway(const TankModel& tank, std::span<const Celsius> layers, const DrawPattern& pattern,
                int half_hour_of_week, Watts power, double draw_share) {
  double room_j = tank.headroom(layers).value;
  const double net_w = (power - tank.hold_power(layers)).value;
  for (int i = 0; i < kHorizon; ++i) {
    const double change_j =
        net_w * kHalfHourS - draw_share * pattern.mean(half_hour_of_week + i).value;
    if (change_j > room_j) {
      const double share = std::max(0.0, room_j) / change_j;
      return from_seconds(kHalfHourS * (i + share));
    }
    room_j -= change_j;
  }
  return from_seconds(kHorizon * kHalfHourS);
}

}  // namespace hearth::thermal
