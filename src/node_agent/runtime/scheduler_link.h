// The seam between the agent's loop and its connection to the scheduler.
//
// rpc/ implements SchedulerLink over a gRPC stream; the loop implements LinkEvents. Everything here
// is called on the loop's thread; a LinkEvents function may call the link back from inside.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/result.h"
#include "protocol/output.h"
#include "protocol/stream.h"

namespace hearth::node_agent {

class LinkEvents {
 public:
  virtual ~LinkEvents() = default;

  // The number of the stream that is about to open, kept on disk before it is used.
  virtual Result<std::uint64_t> next_session_counter() = 0;

  virtual void on_opened(std::uint64_t epoch, std::uint64_t session_counter) = 0;
  // `payload`: with StartAttempt, the task's payload.
  virtual void on_said(std::uint64_t epoch, protocol::SchedulerMessage message,
                       std::string payload) = 0;
  // To be answered with SchedulerLink::answer().
  virtual void on_output_wanted(const protocol::ReadOutput& question) = 0;
  // Once for each on_opened().
  virtual void on_closed(const std::string& reason) = 0;

  // Whether there is work beyond what runs: then nobody waits for what we say, and it may wait a
  // moment for more to go with it.
  virtual bool has_waiting_work() const = 0;

  // A spooled result as a serialized hearth.node.v1.TaskResult; nothing if it is gone.
  virtual std::optional<std::string> load_result(AttemptId attempt) = 0;
};

class SchedulerLink {
 public:
  virtual ~SchedulerLink() = default;

  // Opens a stream, and again after each one that ended, with growing pauses.
  virtual void start(LinkEvents& events) = 0;
  // Ends the stream for good; `done` is called when nothing of it is left.
  virtual void stop(std::function<void()> done) = 0;

  // Queues a message for the open stream; dropped where there is none.
  virtual void send(const protocol::AgentMessage& message) = 0;
  virtual void answer(const protocol::OutputRead& read) = 0;
  // Queues a result; it is loaded and sent when the scheduler's credit allows.
  virtual void offer(AttemptId attempt) = 0;
  // Drops the stream; another try follows.
  virtual void close(const std::string& reason) = 0;
};

}  // namespace hearth::node_agent
