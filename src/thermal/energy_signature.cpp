#include "thermal/energy_signature.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "thermal/least_squares.h"

namespace hearth::thermal {
namespace {

constexpr double kUaMin = 3;
constexpr double kUaMax = 500;
constexpr std::size_t kStepsOfADayMin = 115;  // 80 % of the day is known
constexpr std::size_t kHoursOfADayMin = 19;
constexpr double kWarmerMinK = 2;  // than outdoors: less says little about a loss
constexpr double kHeatedMinW = 10;
constexpr std::size_t kDaysMin = 3;
constexpr int kRoundsMax = 20;
constexpr double kSteadyK = 1;          // that a steady day warms or cools
constexpr double kExcitedShare = 0.15;  // HEAT section 1, "Gate"
constexpr double kExcitedK = 1;

struct DayMeans {
  double heat_w = 0;
  double warmer_k = 0;
  double sun_w_per_m2 = 0;
  double warming_k_per_s = 0;
};

// The value below which `share` of them lie; 0 of none. Sorts them.
double at_share(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

std::vector<double> finite(std::vector<double> values) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  return values;
}

// Readings may come by the hour: the air is the mean of what there is, spread over the day.
std::optional<DayMeans> day_means(const PreparedHistory& history, std::size_t first) {
  DayMeans day;
  std::size_t known = 0;
  std::size_t readings = 0;
  std::size_t hours = 0;
  std::size_t first_seen = 0;
  std::size_t last_seen = 0;
  double air_c = 0;
  double outdoor_c = 0;
  for (auto k = first; k < first + kStepsPerDay; ++k) {
    if (const double air = history.air_c(k); !std::isnan(air)) {
      if (readings++ == 0) first_seen = k;
      if (hours == 0 || k / kStepsPerHour != last_seen / kStepsPerHour) ++hours;
      last_seen = k;
      air_c += air;
    }
    if (!history.known(k, k + 1)) continue;
    ++known;
    day.heat_w += history.input(k).heat_w;
    outdoor_c += history.input(k).outdoor_c;
    day.sun_w_per_m2 += history.input(k).irradiance_w_per_m2;
  }
  if (known < kStepsOfADayMin || hours < kHoursOfADayMin) return std::nullopt;
  const auto count = static_cast<double>(known);
  day.heat_w /= count;
  day.warmer_k = air_c / static_cast<double>(readings) - outdoor_c / count;
  day.sun_w_per_m2 /= count;
  day.warming_k_per_s = (history.air_c(last_seen) - history.air_c(first_seen)) /
                        (static_cast<double>(last_seen - first_seen) * kModelStepS);
  return day;
}

}  // namespace

std::optional<FirstDay> first_day_ua_w_per_k(const PreparedHistory& history) {
  double energy = 0;
  double degrees = 0;
  double first_c = 0;
  double last_c = 0;
  std::size_t n = 0;
  for (std::size_t k = 0; k < history.size() && n < kStepsPerDay; ++k) {
    if (std::isnan(history.air_c(k)) || !history.known(k, k + 1)) continue;
    if (n++ == 0) first_c = history.air_c(k);
    last_c = history.air_c(k);
    energy += history.input(k).heat_w;
    degrees += history.air_c(k) - history.input(k).outdoor_c;
  }
  const auto count = static_cast<double>(n);
  if (n < kStepsPerDay / 4 || degrees < kWarmerMinK * count || energy < kHeatedMinW * count) {
    return std::nullopt;
  }
  return FirstDay{std::clamp(energy / degrees, kUaMin, kUaMax),
                  std::abs(last_c - first_c) <= kSteadyK};
}

namespace {

// One round of least squares: unknowns UA, A, C, each divided by its prior mean around `ua0`; sigma
// 2 of that, so that data decide.
std::optional<double> signature_around(std::span<const DayMeans> days, double ua0_w_per_k) {
  const std::array<double, 3> mean = {ua0_w_per_k, 1, 0.5 * 40 * 3600 * ua0_w_per_k};
  constexpr double kPrecision = 1.0 / 4;
  std::vector<double> normal(9);
  std::vector<double> right(3, kPrecision);
  for (std::size_t i = 0; i < 3; ++i) normal[i * 3 + i] = kPrecision;
  for (const auto& day : days) {
    // About 1 K too much or less; and of what a house stores while it warms or cools the air shows
    // but a half.
    const double noise_w =
        std::hypot(std::max(10.0, ua0_w_per_k), 0.5 * mean[2] * day.warming_k_per_s);
    const std::array<double, 3> row = {mean[0] * day.warmer_k / noise_w,
                                       -mean[1] * day.sun_w_per_m2 / noise_w,
                                       mean[2] * day.warming_k_per_s / noise_w};
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) normal[i * 3 + j] += row[i] * row[j];
      right[i] += row[i] * day.heat_w / noise_w;
    }
  }
  if (!solve_positive_definite(normal, right)) return std::nullopt;
  return right[0] * mean[0];
}

}  // namespace

std::optional<double> signature_ua_w_per_k(const PreparedHistory& history, std::size_t last,
                                           double ua0_w_per_k) {
  std::vector<DayMeans> days;
  for (std::size_t first = 0; first + kStepsPerDay <= std::min(last, history.size());
       first += kStepsPerDay) {
    const auto day = day_means(history, first);
    if (day && day->heat_w >= kHeatedMinW && day->warmer_k >= kWarmerMinK) days.push_back(*day);
  }
  if (days.size() < kDaysMin) return std::nullopt;
  // Around its own answer, until a wrong guess at the beginning is forgotten.
  double ua = ua0_w_per_k;
  for (int round = 0; round < kRoundsMax; ++round) {
    const auto found = signature_around(days, ua);
    if (!found) return std::nullopt;
    const double next = std::clamp(*found, kUaMin, kUaMax);
    const bool settled = std::abs(next - ua) < 0.01 * ua;
    ua = next;
    if (settled) break;
  }
  if (!(ua > kUaMin && ua < kUaMax)) return std::nullopt;
  return ua;
}

bool excited(const RoomHistory& history, double power_max_w) {
  std::vector<double> powers;
  double sum = 0;
  double squares = 0;
  for (const double p : history.heat_w) {
    if (!(p >= 0 && p <= 1e5)) continue;
    powers.push_back(p);
    sum += p;
    squares += p * p;
  }
  const auto n = static_cast<double>(powers.size());
  const double scale = power_max_w > 0 ? power_max_w : at_share(powers, 0.99);
  if (scale > 0) {
    const double variance = std::max(0.0, squares / n - (sum / n) * (sum / n));
    if (std::sqrt(variance) > kExcitedShare * scale) return true;
  }
  auto wanted = finite(history.setpoint_c);
  if (!wanted.empty()) return at_share(wanted, 1) - at_share(wanted, 0) > kExcitedK;
  auto air = finite(history.air_c);
  return at_share(air, 0.95) - at_share(air, 0.05) > kExcitedK;
}

double fallback_hold_power_w(double ua0_w_per_k, double setpoint_c, double outdoor_24h_c) {
  return std::max(0.0, ua0_w_per_k * (setpoint_c - outdoor_24h_c));
}

}  // namespace hearth::thermal
