// The agent's stream to the scheduler: opened again whenever it ends, written in batches.
//
// Lives on the loop's thread. The first message of each stream is the scheduler's Welcome; then
// LinkEvents hears on_opened and the loop answers with Hello. A pause between two tries grows from
// reconnect_min to reconnect_max, with jitter; refused as another installation's node, or for its
// certificate, it is slow.
#pragma once

#include <grpcpp/channel.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "common/random.h"
#include "common/time.h"
#include "node_agent/rpc/connect_call.h"
#include "node_agent/rpc/result_credit.h"
#include "node_agent/runtime/scheduler_link.h"
#include "tls/certificate.h"

namespace hearth::node_agent {

struct SchedulerStreamConfig {
  Duration reconnect_min{200};
  Duration reconnect_max{std::chrono::seconds{10}};
  Duration refused_pause{std::chrono::seconds{10}};
};

// With keepalive, over TLS where credentials are staged (CredentialWatch), and reconnecting as fast
// as the stream tries.
std::shared_ptr<grpc::Channel> open_channel(
    const std::string& address, const SchedulerStreamConfig& config,
    const std::optional<tls::CredentialPaths>& staged = std::nullopt);

class SchedulerStream final : public SchedulerLink {
 public:
  SchedulerStream(boost::asio::io_context& io, std::shared_ptr<grpc::Channel> channel,
                  SchedulerStreamConfig config);
  ~SchedulerStream() override;

  void start(LinkEvents& events) override;
  void stop(std::function<void()> done) override;
  void send(const protocol::AgentMessage& message) override;
  void answer(const protocol::OutputRead& read) override;
  void offer(AttemptId attempt) override;
  void close(const std::string& reason) override;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void connect();
  void on_message(const node::v1::ConnectResponse& response);
  bool welcome(const node::v1::ConnectResponse& response);
  void hear(std::uint64_t epoch, const node::v1::SchedulerMessage& message);
  void on_done(const grpc::Status& status);
  void connect_after(Duration pause);
  Duration next_pause(const grpc::Status& status);
  void enqueue(node::v1::AgentMessage message);
  void pump_results();
  void flush_soon();
  void flush();

  boost::asio::io_context& io_;
  std::unique_ptr<node::v1::NodeService::Stub> stub_;
  SchedulerStreamConfig config_;
  LinkEvents* events_ = nullptr;
  boost::asio::steady_timer retry_timer_;
  boost::asio::steady_timer flush_timer_;
  Random random_;
  std::shared_ptr<ConnectCall> call_;
  std::function<void()> stopped_;  // set: no further streams
  std::string close_reason_;
  bool open_ = false;  // on_opened was told
  bool flush_waits_ = false;
  SteadyTime opened_at_;
  int failures_ = 0;
  std::deque<node::v1::AgentMessage> outbox_;
  ResultCredit credit_;
};

}  // namespace hearth::node_agent
