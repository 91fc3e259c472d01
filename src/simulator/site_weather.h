// The weather of a scenario, the same for every policy: outdoor air, and the sun on eight façades.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "common/result.h"
#include "simulator/scenario.h"
#include "weather/facade.h"

namespace hearth::simulator {

struct Conditions {
  double outdoor_c = 0;
  std::array<double, weather::kOrientationCount> facade_w_per_m2{};
  double horizontal_w_per_m2 = 0;
};

class SiteWeather {
 public:
  // From the scenario's EPW file; without one from a city's normals, to which each seed adds its
  // own departures: temperatures of the days, clear and overcast days. Covers the scenario and two
  // days more. Fails where the file cannot be read or the city is not built in.
  static Result<SiteWeather> make(const Scenario& scenario, std::uint64_t seed);

  // Linear between the middles of the hours.
  [[nodiscard]] Conditions at(double minute) const;

 private:
  std::vector<Conditions> hours_;
};

}  // namespace hearth::simulator
