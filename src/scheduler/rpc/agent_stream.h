// One agent's Connect call. All decisions are made on the loop's thread; gRPC's callbacks only
// convert and post. It deletes itself once the call is done.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "hearth/node/v1/node.pb.h"
#include "scheduler/rpc/open_calls.h"
#include "scheduler/rpc/outbox.h"
#include "scheduler/runtime/event_loop.h"

namespace hearth::scheduler {

class SessionTable;

class AgentStream final
    : public grpc::ServerBidiReactor<node::v1::ConnectRequest, node::v1::ConnectResponse> {
 public:
  // `entry`: ends it when the agent's certificate is not believed any more; none in the clear.
  AgentStream(SessionTable& table, grpc::CallbackServerContext& context,
              std::unique_ptr<OpenCalls::Entry> entry);

  // ---- the loop's thread

  void send(const protocol::SchedulerMessage& message);
  void ask(const protocol::ReadOutput& question);

  // Writes what is queued, as far as payloads and the wire allow.
  void pump();

  // Ends the call with this status, after a write under way; the core hears of it at once.
  void finish(grpc::Status status);

  void read_on();

  [[nodiscard]] std::size_t outbox_bytes() const { return outbox_.bytes(); }

 private:
  Result<> check_own_node(const protocol::AgentMessage& hello) const;
  void queued();
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  SessionTable& table_;
  grpc::CallbackServerContext& context_;
  std::unique_ptr<OpenCalls::Entry> entry_;
  node::v1::ConnectRequest request_;  // gRPC's from read_on() to OnReadDone, then the callback's

  bool greeted_ = false;  // the read callbacks only

  // The loop's thread only.
  SessionId session_;
  Outbox outbox_;
  node::v1::ConnectResponse response_;
  bool writing_ = false;
  std::optional<grpc::Status> final_status_;
};

}  // namespace hearth::scheduler
