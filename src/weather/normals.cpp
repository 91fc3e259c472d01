#include "weather/normals.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numbers>

namespace hearth::weather {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
using Year = std::array<double, 12>;

struct City {
  const char* name;
  Site site;
  double winter_half_range_k, summer_half_range_k;
  Year temperature_c;
  Year irradiation;
};

// clang-format off
const std::array<City, 18> kCities = {{
    {"amsterdam", {52.4, 4.9}, 2.5, 4.5,
     {4, 4, 6.5, 9.5, 13, 16, 18, 18, 15, 11.5, 7.5, 4.5},
     {0.7, 1.4, 2.6, 4.2, 5.2, 5.4, 5.2, 4.4, 3.1, 1.7, 0.8, 0.5}},
    {"berlin", {52.5, 13.4}, 2.5, 5.5,
     {1.5, 2.5, 5.5, 10.5, 14.5, 18, 20, 19.5, 15.5, 10.5, 5.5, 2.5},
     {0.6, 1.3, 2.6, 4.2, 5.2, 5.5, 5.3, 4.5, 3.2, 1.7, 0.8, 0.5}},
    {"bordeaux", {44.8, -0.6}, 3.5, 6,
     {7, 7.5, 10.5, 13, 16.5, 20, 21.5, 22, 19, 15.5, 10.5, 7.5},
     {1.3, 2.1, 3.5, 4.6, 5.5, 6.1, 6.1, 5.4, 4.2, 2.6, 1.5, 1.2}},
    {"brussels", {50.8, 4.4}, 2.5, 5,
     {4, 4.5, 7, 10, 13.5, 16.5, 18.5, 18.5, 15.5, 11.5, 7.5, 4.5},
     {0.7, 1.4, 2.6, 4.1, 4.9, 5.2, 5.1, 4.4, 3.2, 1.8, 0.9, 0.6}},
    {"copenhagen", {55.7, 12.6}, 2, 4.5,
     {1.5, 1.5, 3.5, 8, 12.5, 16, 18.5, 18, 14.5, 10, 6, 3},
     {0.5, 1.2, 2.5, 4.2, 5.4, 5.7, 5.5, 4.5, 3, 1.5, 0.7, 0.4}},
    {"london", {51.5, -0.1}, 2.5, 5,
     {6, 6, 8, 10.5, 14, 17, 19, 19, 16, 12.5, 9, 6},
     {0.7, 1.3, 2.5, 3.9, 4.8, 5.2, 5.1, 4.3, 3.2, 1.8, 0.9, 0.6}},
    {"lyon", {45.7, 4.9}, 3, 6,
     {4, 5, 9, 12, 16, 20.5, 22.5, 22.5, 18, 14, 8, 5},
     {1.2, 2, 3.4, 4.6, 5.4, 6.2, 6.3, 5.4, 4, 2.4, 1.4, 1}},
    {"madrid", {40.4, -3.7}, 4, 7,
     {6.5, 8, 11, 13.5, 18, 23.5, 26.5, 26, 21.5, 15.5, 10, 7},
     {2, 3, 4.4, 5.6, 6.6, 7.6, 7.8, 6.8, 5.2, 3.3, 2.2, 1.7}},
    {"marseille", {43.3, 5.4}, 4, 5.5,
     {7.5, 8.5, 11.5, 14.5, 18.5, 22.5, 25, 25, 21, 17, 11.5, 8.5},
     {1.8, 2.7, 4.1, 5.4, 6.5, 7.3, 7.4, 6.4, 4.8, 3.1, 2, 1.6}},
    {"milan", {45.5, 9.2}, 3.5, 5.5,
     {3.5, 5.5, 10.5, 14.5, 19, 23, 25.5, 25, 20, 14.5, 9, 4.5},
     {1.2, 2, 3.4, 4.5, 5.5, 6.2, 6.4, 5.4, 3.9, 2.3, 1.3, 1}},
    {"munich", {48.1, 11.6}, 3, 5.5,
     {0, 1, 5, 9.5, 13.5, 17.5, 19, 19, 14.5, 10, 4.5, 1},
     {1, 1.8, 3.1, 4.4, 5.2, 5.6, 5.7, 4.9, 3.5, 2.1, 1.2, 0.8}},
    {"paris", {48.9, 2.3}, 2.5, 5,
     {5, 5.5, 9, 12, 15.5, 19, 21, 21, 17.5, 13.5, 8.5, 5.5},
     {0.9, 1.7, 2.9, 4.3, 5.1, 5.6, 5.5, 4.7, 3.6, 2.1, 1.1, 0.8}},
    {"rome", {41.9, 12.5}, 4.5, 6,
     {8, 8.5, 11, 14, 18.5, 23, 25.5, 26, 21.5, 17.5, 12.5, 9},
     {1.9, 2.7, 4, 5.2, 6.4, 7.2, 7.4, 6.4, 4.7, 3.2, 2, 1.6}},
    {"stockholm", {59.3, 18.1}, 2, 5,
     {-1, -1, 2, 6.5, 11.5, 16, 19, 18, 13.5, 8, 4, 1},
     {0.3, 1, 2.3, 4, 5.4, 5.9, 5.5, 4.3, 2.7, 1.2, 0.4, 0.2}},
    {"strasbourg", {48.6, 7.8}, 2.5, 6,
     {2, 3, 7, 11, 15, 18.5, 20.5, 20, 15.5, 11, 6, 3},
     {0.9, 1.7, 2.9, 4.3, 5.1, 5.6, 5.6, 4.8, 3.5, 1.9, 1.1, 0.7}},
    {"vienna", {48.2, 16.4}, 2.5, 5.5,
     {1, 3, 7, 12, 16, 20, 22, 21.5, 16.5, 11, 6, 2},
     {0.9, 1.7, 3, 4.5, 5.4, 5.9, 5.9, 5.1, 3.6, 2.2, 1.1, 0.7}},
    {"warsaw", {52.2, 21}, 2.5, 6,
     {-1, 0, 3.5, 9.5, 14.5, 18, 20, 19.5, 14.5, 9, 4, 0.5},
     {0.7, 1.3, 2.6, 4, 5.2, 5.6, 5.4, 4.7, 3.1, 1.7, 0.8, 0.5}},
    {"zurich", {47.4, 8.5}, 2.5, 5.5,
     {1, 2, 6, 10, 14, 17.5, 19.5, 19, 15, 10.5, 5, 2},
     {0.9, 1.7, 3, 4.2, 5, 5.6, 5.7, 4.8, 3.5, 2, 1.1, 0.8}},
}};
// clang-format on

// 1 in the middle of July, -1 in the middle of January.
double summer(std::size_t month) {
  return -std::cos(2 * std::numbers::pi * static_cast<double>(month) / 12);
}

Normals normals_of(const City& city) {
  Normals result{city.name, city.site, city.temperature_c, {}, city.irradiation};
  for (std::size_t m = 0; m < 12; ++m) {
    const double share = 0.5 * (1 + summer(m));
    result.half_range_k[m] =
        city.winter_half_range_k + share * (city.summer_half_range_k - city.winter_half_range_k);
  }
  return result;
}

double distance_km(const Site& a, const Site& b) {
  const double north = (a.latitude_deg - b.latitude_deg) * 111.2;
  const double east = (a.longitude_deg - b.longitude_deg) * 111.2 *
                      std::cos(0.5 * (a.latitude_deg + b.latitude_deg) * kDegree);
  return std::hypot(north, east);
}

double clear_sky(double up) {  // Haurwitz 1945, W/m2
  return up > 0.01 ? 1098 * up * std::exp(-0.057 / up) : 0;
}

UtcTime midday_of_month(std::size_t month) {
  return std::chrono::sys_days{std::chrono::year{2025} /
                               std::chrono::month{static_cast<unsigned>(month + 1)} / 15} +
         std::chrono::hours{12};
}

// Mean over the 24 hours around `middle` of what falls on a horizontal plane above the air, W/m2.
double extraterrestrial_mean(const Site& site, UtcTime middle) {
  double sum = 0;
  for (int h = -12; h < 12; ++h) {
    const auto sun = sun_position(site, middle + std::chrono::minutes{60 * h + 30});
    sum += sun.extraterrestrial_w_per_m2 * std::max(0.0, sun.up);
  }
  return sum / 24;
}

// A periodic, piecewise linear course through the middles of the months whose monthly means are
// the given ones: the plain interpolation would cut the peaks off.
class Course {
 public:
  explicit Course(const Year& means) : nodes_(means) {
    for (int round = 0; round < 60; ++round) {
      Year miss{};
      for (std::size_t m = 0; m < 12; ++m) {
        const double mean = (nodes_[(m + 11) % 12] + 6 * nodes_[m] + nodes_[(m + 1) % 12]) / 8;
        miss[m] = means[m] - mean;
      }
      for (std::size_t m = 0; m < 12; ++m) nodes_[m] += miss[m];
    }
  }

