#include "simulator/result_text.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace hearth::simulator {

std::string run_json(const World& world, const RunResult& result) {
  nlohmann::ordered_json root;
  root["scenario"] = nlohmann::ordered_json::parse(to_json(world.scenario));
  root["seed"] = result.seed;
  root["policy"] = result.policy;
  auto& metrics = root["metrics"];
  for (const auto& [name, value] : result.metrics.all()) metrics[name] = value;
  if (!result.record.capacity_days.empty()) {
    auto& days = root["capacity_by_day"] = nlohmann::ordered_json::array();
    for (const auto& day : result.record.capacity_days) {
      days.push_back({{"made_h", day.hour},
                      {"p5_j", day.p5_j},
                      {"p50_j", day.p50_j},
                      {"p95_j", day.p95_j},
                      {"used_j", day.used_j},
                      {"ideal_j", day.ideal_j},
                      {"zones_within", day.zones_within}});
    }
  }
  return root.dump() + "\n";
}

std::string short_number(double value) {
  char text[48];
  if (value == std::floor(value) && std::abs(value) < 1e7) {
    std::snprintf(text, sizeof text, "%.0f", value);
  } else if (std::abs(value) >= 1e6) {
    std::snprintf(text, sizeof text, "%.3g", value);
  } else if (std::abs(value) >= 100) {
    std::snprintf(text, sizeof text, "%.0f", value);
  } else if (std::abs(value) < 1e-6) {
    std::snprintf(text, sizeof text, "%.1g", value);
  } else {
    std::snprintf(text, sizeof text, "%.3g", value);
  }
  return text;
}

std::string run_text(const World& world, const RunResult& result) {
  std::string text = world.scenario.name + ", seed " + std::to_string(result.seed) + ", " +
                     std::to_string(world.scenario.nodes) + " nodes, policy " + result.policy +
                     "\n";
  for (const auto& [name, value] : result.metrics.all()) {
    char line[96];
    std::snprintf(line, sizeof line, "  %-28s %14s\n", name.c_str(), short_number(value).c_str());
    text += line;
  }
  return text;
}

}  // namespace hearth::simulator
