// hearth node quarantine, release, label.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

using fleet::v1::FleetService;

struct TrustOptions {
  std::string node;
  std::string reason;
  bool stop = false;
};

Result<int> quarantine(Session& session, const TrustOptions& options) {
  if (options.reason.empty()) {
    return fail(ErrorCode::kInvalidArgument, "--reason: empty; whoever releases it will ask");
  }
  fleet::v1::QuarantineNodeRequest request;
  request.set_node_id(options.node);
  request.set_reason(options.reason);
  request.set_stop_running(options.stop);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::QuarantineNode, request));
  if (session.json()) {
    session.print_json(response.node());
  } else {
    session.print_line(options.node + ": in quarantine, " +
                       format_count(response.node().tasks_running()) + " tasks running");
  }
  return kExitOk;
}

Result<int> release(Session& session, const TrustOptions& options) {
  fleet::v1::ReleaseNodeRequest request;
  request.set_node_id(options.node);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::ReleaseNode, request));
  if (session.json()) {
    session.print_json(response.node());
  } else {
    session.print_line(options.node + (response.node().draining()
                                           ? ": released, but draining: `hearth node undrain`"
                                           : ": released"));
  }
  return kExitOk;
}

struct LabelOptions {
  std::string node;
  std::vector<std::string> changes;
};

Result<int> label(Session& session, const LabelOptions& options) {
  fleet::v1::LabelNodeRequest request;
  request.set_node_id(options.node);
  for (const auto& change : options.changes) {
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
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::LabelNode, request));
  if (session.json()) {
    session.print_json(response.node());
    return kExitOk;
  }
  const std::map<std::string, std::string> sorted(response.node().labels().begin(),
                                                  response.node().labels().end());
  std::string line = options.node + ":";
  for (const auto& [key, value] : sorted) line += " " + key + "=" + printable(value);
  session.print_line(sorted.empty() ? line + " no labels" : line);
  return kExitOk;
}

}  // namespace

void add_node_trust_commands(CLI::App& node, Session& session) {
  auto mistrusted = std::make_shared<TrustOptions>();
  auto* command = node.add_subcommand("quarantine", "Mistrust a node: nothing new goes there");
  command->footer(
      "Holds over restarts and drains, until released. What it runs ends there, or elsewhere with\n"
      "--stop.\nExample:\n  hearth node quarantine n3 --reason \"wrong results on Monday\"");
  command->add_option("NODE", mistrusted->node)->required();
  command->add_option("--reason", mistrusted->reason, "Shown to whoever asks")->required();
  command->add_flag("--stop", mistrusted->stop, "Stop its tasks and run them elsewhere");
  command->callback([&session, mistrusted] {
    session.command = [&session, mistrusted] { return quarantine(session, *mistrusted); };
  });

  auto released = std::make_shared<TrustOptions>();
  auto* trust = node.add_subcommand("release", "Trust a node again");
  trust->footer("Example:\n  hearth node release n3");
  trust->add_option("NODE", released->node)->required();
  trust->callback([&session, released] {
    session.command = [&session, released] { return release(session, *released); };
  });

  auto labelled = std::make_shared<LabelOptions>();
  auto* labels = node.add_subcommand("label", "Set labels of a node, or take them away");
  labels->footer(
      "`hearth node list -l KEY=VALUE` finds by them.\n"
      "Example:\n  hearth node label n3 rack=cellar fan-");
  labels->add_option("NODE", labelled->node)->required();
  labels->add_option("CHANGES", labelled->changes, "KEY=VALUE, or KEY- to take it away")
      ->required();
  labels->callback([&session, labelled] {
    session.command = [&session, labelled] { return label(session, *labelled); };
  });
}

}  // namespace hearth::cli
