// Starts a program as a task: its own session, a clean environment, nothing inherited.
//
// Every task has a session, no new privileges, no core files and the first place in the
// out-of-memory killer's list; another user and a control group where the runner has them. What
// walls a task off from the node's files, network and other processes is in sandbox.h.
//
// What children inherit is set once on the runner itself (adopt_runner_role), because each system
// call between fork and exec costs on every task.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "node_agent/runner/messages.h"
#include "node_agent/runner/task_directory.h"

namespace hearth::node_agent::runner {

struct Launch {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  std::string directory;  // where it runs
  int standard_input = -1;
  int standard_output = -1;
  int standard_error = -1;
  std::optional<uid_t> user;   // only root can give another one
  std::vector<int> entrances;  // of the control groups that it joins (control_group.h)
  int processes_max = 0;       // of its user; 0: any number
};

// The strings of a launch as execve wants them; points into itself.
struct LaunchTexts {
  explicit LaunchTexts(const Launch& task);
  LaunchTexts(const LaunchTexts&) = delete;
  LaunchTexts& operator=(const LaunchTexts&) = delete;

  std::string program;  // searched as docs/TASKS.md says, in the file system of the caller
  std::vector<std::string> variables;
  std::vector<char*> arguments;
  std::vector<char*> environment;
};

// Makes this process what tasks may be children of: sub-reaper, no new privileges, no core files,
// private files, SIGCHLD and SIGTERM blocked for a signalfd, SIGHUP and SIGPIPE ignored, every
// descriptor above `last_descriptor_kept` closed.
Result<> adopt_runner_role(int last_descriptor_kept);

// The program's process. kInvalidArgument: the command cannot be run, with a message for its author
// ("cannot start: ./x: No such file or directory"); kInternal: this machine cannot run it now.
Result<pid_t> launch(const Launch& task);

// What launch() answers where execve failed with `error`.
Error unstartable(const Launch& task, int error);

// Command and environment as docs/TASKS.md promises them, for a task that finds its files at
// `paths`.
Launch describe_launch(const StartOrder& order, const TaskPaths& paths);

}  // namespace hearth::node_agent::runner
