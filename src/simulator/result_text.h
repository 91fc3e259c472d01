// Results as people and programs read them.
#pragma once

#include <string>

#include "simulator/world.h"

namespace hearth::simulator {

// {"scenario": .., "seed": .., "policy": .., "metrics": {..}}, one line. The same run gives the
// same text but for wall_s, cpu_s and peak_rss_bytes.
std::string run_json(const World& world, const RunResult& result);
// A table: name, value.
std::string run_text(const World& world, const RunResult& result);

// A number as a table shows it: three to four significant digits.
std::string short_number(double value);

}  // namespace hearth::simulator
