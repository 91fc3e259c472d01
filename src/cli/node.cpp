#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/json_list.h"
#include "cli/selection.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

using fleet::v1::FleetService;

struct ListOptions {
  std::string state;
  std::string zone;
  std::vector<std::string> labels;
};

Result<fleet::v1::NodeState> parse_state(const std::string& text) {
  fleet::v1::NodeState state = fleet::v1::NODE_STATE_UNSPECIFIED;
  const bool known =
      text.empty() || fleet::v1::NodeState_Parse("NODE_STATE_" + upper(text), &state);
  if (!known) {
    return fail(ErrorCode::kInvalidArgument, "--state: not online, silent or lost: " + text);
  }
  return state;
}

double total_j(const fleet::v1::EnergyLedger& ledger) {
  return ledger.attempts_j() + ledger.filler_j() + ledger.idle_j() + ledger.resistance_j();
}

// What is not as it should be.
std::string notes_of(const fleet::v1::Node& node) {
  std::string notes;
  const auto add = [&](bool holds, const std::string& note) {
    if (holds) notes += (notes.empty() ? "" : ", ") + note;
  };
  add(node.quarantined(), "quarantine: " + node.quarantine_reason());
  add(node.draining(), "draining");
  add(node.tripped(), "tripped");
  add(node.safe_mode(), "safe mode");
  add(node.window_open(), "window open");
  add(node.quiet(), "quiet hours");
  add(node.asleep(), "asleep");
  add(!node.isolated(),
      "not isolated" +
          (node.isolation_note().empty() ? std::string{} : " (" + node.isolation_note() + ")"));
  return shortened(notes, 60);
}

std::vector<Cell> node_row(const fleet::v1::Node& node) {
  const bool bad = node.tripped() || node.safe_mode();
  return {node.node_id(),
          cell_of(node.state()),
          word_of(node.kind()),
          node.zone_id(),
          std::to_string(node.cores_used()) + "/" + std::to_string(node.cores()),
          power_cell(node.power_w()),
          format_power(node.power_wanted_w()),
          format_power(node.power_max_w()),
          format_count(node.tasks_running()),
          format_count(node.tasks_waiting()),
          format_count(node.tasks_ended()),
          format_energy(total_j(node.energy())),
          {notes_of(node), bad ? Style::kBad : Style::kDim}};
}

Result<int> list_nodes(Session& session, const ListOptions& options) {
  fleet::v1::ListNodesRequest request;
  HEARTH_TRY(state, parse_state(options.state));
  request.set_state(state);
  request.set_zone_id(options.zone);
  HEARTH_TRY(nodes, fetch_nodes(session, request, options.labels));
  if (session.json()) return print_json_list(session, nodes);
  Table table({{"NODE"},
               {"STATE"},
               {"KIND"},
               {"ZONE"},
               {"CORES", true},
               {"POWER", true},
               {"WANTED", true},
               {"AT MOST", true},
               {"RUNNING", true},
               {"WAITING", true},
               {"ENDED", true},
               {"ENERGY", true},
               {"NOTES"}});
  for (const auto& node : nodes) table.add(node_row(node));
  session.print(table);
  return kExitOk;
}

std::string tank_text(const fleet::v1::Node& node) {
  if (!node.has_tank()) return "";
  const auto& tank = node.tank();
  return "top " + temperature_cell(tank.top_c()).text + ", middle " +
         temperature_cell(tank.middle_c()).text + ", bottom " +
         temperature_cell(tank.bottom_c()).text;
}

std::string hygiene_text(const fleet::v1::Node& node) {
  if (!node.has_tank()) return "";
  const auto& tank = node.tank();
  return std::string(tank.hygiene_active() ? "lift runs" : "next lift") + ", must have ended in " +
         to_string(duration_of(tank.hygiene_due_in())) + ", needs " +
         format_kwh(tank.hygiene_energy_j()) + ", " + format_count(tank.hygiene_done()) + " done";
}

std::string labels_text(const fleet::v1::Node& node) {
  const std::map<std::string, std::string> sorted(node.labels().begin(), node.labels().end());
  std::string text;
  for (const auto& [key, value] : sorted) text += (text.empty() ? "" : " ") + key + "=" + value;
  return text;
}

