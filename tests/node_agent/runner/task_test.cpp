// What a task sees and what becomes of it, as docs/TASKS.md says.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "pool_harness.h"

namespace hearth::node_agent {
namespace {

using protocol::FailureClass;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

using TaskTest = PoolHarness;

TEST_F(TaskTest, SucceedsWithAResult) {
  const auto report = run_shell("printf 42 > \"$HEARTH_RESULT\"");
  EXPECT_EQ(report.failure, FailureClass::kNone) << report.message;
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(report.message, "");
  EXPECT_EQ(report.task, (TaskId{{7}, 12}));
  EXPECT_GT(report.started_at, UtcTime{});
  EXPECT_GE(report.finished_at, report.started_at);
  EXPECT_GT(report.usage.peak_memory_bytes, 0u);
  EXPECT_EQ(content(report.attempt, "result"), "42");
  EXPECT_TRUE(started_.contains(report.attempt));
}

TEST_F(TaskTest, FailsWithItsExitCodeAndLastWords) {
  const auto report = run_shell("echo first >&2; echo 'no such trade' >&2; echo >&2; exit 3");
  EXPECT_EQ(report.failure, FailureClass::kUserError);
  EXPECT_EQ(report.exit_code, 3);
  EXPECT_EQ(report.message, "exit code 3: no such trade");
}

TEST_F(TaskTest, DiesOfASignal) {
  const auto report = run_shell("kill -SEGV $$");
  EXPECT_EQ(report.failure, FailureClass::kUserError);
  EXPECT_EQ(report.exit_code, std::nullopt);
  EXPECT_EQ(report.message, "killed by signal 11 (Segmentation fault)");
}

TEST_F(TaskTest, CannotBeStarted) {
  const auto report = run(order({"./x"}));
  EXPECT_EQ(report.failure, FailureClass::kUserError);
  EXPECT_EQ(report.exit_code, std::nullopt);
  EXPECT_EQ(report.message, "cannot start: ./x: No such file or directory");
  EXPECT_EQ(report.started_at, UtcTime{});
  EXPECT_FALSE(started_.contains(report.attempt));
}

TEST_F(TaskTest, ResultMayHave64KiB) {
  EXPECT_EQ(run_shell("head -c 65536 /dev/zero > $HEARTH_RESULT").failure, FailureClass::kNone);
  const auto report = run_shell("head -c 65537 /dev/zero > $HEARTH_RESULT");
  EXPECT_EQ(report.failure, FailureClass::kUserError);
  EXPECT_EQ(report.message, "result: 65537 bytes, over the limit of 65536");
}

TEST_F(TaskTest, ResultMustBeAFile) {
  EXPECT_EQ(run_shell("ln -s /etc/passwd $HEARTH_RESULT").message, "result: not a regular file");
}

TEST_F(TaskTest, KeepsBothEndsOfWhatItPrints) {
  config_.output_bytes_max = 4096;
  const auto report = run_shell("seq 1 5000; seq 1 3 >&2");
  const auto output = content(report.attempt, "stdout");
  EXPECT_THAT(output, StartsWith("1\n2\n"));
  EXPECT_THAT(output, EndsWith("\n4999\n5000\n"));
  EXPECT_THAT(output, HasSubstr("\n[... 19797 bytes cut by hearth ...]\n"));
  EXPECT_EQ(content(report.attempt, "stderr"), "1\n2\n3\n");
}

TEST_F(TaskTest, SeesTheDocumentedEnvironmentAndNoOther) {
  ::setenv("AGENT_SECRET", "1", 1);
  auto task = order({"env"});
  task.spec.environment = {{"BOOK", "b1"}, {"LANG", "de_DE"}};
  task.spec.resources.cores = 2;
  const auto report = run(task, {}, make_file("payload", "p"));
  auto text = content(report.attempt, "stdout");
  std::vector<std::string> lines;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
    lines.push_back(text.substr(0, end));
    text.erase(0, end + 1);
  }
  const auto directory = directory_ + "/tasks/a1.1";
  EXPECT_THAT(
      lines,
      testing::UnorderedElementsAre(
          "BOOK=b1", "LANG=de_DE", "PATH=/usr/local/bin:/usr/bin:/bin",
          "HOME=" + directory + "/scratch", "TMPDIR=" + directory + "/scratch",
          "HEARTH_SCRATCH=" + directory + "/scratch", "HEARTH_RESULT=" + directory + "/result",
          "HEARTH_PAYLOAD=" + directory + "/payload", "HEARTH_JOB=j7", "HEARTH_TASK_INDEX=12",
          "HEARTH_ATTEMPT=a1.1", "HEARTH_CORES=2", "HEARTH_NODE=n1"));
}

TEST_F(TaskTest, InheritsNothing) {
  const auto report = run_shell(
      "grep -E '^(SigBlk|SigIgn|NoNewPrivs)' /proc/self/status; ls /proc/self/fd | tr '\\n' ' ';"
      "cat /proc/self/oom_score_adj; umask; ulimit -c; cat; pwd");
  EXPECT_EQ(content(report.attempt, "stdout"),
            "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nNoNewPrivs:\t1\n"
            "0 1 2 3 500\n0077\n0\n" +
                path_of(report.attempt, "scratch") + "\n");
}

TEST_F(TaskTest, IndexIsPutIntoArguments) {
  const auto report = run(order({"echo", "{index}", "slice-{index}-{index}.csv"}));
  EXPECT_EQ(content(report.attempt, "stdout"), "12 slice-12-12.csv\n");
}

TEST_F(TaskTest, HasAPayloadOnlyIfThereIsOne) {
  const auto with = run(shell("cat $HEARTH_PAYLOAD"), {}, make_file("p", "slice 3"));
  EXPECT_EQ(content(with.attempt, "stdout"), "slice 3");
  const auto without = run_shell("echo ${HEARTH_PAYLOAD-none}");
  EXPECT_EQ(content(without.attempt, "stdout"), "none\n");
}

TEST_F(TaskTest, InputsAreReadOnly) {
  const auto report = run(shell("cat data/in.txt; stat -c %a data/in.txt tool; ./tool"),
                          {{make_file("a", "input\n"), "data/in.txt", false},
                           {make_file("b", "#!/bin/sh\necho ran\n"), "tool", true}});
  EXPECT_EQ(content(report.attempt, "stdout"), "input\n444\n555\nran\n");
}

TEST_F(TaskTest, ProgramAmongItsInputsNeedsNoPath) {
  const auto report =
      run(order({"tool"}), {{make_file("b", "#!/bin/sh\necho ran\n"), "tool", true}});
  EXPECT_EQ(content(report.attempt, "stdout"), "ran\n") << report.message;
}

TEST_F(TaskTest, InputThatItChangesIsNotTrustedAgain) {
  const auto source = make_file("a", "input\n");
  const auto report =
      run(shell("chmod u+w in.txt; echo other >> in.txt"), {{source, "in.txt", false}});
  EXPECT_EQ(report.failure, FailureClass::kUserError);
  EXPECT_EQ(report.message, "changed its input in.txt; inputs are read-only");
  EXPECT_FALSE(std::filesystem::exists(source));
}

TEST_F(TaskTest, MissingInputIsSaidSo) {
  const auto report = run(shell("true"), {{directory_ + "/gone", "in.txt", false}});
  EXPECT_EQ(report.failure, FailureClass::kInputMissing);
  EXPECT_THAT(report.message, HasSubstr("gone: No such file or directory"));
}

TEST_F(TaskTest, EndsAtItsTimeLimit) {
  auto task = shell("exec sleep 1000");
  task.spec.maximum_run_time = Duration{200};
  const auto report = run(task);
  EXPECT_EQ(report.failure, FailureClass::kTimeLimit);
  EXPECT_EQ(report.message, "ran longer than its limit of 200ms");
  EXPECT_GE(report.nominal_run_time, Duration{200});
}

TEST_F(TaskTest, EndsAtItsMemoryLimit) {
  auto task = shell("cat /dev/zero | tail -c 100000000");
  task.spec.resources.memory_bytes = 32u << 20;
  const auto report = run(task);
  EXPECT_EQ(report.failure, FailureClass::kOutOfMemory);
  EXPECT_THAT(report.message, HasSubstr("over its limit of 32 MiB"));
  EXPECT_GT(report.usage.peak_memory_bytes, 32u << 20);
}

TEST_F(TaskTest, StopKillsTheWholeTree) {
  const auto task = shell(
      "trap '' TERM; ( setsid sh -c 'echo $$ $PPID > part; mv part ready; exec sleep 1000' & ) &"
      "sleep 1000");
  const auto daemon = std::stoi(start_until_ready(task).at(0));
  pool_->stop_task({task.attempt, FailureClass::kCancelled, Duration{100}});
  const auto report = wait_for_end(task.attempt);
  EXPECT_EQ(report.failure, FailureClass::kCancelled);
  EXPECT_EQ(report.exit_code, std::nullopt);
  EXPECT_FALSE(is_alive(daemon));
}

TEST_F(TaskTest, StopLeavesTimeToEndInOrder) {
  const auto task =
      shell("trap 'echo saved > saved; exit 0' TERM; echo > ready; while :; do sleep 0.01; done");
  start_until_ready(task);
  pool_->set_speed({task.attempt, 0});  // a frozen one, too
  pool_->stop_task({task.attempt, FailureClass::kHeat, std::chrono::seconds{60}});
  const auto report = wait_for_end(task.attempt);
  EXPECT_EQ(report.failure, FailureClass::kHeat);
  EXPECT_EQ(content(task.attempt, "scratch/saved"), "saved\n");
}

TEST_F(TaskTest, WhatOutlivesTheProgramIsKilled) {
  const auto report = run_shell("(setsid sleep 1000 & echo $! > pid); exit 0");
  EXPECT_EQ(report.failure, FailureClass::kNone) << report.message;
  EXPECT_FALSE(is_alive(std::stoi(content(report.attempt, "scratch/pid"))));
}

TEST_F(TaskTest, RunsAsTheSlotsUser) {
  if (::getuid() != 0) GTEST_SKIP() << "only root can give a task another user";
  config_.task_user = 65534;
  const auto report = run_shell("id -u; id -G; echo 1 > $HEARTH_RESULT; kill -0 $PPID");
  EXPECT_EQ(content(report.attempt, "stdout"), "65534\n65534\n") << report.message;
  EXPECT_EQ(content(report.attempt, "result"), "1\n");
  EXPECT_THAT(report.message, HasSubstr("exit code 1"));  // the runner is out of its reach
}

}  // namespace
}  // namespace hearth::node_agent
