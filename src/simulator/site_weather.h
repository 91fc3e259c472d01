// The weather of a scenario, the same for every policy: outdoor air, and the sun on four façades.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "common/result.h"
#include "simulator/scenario.h"
#include "weather/series.h"

namespace hearth::simulator {

enum class Facade { kNorth, kEast, kSouth, kWest };
inline constexpr std::size_t kFacadeCount = 4;

struct Conditions {
  double outdoor_c = 0;
  std::array<double, kFacadeCount> facade_w_per_m2{};
  double horizontal_w_per_m2 = 0;
};

class SiteWeather {
 public:
  // From an EPW file or from normals with the days' departures; covers `scenario` and two days
  // more.
  static Result<SiteWeather> make(const Scenario& scenario, std::uint64_t seed);

  // Linear between the middles of the hours.
  Conditions at(double minute) const;
  // The same as a series from the scenario's start: what a perfect forecast would say.
  weather::Series series(UtcTime start) const;

 private:
  std::vector<Conditions> hours_;
};

}  // namespace hearth::simulator
