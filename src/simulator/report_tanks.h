// The report's plots of sample tanks.
#pragma once

#include <string>
#include <vector>

#include "simulator/world.h"

namespace hearth::simulator {

// Two figures for each sample tank: its layers and charge; power into it and water out of it. Empty
// without tanks. `hours` belongs to the record's points.
std::string tank_charts(const World& world, const Record& record, const std::vector<double>& hours);

}  // namespace hearth::simulator
