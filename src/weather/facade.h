// The sun on a home's windows, worked out once an hour for each orientation of a site: a thousand
// rooms share eight courses. Pure numerics.
#pragma once

#include <array>

#include "weather/series.h"

namespace hearth::weather {

enum class Orientation {
  kNorth,
  kNorthEast,
  kEast,
  kSouthEast,
  kSouth,
  kSouthWest,
  kWest,
  kNorthWest
};
inline constexpr std::size_t kOrientationCount = 8;

// What a room's windows let in of what falls on their façade.
struct Windows {
  double area_m2 = 3;
  double g = 0.6;            // solar energy transmittance, normal incidence
  double glass_share = 0.7;  // the rest is frame
  double shade = 0.8;        // balconies, neighbours, dirt; 1 none
  double angle = 0.9;        // transmittance over the day against normal (ISO 13790 11.4.2)

  double collecting_area_m2() const { return area_m2 * g * glass_share * shade * angle; }
};

// Hour i of orientation o, W/m2 of façade: the mean over that hour with the sun at its middle, and
// in the hours of sunrise and sunset with what light there is.
struct FacadeSeries {
  UtcTime start{};
  std::vector<std::array<double, kOrientationCount>> hours;
};

FacadeSeries facades(const Record& record, double albedo = 0.2,
                     SkyModel model = SkyModel::kPerez1990);

// Linear between the middles of the hours, W/m2; constant before and after. Requires hours.
double facade_at(const FacadeSeries& series, Orientation orientation, UtcTime time);

// W entering through `windows`, hour by hour.
std::vector<double> solar_gain(const FacadeSeries& series, Orientation orientation,
                               const Windows& windows);

}  // namespace hearth::weather
