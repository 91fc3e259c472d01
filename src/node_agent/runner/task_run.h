// One attempt from its directory to its report: started, watched, slowed, stopped, and over only
// when no process of it is left.
//
// A state machine without a loop of its own: whoever owns it (runner, bench) polls its descriptors,
// SIGCHLD and next_deadline(), and calls in. One at a time per process, because every process below
// this one counts as the task's. Needs adopt_runner_role() before.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "node_agent/runner/capture.h"
#include "node_agent/runner/confinement.h"
#include "node_agent/runner/messages.h"
#include "node_agent/runner/task_directory.h"

namespace hearth::node_agent::runner {

using SteadyTime = std::chrono::steady_clock::time_point;

struct TaskOptions {
  std::size_t output_bytes_max = 1024 * 1024;  // stdout and stderr each
  std::optional<uid_t> user;                   // tasks run as this user; only root can
  Duration freeze_period{500};                 // of the duty cycle between 0 and 1000 permille
  Duration leftover_grace{500};                // SIGTERM to SIGKILL for what outlives the program
  Confinement* confinement = nullptr;          // outlives every task; null: isolation level none
};

class TaskRun {
 public:
  // Makes the directory and starts the program; finished() at once if that fails.
  TaskRun(StartOrder order, const TaskOptions& options, SteadyTime now);

  AttemptId attempt() const { return order_.attempt; }
  bool started() const { return main_ > 0; }
  bool finished() const { return phase_ == Phase::kFinished; }
  // The report, which lies in status.json, too. Only when finished().
  const protocol::AttemptReport& report() const { return report_; }

  // To poll for reading, then call on_output(); -1: nothing more to come.
  int output_descriptor() const { return output_.reader(); }
  int error_descriptor() const { return error_.reader(); }
  void on_output();
  // The same for what tells how a walled-off program ended.
  int control_descriptor() const { return sandbox_ ? sandbox_->control_descriptor() : -1; }
  void on_control(SteadyTime now);

  void on_children_changed(SteadyTime now);  // SIGCHLD
  void on_time(SteadyTime now);              // next_deadline() has passed; harmless before
  SteadyTime next_deadline() const;

  // SIGTERM to the whole tree, after `grace` SIGKILL. Ignored once the program has ended by itself.
  void stop(protocol::FailureClass failure, std::string message, Duration grace, SteadyTime now);
  // 1000: full speed, 0: frozen, between: a duty cycle of SIGSTOP and SIGCONT.
  void set_speed(int permille, SteadyTime now);
  // Frozen whatever the speed, while nobody watches over the heat.
  void hold(bool held, SteadyTime now);

  // As read at the last look, twice a second.
  Usage usage() const;

 private:
  enum class Phase { kRunning, kTerminating, kKilling, kFinished };

  void begin(const TaskOptions& options, SteadyTime now);
  Result<pid_t> launch_program(Launch task);
  Result<> make_files(const TaskOptions& options);
  Result<> bring_out();
  void bring_out_or_fail();
  void end_unstarted(const Error& error, protocol::FailureClass failure);
  void account(SteadyTime now);
  bool should_be_frozen(SteadyTime now) const;
  void update_frozen(SteadyTime now);
  void watch(SteadyTime now);
  bool over_memory(std::uint64_t resident_bytes, const std::vector<pid_t>& processes) const;
  void terminate(Duration grace, SteadyTime now);
  void kill_all(SteadyTime now);
  void reap(pid_t process, int status, const rusage& used);
  void finish(SteadyTime now);
  void judge();
  void judge_result();
  bool is_out_of_memory() const;
  std::vector<pid_t> processes() const;
  void write_status();

  StartOrder order_;
  TaskPaths paths_;
  TaskOptions options_;
  std::vector<LinkedInput> linked_;
  std::optional<Sandbox> sandbox_;
  Capture output_;
  Capture error_;
  protocol::AttemptReport report_;

  Phase phase_ = Phase::kRunning;
  pid_t main_ = -1;                 // the program, or its warden
  std::optional<int> main_status_;  // as waitpid gives it
  bool stopped_ = false;            // by order or limit: report_.failure and message are set

  int permille_ = 1000;
  bool held_ = false;
  bool frozen_ = false;
  SteadyTime cycle_start_;
  SteadyTime accounted_until_;
  std::chrono::nanoseconds nominal_{0};

  SteadyTime next_watch_;
  SteadyTime act_at_;  // kTerminating: when to kill; kKilling: when to kill again
  double reaped_cpu_s_ = 0;
  double live_cpu_s_ = 0;
  std::uint64_t memory_bytes_ = 0;
  std::uint64_t killed_before_ = 0;  // for memory, in the same control group
};

}  // namespace hearth::node_agent::runner
