// What the core learned outlives a restart: a core, its telemetry in a file, a new core on it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "scheduler/core/scheduler.h"
#include "scheduler/store/telemetry_store.h"
#include "support/temporary_directory.h"
#include "thermal/simulated_tank.h"

namespace hearth::scheduler {
namespace {

using protocol::Quality;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;

constexpr UtcTime kMonday{days{20'003}};  // a midnight

protocol::NodeFacts node_facts(const std::string& name, bool tank) {
  protocol::NodeFacts facts;
  facts.node = NodeId{name};
  facts.zone = ZoneId{"zone-" + name};
  facts.site = SiteId{"home"};
  facts.kind = tank ? protocol::NodeKind::kBoiler : protocol::NodeKind::kRadiator;
  facts.cores = 4;
  facts.memory_bytes = 1 << 30;
  facts.idle = 40_W;
  facts.max = tank ? 850_W : 500_W;
  if (tank) facts.tank.emplace();
  return facts;
}

class Restart : public testing::Test {
 protected:
  void join(const std::string& name, bool tank = false) {
    DurableNode node;
    node.facts = node_facts(name, tank);
    node.installation_id = "of " + name;
    node.joined = true;
    durable_.nodes.push_back(node);
    auto& telemetry = telemetry_[name];
    telemetry.air_temperature_c = {20, Quality::kGood};
    telemetry.power_w = {200, Quality::kGood};
    telemetry.setpoint = 20_degC;
    telemetry.t_ref = 20_degC;
    telemetry.energy.boot_id = "first";
    telemetry.energy.meter = Joules{1e9};
    telemetry.minute_of_week = 0;
  }

  void start() {
    durable_.store_id = "store";
    ++durable_.epoch;
    SchedulerConfig config;
    config.silent_after = hours{1};  // reports come every ten minutes here
    core_ = std::make_unique<Scheduler>(config, durable_);
    apply(WallClockRead{utc_});
    weather::Series series{kMonday - hours{1}, {}};
    for (int h = 0; h < 24 * 12; ++h) series.hours.push_back({Celsius{2.0 + h % 24 / 6.0}, 0});
    apply(WeatherRead{{}, series});
    store_ = TelemetryStore::open({.path = directory_.path() + "/telemetry.db"}, utc_);
    kept_ = store_->restore(utc_, [&](const TelemetryRestored& part) { apply(part); });
    std::uint64_t session = 0;
    for (const auto& [name, telemetry] : telemetry_) {
      protocol::Hello hello;
      hello.installation_id = "of " + name;
      hello.session_counter = durable_.epoch;
      hello.facts = node_facts(name, name.starts_with("tank"));
      hello.telemetry = telemetry;
      apply(AgentSaid{SessionId{++session}, hello});
      apply(AgentSaid{SessionId{session}, protocol::HelloEnd{}});
    }
    report({});
  }

  // As hearthd does at its end; `kept_` says what is in the file already.
  void stop() {
    kept_.last = true;
    TelemetryBatch batch;
    batch.at = utc_;
    batch.zones = core_->zone_telemetry({}, 10, kept_);
    batch.sites = core_->site_telemetry({}, 10, kept_);
    batch.nodes = core_->node_telemetry({}, 10);
    batch.fleet_capacity = core_->fleet_capacity_error();
    store_->put(std::move(batch));
    store_.reset();
    core_.reset();
  }

  void apply(const Event& event) {
    for (const auto& command : core_->apply(event, now_)) {
      const auto* ordered = std::get_if<ForecastCapacity>(&command);
      if (ordered == nullptr) continue;
      asked_ = ordered->snapshot;
      forecast_ = forecast_capacity(ordered->snapshot);
    }
    if (!forecast_) return;
    const CapacityForecasted made{*std::exchange(forecast_, std::nullopt)};
    apply(made);
  }

  void pass(Duration time) {
    now_ += time;
    utc_ += time;
    apply(TimePassed{});
  }

  // While there is no core.
  void pass_away(Duration time) {
    now_ += time;
    utc_ += time;
  }

  // Time goes by, and then every agent reports.
  void report(Duration time) {
    pass(time);
    std::uint64_t session = 0;
    for (auto& [name, telemetry] : telemetry_) {
      telemetry.minute_of_week = static_cast<int>((utc_ - kMonday) / minutes{1}) % (7 * 24 * 60);
      apply(AgentSaid{SessionId{++session}, protocol::Report{telemetry}});
    }
  }

  void use(const std::string& name, Joules energy) { telemetry_[name].energy.meter += energy; }

  ZoneKnowledge known_of(const std::string& zone) {
    for (auto& one : core_->zone_telemetry({}, 10, {})) {
      if (one.zone.value == zone && one.learned) return *one.learned;
    }
    return {};
  }
  Joules heat_today() { return core_->sites().front().heat_today; }

  const TemporaryDirectory directory_;
  DurableState durable_;
  std::map<std::string, protocol::Telemetry> telemetry_;
  TimePoint now_{hours{1}};
  UtcTime utc_ = kMonday;
  std::unique_ptr<Scheduler> core_;
  std::unique_ptr<TelemetryStore> store_;
  KeptTelemetry kept_;
  CapacitySnapshot asked_;
  std::optional<CapacityForecast> forecast_;
};

TEST_F(Restart, ATanksDrawsAreForecastAsBefore) {
  join("tank", true);
  start();
  thermal::SimulatedTank tank{{.volume_l = 200, .loss_w_per_k = 1.5}, Celsius{50}};
  for (int minute = 1; minute <= 3 * 1440; ++minute) {
    const bool draws = minute % 1440 == 7 * 60 + 10 || minute % 1440 == 20 * 60 + 10;
    if (draws) (void)tank.draw({60, Celsius{40}, Celsius{40}}, Celsius{12});
    tank.step({Watts{300}, {}, false, Celsius{18}}, minutes{1});
    if (minute % 10 != 0) continue;
    auto& telemetry = telemetry_["tank"];
    auto& reading = telemetry.tank.emplace();
    reading.top_c = {tank.top().value, Quality::kGood};
    reading.middle_c = {tank.layer(3).value, Quality::kGood};
    reading.bottom_c = {tank.layer(5).value, Quality::kGood};
    reading.hygiene_due_in = hours{50};
    telemetry.energy.meter = Joules{1e9 + tank.book().compute_j};
    report(minutes{10});
  }
  pass(minutes{1});  // planned by what was said last
  const auto before = core_->explain_zone(ZoneId{"zone-tank"}).value().facts;
  const auto known = known_of("zone-tank");
  ASSERT_TRUE(known.tank);
  EXPECT_GE(known.tank->half_hours, 3 * 48 - 2);
  EXPECT_THAT(before, Contains(testing::HasSubstr("learned from 3 days")));

  stop();
  start();
  pass(minutes{1});
  EXPECT_EQ(known_of("zone-tank"), known);
  EXPECT_EQ(core_->explain_zone(ZoneId{"zone-tank"}).value().facts, before);
}

TEST_F(Restart, TheBandOfCapacityIsAsWideAsBefore) {
  join("a");
  join("b");
  start();
  // Rooms that take much more than their priors say: every day lies above the band.
  for (int i = 0; i < 5 * 144; ++i) {
    use("a", Joules{450 * 600.0});
    use("b", Joules{480 * 600.0});
    report(minutes{10});
  }
  const auto fleet = core_->fleet_capacity_error();
  EXPECT_GE(fleet.days, 3);
  EXPECT_GT(fleet.widening.high, 1.3);
  EXPECT_LT(fleet.widening.low, 1);
  const auto known = known_of("zone-a");
  EXPECT_EQ(known.capacity.days, fleet.days);
  EXPECT_NE(known.capacity, known_of("zone-b").capacity);

  stop();
  start();
  EXPECT_EQ(core_->fleet_capacity_error(), fleet);
  EXPECT_EQ(known_of("zone-a"), known);
  asked_ = {};
  for (int i = 0; i < 12 && asked_.zones.empty(); ++i) report(minutes{10});
  ASSERT_EQ(asked_.zones.size(), 2u);
  EXPECT_EQ(asked_.widening, fleet.widening);
  EXPECT_EQ(asked_.shared_error.bias, static_cast<float>(fleet.bias));
  EXPECT_EQ(asked_.zones.front().error.bias, known.capacity.bias);
  EXPECT_EQ(asked_.zones.front().error.std, known.capacity.std);
}

TEST_F(Restart, OnlyWhatGrewByADayIsGivenOutBeforeTheEnd) {
  join("tank", true);
  start();
  const ZoneId zone{"zone-tank"};
  for (int i = 0; i < 60; ++i) {  // ten hours
    telemetry_["tank"].tank.emplace();
    for (auto* reading : {&telemetry_["tank"].tank->top_c, &telemetry_["tank"].tank->middle_c,
                          &telemetry_["tank"].tank->bottom_c}) {
      *reading = {50, Quality::kGood};
    }
    report(minutes{10});
  }
  EXPECT_FALSE(core_->zone_telemetry({}, 10, kept_).front().learned);
  kept_.last = true;
  ASSERT_TRUE(core_->zone_telemetry({}, 10, kept_).front().learned);
  kept_.last = false;
  for (int i = 0; i < 90; ++i) report(minutes{10});
  const auto learned = core_->zone_telemetry({}, 10, kept_).front().learned;
  ASSERT_TRUE(learned);
  kept_.knowledge[zone] = extent_of(*learned);
  for (int i = 0; i < 60; ++i) report(minutes{10});
  EXPECT_FALSE(core_->zone_telemetry({}, 10, kept_).front().learned);
}

TEST_F(Restart, TheHeatOfTheDayIsCountedOnWithWhatCameInBetween) {
  join("a");
  join("b");
  start();
  for (int i = 0; i < 60; ++i) {
    use("a", Joules{300 * 600.0});
    use("b", Joules{200 * 600.0});
    report(minutes{10});
  }
  EXPECT_EQ(heat_today(), Joules{60 * 500 * 600.0});
  stop();
  pass_away(minutes{20});
  use("a", Joules{300 * 1200.0});  // went on
  telemetry_["b"].energy = {};     // began anew, and used this since
  telemetry_["b"].energy.boot_id = "second";
  telemetry_["b"].energy.meter = Joules{5e4};
  start();
  EXPECT_EQ(heat_today(), Joules{60 * 500 * 600.0 + 300 * 1200.0 + 5e4});
  use("b", Joules{1e4});
  report(minutes{10});
  EXPECT_EQ(heat_today(), Joules{60 * 500 * 600.0 + 300 * 1200.0 + 6e4});

  // What came before midnight is not of the new day, nor what nobody can tell apart.
  stop();
  pass_away(hours{20});
  use("a", Joules{1e6});
  start();
  EXPECT_EQ(heat_today(), Joules{});
  use("a", Joules{2e5});
  report(minutes{10});
  EXPECT_EQ(heat_today(), Joules{2e5});
}

}  // namespace
}  // namespace hearth::scheduler
