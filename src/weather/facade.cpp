#include "weather/facade.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"

namespace hearth::weather {

FacadeSeries facades(const Record& record, double albedo, SkyModel model) {
  FacadeSeries series{record.start, {}};
  series.hours.reserve(record.hours.size());
  for (std::size_t i = 0; i < record.hours.size(); ++i) {
    const UtcTime middle =
        record.start + std::chrono::minutes{60 * static_cast<std::int64_t>(i) + 30};
    const auto sun = sun_position(record.site, middle);
    std::array<double, kOrientationCount> hour{};
    for (std::size_t o = 0; o < kOrientationCount; ++o) {
      const Surface wall{45.0 * static_cast<double>(o), 90};
      hour[o] = on_surface(record.hours[i].irradiance, sun, wall, albedo, model).total();
    }
    series.hours.push_back(hour);
  }
  return series;
}

double facade_at(const FacadeSeries& series, Orientation orientation, UtcTime time) {
  CHECK(!series.hours.empty());
  const double last = static_cast<double>(series.hours.size() - 1);
  const double position = std::clamp(to_seconds(time - series.start) / 3600 - 0.5, 0.0, last);
  const auto from = static_cast<std::size_t>(position);
  const auto to = std::min(from + 1, series.hours.size() - 1);
  const auto o = static_cast<std::size_t>(orientation);
  const double a = series.hours[from][o];
  return a + (position - static_cast<double>(from)) * (series.hours[to][o] - a);
}

std::vector<double> solar_gain(const FacadeSeries& series, Orientation orientation,
                               const Windows& windows) {
  std::vector<double> gain;
  gain.reserve(series.hours.size());
  const double area = windows.collecting_area_m2();
  for (const auto& hour : series.hours) {
    gain.push_back(area * hour[static_cast<std::size_t>(orientation)]);
  }
  return gain;
}

}  // namespace hearth::weather
