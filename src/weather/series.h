// Weather as everybody here uses it: outdoor temperature and horizontal irradiance, hour by hour.
#pragma once

#include <vector>

#include "common/time.h"
#include "common/units.h"
#include "weather/sun.h"

namespace hearth::weather {

struct Sample {
  Celsius outdoor{10};
  double irradiance_w_per_m2 = 0;  // global, on the horizontal

  friend bool operator==(const Sample&, const Sample&) = default;
};

// Sample i is the mean over [start + i h, start + (i + 1) h).
struct Series {
  UtcTime start{};
  std::vector<Sample> hours;

  friend bool operator==(const Series&, const Series&) = default;
};

// The same with the sun's light by its direction, for who lights façades. Hour i as in Series.
struct Hour {
  Celsius outdoor{10};
  Irradiance irradiance;
  double wind_m_per_s = 0;
  double sky_infrared_w_per_m2 = 0;  // 0: not known

  friend bool operator==(const Hour&, const Hour&) = default;
};
struct Record {
  UtcTime start{};
  Site site;
  std::vector<Hour> hours;
};
Series to_series(const Record& record);

// Linear between the middles of the hours; before the first and after the last, those. Requires
// `hours` not to be empty.
Sample at(const Series& series, UtcTime time);

}  // namespace hearth::weather
