#include "node_agent/core/air_slope.h"

#include <algorithm>

namespace hearth::node_agent {
namespace {

constexpr std::size_t kReadingsMin = 3;
constexpr int kReadingsMax = 60;     // closer ones are left out
constexpr double kFilledMin = 0.75;  // of the window

Kelvins distance(Celsius a, Celsius b) {
  return rounded(std::max(a - b, b - a));
}

}  // namespace

void AirSlope::take(Celsius air, TimePoint now) {
  if (last_ && air != *last_) {
    const Kelvins step = distance(air, *last_);
    if (step > Kelvins{0}) quantum_ = std::min(quantum_.value_or(step), step);
  }
  last_ = air;
  while (!readings_.empty() && now - readings_.oldest().at > window_) readings_.drop_oldest();
  if (readings_.empty() || now - readings_.newest().at >= window_ / kReadingsMax) {
    readings_.push({now, air});
  }
}

std::optional<double> AirSlope::k_per_s() const {
  if (readings_.size() < kReadingsMin) return std::nullopt;
  const auto& first = readings_.oldest();
  const auto& last = readings_.newest();
  if (to_seconds(last.at - first.at) < kFilledMin * to_seconds(window_)) return std::nullopt;
  if (!quantum_ || distance(first.air, last.air) <= 2 * *quantum_) return 0;
  double sum_t = 0;
  double sum_k = 0;
  double sum_tt = 0;
  double sum_tk = 0;
  for (const auto& reading : readings_) {
    const double t = to_seconds(reading.at - first.at);
    const double k = (reading.air - first.air).value;
    sum_t += t;
    sum_k += k;
    sum_tt += t * t;
    sum_tk += t * k;
  }
  const auto count = static_cast<double>(readings_.size());
  return (count * sum_tk - sum_t * sum_k) / (count * sum_tt - sum_t * sum_t);
}

}  // namespace hearth::node_agent
