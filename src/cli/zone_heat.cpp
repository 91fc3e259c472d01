// `hearth zone show` and `hearth zone plan`: what is known and planned of a zone's heat.
#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

using fleet::v1::FleetService;

Result<fleet::v1::Zone> get_zone(Session& session, const std::string& name) {
  fleet::v1::GetZoneRequest request;
  request.set_zone_id(name);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::GetZone, request));
  return std::move(*response.mutable_zone());
}

std::string model_text(const fleet::v1::ZoneHeat& heat) {
  if (!heat.has_model()) {
    return "none fitted yet, a prior from the heater's size serves (" +
           fixed(heat.days_known(), 1) + " days known)";
  }
  const auto& model = heat.model();
  return model.kind() + (model.accepted() ? ", accepted" : ", not accepted") + ", loses " +
         fixed(model.ua_w_per_k(), 1) + " W/K, errs by " + fixed(model.rmse_24h_k(), 2) +
         " K at 24 h, " + fixed(heat.days_known(), 1) + " days known";
}

std::string charge_text(const fleet::v1::ZoneHeat& heat) {
  if (!heat.forecast()) return "";
  const std::string sign = heat.charge_k() >= 0 ? "+" : "";
  return sign + fixed(heat.charge_k(), 2) + " K against the setpoint" +
         (heat.sun_limits() ? ", lowered for sun and people on their way" : "");
}

UtcTime utc_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

std::string runway_text(const fleet::v1::ZoneHeat& heat) {
  if (!heat.has_runway()) return "";
  const auto runway = duration_of(heat.runway());
  return runway >= std::chrono::hours{48} ? "48 h or more" : to_string(runway);
}

Result<int> show_zone(Session& session, const std::string& name) {
  HEARTH_TRY(zone, get_zone(session, name));
  if (session.json()) {
    session.print_json(zone);
    return kExitOk;
  }
  std::string nodes;
  for (const auto& node : zone.node_ids()) nodes += (nodes.empty() ? "" : ", ") + node;
  const auto& heat = zone.heat();
  const bool off = zone.setpoint().mode() == fleet::v1::SETPOINT_MODE_OFF;
  session.print(render_facts(
      {{"Zone", zone.zone_id()},
       {"Site", zone.site_id()},
       {"Nodes", nodes},
       {"Setpoint", text_of(zone.setpoint()) +
                        (zone.has_ordered() ? ", ordered " + text_of(zone.ordered()) : "")},
       {"Holiday", holiday_text(zone.setpoint(), utc_now())},
       {"Temperature", temperature_cell(zone.temperature_c())},
       {"Reference", off ? "" : format_temperature(zone.reference_c())},
       {"Charge", charge_text(heat)},
       {"Power", format_power(zone.power_w())},
       {"Holds it",
        heat.forecast() ? format_power(heat.hold_w()) + " over the next two hours" : ""},
       {"Runway", runway_text(heat)},
       {"Outdoors", heat.has_outdoor_c() ? format_temperature(heat.outdoor_c()) : ""},
       {"Model", model_text(heat)},
       {"Too cold by", fixed(heat.cold_mean_k(), 2) + " K below its band, mean since known"},
       {"Alarm", heat.alarm() ? Cell{"cold for hours", Style::kBad} : Cell{""}}},
      session.colour()));
  return kExitOk;
}

Result<int> show_plan(Session& session, const std::string& name) {
  HEARTH_TRY(zone, get_zone(session, name));
  if (session.json()) {
    session.print_json(zone.heat());
    return kExitOk;
  }
  if (zone.heat().plan().empty()) {
    session.note(name + ": no plan: it is not forecast yet");
    return kExitOk;
  }
  Table table({{"FROM"},
               {"REFERENCE", true},
               {"OUTDOORS", true},
               {"HOLDS IT", true},
               {"AT LEAST BY THEN", true},
               {"AT MOST", true}});
  for (const auto& hour : zone.heat().plan()) {
    table.add({local_text_of(hour.from()), format_temperature(hour.reference_c()),
               format_temperature(hour.outdoor_c()), format_power(hour.hold_w()),
               hour.has_lowest_j() ? format_kwh(hour.lowest_j()) : "",
               hour.has_highest_j() ? format_kwh(hour.highest_j()) : ""});
  }
  session.print(table);
  return kExitOk;
}

}  // namespace

void add_zone_heat_commands(CLI::App& zone_commands, Session& session) {
  auto shown = std::make_shared<std::string>();
  auto* show = zone_commands.add_subcommand("show", "One zone: its model, runway and forecast");
  show->footer("Example:\n  hearth zone show kitchen");
  show->add_option("ZONE", *shown)->required();
  show->callback([&session, shown] {
    session.command = [&session, shown] { return show_zone(session, *shown); };
  });

  auto planned = std::make_shared<std::string>();
  auto* plan = zone_commands.add_subcommand("plan", "What a zone is steered to, 48 hours ahead");
  plan->footer("Example:\n  hearth zone plan kitchen");
  plan->add_option("ZONE", *planned)->required();
  plan->callback([&session, planned] {
    session.command = [&session, planned] { return show_plan(session, *planned); };
  });
}

}  // namespace hearth::cli
