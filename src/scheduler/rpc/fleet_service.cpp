#include "scheduler/rpc/fleet_service.h"

#include "scheduler/rpc/fleet_pages.h"
#include "scheduler/rpc/heat_views.h"
#include "scheduler/rpc/ownership.h"
#include "scheduler/rpc/views.h"
#include "wire/fleet.h"

namespace hearth::scheduler {
namespace {

bool is_listed(const NodeView& view, const fleet::v1::ListNodesRequest& request) {
  if (!request.zone_id().empty() && view.facts.zone.value != request.zone_id()) return false;
  for (const auto& [key, value] : request.labels()) {
    const auto label = view.labels.find(key);
    if (label == view.labels.end() || label->second != value) return false;
  }
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
  const auto page = parse_name_page(*request);
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
  const auto page = parse_name_page(*request);
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
  audit(backend_, *context, "SetSetpoint", request->zone_id());
  audit(backend_, *context, "SetSetpoint", request->zone_id());
  auto* reactor = context->DefaultReactor();
  if (const auto own = check_own_zone(*context, request->zone_id()); !own) {
    return refuse(reactor, own.error());
  }
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

grpc::ServerUnaryReactor* FleetService::SetHoliday(grpc::CallbackServerContext* context,
                                                   const fleet::v1::SetHolidayRequest* request,
                                                   fleet::v1::SetHolidayResponse* response) {
  audit(backend_, *context, "SetHoliday", request->zone_id());
  audit(backend_, *context, "SetHoliday", request->zone_id());
  auto* reactor = context->DefaultReactor();
  if (const auto own = check_own_zone(*context, request->zone_id()); !own) {
    return refuse(reactor, own.error());
  }
  const ZoneId zone{request->zone_id()};
  HolidayRequested event{0, zone, {}};
  if (request->has_holiday()) {
    const auto holiday = wire::from_wire(request->holiday());
    if (!holiday) return refuse(reactor, holiday.error());
    event.holiday = *holiday;
  }
  backend_.loop.request(kCallBytes, event,
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
  if (const auto own = check_own_zone(*context, request->zone_id()); !own) {
    return refuse(reactor, own.error());
  }
  backend_.reader.view<Result<ZoneExplanation>>(
      [zone = ZoneId{request->zone_id()}](const Scheduler& scheduler) {
        return scheduler.explain_zone(zone);
      },
      [=](const Result<ZoneExplanation>& explanation) {
        if (!explanation) return reactor->Finish(wire::to_status(explanation.error()));
        to_wire(explanation->zone, response->mutable_zone());
        add_plan(explanation->zone.heat, response->mutable_zone()->mutable_heat());
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
  audit(backend_, *context, "DrainNode", request->node_id());
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
