// hearth node quarantine, release, label.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/selection.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

using fleet::v1::FleetService;

struct TrustOptions {
  NodeSelection which;
  std::string reason;
  bool stop = false;
};

Result<int> quarantine(Session& session, const TrustOptions& options, const std::string& node) {
  fleet::v1::QuarantineNodeRequest request;
  request.set_node_id(node);
  request.set_reason(options.reason);
  request.set_stop_running(options.stop);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::QuarantineNode, request));
  if (session.json()) {
    session.print_json(response.node());
  } else {
    session.print_line(node + ": in quarantine, " + format_count(response.node().tasks_running()) +
                       " tasks running");
  }
  return kExitOk;
}

Result<int> quarantine_all(Session& session, const TrustOptions& options) {
  if (options.reason.empty()) {
    return fail(ErrorCode::kInvalidArgument, "--reason: empty; whoever releases it will ask");
  }
  HEARTH_TRY(nodes, resolve_nodes(session, options.which, "quarantine"));
  return for_each<std::string>(
      session, nodes, [&](const auto& node) { return quarantine(session, options, node); });
}

Result<int> release(Session& session, const std::string& node) {
  fleet::v1::ReleaseNodeRequest request;
  request.set_node_id(node);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::ReleaseNode, request));
  if (session.json()) {
    session.print_json(response.node());
  } else {
    session.print_line(node + (response.node().draining()
                                   ? ": released, but draining: `hearth node undrain`"
                                   : ": released"));
  }
  return kExitOk;
}

struct LabelOptions {
  NodeSelection which;
  std::string node;  // or the first change, where nodes are found by label
  std::vector<std::string> changes;
};

Result<fleet::v1::LabelNodeRequest> label_request(const std::vector<std::string>& changes) {
  fleet::v1::LabelNodeRequest request;
  for (const auto& change : changes) {
    const auto equals = change.find('=');
    if (equals != std::string::npos && equals > 0) {
      (*request.mutable_set())[change.substr(0, equals)] = change.substr(equals + 1);
    } else if (equals == std::string::npos && change.size() > 1 && change.ends_with('-')) {
      request.add_remove(change.substr(0, change.size() - 1));
    } else {
      return fail(ErrorCode::kInvalidArgument,
                  "node label: neither KEY=VALUE nor KEY- (to take it away): " + change);
    }
  }
  if (changes.empty()) {
    return fail(ErrorCode::kInvalidArgument, "node label: needs KEY=VALUE or KEY-");
  }
  return request;
}

Result<int> label(Session& session, const fleet::v1::LabelNodeRequest& request) {
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::LabelNode, request));
  if (session.json()) {
    session.print_json(response.node());
    return kExitOk;
  }
  const std::map<std::string, std::string> sorted(response.node().labels().begin(),
                                                  response.node().labels().end());
  std::string line = request.node_id() + ":";
  for (const auto& [key, value] : sorted) line += " " + key + "=" + printable(value);
  session.print_line(sorted.empty() ? line + " no labels" : line);
  return kExitOk;
}

Result<int> label_all(Session& session, LabelOptions options) {
  if (!options.which.labels.empty() && !options.node.empty()) {
    options.changes.insert(options.changes.begin(), std::exchange(options.node, {}));
  }
  if (!options.node.empty()) options.which.nodes = {options.node};
  HEARTH_TRY(request, label_request(options.changes));
  HEARTH_TRY(nodes, resolve_nodes(session, options.which, "label"));
  return for_each<std::string>(session, nodes, [&](const std::string& node) {
    request.set_node_id(node);
    return label(session, request);
  });
}

}  // namespace

void add_node_trust_commands(CLI::App& node, Session& session) {
  auto mistrusted = std::make_shared<TrustOptions>();
  auto* command = node.add_subcommand("quarantine", "Mistrust nodes: nothing new goes there");
  command->footer(
      "Holds over restarts and drains, until released. What it runs ends there, or elsewhere with\n"
      "--stop.\nExample:\n  hearth node quarantine n3 --reason \"wrong results on Monday\"");
  add_node_selection(*command, mistrusted->which);
  command->add_option("--reason", mistrusted->reason, "Shown to whoever asks")->required();
  command->add_flag("--stop", mistrusted->stop, "Stop its tasks and run them elsewhere");
  command->callback([&session, mistrusted] {
    session.command = [&session, mistrusted] { return quarantine_all(session, *mistrusted); };
  });

  auto released = std::make_shared<TrustOptions>();
  auto* trust = node.add_subcommand("release", "Trust nodes again");
  trust->footer("Example:\n  hearth node release n3");
  add_node_selection(*trust, released->which);
  trust->callback([&session, released] {
    session.command = [&session, released]() -> Result<int> {
      HEARTH_TRY(nodes, resolve_nodes(session, released->which, "release"));
      return for_each<std::string>(session, nodes,
                                   [&](const auto& name) { return release(session, name); });
    };
  });

  auto labelled = std::make_shared<LabelOptions>();
  auto* labels = node.add_subcommand("label", "Set labels of nodes, or take them away");
  labels->footer(
      "`hearth node list -l KEY=VALUE` finds by them.\n"
      "Examples:\n  hearth node label n3 rack=cellar fan-\n"
      "  hearth node label -l rack=cellar floor=0");
  labels->add_option("NODE", labelled->node, "One node");
  labels->add_option("CHANGES", labelled->changes, "KEY=VALUE, or KEY- to take it away");
  add_node_selection(*labels, labelled->which, false);
  labels->callback([&session, labelled] {
    session.command = [&session, labelled] { return label_all(session, *labelled); };
  });
}

}  // namespace hearth::cli
