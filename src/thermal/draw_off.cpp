#include "thermal/draw_off.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hearth::thermal {
namespace {

// EU 814/2013, annex III, table 1. Minute of the day, Qtap kWh, f l/min, Tm and Tp degC.
// clang-format off
constexpr std::array<DrawOff, 11> kS = {{
    {420, 0.105, 3, 25, 0}, {450, 0.105, 3, 25, 0}, {510, 0.105, 3, 25, 0},
    {570, 0.105, 3, 25, 0}, {690, 0.105, 3, 25, 0}, {705, 0.105, 3, 25, 0},
    {765, 0.315, 4, 10, 55}, {1080, 0.105, 3, 25, 0}, {1095, 0.105, 3, 40, 0},
    {1230, 0.42, 4, 10, 55}, {1290, 0.525, 5, 45, 0},
}};
constexpr std::array<DrawOff, 23> kM = {{
    {420, 0.105, 3, 25, 0}, {425, 1.4, 6, 40, 0}, {450, 0.105, 3, 25, 0},
    {481, 0.105, 3, 25, 0}, {495, 0.105, 3, 25, 0}, {510, 0.105, 3, 25, 0},
    {525, 0.105, 3, 25, 0}, {540, 0.105, 3, 25, 0}, {570, 0.105, 3, 25, 0},
    {630, 0.105, 3, 10, 40}, {690, 0.105, 3, 25, 0}, {705, 0.105, 3, 25, 0},
    {765, 0.315, 4, 10, 55}, {870, 0.105, 3, 25, 0}, {930, 0.105, 3, 25, 0},
    {990, 0.105, 3, 25, 0}, {1080, 0.105, 3, 25, 0}, {1095, 0.105, 3, 40, 0},
    {1110, 0.105, 3, 40, 0}, {1140, 0.105, 3, 25, 0}, {1230, 0.735, 4, 10, 55},
    {1275, 0.105, 3, 25, 0}, {1290, 1.4, 6, 40, 0},
}};
constexpr std::array<DrawOff, 24> kL = {{
    {420, 0.105, 3, 25, 0}, {425, 1.4, 6, 40, 0}, {450, 0.105, 3, 25, 0},
    {465, 0.105, 3, 25, 0}, {485, 3.605, 10, 10, 40}, {505, 0.105, 3, 25, 0},
    {510, 0.105, 3, 25, 0}, {525, 0.105, 3, 25, 0}, {540, 0.105, 3, 25, 0},
    {570, 0.105, 3, 25, 0}, {630, 0.105, 3, 10, 40}, {690, 0.105, 3, 25, 0},
    {705, 0.105, 3, 25, 0}, {765, 0.315, 4, 10, 55}, {870, 0.105, 3, 25, 0},
    {930, 0.105, 3, 25, 0}, {990, 0.105, 3, 25, 0}, {1080, 0.105, 3, 25, 0},
    {1095, 0.105, 3, 40, 0}, {1110, 0.105, 3, 40, 0}, {1140, 0.105, 3, 25, 0},
    {1230, 0.735, 4, 10, 55}, {1260, 3.605, 10, 10, 40}, {1290, 0.105, 3, 25, 0},
}};
constexpr std::array<DrawOff, 30> kXL = {{
    {420, 0.105, 3, 25, 0}, {435, 1.82, 6, 40, 0}, {446, 0.105, 3, 25, 0},
    {465, 4.42, 10, 10, 40}, {481, 0.105, 3, 25, 0}, {495, 0.105, 3, 25, 0},
    {510, 0.105, 3, 25, 0}, {525, 0.105, 3, 25, 0}, {540, 0.105, 3, 25, 0},
    {570, 0.105, 3, 25, 0}, {600, 0.105, 3, 25, 0}, {630, 0.105, 3, 10, 40},
    {660, 0.105, 3, 25, 0}, {690, 0.105, 3, 25, 0}, {705, 0.105, 3, 25, 0},
    {765, 0.735, 4, 10, 55}, {870, 0.105, 3, 25, 0}, {900, 0.105, 3, 25, 0},
    {930, 0.105, 3, 25, 0}, {960, 0.105, 3, 25, 0}, {990, 0.105, 3, 25, 0},
    {1020, 0.105, 3, 25, 0}, {1080, 0.105, 3, 25, 0}, {1095, 0.105, 3, 40, 0},
    {1110, 0.105, 3, 40, 0}, {1140, 0.105, 3, 25, 0}, {1230, 0.735, 4, 10, 55},
    {1246, 4.42, 10, 10, 40}, {1275, 0.105, 3, 25, 0}, {1290, 4.42, 10, 10, 40},
}};
// clang-format on

// Mean 1.
double factor(Random& random, double sigma_ln) {
  return std::exp(sigma_ln * random.normal() - 0.5 * sigma_ln * sigma_ln);
}

}  // namespace

std::span<const DrawOff> load_profile(LoadProfile profile) {
  switch (profile) {
    case LoadProfile::kS:
      return kS;
    case LoadProfile::kM:
      return kM;
    case LoadProfile::kL:
      return kL;
    case LoadProfile::kXl:
      return kXL;
  }
  return {};
}

double reference_kwh(LoadProfile profile) {
  constexpr std::array<double, 4> kReference = {2.100, 5.845, 11.655, 19.070};
  return kReference[static_cast<std::size_t>(profile)];
}

std::vector<DrawOff> random_day(LoadProfile profile, double household, Random& random,
                                const DrawVariation& variation) {
  const auto table = load_profile(profile);
  std::vector<DrawOff> day(table.begin(), table.end());
  const double whole_day = household * factor(random, variation.day_ln);
  for (auto& draw : day) {
    draw.kwh *= whole_day * factor(random, variation.amount_ln);
    draw.minute = std::clamp(
        draw.minute + static_cast<int>(std::lround(variation.minutes * random.normal())), 0, 1439);
  }
  std::stable_sort(day.begin(), day.end(),
                   [](const DrawOff& a, const DrawOff& b) { return a.minute < b.minute; });
  return day;
}

TapDraw tap_draw(const DrawOff& draw_off, Celsius cold) {
  const double tap =
      std::max(draw_off.peak_c > 0 ? draw_off.peak_c : draw_off.useful_c, cold.value + 10);
  const double litres = draw_off.kwh * 3.6e6 / (kWaterJPerKLitre * (tap - cold.value));
  return {litres, Celsius{tap}, Celsius{std::min(tap, draw_off.useful_c)}};
}

}  // namespace hearth::thermal
