// All policies on the same worlds, one world for each seed, and what issue 3's table makes of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulator/world.h"

namespace hearth::simulator {

// A policy's metrics in every world, in the order of the seeds.
struct PolicyRuns {
  std::string policy;
  std::vector<Metrics> runs;

  [[nodiscard]] bool has(const std::string& metric) const;
  [[nodiscard]] double mean(const std::string& metric) const;
  [[nodiscard]] double least(const std::string& metric) const;
  [[nodiscard]] double most(const std::string& metric) const;
};

struct Comparison {
  Scenario scenario;
  std::vector<std::uint64_t> seeds;
  std::vector<PolicyRuns> policies;

  [[nodiscard]] const PolicyRuns* find(const std::string& policy) const;
};

// Runs them, `jobs` worlds at a time, each in a process of its own (so that memory is its own too).
Result<Comparison> compare(const Scenario& scenario, const std::vector<std::uint64_t>& seeds,
                           const std::vector<std::string>& policies, int jobs);

std::string comparison_text(const Comparison& comparison);
std::string comparison_json(const Comparison& comparison);

}  // namespace hearth::simulator
