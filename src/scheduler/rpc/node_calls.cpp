// FleetService's calls that change what operators think of a node.
#include "scheduler/rpc/fleet_service.h"
#include "scheduler/rpc/ownership.h"
#include "scheduler/rpc/views.h"
#include "wire/checks.h"

namespace hearth::scheduler {
namespace {

constexpr std::size_t kLabelBytesMax = 256;

Result<LabelsRequested> parse(const fleet::v1::LabelNodeRequest& request) {
  LabelsRequested event{0, NodeId{request.node_id()}, {}};
  const auto refused = [](const std::string& problem) {
    return fail(ErrorCode::kInvalidArgument, "labels: " + problem);
  };
  for (const auto& [key, value] : request.set()) {
    if (!is_valid_name(key)) return refused("not a name: " + key);
    if (value.size() > kLabelBytesMax) return refused(key + ": longer than 256 bytes");
    event.changes[key] = value;
  }
  for (const auto& key : request.remove()) {
    if (!is_valid_name(key)) return refused("not a name: " + key);
    if (!event.changes.emplace(key, std::nullopt).second && event.changes[key]) {
      return refused(key + ": set and removed at once");
    }
  }
  if (event.changes.empty()) return refused("nothing to set or to remove");
  return event;
}

}  // namespace

void FleetService::change_node(grpc::ServerUnaryReactor* reactor, Event event, const NodeId& node,
                               fleet::v1::Node* out) {
  backend_.loop.request(kCallBytes, std::move(event),
                        [this, node, out, reactor](const Result<JobReply>& reply) {
                          if (!reply) return reactor->Finish(wire::to_status(reply.error()));
                          const auto view = backend_.loop.scheduler().node(node);
                          if (view) to_wire(*view, out);
                          reactor->Finish(grpc::Status::OK);
                        });
}

grpc::ServerUnaryReactor* FleetService::QuarantineNode(
    grpc::CallbackServerContext* context, const fleet::v1::QuarantineNodeRequest* request,
    fleet::v1::QuarantineNodeResponse* response) {
  audit(backend_, *context, "QuarantineNode", request->node_id(), request->reason());
  auto* reactor = context->DefaultReactor();
  if (request->reason().empty() || request->reason().size() > kReasonBytesMax) {
    return refuse(reactor, {ErrorCode::kInvalidArgument, "reason: not 1 to 256 bytes"});
  }
  const NodeId node{request->node_id()};
  change_node(reactor,
              QuarantineRequested{0, node, true, request->stop_running(), request->reason()}, node,
              response->mutable_node());
  return reactor;
}

grpc::ServerUnaryReactor* FleetService::ReleaseNode(grpc::CallbackServerContext* context,
                                                    const fleet::v1::ReleaseNodeRequest* request,
                                                    fleet::v1::ReleaseNodeResponse* response) {
  audit(backend_, *context, "ReleaseNode", request->node_id());
  auto* reactor = context->DefaultReactor();
  const NodeId node{request->node_id()};
  change_node(reactor, QuarantineRequested{0, node, false, false, {}}, node,
              response->mutable_node());
  return reactor;
}

grpc::ServerUnaryReactor* FleetService::LabelNode(grpc::CallbackServerContext* context,
                                                  const fleet::v1::LabelNodeRequest* request,
                                                  fleet::v1::LabelNodeResponse* response) {
  audit(backend_, *context, "LabelNode", request->node_id());
  auto* reactor = context->DefaultReactor();
  auto event = parse(*request);
  if (!event) return refuse(reactor, event.error());
  const auto node = event->node;
  change_node(reactor, std::move(*event), node, response->mutable_node());
  return reactor;
}

}  // namespace hearth::scheduler
