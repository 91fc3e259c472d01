// An agent's side of the stream, as a test wants it: one call after another, each with a deadline.
#pragma once

#include <deque>

#include "harness.h"
#include "protocol/heat.h"

namespace hearth::scheduler {

class FakeAgent {
 public:
  explicit FakeAgent(const std::shared_ptr<grpc::Channel>& channel);
  ~FakeAgent();

  // Reads Welcome.
  const node::v1::Welcome& welcome();
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

  struct Greeting {
    std::string node = "n1";
    std::string installation = "i1";
    std::uint64_t session_counter = 1;
    int protocol_version = 1;
    int cores = 4;
    protocol::NodeKind kind = protocol::NodeKind::kNone;
    std::string site = "default";
    bool serves_output = true;
    bool residential = true;
    bool takes_secrets = true;
  };
  // Says everything: it holds nothing.
  void greet(const Greeting& greeting);
  void greet() { greet(Greeting{}); }

  void say(const node::v1::AgentMessage& message);

  // Reads on until there is one.
  node::v1::StartAttempt next_start();
  node::v1::JobDetails next_details();
  node::v1::SetpointOrdered next_setpoint();

  // The attempt succeeded, with these bytes; or it failed.
  void succeed(const node::v1::StartAttempt& start, const std::string& result);
  void fail(const node::v1::StartAttempt& start, int exit_code);

  void begin(const node::v1::StartAttempt& start);
  // It ended so, having printed `tail` at the end of `size_bytes` of stdout.
  void end(const node::v1::StartAttempt& start, int exit_code, const std::string& result,
           const std::string& tail, std::uint64_t size_bytes);

  // Reads on until it is asked what a task printed.
  node::v1::ReadOutput next_question();
  void answer(const node::v1::ReadOutput& question, const std::string& data,
              std::uint64_t size_bytes, bool ended);

  // Reads on until this attempt's result is acknowledged.
  void await_acknowledgement(const node::v1::AttemptId& attempt);

  // Reads on until the scheduler has ended the stream.
  grpc::Status await_end();

 private:
  bool read();
  template <class Take>
  void read_until(Take take);

  Context context_;
  std::unique_ptr<node::v1::NodeService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<node::v1::ConnectRequest, node::v1::ConnectResponse>>
      stream_;
  std::deque<node::v1::SchedulerMessage> inbox_;
  node::v1::Welcome welcome_;
  std::uint64_t epoch_ = 0;
  bool ended_ = false;
};

}  // namespace hearth::scheduler