Result<int> show_node(Session& session, const std::string& name) {
  fleet::v1::GetNodeRequest request;
  request.set_node_id(name);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::GetNode, request));
  const auto& node = response.node();
  if (session.json()) {
    session.print_json(node);
    return kExitOk;
  }
  const auto& learned = node.learned();
  session.print(render_facts(
      {{"Node", node.node_id()},
       {"State", cell_of(node.state())},
       {"Kind", word_of(node.kind())},
       {"Zone", node.zone_id()},
       {"Site", node.site_id()},
       {"Cores",
        std::to_string(node.cores_used()) + " of " + std::to_string(node.cores()) + " used"},
       {"Memory", format_bytes(node.memory_bytes())},
       {"Power", power_cell(node.power_w())},
       {"Wanted", format_power(node.power_wanted_w())},
       {"At most", format_power(node.power_max_w())},
       {"Stated", format_power(node.idle_w()) + " idle, " + format_power(node.max_w()) + " full"},
       {"Learned", format_power(learned.idle_w()) + " idle, " + format_power(learned.max_w()) +
                       " full, power grows with speed to the power of " +
                       fixed(learned.speed_exponent(), 2)},
       {"Tank", tank_text(node)},
       {"Hygiene", hygiene_text(node)},
       {"Tasks", format_count(node.tasks_running()) + " running, " +
                     format_count(node.tasks_waiting()) + " waiting, " +
                     format_count(node.tasks_ended()) + " ended"},
       {"Energy", format_energy(total_j(node.energy())) + " since its boot"},
       {"Last seen", text_of(node.last_seen_at())},
       {"Network", node.grants_network() ? "granted to tasks that need it" : "none for tasks"},
       {"Stands in", node.residential() ? "somebody's home" : "nobody's home"},
       {"Isolation", node.isolation_note()},
       {"Agent", node.agent_version()},
       {"Labels", labels_text(node)},
       {"Quarantine", node.quarantined() ? node.quarantine_reason() + ", since " +
                                               text_of(node.quarantined_since())
                                         : ""},
       {"Notes", notes_of(node)}},
      session.colour()));
  return kExitOk;
}

struct DrainOptions {
  NodeSelection which;
  bool undo = false;
  bool stop = false;
};

Result<int> drain(Session& session, const DrainOptions& options, const std::string& node) {
  fleet::v1::DrainNodeRequest request;
  request.set_node_id(node);
  request.set_drain(!options.undo);
  request.set_stop_running(options.stop);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::DrainNode, request));
  if (session.json()) {
    session.print_json(response.node());
  } else {
    session.print_line(
        node + (options.undo ? ": back in service" : ": draining, ") +
        (options.undo ? "" : format_count(response.node().tasks_running()) + " tasks running"));
  }
  return kExitOk;
}

Result<int> drain_all(Session& session, const DrainOptions& options) {
  HEARTH_TRY(nodes, resolve_nodes(session, options.which, options.undo ? "undrain" : "drain"));
  return for_each<std::string>(session, nodes,
                               [&](const auto& node) { return drain(session, options, node); });
}

}  // namespace

void add_node_commands(CLI::App& app, Session& session) {
  auto* node = app.add_subcommand("node", "The computers that heat");
  node->require_subcommand(1);
  node->footer("Example:\n  hearth node list --state online");

  auto listed = std::make_shared<ListOptions>();
  auto* list = node->add_subcommand("list", "Nodes by name");
  list->footer("Example:\n  hearth node list --zone kitchen");
  list->add_option("--state", listed->state, "online, silent or lost");
  list->add_option("--zone", listed->zone, "Only this zone's");
  list->add_option("-l,--label", listed->labels, "Only with this label, KEY=VALUE; repeatable")
      ->allow_extra_args(false);
  list->callback([&session, listed] {
    session.command = [&session, listed] { return list_nodes(session, *listed); };
  });

  auto shown = std::make_shared<std::vector<std::string>>();
  auto* show = node->add_subcommand("show", "A node: its power, tasks, tank, what was learned");
  show->footer("Example:\n  hearth node show n3 n4");
  show->add_option("NODE", *shown, "One node or several")->required();
  show->callback([&session, shown] {
    session.command = [&session, shown] {
      return for_each<std::string>(
          session, {*shown, shown->size() > 1},
          [&](const auto& name) { return show_node(session, name); }, "\n");
    };
  });

  auto drained = std::make_shared<DrainOptions>();
  auto* command = node->add_subcommand("drain", "Take nodes out of service, or back in");
  command->footer(
      "Examples:\n  hearth node drain n3 --stop\n  hearth node drain -l rack=cellar\n"
      "  hearth node drain n3 --undo");
  add_node_selection(*command, drained->which);
  auto* undo = command->add_flag("--undo", drained->undo, "Take it back into service");
  command->add_flag("--stop", drained->stop, "Stop its tasks and run them elsewhere")
      ->excludes(undo);
  command->callback([&session, drained] {
    session.command = [&session, drained] { return drain_all(session, *drained); };
  });

  auto undrained = std::make_shared<DrainOptions>();
  undrained->undo = true;
  auto* back = node->add_subcommand("undrain", "Take nodes back into service");
  back->footer("Example:\n  hearth node undrain n3");
  add_node_selection(*back, undrained->which);
  back->callback([&session, undrained] {
    session.command = [&session, undrained] { return drain_all(session, *undrained); };
  });
  add_node_trust_commands(*node, session);
}

}  // namespace hearth::cli
