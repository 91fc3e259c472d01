#include "simulator/world_options.h"

#include <CLI/CLI.hpp>

namespace hearth::simulator {

void WorldOptions::add_to(CLI::App& command) {
  command.add_option("scenario", file, "A JSON file; see examples/scenarios")->required();
  command.add_option("--nodes", nodes, "Instead of the scenario's");
  command.add_option("--days", days, "Instead of the scenario's");
  command.add_option("--load", load, "Work, as a share of the fleet's heat capacity");
  command.add_option("--epw", epw, "Weather from this EPW file");
  command.add_option("--swf", swf, "Work from this trace (Standard Workload Format)");
  command.add_option("--set", assignments, "Any key of the scenario: weather.offset_k=-5")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

Result<Scenario> WorldOptions::load_scenario() const {
  auto all = assignments;
  if (nodes) all.push_back("nodes=" + std::to_string(*nodes));
  if (days) all.push_back("days=" + std::to_string(*days));
  if (load) all.push_back("work.load=" + std::to_string(*load));
  if (!epw.empty()) all.push_back("weather.epw=" + epw);
  if (!swf.empty()) {
    all.push_back("work.kind=swf");
    all.push_back("work.swf=" + swf);
  }
  return simulator::load_scenario(file, all);
}

}  // namespace hearth::simulator
