#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

using fleet::v1::FleetService;

constexpr int kHoursMost = 48;
constexpr double kBarColumns = 24;

// Solid up to P5 (as good as certain), then to P50, then to P95; `most` fills the bar.
std::string bar_of(const fleet::v1::Quantiles& quantiles, double most) {
  const auto columns = [most](double value) {
    return most > 0 ? static_cast<int>(std::lround(kBarColumns * value / most)) : 0;
  };
  std::string bar;
  int at = 0;
  const auto fill = [&](double value, const char* character) {
    for (; at < columns(value); ++at) bar += character;
  };
  fill(quantiles.p5(), "█");
  fill(quantiles.p50(), "▓");
  fill(quantiles.p95(), "░");
  return bar;
}

Table table_of(const fleet::v1::GetCapacityResponse& capacity) {
  double most = 0;
  for (const auto& hour : capacity.hours()) most = std::max(most, hour.power_w().p95());
  Table table({{"FROM"},
               {"POWER P5", true},
               {"P50", true},
               {"P95", true},
               {"CORES P5", true},
               {"P50", true},
               {"P95", true},
               {"POWER"}});
  for (const auto& hour : capacity.hours()) {
    const auto& power = hour.power_w();
    const auto& cores = hour.cores();
    table.add({local_text_of(hour.from()), format_power(power.p5()), format_power(power.p50()),
               format_power(power.p95()), fixed(cores.p5(), 1), fixed(cores.p50(), 1),
               fixed(cores.p95(), 1), bar_of(power, most)});
  }
  return table;
}

Result<int> show_capacity(Session& session, int hours) {
  if (hours < 1 || hours > kHoursMost) {
    return fail(ErrorCode::kInvalidArgument, "--hours: not 1 to 48: " + std::to_string(hours));
  }
  fleet::v1::GetCapacityRequest request;
  request.set_hours(static_cast<unsigned>(hours));
  auto& client = session.client();
  HEARTH_TRY(capacity, client.call(client.fleet(), &FleetService::Stub::GetCapacity, request));
  if (session.json()) {
    session.print_json(capacity);
    return kExitOk;
  }
  session.print(table_of(capacity));
  const auto& day = capacity.day_energy_j();
  session.print("next 24 h: " + format_kwh(day.p50()) + " (P5 " + format_kwh(day.p5()) + ", P95 " +
                format_kwh(day.p95()) + ") in " + format_count(capacity.zones()) +
                (capacity.zones() == 1 ? " zone" : " zones") + "; made " +
                local_text_of(capacity.made_at()) + "\n");
  return kExitOk;
}

}  // namespace

void add_capacity_command(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("capacity", "How much heat, so work, the homes can take");
  command->footer(
      "Forecast hour by hour: with 5 % probability it is less than P5, with 95 % less than P95.\n"
      "Examples:\n  hearth capacity --hours 12\n  hearth capacity -o json");
  auto hours = std::make_shared<int>(kHoursMost);
  command->add_option("--hours", *hours, "1 to 48 (default 48)")->type_name("N");
  command->callback([&session, hours] {
    session.command = [&session, hours] { return show_capacity(session, *hours); };
  });
}

}  // namespace hearth::cli
