// The processes below this one: who they are, what they use, signals to all of them.
//
// A runner is a sub-reaper, so whatever its task starts stays below it, daemons included. Reads
// /proc at each call and keeps nothing: a list of processes is only true for a moment.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::node_agent::runner {

struct TreeUsage {
  double cpu_s = 0;                  // of living processes and of children they have waited for
  std::uint64_t resident_bytes = 0;  // pages shared by several processes counted for each
  bool all_stopped = true;           // by SIGSTOP; ended ones not counted
};

// Every process below this one, parents before their children.
std::vector<pid_t> processes_below();

TreeUsage read_usage(const std::vector<pid_t>& processes);

// Resident memory with shared pages divided among those who share them: true, but slow to read.
std::uint64_t read_proportional_bytes(const std::vector<pid_t>& processes);

void signal_all(const std::vector<pid_t>& processes, int signal);

// SIGSTOP to everything below, again until nothing runs that could have forked meanwhile.
void stop_tree();

// SIGCONT to everything below.
void continue_tree();

// Every process of the machine whose environment holds `entry` ("NAME=value") and may be read.
std::vector<pid_t> processes_with_environment(std::string_view entry);

}  // namespace hearth::node_agent::runner