  double at(double year_share) const {  // [0, 1)
    const double position = year_share * 12 - 0.5 + 12;
    const auto from = static_cast<std::size_t>(position);
    const double share = position - static_cast<double>(from);
    const double a = nodes_[from % 12];
    return a + share * (nodes_[(from + 1) % 12] - a);
  }

 private:
  Year nodes_;
};

double year_share(UtcTime time) {
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
  const std::chrono::sys_days begin = date.year() / 1 / 1;
  const std::chrono::sys_days end = (date.year() + std::chrono::years{1}) / 1 / 1;
  return to_seconds(time - begin) / to_seconds(end - begin);
}

}  // namespace

std::vector<std::string> cities() {
  std::vector<std::string> names;
  for (const auto& city : kCities) names.emplace_back(city.name);
  return names;
}

std::optional<Normals> normals_of_city(std::string_view name) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  for (const auto& city : kCities) {
    const std::string_view known = city.name;
    if (std::equal(known.begin(), known.end(), name.begin(), name.end(), same)) {
      return normals_of(city);
    }
  }
  return std::nullopt;
}

Normals normals_at(const Site& site) {
  constexpr double kNearKm = 150;
  const auto nearest =
      std::min_element(kCities.begin(), kCities.end(), [&site](const City& a, const City& b) {
        return distance_km(a.site, site) < distance_km(b.site, site);
      });
  if (distance_km(nearest->site, site) <= kNearKm) return normals_of(*nearest);
  Normals result;
  result.name = "latitude " + std::to_string(static_cast<int>(std::lround(site.latitude_deg)));
  result.site = site;
  const double latitude = std::abs(site.latitude_deg);
  const double annual = std::clamp(12 - 0.5 * (latitude - 48), -20.0, 26.0);
  for (std::size_t m = 0; m < 12; ++m) {
    const std::size_t season = site.latitude_deg < 0 ? (m + 6) % 12 : m;
    result.temperature_c[m] = annual + 0.18 * latitude * summer(season);
    result.half_range_k[m] = 4 + 1.5 * summer(season);
    // Clearness of the air: 0.35 in a mid-European winter, 0.48 in its summer.
    const double clearness = 0.415 + 0.065 * summer(season);
    result.irradiation_kwh_per_m2_d[m] =
        clearness * extraterrestrial_mean(site, midday_of_month(m)) * 24 / 1000;
  }
  return result;
}

