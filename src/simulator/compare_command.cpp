// hearth-sim compare: all policies on the same worlds.
#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <memory>

#include "simulator/command_end.h"
#include "simulator/commands.h"
#include "simulator/comparison.h"
#include "simulator/world_options.h"

namespace hearth::simulator {
namespace {

struct Options {
  WorldOptions world;
  std::string seeds = "1:5";
  std::vector<std::string> policies{"ideal", "first-fit", "rule-based", "thermostat", "hearth"};
  int jobs = 1;
  std::string output = "text";
};

// "1:5" or "3" or "1,2,7".
Result<std::vector<std::uint64_t>> parse_seeds(const std::string& text) {
  std::vector<std::uint64_t> seeds;
  const auto bad = [&] {
    return fail(ErrorCode::kInvalidArgument, "--seeds " + text + ": not like 1:5 or 1,2,7");
  };
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    std::uint64_t from = 0;
    auto read = std::from_chars(at, end, from);
    if (read.ec != std::errc{}) return bad();
    std::uint64_t to = from;
    at = read.ptr;
    if (at < end && *at == ':') {
      read = std::from_chars(at + 1, end, to);
      if (read.ec != std::errc{}) return bad();
      at = read.ptr;
    }
    if (to < from || to - from >= 1000 || (at < end && *at != ',')) return bad();
    for (std::uint64_t seed = from; seed <= to; ++seed) seeds.push_back(seed);
    if (at < end) ++at;
  }
  if (seeds.empty()) return bad();
  return seeds;
}

Result<> run(const Options& options) {
  HEARTH_TRY(seeds, parse_seeds(options.seeds));
  HEARTH_TRY(scenario, options.world.load_scenario());
  HEARTH_TRY(comparison, compare(scenario, seeds, options.policies, options.jobs));
  const std::string text =
      options.output == "json" ? comparison_json(comparison) : comparison_text(comparison);
  std::fputs(text.c_str(), stdout);
  return {};
}

}  // namespace

void add_compare_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("compare", "Run all policies on the same simulated worlds");
  options->world.add_to(*command);
  command->add_option("--seeds", options->seeds, "Worlds: 1:5, or 1,2,7")->capture_default_str();
  command->add_option("--policies", options->policies, "Which, separated by commas")
      ->delimiter(',')
      ->check(CLI::IsMember({"hearth", "rule-based", "first-fit", "thermostat", "ideal"}));
  command->add_option("--jobs", options->jobs, "Worlds at a time, each in a process of its own")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([options] {
    if (const auto done = run(*options); !done) end_command("compare", done.error());
  });
}

}  // namespace hearth::simulator
