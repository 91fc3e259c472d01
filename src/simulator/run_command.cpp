// hearth-sim run: one policy in one world.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>

#include "simulator/command_end.h"
#include "simulator/commands.h"
#include "simulator/engine.h"
#include "simulator/report.h"
#include "simulator/result_text.h"
#include "simulator/world_options.h"

namespace hearth::simulator {
namespace {

struct Options {
  WorldOptions world;
  std::string policy = "hearth";
  std::uint64_t seed = 1;
  std::string output = "text";
  std::string html;
};

Result<> run(const Options& options) {
  HEARTH_TRY(scenario, options.world.load_scenario());
  HEARTH_TRY(world, make_world(scenario, options.seed));
  const bool talks = isatty(STDERR_FILENO) != 0;
  const Progress progress = [&](double share) {
    if (talks) std::fprintf(stderr, "\r%s %3.0f %%", options.policy.c_str(), 100 * share);
  };
  HEARTH_TRY(result, run_policy(world, options.policy, progress));
  if (talks) std::fprintf(stderr, "\r%20s\r", "");
  if (!options.html.empty()) {
    std::ofstream file{options.html};
    file << report_html(world, result);
    if (!file.flush()) return fail(ErrorCode::kUnavailable, options.html + ": cannot be written");
  }
  const std::string text =
      options.output == "json" ? run_json(world, result) : run_text(world, result);
  std::fputs(text.c_str(), stdout);
  return {};
}

}  // namespace

void add_run_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("run", "Run one policy in one simulated world");
  options->world.add_to(*command);
  command->add_option("--policy", options->policy, "What controls the nodes")
      ->check(CLI::IsMember({"hearth", "rule-based", "first-fit", "thermostat", "ideal"}))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Names the world")->capture_default_str();
  command->add_option("-o,--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_option("--html", options->html, "Write a page with plots to this file");
  command->callback([options] {
    if (const auto done = run(*options); !done) end_command("run", done.error());
  });
}

}  // namespace hearth::simulator