Record record_of(const Normals& normals, UtcTime start, int hours) {
  const Course temperature(normals.temperature_c);
  const Course half_range(normals.half_range_k);
  const Course irradiation(normals.irradiation_kwh_per_m2_d);
  Record record{start, normals.site, {}};
  record.hours.reserve(static_cast<std::size_t>(hours));
  std::chrono::sys_days day{};
  double scale = -1;
  for (int i = 0; i < hours; ++i) {
    const UtcTime middle = start + std::chrono::minutes{60 * i + 30};
    // Solar days, so that one day's light is scaled as one.
    const UtcTime solar = middle + from_seconds(normals.site.longitude_deg * 240);
    const auto solar_day = std::chrono::floor<std::chrono::days>(solar);
    if (scale < 0 || solar_day != day) {
      day = solar_day;
      const UtcTime midnight = UtcTime{day} - from_seconds(normals.site.longitude_deg * 240);
      double clear = 0;
      for (int h = 0; h < 24; ++h) {
        clear +=
            clear_sky(sun_position(normals.site, midnight + std::chrono::minutes{60 * h + 30}).up);
      }
      const double wanted =
          1000 * std::max(0.0, irradiation.at(year_share(midnight + std::chrono::hours{12})));
      scale = clear > 0 ? std::min(1.1, wanted / clear) : 0;
    }
    const double share = year_share(middle);
    const double solar_hour = to_seconds(solar - UtcTime{solar_day}) / 3600;
    const auto sun = sun_position(normals.site, middle);
    Hour hour;
    hour.outdoor =
        Celsius{temperature.at(share) +
                half_range.at(share) * std::cos(2 * std::numbers::pi * (solar_hour - 15) / 24)};
    hour.irradiance = split(scale * clear_sky(sun.up), sun);
    record.hours.push_back(hour);
  }
  return record;
}

}  // namespace hearth::weather
