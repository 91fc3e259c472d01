#include "weather/series.h"

#include <algorithm>
#include <cmath>

#include "common/check.h"

namespace hearth::weather {

Series to_series(const Record& record) {
  Series series{record.start, {}};
  series.hours.reserve(record.hours.size());
  for (const auto& hour : record.hours) {
    series.hours.push_back({hour.outdoor, hour.irradiance.global});
  }
  return series;
}

Sample at(const Series& series, UtcTime time) {
  CHECK(!series.hours.empty());
  const double last = static_cast<double>(series.hours.size() - 1);
  const double hours = to_seconds(time - series.start) / 3600 - 0.5;
  const double clamped = std::clamp(hours, 0.0, last);
  const auto from = static_cast<std::size_t>(clamped);
  const auto to = std::min(from + 1, series.hours.size() - 1);
  const double share = clamped - std::floor(clamped);
  const auto mix = [share](double a, double b) { return a + share * (b - a); };
  const auto& a = series.hours[from];
  const auto& b = series.hours[to];
  return {Celsius{mix(a.outdoor.value, b.outdoor.value)},
          mix(a.irradiance_w_per_m2, b.irradiance_w_per_m2)};
}

}  // namespace hearth::weather
