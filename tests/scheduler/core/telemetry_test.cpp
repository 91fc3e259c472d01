// What outlives a restart: the core gives it out, a new core takes it back and knows what the old
// knew.
#include "scheduler/core/telemetry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "scheduler/core/scheduler.h"

namespace hearth::scheduler {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr UtcTime kNoon{hours{24 * 20'000 + 12}};

DurableState one_node() {
  DurableState state;
  state.store_id = "store";
  state.epoch = 1;
  DurableNode node;
  node.facts.node = NodeId{"n1"};
  node.facts.zone = ZoneId{"kitchen"};
  node.facts.site = SiteId{"home"};
  node.facts.kind = protocol::NodeKind::kRadiator;
  node.facts.cores = 4;
  node.facts.idle = 40_W;
  node.facts.max = 500_W;
  node.joined = true;
  state.nodes.push_back(node);
  return state;
}

// Three days of a room with a daily swing, ending `before` noon.
TelemetryRestored three_days(Duration before) {
  TelemetryRestored kept;
  SiteTelemetry site{SiteId{"home"}, slot_of(kNoon - before) - 3 * 144, {}};
  ZoneTelemetry zone{ZoneId{"kitchen"}, {}, site.first_slot, {}};
  for (int i = 0; i < 3 * 144; ++i) {
    const double swing = std::sin(2 * 3.14159265 * i / 144);
    site.slots.push_back({static_cast<float>(2 + 4 * swing), 0});
    zone.slots.push_back({packed(20 + 0.5 * swing, kAirQuantumC), packed(300, kHeatQuantumW),
                          packed(20, kAirQuantumC)});
  }
  kept.sites.push_back(site);
  kept.zones.push_back(zone);
  kept.nodes.push_back({NodeId{"n1"}, {{47, 200}, {480, 90}, 2, 1, 60}});
  kept.run_times.push_back(
      {RunTimes::Of::kName, TenantId{"bank"}, "risk", {std::log(90), 0.1, 20}});
  return kept;
}

class Restored : public testing::Test {
 protected:
  void apply(const Event& event) { (void)core_.apply(event, now_); }
  void SetUp() override { apply(WallClockRead{kNoon}); }

