#include "node_agent/runtime/task_cpu.h"

#include <gtest/gtest.h>

namespace hearth::node_agent {
namespace {

constexpr AttemptId kFirst{1, 1};
constexpr AttemptId kSecond{1, 2};

TEST(TaskCpu, CountsWhatWasUsedSinceTheLastPass) {
  TaskCpu cpu;
  EXPECT_DOUBLE_EQ(cpu.take({{{kFirst, 1.0}, {kSecond, 0.5}}}), 1.5);
  EXPECT_DOUBLE_EQ(cpu.take({{{kFirst, 3.0}, {kSecond, 0.5}}}), 2.0);
  EXPECT_DOUBLE_EQ(cpu.take({{{kFirst, 3.0}, {kSecond, 0.5}}}), 0.0);
}

TEST(TaskCpu, CountsTasksThatCameAndWentBetweenTwoPasses) {
  TaskCpu cpu;
  cpu.ended(kFirst, 0.25);
  EXPECT_DOUBLE_EQ(cpu.take({{{kSecond, 1.0}}}), 1.25);
  cpu.ended(kSecond, 1.75);
  EXPECT_DOUBLE_EQ(cpu.take({}), 0.75);
}

TEST(TaskCpu, LeavesOutWhatTasksUsedUnderAnotherAgent) {
  TaskCpu cpu;
  cpu.adopted(kFirst);
  EXPECT_DOUBLE_EQ(cpu.take({{{kFirst, 0.0}}}), 0.0);  // its runner has not told yet
  EXPECT_DOUBLE_EQ(cpu.take({{{kFirst, 100.0}}}), 0.0);
  EXPECT_DOUBLE_EQ(cpu.take({{{kFirst, 101.0}}}), 1.0);
  cpu.adopted(kSecond);
  cpu.ended(kSecond, 50.0);  // it ended before it was ever read
  EXPECT_DOUBLE_EQ(cpu.take({}), 0.0);
}

}  // namespace
}  // namespace hearth::node_agent
