#include "simulator/site_weather.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "simulator/draws.h"
#include "weather/epw.h"
#include "weather/normals.h"

namespace hearth::simulator {
namespace {

// Choices: how long a departure lasts, how clear and overcast days differ.
constexpr double kDepartureH = 60;
constexpr double kClearStd = 0.5;  // of a day's light over the mean day's
constexpr double kClearMemory = 0.4;
constexpr double kClearLeast = 0.15, kClearMost = 1.9;
constexpr double kRangeOvercast = 0.5;  // of the daily range of temperature remains without sun

Result<weather::Record> record_of_file(const std::string& path, UtcTime start, int hours) {
  std::ifstream file{path};
  if (!file) return fail(ErrorCode::kNotFound, path + ": cannot be read");
  std::stringstream text;
  text << file.rdbuf();
  const auto epw = weather::parse_epw(text.str());
  if (!epw) return fail(epw.error().code, path + ": " + epw.error().message);
  return weather::record_of(*epw, start, hours);
}

Result<weather::Record> record_of_normals(const Scenario& scenario, std::uint64_t seed, int hours) {
  const auto normals = weather::normals_of_city(scenario.weather.normals);
  if (!normals) {
    std::string known;
    for (const auto& city : weather::cities()) known += (known.empty() ? "" : ", ") + city;
    return fail(ErrorCode::kInvalidArgument, "weather.normals: " + scenario.weather.normals +
                                                 ": not built in; known are " + known);
  }
  auto record = weather::record_of(*normals, scenario.start, hours);
  auto random = generator(seed, Stream::kWeather);
  const double noise_k = scenario.weather.noise_k;
  double departure_k = noise_k * normal(random);
  double clear = normal(random);
  const double keep = std::exp(-1 / kDepartureH);
  double mean_c = 0;
  for (std::size_t h = 0; h < record.hours.size(); ++h) {
    if (h % 24 == 0) {
      if (h > 0)
        clear = kClearMemory * clear + std::sqrt(1 - kClearMemory * kClearMemory) * normal(random);
      const std::size_t end = std::min(h + 24, record.hours.size());
      mean_c = 0;
      for (std::size_t i = h; i < end; ++i) {
        mean_c += record.hours[i].outdoor.value / static_cast<double>(end - h);
      }
    }
    const double light =
        noise_k > 0 ? std::clamp(1 + kClearStd * clear, kClearLeast, kClearMost) : 1;
    auto& hour = record.hours[h];
    const double swing_k = hour.outdoor.value - mean_c;
    const double range = kRangeOvercast + (1 - kRangeOvercast) * light;
    hour.outdoor = Celsius{mean_c + range * swing_k + departure_k};
    const UtcTime middle =
        scenario.start + std::chrono::minutes{60 * static_cast<std::int64_t>(h) + 30};
    const auto sun = weather::sun_position(record.site, middle);
    hour.irradiance = weather::split(light * hour.irradiance.global, sun);
    departure_k = keep * departure_k + noise_k * std::sqrt(1 - keep * keep) * normal(random);
  }
  return record;
}

}  // namespace

Result<SiteWeather> SiteWeather::make(const Scenario& scenario, std::uint64_t seed) {
  const int hours = scenario.minutes_in_all() / 60 + 49;
  HEARTH_TRY(record, scenario.weather.epw.empty()
                         ? record_of_normals(scenario, seed, hours)
                         : record_of_file(scenario.weather.epw, scenario.start, hours));
  const auto walls = weather::facades(record);
  SiteWeather result;
  for (std::size_t h = 0; h < record.hours.size(); ++h) {
    const auto& hour = record.hours[h];
    result.hours_.push_back(
        {hour.outdoor.value + scenario.weather.offset_k, walls.hours[h], hour.irradiance.global});
  }
  return result;
}

Conditions SiteWeather::at(double minute) const {
  const double last = static_cast<double>(hours_.size() - 1);
  const double position = std::clamp(minute / 60 - 0.5, 0.0, last);
  const auto from = static_cast<std::size_t>(position);
  const auto to = std::min(from + 1, hours_.size() - 1);
  const double share = position - static_cast<double>(from);
  const auto mix = [share](double a, double b) { return a + share * (b - a); };
  const auto& a = hours_[from];
  const auto& b = hours_[to];
  Conditions result;
  result.outdoor_c = mix(a.outdoor_c, b.outdoor_c);
  result.horizontal_w_per_m2 = mix(a.horizontal_w_per_m2, b.horizontal_w_per_m2);
  for (std::size_t i = 0; i < weather::kOrientationCount; ++i) {
    result.facade_w_per_m2[i] = mix(a.facade_w_per_m2[i], b.facade_w_per_m2[i]);
  }
  return result;
}

}  // namespace hearth::simulator
