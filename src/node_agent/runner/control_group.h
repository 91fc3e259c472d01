// Limits that the kernel enforces on all processes of one slot together: memory, processes, CPU.
//
// One interface over control groups of version 1, version 2 and none at all; which of them a
// machine has is found out by looking. A group is made for a slot and used by one task after
// another. Needs root. Limits that the machine lacks are left out: lacks() says which.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"

namespace hearth::node_agent::runner {

struct GroupLimits {
  std::uint64_t memory_bytes = 0;  // tmpfs and page cache included; 0: no limit
  int processes = 0;               // threads counted; 0: no limit
  int cores = 0;                   // CPU seconds per second; 0: no limit
};

class ControlGroup {
 public:
  virtual ~ControlGroup() = default;

  // kInternal naming the file that would not take its value.
  virtual Result<> set_limits(const GroupLimits& limits) = 0;

  // Open files: a process that writes "0" to each of them is a member from then on, and so are its
  // children. Close-on-exec.
  virtual std::vector<int> entrances() const = 0;

  // SIGKILL to every member, again until none forks any more.
  virtual void kill_all() = 0;

  // Members that the kernel killed at the memory limit, since the group was made.
  virtual std::uint64_t out_of_memory_kills() const = 0;

  // Like "memory, processes"; empty: everything is limited.
  virtual std::string lacks() const = 0;
};

constexpr const char* kControlGroupRoot = "/sys/fs/cgroup";

// The group hearth/NAME below `root`, emptied of whoever is left in it. Never fails: without
// control groups it gives one that limits nothing.
std::unique_ptr<ControlGroup> open_control_group(const std::string& root, const std::string& name);

}  // namespace hearth::node_agent::runner
