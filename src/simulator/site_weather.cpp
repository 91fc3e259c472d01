#include "simulator/site_weather.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "simulator/draws.h"

namespace hearth::simulator {
namespace {

// Monthly means of Lyon, degC (Meteo-France normals 1991-2020, rounded).
constexpr std::array<double, 12> kMonthC = {4.1,  5.2,  9.1,  12.2, 16.2, 20.3,
                                            22.6, 22.3, 17.9, 13.8, 8.1,  4.8};
constexpr double kLatitude = 45.7 * std::numbers::pi / 180;

double month_mean(UtcTime time) {
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
  const double position = static_cast<double>(unsigned(date.month())) - 1 +
                          (static_cast<double>(unsigned(date.day())) - 15.5) / 30.5;
  const double from = std::floor(position);
  const auto month = [](double m) { return kMonthC[static_cast<std::size_t>(m + 12) % 12]; };
  return month(from) + (position - from) * (month(from + 1) - month(from));
}

// Sun on a façade: direct by the angle of incidence, diffuse and reflected isotropic.
Conditions sunlit(double outdoor_c, UtcTime middle, double clearness) {
  const auto day = std::chrono::floor<std::chrono::days>(middle);
  const std::chrono::year_month_day date{day};
  const auto of_year = (day - std::chrono::sys_days{date.year() / 1 / 1}).count();
  const double hour = std::chrono::duration<double, std::ratio<3600>>(middle - day).count();
  const double declination =
      0.4093 * std::sin(2 * std::numbers::pi * (284.0 + static_cast<double>(of_year)) / 365);
  const double angle = (hour + 5.0 / 15 - 12) * std::numbers::pi / 12;  // 5 degrees east
  const double sin_height = std::sin(kLatitude) * std::sin(declination) +
                            std::cos(kLatitude) * std::cos(declination) * std::cos(angle);
  Conditions result;
  result.outdoor_c = outdoor_c;
  if (sin_height <= 0.03) return result;
  const double direct = 950 * clearness * std::exp(-0.2 / sin_height);
  const double diffuse = (60 + 90 * (1 - clearness)) * sin_height + 20 * (1 - clearness);
  result.horizontal_w_per_m2 = direct * sin_height + diffuse;
  const double east = -std::cos(declination) * std::sin(angle);
  const double south = std::sin(kLatitude) * std::cos(declination) * std::cos(angle) -
                       std::cos(kLatitude) * std::sin(declination);
  const std::array<double, kFacadeCount> incidence = {-south, east, south, -east};
  for (std::size_t i = 0; i < kFacadeCount; ++i) {
    result.facade_w_per_m2[i] =
        direct * std::max(0.0, incidence[i]) + 0.5 * diffuse + 0.1 * result.horizontal_w_per_m2;
  }
  return result;
}

}  // namespace

Result<SiteWeather> SiteWeather::make(const Scenario& scenario, std::uint64_t seed) {
  if (!scenario.weather.epw.empty()) {
    return fail(ErrorCode::kInvalidArgument, "weather.epw: not read yet");
  }
  auto random = generator(seed, Stream::kWeather);
  const int hours = scenario.minutes_in_all() / 60 + 49;
  SiteWeather result;
  double departure_k = scenario.weather.noise_k * normal(random);
  double clearness = uniform(random);
  const double keep = std::exp(-1.0 / 60);  // the weather lasts two to three days
  for (int h = 0; h < hours; ++h) {
    departure_k =
        keep * departure_k + scenario.weather.noise_k * std::sqrt(1 - keep * keep) * normal(random);
    if (h % 24 == 0)
      clearness =
          std::clamp(0.6 * clearness + 0.4 * uniform(random) + 0.25 * normal(random), 0.02, 1.0);
    const UtcTime middle = scenario.start + std::chrono::minutes{60 * h + 30};
    const double of_day = static_cast<double>(h % 24) + 0.5;
    const double swing =
        (1.5 + 3.5 * clearness) * std::cos(2 * std::numbers::pi * (of_day - 14) / 24);
    const double outdoor = month_mean(middle) + swing + departure_k + scenario.weather.offset_k;
    result.hours_.push_back(sunlit(outdoor, middle, clearness));
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
  for (std::size_t i = 0; i < kFacadeCount; ++i) {
    result.facade_w_per_m2[i] = mix(a.facade_w_per_m2[i], b.facade_w_per_m2[i]);
  }
  return result;
}

weather::Series SiteWeather::series(UtcTime start) const {
  weather::Series result{start, {}};
  for (const auto& hour : hours_) {
    result.hours.push_back({Celsius{hour.outdoor_c}, hour.horizontal_w_per_m2});
  }
  return result;
}

}  // namespace hearth::simulator
