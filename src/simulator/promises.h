// Issue 3's table of numbers, checked against a comparison: which promise holds, with figures.
#pragma once

#include <string>
#include <vector>

#include "simulator/comparison.h"

namespace hearth::simulator {

struct Promise {
  std::string name;
  bool holds = false;
  std::string figures;
};

// Those that the policies compared can tell; means over the seeds, but the worst seed where a
// promise is absolute.
std::vector<Promise> promises(const Comparison& comparison);

}  // namespace hearth::simulator
