// Which system calls a walled-off task may not make: a program for the kernel's seccomp.
//
// A list of what is refused, not of what is allowed: tasks are other people's programs, and what
// they may need nobody can list. Refused is what reaches the kernel's wide or seldom used
// surfaces: mounts, namespaces, kernel modules, keys, tracing of the kernel, clocks, sockets of
// other families than Unix and IP.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "common/result.h"

namespace hearth::node_agent::runner {

// For this processor's architecture; another one's calls kill the process.
std::vector<sock_filter> make_system_call_filter();

// Binds the calling process and all its children, for ever. It must have no-new-privileges.
Result<> bind_system_call_filter(std::vector<sock_filter>& program);

}  // namespace hearth::node_agent::runner
