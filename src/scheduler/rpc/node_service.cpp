#include "scheduler/rpc/node_service.h"

#include "scheduler/rpc/agent_stream.h"

namespace hearth::scheduler {

grpc::ServerBidiReactor<node::v1::ConnectRequest, node::v1::ConnectResponse>* NodeService::Connect(
    grpc::CallbackServerContext* context) {
  return new AgentStream(sessions_, *context, entry_in(backend_.open_calls, *context));
}

}  // namespace hearth::scheduler
