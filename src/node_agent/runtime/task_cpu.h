// How much CPU the node's tasks used since the last sensor pass, from their own counters.
//
// What tasks used before this agent started is not counted: its energy was another agent's.
#pragma once

#include <map>
#include <set>

#include "node_agent/core/event.h"

namespace hearth::node_agent {

class TaskCpu {
 public:
  // A task from before: its first reading above zero is where counting begins.
  void adopted(AttemptId attempt) { unknown_.insert(attempt); }

  void ended(AttemptId attempt, double cpu_s);

  // Seconds used since the last call, by tasks that run and that ended meanwhile.
  double take(const CpuTimeRead& now);

 private:
  void advance(AttemptId attempt, double cpu_s);

  std::map<AttemptId, double> counted_;
  std::set<AttemptId> unknown_;
  double used_s_ = 0;
};

}  // namespace hearth::node_agent
