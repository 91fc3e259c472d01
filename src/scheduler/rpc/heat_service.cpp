// FleetService's calls about single nodes and zones, buildings, and the fleet's capacity.
#include "common/log.h"
#include "scheduler/rpc/fleet_pages.h"
#include "scheduler/rpc/fleet_service.h"
#include "scheduler/rpc/heat_views.h"
#include "scheduler/rpc/ownership.h"
#include "scheduler/rpc/views.h"
#include "scheduler/runtime/clock.h"
#include "scheduler/store/telemetry_store.h"
#include "wire/checks.h"

namespace hearth::scheduler {
namespace {

constexpr std::size_t kReasonBytesMax = 256;

Error unknown(const std::string& what, const std::string& name) {
  return {ErrorCode::kNotFound, what + " " + name + ": unknown"};
}

std::optional<SiteView> find_site(const Scheduler& scheduler, const std::string& name) {
  for (auto& view : scheduler.sites()) {
    if (view.site.value == name) return std::move(view);
  }
  return std::nullopt;
}

Result<SiteCapRequested> parse(const fleet::v1::SetSiteCapRequest& request) {
  SiteCapRequested event{0, SiteId{request.site_id()}, std::nullopt};
  if (request.has_cap_w()) event.cap = SiteCap{Watts{request.cap_w()}, request.reason()};
  if (event.cap && !(event.cap->power.value >= 0 && event.cap->power.value < 1e12)) {
    return fail(ErrorCode::kInvalidArgument,
                "cap_w: not a power of 0 W or more: " + std::to_string(request.cap_w()));
  }
  if (request.reason().size() > kReasonBytesMax) {
    return fail(ErrorCode::kInvalidArgument, "reason: longer than 256 bytes");
  }
  return event;
}

// Hours and resolution, checked; zone and site are the caller's.
Result<HistoryQuery> parse(const fleet::v1::GetZoneHistoryRequest& request, UtcTime now) {
  constexpr std::uint32_t kHoursMax = 90 * 24;
  constexpr std::uint32_t kFineHoursMax = 24;
  const std::uint32_t most = request.fine() ? kFineHoursMax : kHoursMax;
  if (request.hours() > most) {
    return fail(ErrorCode::kInvalidArgument,
                "hours: not 1 to " + std::to_string(most) + ": " + std::to_string(request.hours()));
  }
  HistoryQuery query;
  query.zone = ZoneId{request.zone_id()};
  query.until = now;
  query.from = now - std::chrono::hours{request.hours() == 0 ? 24 : request.hours()};
  query.fine = request.fine();
  return query;
}

}  // namespace

grpc::ServerUnaryReactor* FleetService::GetZoneHistory(
    grpc::CallbackServerContext* context, const fleet::v1::GetZoneHistoryRequest* request,
    fleet::v1::GetZoneHistoryResponse* response) {
  auto* reactor = context->DefaultReactor();
  if (const auto own = check_own_zone(*context, request->zone_id()); !own) {
    return refuse(reactor, own.error());
  }
  const auto query = parse(*request, utc_now());
  if (!query) return refuse(reactor, query.error());
  if (backend_.telemetry == nullptr) {
    return refuse(reactor, {ErrorCode::kFailedPrecondition,
                            "this scheduler keeps no telemetry: see telemetry.enabled of hearthd"});
  }
  const auto answer = [=](const Result<std::vector<ZoneHistoryRow>>& rows) {
    if (!rows) {
      return void(refuse(reactor, {ErrorCode::kUnavailable, rows.error().message}));
    }
    for (const auto& row : *rows) to_wire(row, response->add_points());
    wire::to_wire(request->fine() ? kSamplePeriod : kSlot, response->mutable_step());
    reactor->Finish(grpc::Status::OK);
  };
  backend_.reader.view<std::optional<ZoneView>>(
      [request](const Scheduler& scheduler) { return scheduler.zone(ZoneId{request->zone_id()}); },
      [=, this, query = *query](const std::optional<ZoneView>& view) mutable {
        if (!view) return void(refuse(reactor, unknown("zone", request->zone_id())));
        query.site = view->site;
        backend_.telemetry->history(query, answer);
      },
      refusal(reactor));
  return reactor;
}

grpc::ServerUnaryReactor* FleetService::GetNode(grpc::CallbackServerContext* context,
                                                const fleet::v1::GetNodeRequest* request,
                                                fleet::v1::GetNodeResponse* response) {
  auto* reactor = context->DefaultReactor();
  backend_.reader.view<std::optional<NodeView>>(
      [request](const Scheduler& scheduler) { return scheduler.node(NodeId{request->node_id()}); },
      [=](const std::optional<NodeView>& view) {
        if (!view) return void(refuse(reactor, unknown("node", request->node_id())));
        to_wire(*view, response->mutable_node());
        reactor->Finish(grpc::Status::OK);
      },
      refusal(reactor));
  return reactor;
}

grpc::ServerUnaryReactor* FleetService::GetZone(grpc::CallbackServerContext* context,
                                                const fleet::v1::GetZoneRequest* request,
                                                fleet::v1::GetZoneResponse* response) {
  auto* reactor = context->DefaultReactor();
  if (const auto own = check_own_zone(*context, request->zone_id()); !own) {
    return refuse(reactor, own.error());
  }
  backend_.reader.view<std::optional<ZoneView>>(
      [request](const Scheduler& scheduler) { return scheduler.zone(ZoneId{request->zone_id()}); },
      [=](const std::optional<ZoneView>& view) {
        if (!view) return void(refuse(reactor, unknown("zone", request->zone_id())));
        to_wire(*view, response->mutable_zone());
        add_plan(view->heat, response->mutable_zone()->mutable_heat());
        reactor->Finish(grpc::Status::OK);
      },
      refusal(reactor));
  return reactor;
}

grpc::ServerUnaryReactor* FleetService::ListSites(grpc::CallbackServerContext* context,
                                                  const fleet::v1::ListSitesRequest* request,
                                                  fleet::v1::ListSitesResponse* response) {
  using Sites = std::pair<std::vector<SiteView>, std::string>;
  auto* reactor = context->DefaultReactor();
  const auto page = parse_name_page(*request);
  if (!page) return refuse(reactor, page.error());
  backend_.reader.view<Sites>(
      [page = *page](const Scheduler& scheduler) {
        auto sites = scheduler.sites();
        auto token = cut(sites, page);
        return Sites{std::move(sites), std::move(token)};
      },
      [=](const Sites& sites) {
        for (const auto& view : sites.first) to_wire(view, response->add_sites());
        response->set_next_page_token(sites.second);
        reactor->Finish(grpc::Status::OK);
      },
      refusal(reactor));
  return reactor;
}

grpc::ServerUnaryReactor* FleetService::GetSite(grpc::CallbackServerContext* context,
                                                const fleet::v1::GetSiteRequest* request,
                                                fleet::v1::GetSiteResponse* response) {
  auto* reactor = context->DefaultReactor();
  backend_.reader.view<std::optional<SiteView>>(
      [request](const Scheduler& scheduler) { return find_site(scheduler, request->site_id()); },
      [=](const std::optional<SiteView>& view) {
        if (!view) return void(refuse(reactor, unknown("site", request->site_id())));
        to_wire(*view, response->mutable_site());
        reactor->Finish(grpc::Status::OK);
      },
      refusal(reactor));
  return reactor;
}

grpc::ServerUnaryReactor* FleetService::SetSiteCap(grpc::CallbackServerContext* context,
                                                   const fleet::v1::SetSiteCapRequest* request,
                                                   fleet::v1::SetSiteCapResponse* response) {
  audit(backend_, *context, "SetSiteCap", request->site_id(), request->reason());
  auto* reactor = context->DefaultReactor();
  const auto event = parse(*request);
  if (!event) return refuse(reactor, event.error());
  backend_.loop.request(kCallBytes, *event, [=, this](const Result<JobReply>& reply) {
    if (!reply) return reactor->Finish(wire::to_status(reply.error()));
    log::info("site_cap_ordered", {{"site", request->site_id()}, {"reason", request->reason()}});
    const auto view = find_site(backend_.loop.scheduler(), request->site_id());
    if (view) to_wire(*view, response->mutable_site());
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

grpc::ServerUnaryReactor* FleetService::GetCapacity(grpc::CallbackServerContext* context,
                                                    const fleet::v1::GetCapacityRequest* request,
                                                    fleet::v1::GetCapacityResponse* response) {
  auto* reactor = context->DefaultReactor();
  const std::size_t hours = request->hours() == 0 ? kHorizonHours : request->hours();
  if (hours > kHorizonHours) {
    return refuse(reactor, {ErrorCode::kInvalidArgument,
                            "hours: not 1 to 48: " + std::to_string(request->hours())});
  }
  backend_.reader.view<CapacityForecast>(
      [](const Scheduler& scheduler) { return scheduler.capacity(); },
      [=](const CapacityForecast& forecast) {
        if (forecast.hours.empty()) {
          return void(refuse(reactor, {ErrorCode::kFailedPrecondition,
                                       "capacity: no forecast was made yet, or prediction is "
                                       "switched off: see heat.prediction of hearthd"}));
        }
        to_wire(forecast, hours, response);
        reactor->Finish(grpc::Status::OK);
      },
      refusal(reactor));
  return reactor;
}

}  // namespace hearth::scheduler
