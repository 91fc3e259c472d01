// The agent's slots: hands attempts to runner processes and tells what became of them.
//
// Fulfils StartTask, StopTask and SetSpeed, and answers with AttemptStarted and AttemptEnded. A
// runner is started when a slot is first needed, and outlives this object and its process. Each
// attempt has a directory (runner/task_directory.h) that stays until forget(). Lives on the agent's
// loop thread; events are never given from inside a call made here.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node_agent/core/command.h"
#include "node_agent/core/event.h"
#include "node_agent/runner/confinement.h"
#include "node_agent/runner/messages.h"
#include "node_agent/runtime/runner_link.h"

namespace hearth::node_agent {

struct RunnerPoolConfig {
  std::string state_directory;  // absolute; holds runners/ and tasks/
  std::string runner_path;      // the hearth-runner binary
  std::string node;             // what tasks see as HEARTH_NODE
  int slots = 1;
  std::size_t output_bytes_max = 1024 * 1024;    // stdout and stderr each
  Duration watchdog{std::chrono::seconds{30}};   // agent silent this long: tasks are frozen
  Duration idle_exit{std::chrono::seconds{60}};  // runners without task and agent end
  Duration freeze_period{500};                   // one cycle of a slowed task
  std::optional<uid_t> task_user;                // as root only
  bool user_per_slot = false;                    // slot n runs as the n-th user after task_user
  runner::ConfinementOptions confinement;        // user, group and root are each slot's own
};

// The words that start the runner of a slot, without those that spawn_runner() adds.
std::vector<std::string> runner_command(const RunnerPoolConfig& config, int slot);

class RunnerPool {
 public:
  using EventHandler = std::function<void(Event)>;
  using FoundHandler = std::function<void(std::vector<RunnersFound::Running>)>;

  RunnerPool(boost::asio::io_context& io, RunnerPoolConfig config, EventHandler on_event);
  ~RunnerPool();  // like a crash: runners and tasks go on

  // Connects to the runners from before and looks through the directories of attempts; calls
  // `found` once with those that run or have ended unheard, then tells AttemptEnded for the latter.
  // `spooled`: attempts whose results the agent holds already; their directories are left alone.
  // Nothing else may be called before `found`. Fails if the directories cannot be made.
  Result<> start(std::set<AttemptId> spooled, FoundHandler found);

  // Inputs: absolute sources and targets below the scratch directory. `payload`: absolute path of
  // the task's payload, empty if it has none; not needed any more once AttemptStarted is told.
  void start_task(const StartTask& order, std::vector<runner::InputFile> inputs,
                  std::string payload);
  // Both do nothing for attempts that are not running: AttemptEnded is on its way.
  void stop_task(const StopTask& order);
  void set_speed(const SetSpeed& order);

  // CPU time of every running attempt, as its runner last told it (twice a second).
  CpuTimeRead cpu_times() const;

  // Where task, stdout, stderr, result and scratch of an attempt lie (runner::TaskPaths).
  std::string task_directory(AttemptId attempt) const;

  // Deletes the directory of an ended attempt, if there is one.
  void forget(AttemptId attempt);

  // Runner processes that are connected.
  std::size_t runner_count() const;

  // An orderly goodbye: runners without a task end at once instead of after `idle_exit`.
  void close();

 private:
  struct Slot {
    std::shared_ptr<RunnerLink> link;  // null: no runner
    bool greeted = false;
    bool takes_secrets = false;   // once greeted
    bool grants_network = false;  // the same
    std::optional<AttemptId> attempt;
  };
  struct Attempt {
    int slot = 0;
    TaskId task;
    double cpu_s = 0;
  };

  std::string runners_directory() const;
  void connect(int slot, RunnerProcess process);
  Result<> ensure_runner(int slot);
  void replace_if_outdated(int slot, const protocol::JobSpec& spec);
  std::optional<int> free_slot() const;
  RunnerLink* link_of(AttemptId attempt);
  void on_message(int slot, const runner::RunnerMessage& message);
  void on_ended(const protocol::AttemptReport& report);
  void on_gone(int slot);
  void gather_when_greeted();
  void gather();
  std::optional<RunnersFound::Running> adopt(const std::string& name,
                                             std::vector<protocol::AttemptReport>& ended);
  protocol::AttemptReport bury(AttemptId attempt, TaskId task);
  void tell(Event event);
  void ping();

  boost::asio::io_context& io_;
  RunnerPoolConfig config_;
  std::shared_ptr<EventHandler> on_event_;  // shared with posted calls, so that they see our end
  boost::asio::steady_timer ping_timer_;
  boost::asio::steady_timer greeting_timer_;
  std::map<int, Slot> slots_;
  std::map<AttemptId, Attempt> running_;
  std::set<AttemptId> spooled_;
  FoundHandler found_;
  bool gathered_ = false;
};

}  // namespace hearth::node_agent
