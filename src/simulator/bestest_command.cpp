// hearth-sim bestest: the simulator's room against ASHRAE 140.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "simulator/bestest.h"
#include "simulator/command_end.h"
#include "simulator/commands.h"

namespace hearth::simulator {
namespace {

struct Options {
  std::vector<std::string> cases;
  std::string epw;
  std::string output = "text";
};

Result<weather::Epw> read_epw(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return fail(ErrorCode::kNotFound, path + ": cannot be read");
  }
  auto epw = weather::parse_epw(text.str());
  if (!epw) return fail(ErrorCode::kFailedPrecondition, path + ": " + epw.error().message);
  return epw;
}

nlohmann::ordered_json json_of(const BestestResult& result) {
  if (const auto& air = result.free_float) {
    return {{"free_float_max_c", air->max_c},
            {"free_float_min_c", air->min_c},
            {"free_float_mean_c", air->mean_c}};
  }
  const auto& load = *result.conditioned;
  return {{"annual_heating_mwh", load.annual_heating_mwh},
          {"annual_cooling_mwh", load.annual_cooling_mwh},
          {"peak_heating_kw", load.peak_heating_kw},
          {"peak_cooling_kw", load.peak_cooling_kw}};
}

Result<> bestest(const Options& options) {
  HEARTH_TRY(epw, read_epw(options.epw));
  nlohmann::ordered_json document = {{"cases", nlohmann::ordered_json::object()}};
  for (const auto& name : options.cases) {
    HEARTH_TRY(result, run_bestest(name, epw));
    const auto figures = json_of(result);
    document["cases"][name] = figures;
    if (options.output == "json") continue;
    for (const auto& [key, value] : figures.items()) {
      std::printf("%-6s %-20s %8.3f\n", name.c_str(), key.c_str(), value.get<double>());
    }
  }
  if (options.output == "json") std::printf("%s\n", document.dump().c_str());
  return {};
}

}  // namespace

void add_bestest_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "bestest", "Check the simulated room against ASHRAE 140's cases for a year");
  command->add_option("case", options->cases, "600, 640, 900, 940, 600FF or 900FF, one or more")
      ->required()
      ->check(CLI::IsMember(bestest_cases()));
  command->add_option("--epw", options->epw, "The weather: Denver's, as the standard has it")
      ->required();
  command->add_option("-o,--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([options] {
    if (const auto done = bestest(*options); !done) end_command("bestest", done.error());
  });
}

}  // namespace hearth::simulator
