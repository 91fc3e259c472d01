// hearth-sim fit: learn a room from a recording, and say how good the forecasts are.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include "simulator/command_end.h"
#include "simulator/commands.h"
#include "simulator/fit_report.h"

namespace hearth::simulator {
namespace {

struct Options {
  std::string file;
  FitColumns columns;
  std::string train;
  std::string test;
  double ua0_w_per_k = 0;
  std::string output = "text";
  std::string plot;
};

// "7:24", days since the first line, fractions allowed.
Result<std::pair<double, double>> days_of(const std::string& text, const char* option) {
  double first = 0;
  double last = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%lf:%lf%c", &first, &last, &rest) != 2 || !(first >= 0) ||
      !(last > first) || !std::isfinite(last)) {
    return fail(ErrorCode::kInvalidArgument,
                std::string(option) + " \"" + text + "\": days FROM:TO are needed, as in 7:24");
  }
  return std::pair(first, last);
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return fail(ErrorCode::kNotFound, path + ": cannot be read");
  }
  return std::move(text).str();
}

Result<> write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) return fail(ErrorCode::kUnavailable, path + ": cannot be written");
  return {};
}

Result<> run(const Options& options) {
  FitRequest request;
  request.name = options.file;
  request.ua0_w_per_k = options.ua0_w_per_k;
  HEARTH_TRY(train_days, days_of(options.train, "--train"));
  HEARTH_TRY(test_days, days_of(options.test, "--test"));
  request.train_days = train_days;
  request.test_days = test_days;
  HEARTH_TRY(text, read_file(options.file));
  HEARTH_TRY(room, parse_recorded_room(text, options.columns, options.file));
  HEARTH_TRY(report, make_fit_report(room, request));
  if (!options.plot.empty()) {
    if (const auto written = write_file(options.plot, fit_svg(report)); !written)
      return tl::unexpected(written.error());
  }
  const auto shown = options.output == "json" ? fit_json(report) : fit_text(report);
  std::fputs(shown.c_str(), stdout);
  return {};
}

}  // namespace

void add_fit_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("fit", "Learn a room from a recording and score forecasts");
  command->add_option("file", options->file, "CSV file with one header line")->required();
  command->add_option("--time", options->columns.time, "Column: seconds, or RFC 3339")->required();
  command->add_option("--zone", options->columns.zone, "Columns, °C; the zone is their mean")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->required();
  command->add_option("--power", options->columns.power, "Columns, W; the heat is their sum")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->required();
  command->add_option("--outdoor", options->columns.outdoor, "Column, °C")->required();
  command->add_option("--irradiance", options->columns.irradiance, "Column, W/m2; none: no sun");
  command->add_option("--train", options->train, "Days FROM:TO since the first line")->required();
  command->add_option("--test", options->test, "Days FROM:TO since the first line")->required();
  command
      ->add_option("--ua0", options->ua0_w_per_k,
                   "A first guess of the loss, W/K; else from the first day of training")
      ->check(CLI::Range(1.0, 1000.0));
  command->add_option("-o,--output", options->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_option("--plot", options->plot, "Write a drawing to this SVG file");
  command->callback([options] {
    if (const auto done = run(*options); !done) end_command("fit", done.error());
  });
}

}  // namespace hearth::simulator
