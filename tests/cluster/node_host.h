// The real agent core on a simulated computer: runners and the spool outlive the agent, nothing
// but the installation outlives a power cut.
#pragma once

#include <memory>
#include <set>

#include "node_agent/core/agent.h"
#include "scheduler_host.h"

namespace hearth::cluster {

class NodeHost {
 public:
  NodeHost(World& world, SchedulerHost& scheduler, std::string name, int cores);

  void start_agent();
  void kill_agent();  // runners go on
  void power_cut();   // everything that ran is gone
  void disconnect();
  void block_network(bool blocked);
  void set_air_temperature(double celsius) { air_c_ = celsius; }
  [[nodiscard]] bool is_up() const { return agent_ != nullptr; }

  // How long a task runs, and whether it fails of itself.
  std::function<Duration(TaskId)> run_time;
  std::function<bool(TaskId)> fails;

  // What really happened here.
  std::map<AttemptId, protocol::FailureClass> ended;
  std::uint64_t executions = 0;
  std::uint64_t stops = 0;
  // Asked whenever a result is forgotten: nobody may forget what is not durable.
  std::function<void(const protocol::AttemptReport&)> on_forget;

 private:
  struct Running {
    TaskId task;
    protocol::JobSpec spec;
    std::uint64_t run = 0;
  };

  void apply(const node_agent::Event& event);
  void execute(const node_agent::Command& command);
  void end_task(AttemptId attempt, protocol::FailureClass failure);
  void arm_timer();
  void sense();
  void try_to_connect();

  World& world_;
  SchedulerHost& scheduler_;
  node_agent::AgentConfig config_;
  node_agent::AgentState state_;
  std::unique_ptr<node_agent::Agent> agent_;
  std::uint64_t life_ = 0;
  std::uint64_t session_counter_ = 0;
  std::uint64_t connections_ = 0;
  std::shared_ptr<Stream> stream_;
  bool blocked_ = false;
  double air_c_ = 18.0;

  std::uint64_t last_run_ = 0;
  std::map<AttemptId, Running> running_;
  std::map<AttemptId, protocol::AttemptReport> unfetched_;  // ended while no agent was there
  std::map<AttemptId, protocol::AttemptReport> spool_;
};

}  // namespace hearth::cluster
