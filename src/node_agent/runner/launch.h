// Starts a program as a task: its own session, a clean environment, nothing inherited.
//
// Isolation in this first form is a session, no new privileges, no core files, the first place in
// the out-of-memory killer's list, and another user where one is configured. Namespaces, cgroups
// and system call filters come later: until then a task sees the host's files and network, and
// isolation_note() says so.
//
// What children inherit is set once on the runner itself (adopt_runner_role), because each system
// call between fork and exec costs on every task.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "node_agent/runner/messages.h"

namespace hearth::node_agent::runner {

struct Launch {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  std::string directory;  // where it runs
  int standard_input = -1;
  int standard_output = -1;
  int standard_error = -1;
  std::optional<uid_t> user;  // only root can give another one
};

// Makes this process what tasks may be children of: sub-reaper, no new privileges, no core files,
// private files, SIGCHLD and SIGTERM blocked for a signalfd, SIGHUP and SIGPIPE ignored, every
// descriptor above `last_descriptor_kept` closed.
Result<> adopt_runner_role(int last_descriptor_kept);

// The program's process. kInvalidArgument: the command cannot be run, with a message for its author
// ("cannot start: ./x: No such file or directory"); kInternal: this machine cannot run it now.
Result<pid_t> launch(const Launch& task);

// Command and environment as docs/TASKS.md promises them.
Launch describe_launch(const StartOrder& order);

// What is missing for NodeFacts::isolated. Tasks are never isolated in this form.
std::string_view isolation_note();

}  // namespace hearth::node_agent::runner
