#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "cli/artifacts.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/json_list.h"
#include "cli/programme.h"
#include "cli/session.h"
#include "cli/zone_settled.h"
#include "wire/fleet.h"

namespace hearth::cli {
namespace {

using fleet::v1::FleetService;

UtcTime utc_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

std::string setpoint_text(const fleet::v1::Zone& zone) {
  auto text = text_of(zone.setpoint());
  const auto holiday = holiday_text(zone.setpoint(), utc_now());
  if (!holiday.empty()) {
    text += ", holiday " + holiday;
  } else if (zone.setpoint().mode() == fleet::v1::SETPOINT_MODE_PROGRAMME &&
             zone.has_setpoint_now_c()) {
    text = format_temperature(zone.setpoint_now_c()) + " (" + text + ")";
  }
  if (zone.has_ordered()) text += ", ordered " + text_of(zone.ordered());
  return text;
}

std::string nodes_of(const fleet::v1::Zone& zone) {
  std::string text;
  for (const auto& node : zone.node_ids()) text += (text.empty() ? "" : ",") + node;
  return shortened(text, 24);
}

std::vector<Cell> zone_row(const fleet::v1::Zone& zone) {
  const bool off = zone.setpoint().mode() == fleet::v1::SETPOINT_MODE_OFF;
  return {zone.zone_id(),
          zone.site_id(),
          nodes_of(zone),
          setpoint_text(zone),
          off ? Cell{"-", Style::kDim} : Cell{format_temperature(zone.reference_c())},
          temperature_cell(zone.temperature_c()),
          fixed(zone.state_of_charge() * 100, 0) + " %",
          format_power(zone.power_w()),
          format_energy(zone.energy_j()),
          format_count(zone.tasks_running()),
          format_count(zone.tasks_ended())};
}

Table zone_table() {
  return Table({{"ZONE"},
                {"SITE"},
                {"NODES"},
                {"SETPOINT"},
                {"REFERENCE", true},
                {"TEMPERATURE", true},
                {"CHARGE", true},
                {"POWER", true},
                {"ENERGY", true},
                {"RUNNING", true},
                {"ENDED", true}});
}

Result<int> list_zones(Session& session) {
  fleet::v1::ListZonesRequest request;
  auto& client = session.client();
  const auto fetch = [&] {
    return client.call(client.fleet(), &FleetService::Stub::ListZones, request);
  };
  HEARTH_TRY(zones, (fetch_pages<fleet::v1::Zone>(
                        request, 0, fetch,
                        [](const auto& response) -> const auto& { return response.zones(); })));
  if (session.json()) return print_json_list(session, zones);
  auto table = zone_table();
  for (const auto& zone : zones) table.add(zone_row(zone));
  session.print(table);
  return kExitOk;
}

struct SetOptions {
  std::string zone;
  std::string value;
  std::string programme;
};

Result<protocol::Setpoint> wanted(const SetOptions& options) {
  if (options.value.empty() == options.programme.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "zone set: needs either a temperature, off, or --programme");
  }
  if (!options.value.empty()) return parse_setpoint(options.value);
  HEARTH_TRY(text, read_file(options.programme));
  auto setpoint = parse_programme(text);
  if (setpoint) return setpoint;
  return fail(setpoint.error().code, options.programme + ": " + setpoint.error().message);
}

Result<int> set_zone(Session& session, const SetOptions& options) {
  HEARTH_TRY(setpoint, wanted(options));
  fleet::v1::SetSetpointRequest request;
  request.set_zone_id(options.zone);
  wire::to_wire(setpoint, request.mutable_setpoint());
  request.mutable_setpoint()->clear_revision();
  request.mutable_setpoint()->clear_origin();
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::SetSetpoint, request));
  HEARTH_TRY(zone, settled_zone(session, std::move(*response.mutable_zone())));
  if (session.json()) {
    session.print_json(zone);
  } else if (zone.has_ordered()) {
    session.print_line(options.zone + ": " + describe(setpoint) +
                       " ordered, but not in force: " + text_of(zone.setpoint()) + " still holds");
  } else {
    session.print_line(options.zone + ": " + describe(setpoint) + " in force");
  }
  return kExitOk;
}

Result<int> explain_zone(Session& session, const std::string& zone_id) {
  fleet::v1::ExplainZoneRequest request;
  request.set_zone_id(zone_id);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::ExplainZone, request));
  if (session.json()) {
    session.print_json(response);
    return kExitOk;
  }
  session.print(printable(response.summary()) + "\n");
  for (const auto& fact : response.facts()) session.print("  " + printable(fact) + "\n");
  auto table = zone_table();
  table.add(zone_row(response.zone()));
  session.print(table);
  return kExitOk;
}

}  // namespace

void add_zone_commands(CLI::App& app, Session& session) {
  auto* zone = app.add_subcommand("zone", "The rooms and tanks that are heated");
  zone->require_subcommand(1);
  zone->footer("Example:\n  hearth zone set kitchen 20.5");

  auto* list = zone->add_subcommand("list", "Zones by name");
  list->footer("Example:\n  hearth zone list -o json");
  list->callback([&session] { session.command = [&session] { return list_zones(session); }; });

  auto options = std::make_shared<SetOptions>();
  auto* set = zone->add_subcommand("set", "What a zone should have");
  set->footer(
      "Examples:\n"
      "  hearth zone set kitchen 20.5\n"
      "  hearth zone set kitchen off\n"
      "  hearth zone set kitchen --programme week.json\n"
      "where week.json is like\n"
      "  {\"mon-fri\": {\"06:00\": 20.5, \"22:30\": 17}, \"sat,sun\": {\"08:00\": 21}}");
  set->add_option("ZONE", options->zone)->required();
  set->add_option("SETPOINT", options->value, "5 to 30 (degrees Celsius), or off");
  set->add_option("--programme", options->programme, "A week's setpoints, in JSON");
  set->callback([&session, options] {
    session.command = [&session, options] { return set_zone(session, *options); };
  });

  add_zone_holiday_command(*zone, session);
  add_zone_heat_commands(*zone, session);
  add_zone_history_command(*zone, session);

  auto explained = std::make_shared<std::string>();
  auto* explain = zone->add_subcommand("explain", "Why a zone is cold or warm");
  explain->footer("Example:\n  hearth zone explain kitchen");
  explain->add_option("ZONE", *explained)->required();
  explain->callback([&session, explained] {
    session.command = [&session, explained] { return explain_zone(session, *explained); };
  });
}

}  // namespace hearth::cli
