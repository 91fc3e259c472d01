// The runner's loop: one listening socket, one agent, one task at a time.
//
// Single-threaded, poll(2), no timers finer than a task's own. A new connection replaces the old
// one: the newest agent is the right one. The agent's silence freezes the task; its return thaws
// it.
#pragma once

#include <optional>
#include <string>

#include "node_agent/runner/descriptor.h"
#include "node_agent/runner/messages.h"
#include "node_agent/runner/task_run.h"

namespace hearth::node_agent::runner {

struct ServerOptions {
  int listen_descriptor = -1;
  Duration watchdog{std::chrono::seconds{30}};   // silence after which the task is frozen
  Duration idle_exit{std::chrono::seconds{60}};  // without task and agent
  TaskOptions task;
};

class Server {
 public:
  explicit Server(ServerOptions options);

  // Serves until there is nothing left to do. Fails if it could not begin.
  Result<> run();

 private:
  bool is_over(SteadyTime now) const;
  int wait_ms(SteadyTime now) const;
  void turn();
  void accept_agent(SteadyTime now);
  void read_agent(SteadyTime now);
  void drop_agent();
  void read_signals(SteadyTime now);
  void obey(AgentMessage message, SteadyTime now);
  void start(StartOrder order, SteadyTime now);
  void say(const RunnerMessage& message);
  void flush();
  void check_task(SteadyTime now);

  ServerOptions options_;
  Descriptor listen_;
  Descriptor signals_;
  Descriptor agent_;
  std::string inbox_;
  std::string outbox_;
  std::optional<TaskRun> task_;
  SteadyTime last_sign_of_life_;
  SteadyTime next_usage_;
  SteadyTime send_at_;    // not before, unless more is to be said
  bool leaving_ = false;  // exit as soon as no task runs
};

}  // namespace hearth::node_agent::runner
