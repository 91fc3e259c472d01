// Runs an Agent in real time: the one thread that owns all of the agent's mutable state.
//
// Everything here happens on the thread that runs the io_context. Events go in one after another;
// the commands of each are carried out in order before the next. SIGTERM-wise: stop() ends the
// stream and the timers, and leaves runners and their tasks alone.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "node_agent/core/agent.h"
#include "node_agent/runtime/local_control.h"
#include "node_agent/runtime/runner_pool.h"
#include "node_agent/runtime/scheduler_link.h"
#include "node_agent/runtime/task_cpu.h"
#include "node_agent/runtime/task_keeper.h"
#include "node_agent/sensors/heater.h"
#include "node_agent/store/agent_state_store.h"

namespace hearth::node_agent {

struct AgentLoopConfig {
  std::string state_directory;
  Duration sensor_period{std::chrono::seconds{1}};
  Duration clock_period{std::chrono::seconds{10}};
  RunnerPoolConfig runners;
  OutputTailLimits tails;
};

class AgentLoop final : public LinkEvents {
 public:
  struct Parts {
    AgentStateStore& state;
    ResultSpool& spool;
    Heater& heater;
    SchedulerLink& link;
    ArtifactCache& artifacts;
    ArtifactTransfer& transfer;
    std::function<void(std::function<void()>)> run_on_pool;
  };

  AgentLoop(boost::asio::io_context& io, AgentLoopConfig config, const AgentConfig& agent,
            Parts parts);

  // Finds what earlier agents left, listens for local control, then opens the stream. Fails where
  // the state directory cannot be used.
  Result<> start();

  // `done` is called once the stream has ended; nothing more happens then.
  void stop(std::function<void()> done);

  Result<std::uint64_t> next_session_counter() override;
  void on_opened(std::uint64_t epoch, std::uint64_t session_counter) override;
  void on_said(std::uint64_t epoch, protocol::SchedulerMessage message,
               std::string payload) override;
  void on_output_wanted(const protocol::ReadOutput& question) override;
  void on_closed(const std::string& reason) override;
  bool has_waiting_work() const override { return agent_.waiting_count() > 0; }
  std::optional<std::string> load_result(AttemptId attempt) override;

 private:
  struct Execute;

  void on_runners_found(std::vector<RunnersFound::Running> running);
  void post(Event event);
  void apply(const Event& event);
  void on_runner_event(Event event);
  void arm_timer();
  void read_clock();
  void read_sensors();
  nlohmann::json control(const ControlRequest& request);
  nlohmann::json status() const;

  boost::asio::io_context& io_;
  AgentLoopConfig config_;
  protocol::NodeFacts facts_;
  protocol::Setpoint default_setpoint_;
  Parts parts_;
  Agent agent_;
  RunnerPool runners_;
  TaskKeeper tasks_;
  TaskCpu cpu_;
  std::unique_ptr<LocalControl> control_;
  std::vector<protocol::HeldAttempt> spooled_at_start_;
  std::deque<Event> events_;
  bool applying_ = false;
  bool stopping_ = false;
  std::set<std::string> failures_told_;
  boost::asio::steady_timer deadline_timer_;
  boost::asio::steady_timer sensor_timer_;
  boost::asio::steady_timer clock_timer_;
  std::optional<TimePoint> armed_for_;
  TimePoint sensors_read_at_;
  std::optional<std::uint64_t> connected_epoch_;
};

}  // namespace hearth::node_agent
