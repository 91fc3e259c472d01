// The agent's local control: a Unix socket in its state directory, for its owner only.
//
// Works without the scheduler. Each line is answered once the agent has carried it out. Requests
// are handed over and answered on the thread that runs the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "common/result.h"
#include "node_agent/runtime/control_protocol.h"

namespace hearth::node_agent {

class LocalControl {
 public:
  using Handler = std::function<nlohmann::json(const ControlRequest&)>;

  // Listens at `path`, replacing a socket that a dead agent left there: the caller holds the state
  // directory's lock. kUnavailable with the reason.
  static Result<std::unique_ptr<LocalControl>> listen(boost::asio::io_context& io,
                                                      const std::string& path, Handler handler);
  ~LocalControl();

 private:
  LocalControl(boost::asio::io_context& io, std::string path, Handler handler);
  void accept();

  boost::asio::local::stream_protocol::acceptor acceptor_;
  std::string path_;
  std::shared_ptr<Handler> handler_;
};

// Asks the agent that runs with this state directory; blocks for at most 10 s. The answer has
// "ok": true. kUnavailable: none is running, or it does not answer; kFailedPrecondition: it
// refused, with its reason.
Result<nlohmann::json> ask_agent(const std::string& state_directory, const ControlRequest& request);

// STATE/control.sock
std::string control_socket_path(const std::string& state_directory);

}  // namespace hearth::node_agent
