#include "node_agent/runtime/task_cpu.h"

#include <algorithm>
#include <utility>

namespace hearth::node_agent {

void TaskCpu::advance(AttemptId attempt, double cpu_s) {
  if (cpu_s <= 0) return;
  auto& counted = counted_[attempt];
  if (unknown_.erase(attempt) > 0) counted = cpu_s;
  used_s_ += std::max(0.0, cpu_s - counted);
  counted = std::max(counted, cpu_s);
}

void TaskCpu::ended(AttemptId attempt, double cpu_s) {
  advance(attempt, cpu_s);
  counted_.erase(attempt);
  unknown_.erase(attempt);
}

double TaskCpu::take(const CpuTimeRead& now) {
  for (const auto& item : now.items) advance(item.attempt, item.cpu_s);
  return std::exchange(used_s_, 0.0);
}

}  // namespace hearth::node_agent
