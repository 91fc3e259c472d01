// The file system that walled-off tasks see, built once per runner and seen by its tasks alone.
//
// Programs and libraries of the node read-only, a few harmless devices, what of /etc programs need
// to start, and three places that each task fills anew: /proc, /task (its own files, see
// sandbox.h), and /tmp, which lies in /task. Nothing else of the node: no homes, no keys, no state.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"

namespace hearth::node_agent::runner {

// Moves this process into mounts, network (a loopback of its own) and host name of its own, and
// builds the root in the empty directory `at`. `readable_paths` (absolute) are shown as well,
// read-only. With `names` also what finds hosts by name, as it is now. kInvalidArgument: one of
// these does not exist; kInternal: the privilege is missing.
Result<> build_sandbox_root(const std::string& at, const std::vector<std::string>& readable_paths,
                            bool names = false);

}  // namespace hearth::node_agent::runner
