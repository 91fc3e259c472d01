#include "thermal/room_history.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/check.h"

namespace hearth::thermal {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kHeatBridge = 3;
constexpr std::size_t kWeatherBridge = 18;

std::vector<double> part(const std::vector<double>& all, std::size_t first, std::size_t last) {
  const auto at = [&](std::size_t k) {
    return all.begin() + static_cast<std::ptrdiff_t>(std::min(k, all.size()));
  };
  return {at(first), at(std::max(first, last))};
}

std::vector<double> plausible(std::vector<double> values, double low, double high) {
  for (double& v : values) {
    if (!(v >= low && v <= high)) v = kNaN;
  }
  return values;
}

// Bridges gaps linearly, at the ends with the nearest value; those longer than `longest` are marked
// in `unknown`. All missing: zeros.
void bridge(std::vector<double>& values, std::size_t longest, std::vector<bool>& unknown) {
  const auto n = values.size();
  for (std::size_t k = 0; k < n;) {
    if (!std::isnan(values[k])) {
      ++k;
      continue;
    }
    std::size_t end = k;
    while (end < n && std::isnan(values[end])) ++end;
    const double right = end < n ? values[end] : k > 0 ? values[k - 1] : 0;
    const double left = k > 0 ? values[k - 1] : right;
    for (std::size_t i = k; i < end; ++i) {
      values[i] =
          left + (right - left) * static_cast<double>(i - k + 1) / static_cast<double>(end - k + 1);
      if (end - k > longest) unknown[i] = true;
    }
    k = end;
  }
}

// A heater that switches was neither as it was before a long gap nor as it is after it.
void guess_heat(std::vector<double>& heat, const std::vector<bool>& unknown) {
  constexpr std::size_t kAround = 6 * kStepsPerHour;
  const auto n = heat.size();
  for (std::size_t k = 0; k < n;) {
    if (!unknown[k]) {
      ++k;
      continue;
    }
    std::size_t end = k;
    while (end < n && unknown[end]) ++end;
    double sum = 0;
    double seen = 0;
    for (auto i = k > kAround ? k - kAround : 0; i < std::min(n, end + kAround); ++i) {
      if (unknown[i]) continue;
      sum += heat[i];
      ++seen;
    }
    for (auto i = k; i < end && seen > 0; ++i) heat[i] = sum / seen;
    k = end;
  }
}

}  // namespace

RoomHistory RoomHistory::slice(std::size_t first, std::size_t last) const {
  RoomHistory cut;
  cut.start = start + from_seconds(static_cast<double>(first) * kModelStepS);
  cut.air_c = part(air_c, first, last);
  cut.heat_w = part(heat_w, first, last);
  cut.outdoor_c = part(outdoor_c, first, last);
  cut.irradiance_w_per_m2 = part(irradiance_w_per_m2, first, last);
  cut.setpoint_c = part(setpoint_c, first, last);
  return cut;
}

PreparedHistory::PreparedHistory(const RoomHistory& history)
    : air_c_(plausible(history.air_c, -40, 60)) {
  const auto n = air_c_.size();
  CHECK(history.heat_w.size() == n && history.outdoor_c.size() == n);
  CHECK(history.irradiance_w_per_m2.empty() || history.irradiance_w_per_m2.size() == n);
  auto heat = plausible(history.heat_w, -1, 1e5);
  auto outdoor = plausible(history.outdoor_c, -60, 60);
  auto sun = history.irradiance_w_per_m2.empty()
                 ? std::vector<double>(n)
                 : plausible(history.irradiance_w_per_m2, -20, 1500);
  std::vector<bool> unknown(n);
  bridge(heat, kHeatBridge, unknown);
  guess_heat(heat, unknown);
  bridge(outdoor, kWeatherBridge, unknown);
  // A sun sensor that never spoke is no sensor.
  std::vector<bool> dark(n);
  bridge(sun, kWeatherBridge, dark);
  const bool has_sun = std::count(dark.begin(), dark.end(), true) < static_cast<std::ptrdiff_t>(n);
  inputs_.resize(n);
  unknown_before_.assign(n + 1, 0);
  for (std::size_t k = 0; k < n; ++k) {
    inputs_[k] = {outdoor[k], std::max(0.0, heat[k]), std::max(0.0, sun[k])};
    const bool missing = unknown[k] || (has_sun && dark[k]);
    unknown_before_[k + 1] = unknown_before_[k] + (missing ? 1 : 0);
  }
}

double detected_quantum_k(const std::vector<double>& readings_c) {
  constexpr double kFinest = 0.02;
  std::vector<double> steps;
  double last = kNaN;
  for (const double t : readings_c) {
    if (std::isnan(t)) continue;
    if (std::abs(t - last) > 1e-6) steps.push_back(std::abs(t - last));
    last = t;
  }
  if (steps.size() < 10) return 0;
  // The smallest step, but for a few strays; all others must be multiples of it.
  std::sort(steps.begin(), steps.end());
  const double quantum = steps[steps.size() / 20];
  if (quantum < kFinest) return 0;
  std::size_t multiples = 0;
  for (const double s : steps) {
    const double ratio = s / quantum;
    if (std::abs(ratio - std::round(ratio)) < 0.05 * std::max(1.0, ratio * 0.1)) ++multiples;
  }
  return multiples * 10 >= steps.size() * 9 ? quantum : 0;
}

}  // namespace hearth::thermal
