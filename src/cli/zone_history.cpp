// `hearth zone history`: how a zone was, as a table, JSON or CSV.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

using fleet::v1::FleetService;
using Point = fleet::v1::ZoneHistoryPoint;

struct HistoryOptions {
  std::string zone;
  unsigned hours = 24;
  bool fine = false;
};

// A value as a cell, empty where it was not known.
template <class Format>
Cell cell(bool known, double value, Format format) {
  return known ? Cell{format(value)} : Cell{""};
}

std::string format_sun(double irradiance) {
  return fixed(irradiance, 0) + " W/m2";
}

void print_table(Session& session, const fleet::v1::GetZoneHistoryResponse& history, bool fine) {
  Table table({{"AT"},
               {"TEMPERATURE", true},
               {"SETPOINT", true},
               {"POWER", true},
               {fine ? "REFERENCE" : "OUTDOORS", true},
               {fine ? "" : "SUN", true}});
  for (const auto& point : history.points()) {
    table.add({local_text_of(point.at()) + (fine ? text_of(point.at()).substr(16, 3) : ""),
               cell(point.has_temperature_c(), point.temperature_c(), format_temperature),
               cell(point.has_setpoint_c(), point.setpoint_c(), format_temperature),
               cell(point.has_power_w(), point.power_w(), format_power),
               fine ? cell(point.has_reference_c(), point.reference_c(), format_temperature)
                    : cell(point.has_outdoor_c(), point.outdoor_c(), format_temperature),
               cell(point.has_irradiance_w_per_m2(), point.irradiance_w_per_m2(), format_sun)});
  }
  session.print(table);
}

// One header line, times in UTC, nothing between two commas where a value was not known.
void print_csv(Session& session, const fleet::v1::GetZoneHistoryResponse& history) {
  std::string text =
      "time,temperature_c,setpoint_c,reference_c,power_w,outdoor_c,irradiance_w_per_m2\n";
  const auto add = [&text](bool known, double value) {
    text += ',' + (known ? fixed(value, 2) : std::string{});
  };
  for (const auto& point : history.points()) {
    text += text_of(point.at());
    add(point.has_temperature_c(), point.temperature_c());
    add(point.has_setpoint_c(), point.setpoint_c());
    add(point.has_reference_c(), point.reference_c());
    add(point.has_power_w(), point.power_w());
    add(point.has_outdoor_c(), point.outdoor_c());
    add(point.has_irradiance_w_per_m2(), point.irradiance_w_per_m2());
    text += '\n';
  }
  session.print(text);
}

Result<int> show_history(Session& session, const HistoryOptions& options) {
  const unsigned most = options.fine ? 24 : 90 * 24;
  if (options.hours < 1 || options.hours > most) {
    return fail(ErrorCode::kInvalidArgument,
                "--hours: not 1 to " + std::to_string(most) + ": " + std::to_string(options.hours));
  }
  fleet::v1::GetZoneHistoryRequest request;
  request.set_zone_id(options.zone);
  request.set_hours(options.hours);
  request.set_fine(options.fine);
  auto& client = session.client();
  HEARTH_TRY(history, client.call(client.fleet(), &FleetService::Stub::GetZoneHistory, request));
  if (session.json()) {
    session.print_json(history);
  } else if (session.csv()) {
    print_csv(session, history);
  } else if (history.points().empty()) {
    session.note(options.zone + ": nothing is known of the last " + std::to_string(options.hours) +
                 " h");
  } else {
    print_table(session, history, options.fine);
  }
  return kExitOk;
}

}  // namespace

void add_zone_history_command(CLI::App& zone_commands, Session& session) {
  auto options = std::make_shared<HistoryOptions>();
  auto* history = zone_commands.add_subcommand("history", "How a zone was: hours or weeks back");
  history->footer(
      "Examples:\n"
      "  hearth zone history kitchen\n"
      "  hearth zone history kitchen --hours 1 --fine\n"
      "  hearth zone history kitchen --hours 336 -o csv > kitchen.csv");
  history->add_option("ZONE", options->zone)->required();
  history->add_option("--hours", options->hours, "So far back: 1 to 2160, with --fine to 24")
      ->capture_default_str();
  history->add_flag("--fine", options->fine, "Samples of 10 s instead of ten-minute means");
  history->callback([&session, options] {
    session.knows_csv = true;
    session.command = [&session, options] { return show_history(session, *options); };
  });
}

}  // namespace hearth::cli
