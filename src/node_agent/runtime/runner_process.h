// How a runner process is started, found again and recognised as dead.
//
// The agent makes the listening socket and hands it over, so it can connect at once and a socket
// without a runner refuses connections. Paths go through /proc/self/fd: a socket's path is limited
// to 107 bytes, a state directory's is not. Safe in a process with threads.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/result.h"
#include "node_agent/runner/descriptor.h"

namespace hearth::node_agent {

struct RunnerProcess {
  pid_t pid = 0;  // 0: not known yet (one from before; its hello says it)
  runner::Descriptor socket;
};

// "slot-3.sock" in `directory`. Replaces a socket that nobody listens to.
Result<RunnerProcess> spawn_runner(const std::string& directory, int slot,
                                   const std::vector<std::string>& command);

// Connects to a runner from before. kNotFound: nobody listens; the socket is then deleted.
Result<RunnerProcess> connect_runner(const std::string& directory, int slot);

// The slots that have a socket in `directory`, ordered.
std::vector<int> slots_in(const std::string& directory);

}  // namespace hearth::node_agent
