// Serves hearth.fleet.v1.FleetService from the core's views.
#pragma once

#include "hearth/fleet/v1/fleet.grpc.pb.h"
#include "scheduler/rpc/calls.h"

namespace hearth::scheduler {

class FleetService final : public fleet::v1::FleetService::CallbackService {
 public:
  explicit FleetService(Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* ListNodes(grpc::CallbackServerContext* context,
                                      const fleet::v1::ListNodesRequest* request,
                                      fleet::v1::ListNodesResponse* response) override;
  grpc::ServerUnaryReactor* ListZones(grpc::CallbackServerContext* context,
                                      const fleet::v1::ListZonesRequest* request,
                                      fleet::v1::ListZonesResponse* response) override;
  grpc::ServerUnaryReactor* SetHoliday(grpc::CallbackServerContext* context,
                                       const fleet::v1::SetHolidayRequest* request,
                                       fleet::v1::SetHolidayResponse* response) override;
  grpc::ServerUnaryReactor* SetSetpoint(grpc::CallbackServerContext* context,
                                        const fleet::v1::SetSetpointRequest* request,
                                        fleet::v1::SetSetpointResponse* response) override;
  grpc::ServerUnaryReactor* ExplainZone(grpc::CallbackServerContext* context,
                                        const fleet::v1::ExplainZoneRequest* request,
                                        fleet::v1::ExplainZoneResponse* response) override;
  grpc::ServerUnaryReactor* DrainNode(grpc::CallbackServerContext* context,
                                      const fleet::v1::DrainNodeRequest* request,
                                      fleet::v1::DrainNodeResponse* response) override;

  // node_calls.cpp
  grpc::ServerUnaryReactor* QuarantineNode(grpc::CallbackServerContext* context,
                                           const fleet::v1::QuarantineNodeRequest* request,
                                           fleet::v1::QuarantineNodeResponse* response) override;
  grpc::ServerUnaryReactor* ReleaseNode(grpc::CallbackServerContext* context,
                                        const fleet::v1::ReleaseNodeRequest* request,
                                        fleet::v1::ReleaseNodeResponse* response) override;
  grpc::ServerUnaryReactor* LabelNode(grpc::CallbackServerContext* context,
                                      const fleet::v1::LabelNodeRequest* request,
                                      fleet::v1::LabelNodeResponse* response) override;

  // heat_service.cpp
  grpc::ServerUnaryReactor* GetNode(grpc::CallbackServerContext* context,
                                    const fleet::v1::GetNodeRequest* request,
                                    fleet::v1::GetNodeResponse* response) override;
  grpc::ServerUnaryReactor* GetZone(grpc::CallbackServerContext* context,
                                    const fleet::v1::GetZoneRequest* request,
                                    fleet::v1::GetZoneResponse* response) override;
  grpc::ServerUnaryReactor* GetZoneHistory(grpc::CallbackServerContext* context,
                                           const fleet::v1::GetZoneHistoryRequest* request,
                                           fleet::v1::GetZoneHistoryResponse* response) override;
  grpc::ServerUnaryReactor* ListSites(grpc::CallbackServerContext* context,
                                      const fleet::v1::ListSitesRequest* request,
                                      fleet::v1::ListSitesResponse* response) override;
  grpc::ServerUnaryReactor* GetSite(grpc::CallbackServerContext* context,
                                    const fleet::v1::GetSiteRequest* request,
                                    fleet::v1::GetSiteResponse* response) override;
  grpc::ServerUnaryReactor* SetSiteCap(grpc::CallbackServerContext* context,
                                       const fleet::v1::SetSiteCapRequest* request,
                                       fleet::v1::SetSiteCapResponse* response) override;
  grpc::ServerUnaryReactor* GetCapacity(grpc::CallbackServerContext* context,
                                        const fleet::v1::GetCapacityRequest* request,
                                        fleet::v1::GetCapacityResponse* response) override;

 private:
  // Applies an event about one node and answers with the node.
  void change_node(grpc::ServerUnaryReactor* reactor, Event event, const NodeId& node,
                   fleet::v1::Node* out);
  Backend& backend_;
};

}  // namespace hearth::scheduler