  TimePoint now_{hours{5}};
  Scheduler core_{SchedulerConfig{}, one_node()};
};

TEST_F(Restored, WhatIsTakenBackIsWhatIsGivenOut) {
  const auto kept = three_days({});
  apply(kept);
  const auto zones = core_.zone_telemetry({}, 10, {});
  ASSERT_EQ(zones.size(), 1u);
  EXPECT_EQ(zones.front().first_slot, kept.zones.front().first_slot);
  EXPECT_EQ(zones.front().slots, kept.zones.front().slots);
  EXPECT_EQ(zones.front().sample, ZoneSample{});  // nobody has spoken yet
  const auto sites = core_.site_telemetry({}, 10, {});
  ASSERT_EQ(sites.size(), 1u);
  // All that the ring may hold, older ones unknown.
  EXPECT_EQ(sites.front().slots.back(), kept.sites.front().slots.back());
  const auto nodes = core_.node_telemetry({}, 10);
  ASSERT_EQ(nodes.size(), 1u);
  EXPECT_EQ(nodes.front().learned, kept.nodes.front().learned);
  EXPECT_EQ(core_.run_times().rows(0), kept.run_times);

  EXPECT_NEAR(core_.zone(ZoneId{"kitchen"})->heat.days_known, 3, 1e-9);
  EXPECT_EQ(core_.node(NodeId{"n1"})->idle_learned, 47_W);
  EXPECT_EQ(core_.node(NodeId{"n1"})->max_learned, 480_W);
  protocol::JobSpec spec;
  spec.tenant = TenantId{"bank"};
  spec.name = "risk";
  EXPECT_NEAR(to_seconds(core_.run_times().remaining(spec, {}).p50), 90, 1);
}

TEST_F(Restored, OnlyWhatIsNotKeptIsGivenOutAgain) {
  apply(three_days({}));
  KeptTelemetry kept;
  kept.zones[ZoneId{"kitchen"}] = slot_of(kNoon) - 5;
  kept.sites[SiteId{"home"}] = slot_of(kNoon);
  EXPECT_EQ(core_.zone_telemetry({}, 10, kept).front().slots.size(), 5u);
  EXPECT_TRUE(core_.site_telemetry({}, 10, kept).front().slots.empty());
  EXPECT_TRUE(core_.zone_telemetry(ZoneId{"kitchen"}, 10, kept).empty());
}

TEST_F(Restored, WhatNobodyKnowsAnyMoreAndWhatIsDamagedIsPassedOver) {
  TelemetryRestored kept;
  kept.zones.push_back({ZoneId{"attic"}, {}, 5, {{2000, 100, 2000}}});
  kept.nodes.push_back({NodeId{"gone"}, {}});
  kept.nodes.push_back({NodeId{"n1"}, {{-5, 100}, {}, 0, 0, 0}});
  kept.nodes.push_back({NodeId{"n1"}, {{45, 100}, {1e300, 100}, 0, 0, 0}});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  kept.nodes.push_back({NodeId{"n1"}, {}, {slot_of(kNoon) / 144, Joules{nan}, "boot", Joules{1}}});
  kept.zones.push_back({ZoneId{"kitchen"}, {}, 0, {}, ZoneKnowledge{{0.1F, -1, 9}, {}}});
  kept.zones.back().learned->tank.emplace().draws[3] = {nan, 1, 1};
  kept.fleet_capacity = {0, {1, nan}, 40};
  kept.run_times.push_back({RunTimes::Of::kTenant, TenantId{"bank"}, "", {nan, 0, 30}});
  kept.run_times.push_back({RunTimes::Of::kTenant, TenantId{"bank"}, "", {1, -1, 30}});
  apply(kept);
  EXPECT_FALSE(core_.zone(ZoneId{"attic"}));
  EXPECT_EQ(core_.node(NodeId{"n1"})->idle_learned, 40_W);
  EXPECT_TRUE(core_.run_times().rows(0).empty());
  EXPECT_EQ(core_.sites().front().heat_today, Joules{});
  EXPECT_EQ(core_.fleet_capacity_error(), FleetCapacityError::State{});
  KeptTelemetry none;
  none.knowledge[ZoneId{"kitchen"}].capacity_days = -1;  // whatever it knows
  const auto known = core_.zone_telemetry({}, 10, none).front().learned;
  ASSERT_TRUE(known && known->tank);
  EXPECT_EQ(known->capacity, ZoneCapacityError::State{});
  EXPECT_EQ(*known->tank, TankLearning::State{});
}

// The heat of an hour in which nobody looked is not known, whatever is drawn now.
TEST(ZoneLearningRestored, AGapIsMissingAndNotGuessed) {
  ZoneLearning learning;
  SiteHistory site;
  const auto first = slot_of(kNoon);
  for (int i = 0; i < 6; ++i) learning.restore(first + i, {2000, 600, 2000});
  UtcTime utc = kNoon + hours{2};
  learning.report(utc, 20_degC, 20_degC, Joules{1000}, 400_W);
  learning.close_slots(utc, site);
  for (int i = 0; i < 10; ++i) {
    utc += minutes{1};
    learning.report(utc, 20_degC, 20_degC, Joules{1000 + 24'000.0 * (i + 1)}, 400_W);
  }
  ASSERT_TRUE(learning.close_slots(utc, site));
  ASSERT_EQ(learning.size(), 13u);
  for (int i = 0; i < 13; ++i) {
    const auto heat = slot_heat_w(learning.slot(first + i));
    if (i < 6) {
      EXPECT_NEAR(heat, 300, 1e-9);
    } else if (i < 12) {
      EXPECT_TRUE(std::isnan(heat)) << i << ": " << heat;
    } else {
      EXPECT_NEAR(heat, 400, 1);
    }
  }
}

TEST(RunTimesRestored, OnlyWhatChangedIsGivenOut) {
  RunTimes times;
  protocol::JobSpec spec;
  spec.tenant = TenantId{"bank"};
  spec.name = "a";
  times.learn(spec, seconds{10});
  EXPECT_EQ(times.rows(0).size(), 2u);  // by name, by tenant
  const auto known = times.learned();
  EXPECT_TRUE(times.rows(known).empty());
  spec.name = "b";
  spec.expected_run_time = seconds{5};
  times.learn(spec, seconds{10});
  EXPECT_EQ(times.rows(known).size(), 3u);
  RunTimes again;
  for (const auto& row : times.rows(0)) again.restore(row);
  EXPECT_EQ(again.rows(0), times.rows(0));
}

}  // namespace
}  // namespace hearth::scheduler
