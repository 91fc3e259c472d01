#include "weather/sun.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace hearth::weather {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr double kSolarConstant = 1367;

// Where the sun is lower than this, direct light on the horizontal says nothing about the beam.
constexpr double kLowestSun = 0.0175;  // 1 degree

// Perez 1990, table 6: eight bins of sky clearness (upper bounds), F11 F12 F13 F21 F22 F23.
constexpr std::array<double, 7> kClearnessBounds = {1.065, 1.23, 1.5, 1.95, 2.8, 4.5, 6.2};
constexpr double kPerez[8][6] = {
    {-0.008, 0.588, -0.062, -0.060, 0.072, -0.022}, {0.130, 0.683, -0.151, -0.019, 0.066, -0.029},
    {0.330, 0.487, -0.221, 0.055, -0.064, -0.026},  {0.568, 0.187, -0.295, 0.109, -0.152, -0.014},
    {0.873, -0.392, -0.362, 0.226, -0.462, 0.001},  {1.132, -1.237, -0.412, 0.288, -0.823, 0.056},
    {1.060, -1.600, -0.359, 0.264, -1.127, 0.131},  {0.678, -0.327, -0.250, 0.156, -1.377, 0.251}};

struct Brightening {
  double circumsolar, horizon;
};

Brightening brightening(const Irradiance& irradiance, const SunPosition& sun) {
  const double up = std::clamp(sun.up, 0.0, 1.0);
  const double zenith = std::acos(up);
  const double air_mass = 1 / (up + 0.50572 * std::pow(96.07995 - zenith / kDegree, -1.6364));
  const double cubed = 1.041 * zenith * zenith * zenith;
  const double clearness =
      ((irradiance.diffuse + irradiance.direct_normal) / irradiance.diffuse + cubed) / (1 + cubed);
  const double brightness = irradiance.diffuse * air_mass / sun.extraterrestrial_w_per_m2;
  const auto bin = static_cast<std::size_t>(
      std::upper_bound(kClearnessBounds.begin(), kClearnessBounds.end(), clearness) -
      kClearnessBounds.begin());
  const auto& f = kPerez[bin];
  return {std::max(0.0, f[0] + f[1] * brightness + f[2] * zenith),
          f[3] + f[4] * brightness + f[5] * zenith};
}

}  // namespace

SunPosition sun_position(const Site& site, UtcTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const double days = to_seconds(time - std::chrono::sys_days{date.year() / 1 / 1}) / 86'400;
  const double hours = to_seconds(time - day) / 3600;
  const double b = 2 * std::numbers::pi * days / (date.year().is_leap() ? 366 : 365);
  const double declination = 0.006918 - 0.399912 * std::cos(b) + 0.070257 * std::sin(b) -
                             0.006758 * std::cos(2 * b) + 0.000907 * std::sin(2 * b) -
                             0.002697 * std::cos(3 * b) + 0.00148 * std::sin(3 * b);
  const double equation = 0.000075 + 0.001868 * std::cos(b) - 0.032077 * std::sin(b) -
                          0.014615 * std::cos(2 * b) - 0.04089 * std::sin(2 * b);
  const double distance = 1.00011 + 0.034221 * std::cos(b) + 0.00128 * std::sin(b) +
                          0.000719 * std::cos(2 * b) + 0.000077 * std::sin(2 * b);
  const double hour_angle = (hours - 12) * 15 * kDegree + site.longitude_deg * kDegree + equation;
  const double latitude = site.latitude_deg * kDegree;
  SunPosition sun;
  sun.east = -std::cos(declination) * std::sin(hour_angle);
  sun.north = std::cos(latitude) * std::sin(declination) -
              std::sin(latitude) * std::cos(declination) * std::cos(hour_angle);
  sun.up = std::sin(latitude) * std::sin(declination) +
           std::cos(latitude) * std::cos(declination) * std::cos(hour_angle);
  sun.extraterrestrial_w_per_m2 = kSolarConstant * distance;
  return sun;
}

double cos_incidence(const SunPosition& sun, const Surface& surface) {
  const double tilt = surface.tilt_deg * kDegree;
  const double azimuth = surface.azimuth_deg * kDegree;
  return std::sin(tilt) * (std::sin(azimuth) * sun.east + std::cos(azimuth) * sun.north) +
         std::cos(tilt) * sun.up;
}

OnSurface on_surface(const Irradiance& irradiance, const SunPosition& sun, const Surface& surface,
                     double albedo, SkyModel model) {
  const double tilt = surface.tilt_deg * kDegree;
  const double sees_sky = 0.5 * (1 + std::cos(tilt));
  const double incidence = std::max(0.0, cos_incidence(sun, surface));
  OnSurface result;
  // An hour in which the sun rises or sets has light whose direction its middle does not know.
  if (sun.up > 0) result.beam = irradiance.direct_normal * incidence;
  result.ground = irradiance.global * albedo * (1 - sees_sky);
  if (model == SkyModel::kIsotropic || irradiance.diffuse <= 0 || sun.up <= 0) {
    result.sky = irradiance.diffuse * sees_sky;
    return result;
  }
  const auto f = brightening(irradiance, sun);
  const double lowest = std::cos(85 * kDegree);
  result.beam += irradiance.diffuse * f.circumsolar * incidence / std::max(lowest, sun.up);
  result.sky = std::max(
      0.0, irradiance.diffuse * ((1 - f.circumsolar) * sees_sky + f.horizon * std::sin(tilt)));
  return result;
}

Irradiance split(double global, const SunPosition& sun) {
  Irradiance result{global, 0, global};
  if (sun.up < kLowestSun || !(global > 0)) return result;
  const double k = std::min(1.0, global / (sun.extraterrestrial_w_per_m2 * sun.up));
  double share = 0.165;
  if (k <= 0.22) {
    share = 1 - 0.09 * k;
  } else if (k <= 0.8) {
    share = 0.9511 - 0.1604 * k + 4.388 * k * k - 16.638 * k * k * k + 12.336 * k * k * k * k;
  }
  result.diffuse = share * global;
  result.direct_normal =
      std::min((global - result.diffuse) / sun.up, sun.extraterrestrial_w_per_m2);
  return result;
}

}  // namespace hearth::weather
