// Weather with nothing configured: the average year of a place, hour by hour.
//
// Monthly means of some European cities, and a function of latitude for everywhere else. Rounded
// from published 1991-2020 climate normals and solar atlases, from memory (temperature to 0.5 K,
// irradiation to 0.1 kWh/m2 a day): good enough to start a plan, no substitute for a forecast.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weather/series.h"

namespace hearth::weather {

struct Normals {
  std::string name;
  Site site;
  std::array<double, 12> temperature_c{};             // mean of the month
  std::array<double, 12> half_range_k{};              // half the mean daily range
  std::array<double, 12> irradiation_kwh_per_m2_d{};  // global, horizontal, mean day of the month
};

// The names of the built-in cities, lower case, in alphabetical order.
std::vector<std::string> cities();
// Case does not matter. Nothing for a city that is not built in.
std::optional<Normals> normals_of_city(std::string_view name);
// The built-in city within 150 km, else the function of latitude (a mid-European annual mean of
// 12 degC at 48 degrees, 0.5 K less per degree: our choice), seasons turned round in the south.
Normals normals_at(const Site& site);

// `hours` hours from `start`: smooth over the year with the given monthly means, a daily cosine
// with its peak at 15:00 solar time, and each day's irradiation with a clear sky's shape (Haurwitz
// 1945), split as Erbs does. The same every year; no randomness.
Record record_of(const Normals& normals, UtcTime start, int hours);

}  // namespace hearth::weather
