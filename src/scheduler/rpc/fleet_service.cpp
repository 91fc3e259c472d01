#include "scheduler/rpc/fleet_service.h"

#include "scheduler/rpc/cursor.h"
#include "scheduler/rpc/views.h"
#include "wire/fleet.h"

namespace hearth::scheduler {
namespace {

constexpr std::size_t kCallBytes = 1024;

template <class Request>
std::string query_of(Request request) {
  request.clear_page_size();
  request.clear_page_token();
  return request.GetTypeName() + request.SerializeAsString();
}

struct Page {
  std::string query;
  std::string after;  // a name
  std::size_t limit = 0;
};

template <class Request>
Result<Page> parse_page(const Request& request) {
  Page page{query_of(request), {}, 0};
  HEARTH_TRY(limit, page_size(request.page_size()));
  HEARTH_TRY(after, parse_page_token(page.query, request.page_token()));
  page.limit = limit;
  page.after = after;
  return page;
}

const std::string& name_of(const NodeView& view) {
  return view.facts.node.value;
}
const std::string& name_of(const ZoneView& view) {
  return view.zone.value;
}

// Drops what is not on the page; the token of the next one where there is more.
template <class View>
std::string cut(std::vector<View>& views, const Page& page) {
  std::erase_if(views, [&](const View& view) { return name_of(view) <= page.after; });
  if (views.size() <= page.limit) return {};
  views.resize(page.limit);
  return to_page_token(page.query, name_of(views.back()));
}

bool is_listed(const NodeView& view, const fleet::v1::ListNodesRequest& request) {
  if (!request.zone_id().empty() && view.facts.zone.value != request.zone_id()) return false;
  switch (request.state()) {
    case fleet::v1::NODE_STATE_ONLINE:
      return view.state == NodeState::kOnline;
    case fleet::v1::NODE_STATE_SILENT:
      return view.state == NodeState::kSilent;
    case fleet::v1::NODE_STATE_LOST:
      return view.state == NodeState::kLost;
    default:
      return true;
  }
}

Error unknown_zone(const std::string& zone) {
  return {ErrorCode::kNotFound, "zone " + zone + ": unknown"};
}

}  // namespace

grpc::ServerUnaryReactor* FleetService::ListNodes(grpc::CallbackServerContext* context,
                                                  const fleet::v1::ListNodesRequest* request,
                                                  fleet::v1::ListNodesResponse* response) {
  using Nodes = std::pair<std::vector<NodeView>, std::string>;
  auto* reactor = context->DefaultReactor();
  const auto page = parse_page(*request);
  if (!page) return refuse(reactor, page.error());
  if (!fleet::v1::NodeState_IsValid(request->state())) {
    return refuse(reactor, {ErrorCode::kInvalidArgument,
                            "state: unknown: " + std::to_string(request->state())});
  }
  backend_.reader.view<Nodes>(
      [=, page = *page](const Scheduler& scheduler) {
        auto nodes = scheduler.nodes();
        std::erase_if(nodes, [&](const NodeView& view) { return !is_listed(view, *request); });
        auto token = cut(nodes, page);
        return Nodes{std::move(nodes), std::move(token)};
      },
      [=](const Nodes& nodes) {
        for (const auto& view : nodes.first) to_wire(view, response->add_nodes());
        response->set_next_page_token(nodes.second);
        reactor->Finish(grpc::Status::OK);
      },
      refusal(reactor));
  return reactor;
}

grpc::ServerUnaryReactor* FleetService::ListZones(grpc::CallbackServerContext* context,
                                                  const fleet::v1::ListZonesRequest* request,
                                                  fleet::v1::ListZonesResponse* response) {
  using Zones = std::pair<std::vector<ZoneView>, std::string>;
  auto* reactor = context->DefaultReactor();
  const auto page = parse_page(*request);
  if (!page) return refuse(reactor, page.error());
  backend_.reader.view<Zones>(
      [page = *page](const Scheduler& scheduler) {
        auto zones = scheduler.zones();
        auto token = cut(zones, page);
        return Zones{std::move(zones), std::move(token)};
      },
      [=](const Zones& zones) {
        for (const auto& view : zones.first) to_wire(view, response->add_zones());
        response->set_next_page_token(zones.second);
        reactor->Finish(grpc::Status::OK);
      },
      refusal(reactor));
  return reactor;
}

grpc::ServerUnaryReactor* FleetService::SetSetpoint(grpc::CallbackServerContext* context,
                                                    const fleet::v1::SetSetpointRequest* request,
                                                    fleet::v1::SetSetpointResponse* response) {
  auto* reactor = context->DefaultReactor();
  auto in = request->setpoint();
  in.clear_origin();
  in.clear_revision();
  const auto setpoint = wire::from_wire(in);
  if (!setpoint) return refuse(reactor, setpoint.error());
  const ZoneId zone{request->zone_id()};
  backend_.loop.request(kCallBytes, SetpointRequested{0, zone, *setpoint},
                        [this, zone, response, reactor](const Result<JobReply>& reply) {
                          if (!reply) return reactor->Finish(wire::to_status(reply.error()));
                          const auto view = backend_.loop.scheduler().zone(zone);
                          if (!view)
                            return reactor->Finish(wire::to_status(unknown_zone(zone.value)));
                          to_wire(*view, response->mutable_zone());
                          reactor->Finish(grpc::Status::OK);
                        });
  return reactor;
}

grpc::ServerUnaryReactor* FleetService::ExplainZone(grpc::CallbackServerContext* context,
                                                    const fleet::v1::ExplainZoneRequest* request,
                                                    fleet::v1::ExplainZoneResponse* response) {
  auto* reactor = context->DefaultReactor();
  backend_.reader.view<Result<ZoneExplanation>>(
      [zone = ZoneId{request->zone_id()}](const Scheduler& scheduler) {
        return scheduler.explain_zone(zone);
      },
      [=](const Result<ZoneExplanation>& explanation) {
        if (!explanation) return reactor->Finish(wire::to_status(explanation.error()));
        to_wire(explanation->zone, response->mutable_zone());
        response->set_summary(explanation->summary);
        for (const auto& fact : explanation->facts) response->add_facts(fact);
        reactor->Finish(grpc::Status::OK);
      },
      refusal(reactor));
  return reactor;
}

grpc::ServerUnaryReactor* FleetService::DrainNode(grpc::CallbackServerContext* context,
                                                  const fleet::v1::DrainNodeRequest* request,
                                                  fleet::v1::DrainNodeResponse* response) {
  auto* reactor = context->DefaultReactor();
  const NodeId node{request->node_id()};
  backend_.loop.request(kCallBytes,
                        DrainRequested{0, node, request->drain(), request->stop_running()},
                        [this, node, response, reactor](const Result<JobReply>& reply) {
                          if (!reply) return reactor->Finish(wire::to_status(reply.error()));
                          const auto view = backend_.loop.scheduler().node(node);
                          if (view) to_wire(*view, response->mutable_node());
                          reactor->Finish(grpc::Status::OK);
                        });
  return reactor;
}

}  // namespace hearth::scheduler
