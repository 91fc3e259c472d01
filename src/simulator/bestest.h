// ASHRAE 140 (BESTEST) on the simulator's own room: an outside check of its physics.
//
// The test room and the 5R1C parameters are HEAT section 2's. Pure: weather in, figures out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "weather/epw.h"

namespace hearth::simulator {

// Powers are means over an hour, temperatures hourly means of the air. Conditioned cases fill
// `conditioned`, free-floating ones `free_float`.
struct BestestResult {
  struct Conditioned {
    double annual_heating_mwh = 0;
    double annual_cooling_mwh = 0;
    double peak_heating_kw = 0;
    double peak_cooling_kw = 0;
  };
  struct FreeFloat {
    double max_c = 0;
    double min_c = 0;
    double mean_c = 0;
  };
  std::string name;
  std::optional<Conditioned> conditioned;
  std::optional<FreeFloat> free_float;
};

std::vector<std::string> bestest_cases();  // "600", "640", "900", "940", "600FF", "900FF"

// One year in steps of 60 s, after January once over so that the start does not matter. Weather is
// constant within an hour, the sun stands where it does at the hour's middle. kInvalidArgument for
// a case that is not in bestest_cases().
Result<BestestResult> run_bestest(std::string_view name, const weather::Epw& epw);

}  // namespace hearth::simulator
