// The command line's part that names a scenario and changes it: the same for run and compare.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulator/scenario.h"

namespace CLI {
class App;
}

namespace hearth::simulator {

struct WorldOptions {
  std::string file;
  std::optional<int> nodes;
  std::optional<double> days;
  std::optional<double> load;
  std::string epw;
  std::string swf;
  std::vector<std::string> assignments;  // "key=value"

  void add_to(CLI::App& command);  // keeps a pointer to *this
  [[nodiscard]] Result<Scenario> load_scenario() const;
};

}  // namespace hearth::simulator
