// One walled-off task: its files in memory, its namespaces, and the process that holds them.
//
// That process, the warden, is the first of the task's own process namespace: it starts the
// program, takes in orphans, says how the program ended, and ends when nothing of the task is left.
// When it dies, or the runner does, the kernel kills everything in there. The task's files outlive
// all of its processes until this object goes, so that results are looked at when nobody can change
// them any more; then nothing of them is left anywhere.
//
// Needs build_sandbox_root() and adopt_runner_role() before.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "node_agent/runner/descriptor.h"
#include "node_agent/runner/launch.h"
#include "node_agent/runner/messages.h"

namespace hearth::node_agent::runner {

struct SandboxOptions {
  std::string root;                 // where build_sandbox_root() built it
  uid_t user = 0;                   // never 0 for a task
  std::uint64_t scratch_bytes = 0;  // of everything that the task may write
  int node_network = -1;            // for tasks that need one; -1: none is granted
};

class Sandbox {
 public:
  // Where a task finds its files: /task/scratch, /task/result, /task/payload.
  static constexpr const char* kTaskDirectory = "/task";

  // Makes the files. kNotFound: an input or the payload is missing; kInternal: anything else, a
  // network that is needed and not granted among it.
  static Result<Sandbox> make(const StartOrder& order, const SandboxOptions& options);

  // The warden's process, our child. Errors as launch() has them.
  Result<pid_t> start(const Launch& task, std::vector<sock_filter>& filter);

  // To poll for reading while it is >= 0: the warden has said something.
  int control_descriptor() const { return control_.get(); }
  // How the program ended, as waitpid gives it, as soon as the warden has said it.
  std::optional<int> main_status();

  // Paths of ours into the task's directory, and to what was made as its scratch directory,
  // whatever the task has put in its place. Symbolic links behind them are the task's and lead
  // anywhere.
  std::string path_of(const std::string& name) const;
  std::string scratch() const;

 private:
  Sandbox() = default;

  SandboxOptions options_;
  std::vector<InputFile> shown_;  // inputs and payload, targets below the task's directory
  Descriptor files_;              // a mount of its own
  Descriptor scratch_;            // the directory in it
  Descriptor control_;
  bool needs_network_ = false;
  std::optional<int> status_;
};

// What the kernel binds the calling process and its children to: so many processes of its user
// (0: any number), no core files.
void bind_resources(int processes_max);

}  // namespace hearth::node_agent::runner
