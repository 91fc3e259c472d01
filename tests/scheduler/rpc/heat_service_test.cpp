// Capacity, quotes, buildings, and single zones and nodes, over the wire.
#include <gmock/gmock.h>

#include <limits>

#include "fake_agent.h"

namespace hearth::scheduler {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using testing::IsEmpty;

class HeatServiceTest : public Served {
 protected:
  HeatServiceTest() {
    config_.scheduler.plan_period = Duration{200};
    config_.scheduler.heat.capacity_period = Duration{1000};
  }

  // One of FleetService's methods, with a deadline.
  template <class Request, class Response>
  grpc::Status call(grpc::Status (fleet::v1::FleetService::Stub::*method)(grpc::ClientContext*,
                                                                          const Request&,
                                                                          Response*),
                    const Request& request, Response* response) {
    Context context;
    response->Clear();
    return (fleet_.get()->*method)(&context, request, response);
  }

  // Asks until there is a forecast of so many zones.
  fleet::v1::GetCapacityResponse capacity(std::uint64_t zones) {
    fleet::v1::GetCapacityResponse response;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (std::chrono::steady_clock::now() < deadline) {
      const auto status = call(&fleet::v1::FleetService::Stub::GetCapacity, {}, &response);
      if (status.ok() && response.zones() == zones) break;
    }
    return response;
  }

  // A room is known once its building is.
  void join(FakeAgent& agent) {
    FakeAgent::Greeting greeting;
    greeting.kind = protocol::NodeKind::kRadiator;
    greeting.site = "home";
    agent.greet(greeting);
    fleet::v1::ListSitesResponse sites;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (sites.sites_size() == 0 && std::chrono::steady_clock::now() < deadline) {
      ASSERT_TRUE(call(&fleet::v1::FleetService::Stub::ListSites, {}, &sites).ok());
    }
  }

  job::v1::QuoteJobResponse quote(const job::v1::JobSpec& spec, grpc::Status* status = nullptr) {
    Context context;
    job::v1::QuoteJobRequest request;
    *request.mutable_spec() = spec;
    job::v1::QuoteJobResponse response;
    const auto ended = jobs_->QuoteJob(&context, request, &response);
    if (status != nullptr) *status = ended;
    return response;
  }
};

TEST_F(HeatServiceTest, CapacityIsForecastWithNothingConfigured) {
  FakeAgent agent{channel_};
  join(agent);
  const auto forecast = capacity(1);
  ASSERT_EQ(forecast.hours_size(), 48);
  EXPECT_EQ(forecast.zones(), 1U);
  EXPECT_EQ(forecast.hours(0).from().seconds(), forecast.made_at().seconds());
  EXPECT_EQ(forecast.hours(1).from().seconds() - forecast.hours(0).from().seconds(), 3600);
  for (const auto& hour : forecast.hours()) {
    EXPECT_GE(hour.power_w().p5(), 0);
    EXPECT_LE(hour.power_w().p5(), hour.power_w().p50());
    EXPECT_LE(hour.power_w().p50(), hour.power_w().p95());
    EXPECT_LE(hour.cores().p95(), 4 + 1e-9);  // of one node with four
  }
  fleet::v1::GetCapacityRequest request;
  fleet::v1::GetCapacityResponse response;
  request.set_hours(3);
  EXPECT_TRUE(call(&fleet::v1::FleetService::Stub::GetCapacity, request, &response).ok());
  EXPECT_EQ(response.hours_size(), 3);
  request.set_hours(49);
  const auto status = call(&fleet::v1::FleetService::Stub::GetCapacity, request, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("hours: not 1 to 48: 49"));
}

TEST_F(HeatServiceTest, AQuoteTellsTimesAndWhyADeadlineCannotBeMet) {
  FakeAgent agent{channel_};
  join(agent);
  capacity(1);
  auto wanted = spec(4);
  wanted.mutable_expected_run_time()->set_seconds(600);
  const auto free = quote(wanted);
  ASSERT_TRUE(free.p50().has_finish());
  ASSERT_TRUE(free.p90().has_finish());
  EXPECT_GE(free.p50().start().seconds(), free.quoted_at().seconds());
  EXPECT_GE(free.p50().finish().seconds(), free.quoted_at().seconds() + 599);
  EXPECT_GE(free.p90().finish().seconds(), free.p50().finish().seconds());
  EXPECT_TRUE(free.meets_deadline());
  EXPECT_THAT(free.reason(), IsEmpty());
  EXPECT_GT(free.energy_j(), 0);

  wanted.mutable_deadline()->set_seconds(free.quoted_at().seconds() + 60);
  const auto late = quote(wanted);
  EXPECT_FALSE(late.meets_deadline());
  EXPECT_THAT(late.reason(), HasSubstr("cannot meet the deadline, because"));

  wanted.mutable_deadline()->set_seconds(1000);  // past: an answer, no error
  EXPECT_FALSE(quote(wanted).meets_deadline());

  wanted.mutable_resources()->set_cores(64);
  const auto never = quote(wanted);
  EXPECT_FALSE(never.p90().has_finish());
  EXPECT_THAT(never.reason(), HasSubstr("no node could run"));

  wanted.set_task_count(0);
  grpc::Status status;
  quote(wanted, &status);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("task_count"));
}

