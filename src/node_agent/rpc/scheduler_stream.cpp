#include "node_agent/rpc/scheduler_stream.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <random>

#include "common/check.h"
#include "common/log.h"
#include "tls/channel.h"
#include "wire/node.h"
#include "wire/output.h"

namespace hearth::node_agent {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kBatchMessagesMax = 200;
constexpr std::size_t kBatchBytesMax = 1024 * 1024;
constexpr int kMessageBytesMax = 64 * 1024 * 1024;
// Small results of many short tasks go in one write: it waits so long for more, while the node has
// work to go on with, or none.
constexpr Duration kLingerBusy{50};
constexpr Duration kLinger{5};
constexpr int kKeepaliveTimeMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 5'000;
constexpr Duration kLongEnough{std::chrono::seconds{2}};  // a stream that lived so long was sound
constexpr int kFailuresMax = 16;
constexpr int kJitterPercent = 50;

}  // namespace

std::shared_ptr<grpc::Channel> open_channel(const std::string& address,
                                            const SchedulerStreamConfig& config,
                                            const std::optional<tls::CredentialPaths>& staged) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  const auto pause_ms = static_cast<int>(config.reconnect_min.count());
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, pause_ms);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, std::max(pause_ms, 1000));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
                   static_cast<int>(config.reconnect_max.count()));
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  const auto credentials =
      staged ? tls::client_credentials(*staged) : grpc::InsecureChannelCredentials();
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

SchedulerStream::SchedulerStream(boost::asio::io_context& io,
                                 std::shared_ptr<grpc::Channel> channel,
                                 SchedulerStreamConfig config)
    : io_(io),
      stub_(node::v1::NodeService::NewStub(std::move(channel))),
      config_(config),
      retry_timer_(io),
      flush_timer_(io),
      random_(std::random_device{}()) {}

SchedulerStream::~SchedulerStream() {
  CHECK(!call_);  // stop() first, and run the loop until it says done
}

void SchedulerStream::start(LinkEvents& events) {
  events_ = &events;
  connect();
}

void SchedulerStream::stop(std::function<void()> done) {
  stopped_ = std::move(done);
  retry_timer_.cancel();
  if (call_) return call_->cancel();
  boost::asio::post(io_, stopped_);
}

void SchedulerStream::connect() {
  close_reason_.clear();
  call_ = ConnectCall::open(
      io_, *stub_,
      {[this](const node::v1::ConnectResponse& response) { on_message(response); },
       [this] { flush_soon(); }, [this](const grpc::Status& status) { on_done(status); }});
}

void SchedulerStream::on_message(const node::v1::ConnectResponse& response) {
  if (!stopped_ && close_reason_.empty() && (open_ || welcome(response))) {
    for (const auto& message : response.messages()) {
      hear(response.epoch(), message);
      if (!close_reason_.empty()) break;
    }
  }
  call_->read_next();
}

// The first message of a stream. Whether the stream is open now.
bool SchedulerStream::welcome(const node::v1::ConnectResponse& response) {
  if (response.messages().empty() || !response.messages(0).has_welcome()) {
    close("the scheduler did not begin with Welcome");
    return false;
  }
  const auto session_counter = events_->next_session_counter();
  if (!session_counter) {
    log::error("session_counter_not_kept", {{"reason", session_counter.error().message}});
    close("no session counter");
    return false;
  }
  credit_.reset(response.messages(0).welcome().result_credit_bytes());
  open_ = true;
  opened_at_ = SteadyClock::now();
  log::info("stream_opened", {{"epoch", response.epoch()}, {"session", *session_counter}});
  events_->on_opened(response.epoch(), *session_counter);
  return true;
}

void SchedulerStream::hear(std::uint64_t epoch, const node::v1::SchedulerMessage& message) {
  if (message.has_read_output()) {
    const auto question = wire::from_wire(message.read_output());
    if (!question) return close(question.error().message);
    return events_->on_output_wanted(*question);
  }
  auto heard = wire::from_wire(message);
  if (!heard) {
    log::error("message_not_understood", {{"reason", heard.error().message}});
    return close(heard.error().message);
  }
  if (const auto* acknowledged = std::get_if<protocol::ResultsAcknowledged>(&*heard)) {
    for (const auto attempt : acknowledged->attempts) credit_.acknowledged(attempt);
  }
  events_->on_said(epoch, std::move(*heard),
                   message.has_start_attempt() ? message.start_attempt().payload() : std::string{});
  if (message.has_results_acknowledged()) pump_results();
}

