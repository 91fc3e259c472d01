// Serves hearth.node.v1.NodeService: the agents' streams.
#pragma once

#include "hearth/node/v1/node.grpc.pb.h"
#include "scheduler/rpc/backend.h"
#include "scheduler/rpc/session_table.h"

namespace hearth::scheduler {

class NodeService final : public node::v1::NodeService::CallbackService {
 public:
  NodeService(Backend& backend, SessionTable& sessions) : backend_(backend), sessions_(sessions) {}

  grpc::ServerBidiReactor<node::v1::ConnectRequest, node::v1::ConnectResponse>* Connect(
      grpc::CallbackServerContext* context) override;

 private:
  Backend& backend_;
  SessionTable& sessions_;
};

}  // namespace hearth::scheduler
