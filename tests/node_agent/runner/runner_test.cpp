// Runners through restarts, silence and death of their agent, and their own.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/digest.h"
#include "node_agent/runner/process_tree.h"
#include "pool_harness.h"

namespace hearth::node_agent {
namespace {

using protocol::FailureClass;

using RunnerTest = PoolHarness;

// Runs until a file "go" appears; its process id is the first word of "ready".
constexpr const char* kRunUntilGo =
    "echo $$ > part; mv part ready; while [ ! -e go ]; do :; done; echo done > $HEARTH_RESULT";

TEST_F(RunnerTest, TaskEndsWithoutAgentAndIsFound) {
  const auto task = shell(kRunUntilGo);
  start_until_ready(task);
  crash_pool();
  touch(task.attempt, "scratch/go");
  wait_until([&] { return !content(task.attempt, "status.json").empty(); }, "the status file");
  open_pool();
  ASSERT_EQ(found_.size(), 1u);
  EXPECT_EQ(found_[0].spec, task.spec);
  const auto report = wait_for_end(task.attempt);
  EXPECT_EQ(report.failure, FailureClass::kNone) << report.message;
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(content(task.attempt, "result"), "done\n");
}

TEST_F(RunnerTest, RunningTaskIsAdopted) {
  auto task = shell(kRunUntilGo);
  task.spec.labels = {{"desk", "fx"}};
  task.spec.deadline = UtcTime{Duration{1'800'000'000'123}};
  const int pid = std::stoi(start_until_ready(task).at(0));
  crash_pool();
  open_pool();
  ASSERT_EQ(found_.size(), 1u);
  EXPECT_EQ(found_[0].attempt, task.attempt);
  EXPECT_EQ(found_[0].task, task.task);
  EXPECT_EQ(found_[0].spec, task.spec);
  EXPECT_TRUE(is_alive(pid));
  EXPECT_EQ(run_shell("true").failure, FailureClass::kNone);  // beside it, in the other slot
  touch(task.attempt, "scratch/go");
  EXPECT_EQ(wait_for_end(task.attempt).failure, FailureClass::kNone);
}

// Every file below the state directory.
bool is_anywhere(const std::string& directory, const std::string& text) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator{directory}) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file{entry.path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    if (bytes.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST_F(RunnerTest, ATaskHasItsSecretsAndNoFileDoes) {
  auto task = shell(
      "digest=$(printf %s \"$KEY\" | sha256sum); echo $$ > part; mv part ready;"
      "while [ ! -e go ]; do :; done; echo $digest > $HEARTH_RESULT");
  task.spec.secrets = {{"KEY", protocol::Secret{"correct-horse"}}};
  const int pid = std::stoi(start_until_ready(task).at(0));
  EXPECT_FALSE(is_anywhere(directory_, "correct-horse")) << "while it runs";
  crash_pool();
  open_pool();
  ASSERT_EQ(found_.size(), 1u);
  EXPECT_TRUE(found_[0].spec.secrets.empty()) << "they are on no disk";
  EXPECT_TRUE(is_alive(pid)) << "and not needed any more";
  touch(task.attempt, "scratch/go");
  EXPECT_EQ(wait_for_end(task.attempt).failure, FailureClass::kNone);
  EXPECT_EQ(content(task.attempt, "result"), sha256("correct-horse") + " -\n");
  EXPECT_FALSE(is_anywhere(directory_, "correct-horse"));
}

// Listens where the runner of slot 0 does and greets like one from before secrets.
pid_t start_older_runner(const std::string& directory) {
  std::filesystem::create_directories(directory + "/runners");
  const int listening = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = directory + "/runners/slot-0.sock";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(listening, 1), 0);
  const pid_t runner = ::fork();
  if (runner != 0) {
    ::close(listening);
    return runner;
  }
  const int agent = ::accept(listening, nullptr, nullptr);
  char line[64];
  const int length =
      std::snprintf(line, sizeof line, "{\"type\":\"hello\",\"pid\":%d}\n", ::getpid());
  (void)!::write(agent, line, static_cast<std::size_t>(length));
  for (;;) ::pause();
}

TEST_F(RunnerTest, ARunnerFromBeforeSecretsIsReplacedByWhoNeedsThem) {
  const pid_t older = start_older_runner(directory_);
  open_pool();
  EXPECT_EQ(pool_->runner_count(), 1u);
  EXPECT_TRUE(is_alive(older));
  auto task = shell("printf %s \"$KEY\" > $HEARTH_RESULT");
  task.spec.secrets = {{"KEY", protocol::Secret{"correct-horse"}}};
  EXPECT_EQ(run(task).failure, FailureClass::kNone);
  EXPECT_EQ(content(task.attempt, "result"), "correct-horse");
  EXPECT_FALSE(is_alive(older));
}

TEST_F(RunnerTest, SpooledResultsAreNotFoundAgain) {
  const auto report = run_shell("true");
  crash_pool();
  open_pool({report.attempt});
  EXPECT_TRUE(found_.empty());
  EXPECT_TRUE(std::filesystem::exists(pool_->task_directory(report.attempt)));
}

TEST_F(RunnerTest, SilentAgentFreezesTheTaskAndItsReturnThawsIt) {
  config_.watchdog = Duration{600};
  const auto task = shell(kRunUntilGo);
  const int pid = std::stoi(start_until_ready(task).at(0));
  crash_pool();
  wait_until([&] { return state_of(pid) == 'T'; }, "the freeze");
  open_pool();
  wait_until([&] { return state_of(pid) != 'T'; }, "the thaw");
  touch(task.attempt, "scratch/go");
  EXPECT_EQ(wait_for_end(task.attempt).failure, FailureClass::kNone);
}

TEST_F(RunnerTest, SpeedZeroFreezesAndFullSpeedThaws) {
  const auto task = shell(kRunUntilGo);
  const int pid = std::stoi(start_until_ready(task).at(0));
  pool_->set_speed({task.attempt, 0});
  wait_until([&] { return state_of(pid) == 'T'; }, "the freeze");
  pool_->set_speed({task.attempt, 1000});
  wait_until([&] { return state_of(pid) != 'T'; }, "the thaw");
  touch(task.attempt, "scratch/go");
  EXPECT_EQ(wait_for_end(task.attempt).failure, FailureClass::kNone);
}

TEST_F(RunnerTest, FrozenTimeCountsTowardNoLimit) {
  auto task = shell("while :; do :; done");
  task.spec.maximum_run_time = Duration{200};
  open_pool();
  pool_->start_task(task, {}, {});
  pool_->set_speed({task.attempt, 100});
  const auto report = wait_for_end(task.attempt);
  EXPECT_EQ(report.failure, FailureClass::kTimeLimit);
  // A tenth of the time at a tenth of the speed; a third leaves room for a busy machine.
  EXPECT_GE(report.finished_at - report.started_at, 3 * report.nominal_run_time);
  EXPECT_LE(report.usage.cpu_s, 2 * to_seconds(report.nominal_run_time));
}

TEST_F(RunnerTest, CpuTimeIsToldWhileRunning) {
  const auto task = shell(kRunUntilGo);
  start_until_ready(task);
  wait_until(
      [&] {
        const auto read = pool_->cpu_times();
        return read.items.size() == 1 && read.items[0].cpu_s > 0;
      },
      "CPU time");
  touch(task.attempt, "scratch/go");
  EXPECT_GT(wait_for_end(task.attempt).usage.cpu_s, 0);
  EXPECT_TRUE(pool_->cpu_times().items.empty());
}

TEST_F(RunnerTest, KilledRunnerCostsTheAttemptOnly) {
  const auto task = shell("(setsid sleep 1000 & echo $$ $! > part; mv part ready); sleep 1000");
  const auto pids = start_until_ready(task);
  ::kill(runner::processes_below().at(0), SIGKILL);
  const auto report = wait_for_end(task.attempt);
  EXPECT_EQ(report.failure, FailureClass::kAgentError);
  EXPECT_EQ(report.message, "the node's runner died");
  for (const auto& pid : pids) {
    wait_until([&] { return !is_alive(std::stoi(pid)); }, "the leftovers' end");
  }
  EXPECT_EQ(run_shell("true").failure, FailureClass::kNone);
}

TEST_F(RunnerTest, RunnerKilledWhileTheAgentWasAway) {
  const auto task = shell("echo $$ > part; mv part ready; sleep 1000");
  const int pid = std::stoi(start_until_ready(task).at(0));
  crash_pool();
  ::kill(runner::processes_below().at(0), SIGKILL);
  wait_until([] { return !any_process_left(); }, "the runner's end");
  open_pool();
  EXPECT_EQ(found_.size(), 1u);
  EXPECT_EQ(wait_for_end(task.attempt).failure, FailureClass::kAgentError);
  wait_until([&] { return !is_alive(pid); }, "the leftover's end");
}

TEST_F(RunnerTest, SlotsAreUsedAgainAndAreNoMoreThanAllowed) {
  config_.slots = 1;
  const auto task = shell(kRunUntilGo);
  start_until_ready(task);
  const auto refused = run_shell("true");
  EXPECT_EQ(refused.failure, FailureClass::kAgentError);
  EXPECT_EQ(refused.message, "no slot is free");
  touch(task.attempt, "scratch/go");
  wait_for_end(task.attempt);
  EXPECT_EQ(run_shell("true").failure, FailureClass::kNone);
}

TEST_F(RunnerTest, ForgottenAttemptsLeaveNoFiles) {
  const auto report = run_shell("mkdir -p a/b; touch a/b/c; chmod 555 a/b a");
  pool_->forget(report.attempt);
  EXPECT_FALSE(std::filesystem::exists(pool_->task_directory(report.attempt)));
  wait_until([&] { return std::filesystem::is_empty(directory_ + "/tasks"); }, "the deletion");
  pool_->forget(report.attempt);  // again: nothing happens
}

TEST_F(RunnerTest, IdleRunnerWithoutAgentEnds) {
  config_.idle_exit = Duration{100};
  run_shell("true");
  EXPECT_TRUE(any_process_left());
  crash_pool();
  wait_until([] { return !any_process_left(); }, "the idle runner's end");
}

TEST_F(RunnerTest, MissingRunnerBinaryIsSaidSo) {
  config_.runner_path = directory_ + "/no-runner";
  const auto report = run_shell("true");
  EXPECT_EQ(report.failure, FailureClass::kAgentError);
  EXPECT_THAT(report.message, testing::HasSubstr("no-runner: No such file or directory"));
}

TEST_F(RunnerTest, DeepStateDirectoriesWork) {
  config_.state_directory += "/" + std::string(200, 'd');
  open_pool();
  const auto task = shell("true");
  pool_->start_task(task, {}, {});
  EXPECT_EQ(wait_for_end(task.attempt).failure, FailureClass::kNone);
}

TEST(RunnerProgram, ExplainsItself) {
  const std::string runner = HEARTH_RUNNER_PATH;
  EXPECT_EQ(std::system((runner + " --help | grep -q watchdog").c_str()), 0);
  EXPECT_EQ(std::system((runner + " --wrong 1 2>&1 | grep -q 'not understood: --wrong 1'").c_str()),
            0);
  EXPECT_EQ(std::system((runner + " 2>&1 | grep -q 'listen-fd is not a listening socket'").c_str()),
            0);
}

}  // namespace
}  // namespace hearth::node_agent
