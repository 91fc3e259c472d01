// How strongly a runner walls its tasks off, and what it holds to do so.
//
//   none   the agent's own user; for developers' machines
//   user   a user of the slot's own, and limits by control groups where the node has them
//   full   also a root, processes, network and devices of its own, files in memory, a filter of
//          system calls
//
// docs/SECURITY.md says what each level keeps out.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "node_agent/runner/control_group.h"
#include "node_agent/runner/sandbox.h"

namespace hearth::node_agent::runner {

enum class Isolation { kNone, kUser, kFull };

std::string_view name_of(Isolation level);
std::optional<Isolation> parse_isolation(std::string_view text);

struct ConfinementOptions {
  Isolation level = Isolation::kNone;
  std::optional<uid_t> user;  // of the tasks; must be given unless the level is none
  std::string group;          // name of the slot's control group; empty: none
  std::string group_root = kControlGroupRoot;
  std::string root;                         // an empty directory; full only
  std::uint64_t scratch_bytes = 0;          // full only
  std::uint64_t memory_bytes = 0;           // of a task that states none; 0: no limit
  int processes_max = 0;                    // threads counted; 0: no limit
  std::vector<std::string> readable_paths;  // full only: shown to tasks besides the usual
  bool grants_network = false;              // full only: tasks that need one get the node's
};

struct Confinement {
  ConfinementOptions options;
  Descriptor node_network;              // full only, and where it is granted
  SandboxOptions sandbox;               // full only
  std::vector<sock_filter> filter;      // full only
  std::unique_ptr<ControlGroup> group;  // never null

  // Whether a task that needs a network has one: below `full` all have the node's.
  bool grants_network() const {
    return options.level != Isolation::kFull || options.grants_network;
  }

  // The kernel's limits for a task that asked for so much.
  Result<> limit(const protocol::Resources& resources) const;
};

// Makes this process one that can start such tasks. kInternal: the privilege is missing;
// kInvalidArgument: a readable path does not exist, or no user is given.
Result<Confinement> confine(ConfinementOptions options);

// Starts a task that does nothing, just as a real one; afterwards this process is good for nothing
// else. What the control groups lack, empty: nothing.
Result<std::string> try_confinement(ConfinementOptions options, const std::string& directory);

}  // namespace hearth::node_agent::runner
