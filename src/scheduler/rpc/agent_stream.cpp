#include "scheduler/rpc/agent_stream.h"

#include "common/log.h"
#include "scheduler/rpc/access.h"
#include "scheduler/rpc/session_table.h"
#include "wire/node.h"
#include "wire/output.h"
#include "wire/status.h"

namespace hearth::scheduler {
namespace {

constexpr std::size_t kOutboxBytesMax = 64 << 20;

struct Heard {
  std::vector<Said> said;
  std::vector<protocol::OutputRead> output;  // is no business of the core's
};

// All messages of a request in order, or the first one's problem.
Result<Heard> from_wire(node::v1::ConnectRequest& request) {
  Heard heard;
  auto& said = heard.said;
  said.reserve(static_cast<std::size_t>(request.messages_size()));
  for (auto& in : *request.mutable_messages()) {
    if (in.has_output_read()) {
      HEARTH_TRY(read, wire::from_wire(in.output_read()));
      heard.output.push_back(std::move(read));
      continue;
    }
    Said one;
    if (in.has_task_result()) {
      HEARTH_TRY(tails, wire::tails_from_wire(in.task_result()));
      one.bytes.tails = std::move(tails);
      one.bytes.body = std::move(*in.mutable_task_result()->mutable_result());
      if (one.bytes.body.size() > protocol::kResultBytesMax) {
        return fail(ErrorCode::kInvalidArgument, "task_result.result: over 64 KiB");
      }
    }
    HEARTH_TRY(message, wire::from_wire(in));
    one.message = std::move(message);
    said.push_back(std::move(one));
  }
  return heard;
}

// We speak our version and the one before.
Result<> check_greeting(const protocol::AgentMessage& message) {
  const auto* hello = std::get_if<protocol::Hello>(&message);
  if (hello == nullptr) {
    return fail(ErrorCode::kInvalidArgument, "the first message is not Hello");
  }
  const auto version = hello->protocol_version;
  if (version == protocol::kProtocolVersion || version == protocol::kProtocolVersion - 1) return {};
  return fail(ErrorCode::kFailedPrecondition,
              "protocol version " + std::to_string(version) + ": this scheduler speaks " +
                  std::to_string(protocol::kProtocolVersion) + " and the one before");
}

}  // namespace

AgentStream::AgentStream(SessionTable& table, grpc::CallbackServerContext& context,
                         std::unique_ptr<OpenCalls::Entry> entry)
    : table_(table), context_(context), entry_(std::move(entry)) {
  table_.loop().post([this] {
    session_ = table_.add(*this);
    if (table_.loop().stopping()) {
      finish({grpc::StatusCode::UNAVAILABLE, "the scheduler is stopping: connect again"});
      return;
    }
    if (const auto& why = table_.loop().degraded(); !why.empty()) {
      finish({grpc::StatusCode::UNAVAILABLE, why});  // it goes on without us, and keeps results
      return;
    }
    send(table_.welcome());
    read_on();
  });
}

void AgentStream::send(const protocol::SchedulerMessage& message) {
  if (final_status_) return;
  outbox_.push(message);
  queued();
}

void AgentStream::ask(const protocol::ReadOutput& question) {
  if (final_status_) return;
  outbox_.push(question);
  queued();
}

void AgentStream::queued() {
  if (outbox_.bytes() > kOutboxBytesMax) {
    log::warn("outbox_overflowed", {{"session", session_}, {"bytes", outbox_.bytes()}});
    finish({grpc::StatusCode::UNAVAILABLE, "the agent does not keep up with its messages"});
    context_.TryCancel();  // a write that nobody takes would hold the call open
    return;
  }
  if (!writing_) table_.pump_soon(session_);
}

void AgentStream::pump() {
  if (writing_ || final_status_) return;
  response_.Clear();
  const auto missing = outbox_.take(table_.payloads(), response_);
  if (missing) table_.fetch_payload(*missing, session_);
  if (response_.messages_size() == 0) return;
  response_.set_epoch(table_.epoch());
  for (auto& message : *response_.mutable_messages()) {
    if (message.has_welcome()) {
      message.mutable_welcome()->set_result_credit_bytes(table_.result_credit_bytes());
    }
  }
  writing_ = true;
  StartWrite(&response_);
}

void AgentStream::finish(grpc::Status status) {
  if (final_status_) return;
  final_status_ = std::move(status);
  table_.ended(session_);
  if (!writing_) Finish(*final_status_);
}

void AgentStream::read_on() {
  if (!final_status_) StartRead(&request_);
}

// A node speaks for itself alone. Without TLS anybody may.
Result<> AgentStream::check_own_node(const protocol::AgentMessage& hello) const {
  const auto caller = caller_of(context_);
  const auto& node = std::get<protocol::Hello>(hello).facts.node.value;
  if (caller.role != tls::Role::kNode || caller.name == node) return {};
  return fail(ErrorCode::kFailedPrecondition,
              "node " + node + ": the certificate is of node " + caller.name);
}

void AgentStream::OnReadDone(bool ok) {
  auto& loop = table_.loop();
  if (!ok) {
    loop.post([this] { finish(grpc::Status::OK); });
    return;
  }
  const auto bytes = request_.ByteSizeLong();
  auto heard = from_wire(request_);
  if (heard && !heard->said.empty() && !std::exchange(greeted_, true)) {
    const auto& first = heard->said.front().message;
    if (auto sound = check_greeting(first); !sound) {
      heard = tl::unexpected(sound.error());
    } else if (auto own = check_own_node(first); !own) {
      heard = tl::unexpected(own.error());
    } else if (std::get<protocol::Hello>(first).serves_output) {
      loop.post([this] { table_.set_serves_output(session_); });
    }
  }
  if (!heard) {
    loop.post([this, status = wire::to_status(heard.error())] {
      log::warn("agent_message_refused",
                {{"session", session_}, {"error", status.error_message()}});
      finish(status);
    });
    return;
  }
  if (!heard->output.empty()) {
    loop.post([this, output = std::move(heard->output)]() mutable {
      for (auto& read : output) table_.output_read(session_, std::move(read));
    });
  }
  loop.post_said(session_, bytes, std::move(heard->said),
                 [&table = table_, session = session_] { table.read_on(session); });
}

void AgentStream::OnWriteDone(bool ok) {
  table_.loop().post([this, ok] {
    writing_ = false;
    if (final_status_) {
      Finish(*final_status_);
    } else if (ok) {
      pump();
    } else {
      finish({grpc::StatusCode::UNAVAILABLE, "the stream broke"});
    }
  });
}

void AgentStream::OnCancel() {
  table_.loop().post([this] { finish(grpc::Status::CANCELLED); });
}

void AgentStream::OnDone() {
  entry_.reset();
  table_.loop().post([this] { delete this; });
}

}  // namespace hearth::scheduler
