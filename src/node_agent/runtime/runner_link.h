// The agent's end of the connection to one runner.
//
// Lives on the agent's loop thread. Tells each message that arrives and, once, that the runner is
// gone: the process dead as far as it is known, and reaped if it was our child. After detach()
// it tells nothing more; the runner stays.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "node_agent/runner/messages.h"
#include "node_agent/runtime/runner_process.h"

namespace hearth::node_agent {

class RunnerLink : public std::enable_shared_from_this<RunnerLink> {
 public:
  struct Handlers {
    std::function<void(const runner::RunnerMessage&)> on_message;
    std::function<void()> on_gone;
  };

  static std::shared_ptr<RunnerLink> open(boost::asio::io_context& io, RunnerProcess process,
                                          Handlers handlers);

  void send(const runner::AgentMessage& message);
  void detach();
  // Detaches and kills the runner, which has no task: dead when this returns, at most a second
  // later.
  void end_process();

 private:
  RunnerLink(boost::asio::io_context& io, RunnerProcess process, Handlers handlers);
  void watch_process();
  void wait_readable();
  void read_available();
  bool take_lines();
  void flush();
  void close();
  void wait_for_death();
  void report_gone();

  boost::asio::local::stream_protocol::socket socket_;
  boost::asio::posix::stream_descriptor process_;  // a pidfd: readable when the process has ended
  boost::asio::steady_timer patience_;
  pid_t pid_;
  Handlers handlers_;
  std::string inbox_;
  std::string outbox_;
  bool writing_ = false;
  bool closed_ = false;
};

}  // namespace hearth::node_agent
