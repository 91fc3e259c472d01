// The real hearth-agent, as a process of the test's own in a directory of its own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "support/temporary_directory.h"

namespace hearth::node_agent {

class AgentProcess {
 public:
  // `keys` are added to a configuration for a quick, cold, simulated room with two cores.
  AgentProcess(const std::string& scheduler, const std::string& keys = "");
  ~AgentProcess();  // kills the agent, then ends what it left running

  void start();
  void kill();      // as kill -9
  int terminate();  // SIGTERM; the exit code

  // Runs `hearth-agent ARGUMENTS... --state-dir STATE`; its exit code, its output in `output`.
  int command(std::vector<std::string> arguments, std::string* output = nullptr) const;

  const std::string& directory() const { return directory_.path(); }
  std::string state_directory() const { return directory_.path() + "/state"; }

  // Processes of this machine that mention the directory in arguments or environment.
  std::vector<pid_t> processes() const;

 private:
  int wait();

  TemporaryDirectory directory_;
  pid_t pid_ = 0;
};

}  // namespace hearth::node_agent
