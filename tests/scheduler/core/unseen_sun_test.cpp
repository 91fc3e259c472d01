// A zone that has not shown its windows yet is planned as if it took twice the sun.
#include <gtest/gtest.h>

#include "scheduler/core/scheduler.h"

namespace hearth::scheduler {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr UtcTime kMidnight{hours{24 * 20'000}};
const ZoneId kKitchen{"kitchen"};

DurableState one_node() {
  DurableState state;
  state.store_id = "store";
  state.epoch = 1;
  DurableNode node;
  node.installation_id = "i1";
  node.facts.node = NodeId{"n1"};
  node.facts.zone = kKitchen;
  node.facts.cores = 4;
  node.facts.idle = 40_W;
  node.facts.max = 500_W;
  node.joined = true;
  state.nodes.push_back(node);
  return state;
}

// Two days of a steady room in the dark.
TelemetryRestored two_days() {
  constexpr int kSlots = 2 * 144;
  TelemetryRestored kept;
  SiteTelemetry site{SiteId{"default"}, slot_of(kMidnight) - kSlots, {}};
  ZoneTelemetry zone{kKitchen, {}, site.first_slot, {}};
  for (int i = 0; i < kSlots; ++i) {
    site.slots.push_back({5, 0});
    zone.slots.push_back(
        {packed(20, kAirQuantumC), packed(250, kHeatQuantumW), packed(20, kAirQuantumC)});
  }
  kept.sites.push_back(site);
  kept.zones.push_back(zone);
  return kept;
}

enum class Model { kNone, kRefused, kAccepted };

// What is planned at midnight where the sun shines from six hours later on.
ZoneHeatView planned(Model model, double sun_w_per_m2) {
  auto state = one_node();
  if (model != Model::kNone) {
    LearnedModel learned;
    learned.model = learned.hold_model = thermal::prior_room(500.0 / 30);  // the zone's prior
    learned.accepted = model == Model::kAccepted;
    state.models.emplace_back(kKitchen, learned);
  }
  SchedulerConfig config;
  config.heat.learning = config.heat.commissioning = false;
  Scheduler core(config, state);
  TimePoint now{hours{1}};
  const auto apply = [&](const Event& event) { (void)core.apply(event, now); };
  apply(WallClockRead{kMidnight});
  apply(two_days());
  weather::Series series{kMidnight - hours{1}, {}};
  for (int h = 0; h < 72; ++h) {
    const bool day = h % 24 >= 7 && h % 24 < 15;
    series.hours.push_back({5_degC, day ? sun_w_per_m2 : 0});
  }
  apply(WeatherRead{{}, series});
  protocol::Hello hello;
  hello.installation_id = "i1";
  hello.session_counter = 1;
  hello.facts = state.nodes.front().facts;
  hello.telemetry.air_temperature_c = {20, protocol::Quality::kGood};
  hello.telemetry.power_w = {250, protocol::Quality::kGood};
  hello.telemetry.setpoint = hello.telemetry.t_ref = 20_degC;
  apply(AgentSaid{SessionId{1}, hello});
  apply(AgentSaid{SessionId{1}, protocol::HelloEnd{}});
  for (int i = 0; i < 10; ++i) {
    now += seconds{60};
    apply(AgentSaid{SessionId{1}, protocol::Report{hello.telemetry}});
    apply(TimePassed{});
  }
  return core.zone(kKitchen)->heat;
}

void expect_same(const ZoneHeatView& a, const ZoneHeatView& b) {
  EXPECT_EQ(a.charge, b.charge);
  EXPECT_EQ(a.sun_limits, b.sun_limits);
  EXPECT_EQ(a.hold, b.hold);
  EXPECT_EQ(a.runway, b.runway);
  EXPECT_EQ(a.plan, b.plan);
}

TEST(UnseenSun, CountsTwiceUntilAModelIsAccepted) {
  const auto seen = planned(Model::kAccepted, 150);
  ASSERT_TRUE(seen.forecast);
  ASSERT_EQ(seen.plan.size(), 48u);
  expect_same(planned(Model::kNone, 150), planned(Model::kAccepted, 300));
  expect_same(planned(Model::kRefused, 150), planned(Model::kAccepted, 300));
  expect_same(planned(Model::kNone, 0), planned(Model::kAccepted, 0));
}

TEST(UnseenSun, MakesANewRoomKeepAPlaceForIt) {
  const auto unseen = planned(Model::kNone, 200);
  const auto seen = planned(Model::kAccepted, 200);
  EXPECT_LT(unseen.charge, seen.charge);
  EXPECT_TRUE(unseen.sun_limits);
}

}  // namespace
}  // namespace hearth::scheduler