TEST_F(HeatServiceTest, ACapIsSetKeptOverARestartAndLifted) {
  using Stub = fleet::v1::FleetService::Stub;
  fleet::v1::ListSitesResponse listed;
  std::string site;
  {
    FakeAgent agent{channel_};
    join(agent);
    ASSERT_TRUE(call(&Stub::ListSites, {}, &listed).ok());
    ASSERT_EQ(listed.sites_size(), 1);
    site = listed.sites(0).site_id();
    EXPECT_EQ(listed.sites(0).nodes(), 1U);
    EXPECT_FALSE(listed.sites(0).has_cap_w());
    EXPECT_FALSE(listed.sites(0).has_breaker_w());  // none is configured

    fleet::v1::SetSiteCapRequest request;
    fleet::v1::SetSiteCapResponse response;
    request.set_site_id(site);
    for (const double wrong : {-1.0, std::numeric_limits<double>::quiet_NaN(),
                               std::numeric_limits<double>::infinity()}) {
      request.set_cap_w(wrong);
      const auto status = call(&Stub::SetSiteCap, request, &response);
      EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << wrong;
    }
    request.set_cap_w(250);
    request.set_reason(std::string(257, 'x'));
    EXPECT_EQ(call(&Stub::SetSiteCap, request, &response).error_code(),
              StatusCode::INVALID_ARGUMENT);
    request.set_reason("a test");
    ASSERT_TRUE(call(&Stub::SetSiteCap, request, &response).ok());
    EXPECT_EQ(response.site().cap_w(), 250);
    request.set_site_id("nowhere");
    EXPECT_EQ(call(&Stub::SetSiteCap, request, &response).error_code(), StatusCode::NOT_FOUND);
  }
  restart();
  fleet::v1::GetSiteRequest get;
  fleet::v1::GetSiteResponse got;
  get.set_site_id(site);
  ASSERT_TRUE(call(&Stub::GetSite, get, &got).ok());
  EXPECT_EQ(got.site().cap_w(), 250);
  fleet::v1::SetSiteCapRequest lift;
  fleet::v1::SetSiteCapResponse lifted;
  lift.set_site_id(site);
  ASSERT_TRUE(call(&Stub::SetSiteCap, lift, &lifted).ok());
  EXPECT_FALSE(lifted.site().has_cap_w());
  get.set_site_id("nowhere");
  EXPECT_EQ(call(&Stub::GetSite, get, &got).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(HeatServiceTest, AZoneShowsItsForecastAndPlanANodeWhatWasLearned) {
  using Stub = fleet::v1::FleetService::Stub;
  FakeAgent agent{channel_};
  join(agent);
  capacity(1);
  fleet::v1::GetZoneRequest request;
  fleet::v1::GetZoneResponse response;
  request.set_zone_id("z-n1");
  ASSERT_TRUE(call(&Stub::GetZone, request, &response).ok());
  const auto& heat = response.zone().heat();
  EXPECT_TRUE(heat.forecast());
  EXPECT_FALSE(heat.has_model());
  EXPECT_TRUE(heat.has_outdoor_c());
  ASSERT_GT(heat.plan_size(), 24);
  EXPECT_NEAR(heat.plan(0).reference_c(), 20, 1);
  EXPECT_EQ(heat.plan(1).from().seconds() - heat.plan(0).from().seconds(), 3600);
  fleet::v1::ListZonesResponse zones;
  ASSERT_TRUE(call(&Stub::ListZones, {}, &zones).ok());
  EXPECT_TRUE(zones.zones(0).heat().forecast());
  EXPECT_EQ(zones.zones(0).heat().plan_size(), 0);
  request.set_zone_id("nowhere");
  EXPECT_EQ(call(&Stub::GetZone, request, &response).error_code(), StatusCode::NOT_FOUND);

  fleet::v1::GetNodeRequest node;
  fleet::v1::GetNodeResponse shown;
  node.set_node_id("n1");
  ASSERT_TRUE(call(&Stub::GetNode, node, &shown).ok());
  EXPECT_EQ(shown.node().learned().max_w(), shown.node().max_w());  // too little seen yet
  EXPECT_GE(shown.node().learned().speed_exponent(), 1);
  EXPECT_FALSE(shown.node().has_tank());
  node.set_node_id("nobody");
  EXPECT_EQ(call(&Stub::GetNode, node, &shown).error_code(), StatusCode::NOT_FOUND);
}

TEST_F(HeatServiceTest, WithoutPredictionThereIsNoCapacity) {
  daemon_->stop();
  config_.scheduler.heat.prediction = false;
  start();
  fleet::v1::GetCapacityResponse response;
  EXPECT_EQ(call(&fleet::v1::FleetService::Stub::GetCapacity, {}, &response).error_code(),
            StatusCode::FAILED_PRECONDITION);
}

}  // namespace
}  // namespace hearth::scheduler