void SchedulerStream::on_done(const grpc::Status& status) {
  call_.reset();
  outbox_.clear();
  credit_.reset(0);
  const bool was_open = std::exchange(open_, false);
  const auto reason = close_reason_.empty() ? status.error_message() : close_reason_;
  if (was_open || failures_ == 0) {
    log::info("stream_closed",
              {{"code", static_cast<int>(status.error_code())}, {"reason", reason}});
  }
  if (was_open) events_->on_closed(reason);
  if (stopped_) return stopped_();
  if (was_open && SteadyClock::now() - opened_at_ >= kLongEnough) failures_ = 0;
  connect_after(next_pause(status));
}

Duration SchedulerStream::next_pause(const grpc::Status& status) {
  const auto jitter = static_cast<Duration::rep>(100 - random_.below(kJitterPercent));
  const bool mistrusted = status.error_code() == grpc::StatusCode::UNAUTHENTICATED ||
                          status.error_code() == grpc::StatusCode::PERMISSION_DENIED;
  if (mistrusted || status.error_code() == grpc::StatusCode::ALREADY_EXISTS) {
    log::warn("stream_refused",
              {{"reason", status.error_message()}, {"retry_s", to_seconds(config_.refused_pause)}});
    return config_.refused_pause * jitter / 100;
  }
  if (status.error_code() == grpc::StatusCode::FAILED_PRECONDITION ||
      status.error_code() == grpc::StatusCode::INVALID_ARGUMENT) {
    log::error("stream_refused", {{"reason", status.error_message()}});
  }
  const Duration pause = std::min(config_.reconnect_max, config_.reconnect_min * (1 << failures_));
  failures_ = std::min(failures_ + 1, kFailuresMax);
  return pause * jitter / 100;
}

void SchedulerStream::connect_after(Duration pause) {
  retry_timer_.expires_after(pause);
  retry_timer_.async_wait([this](const boost::system::error_code& stopped) {
    if (!stopped && !stopped_) connect();
  });
}

void SchedulerStream::close(const std::string& reason) {
  if (!call_ || !close_reason_.empty()) return;
  close_reason_ = reason;
  call_->cancel();
}

void SchedulerStream::send(const protocol::AgentMessage& message) {
  if (!open_) return;
  // Only the newest telemetry counts: a stream that stalls must not fill the memory.
  if (std::holds_alternative<protocol::Report>(message)) {
    std::erase_if(outbox_, [](const auto& queued) { return queued.has_report(); });
  }
  node::v1::AgentMessage out;
  wire::to_wire(message, &out);
  enqueue(std::move(out));
}

void SchedulerStream::answer(const protocol::OutputRead& read) {
  if (!open_) return;
  node::v1::AgentMessage out;
  wire::to_wire(read, out.mutable_output_read());
  enqueue(std::move(out));
}

void SchedulerStream::offer(AttemptId attempt) {
  if (!open_) return;
  credit_.offer(attempt);
  pump_results();
}

void SchedulerStream::pump_results() {
  const auto load = [this](AttemptId attempt) { return events_->load_result(attempt); };
  while (const auto record = credit_.take(load)) {
    node::v1::AgentMessage message;
    if (message.mutable_task_result()->ParseFromString(*record)) enqueue(std::move(message));
  }
}

void SchedulerStream::enqueue(node::v1::AgentMessage message) {
  outbox_.push_back(std::move(message));
  flush_soon();
}

// What is sent within a moment goes in one write: each costs both sides several wake-ups.
void SchedulerStream::flush_soon() {
  if (outbox_.empty() || !call_ || call_->is_writing()) return;
  if (outbox_.size() >= kBatchMessagesMax) return flush();
  if (flush_waits_) return;
  flush_waits_ = true;
  flush_timer_.expires_after(events_->has_waiting_work() ? kLingerBusy : kLinger);
  flush_timer_.async_wait([this](const boost::system::error_code& stopped) {
    flush_waits_ = false;
    if (!stopped) flush();
  });
}

void SchedulerStream::flush() {
  if (!open_ || !call_ || call_->is_writing() || outbox_.empty()) return;
  node::v1::ConnectRequest request;
  std::size_t bytes = 0;
  while (!outbox_.empty() && bytes < kBatchBytesMax &&
         request.messages_size() < static_cast<int>(kBatchMessagesMax)) {
    const auto size = outbox_.front().ByteSizeLong();
    if (bytes > 0 && bytes + size > kBatchBytesMax) break;
    bytes += size;
    *request.add_messages() = std::move(outbox_.front());
    outbox_.pop_front();
  }
  call_->write(std::move(request));
}

}  // namespace hearth::node_agent
