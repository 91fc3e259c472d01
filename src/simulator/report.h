// The page of a run: one self-contained HTML file, plots as inline SVG, no network.
#pragma once

#include <string>

#include "simulator/world.h"

namespace hearth::simulator {

std::string report_html(const World& world, const RunResult& result);

}  // namespace hearth::simulator
