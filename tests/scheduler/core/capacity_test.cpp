#include "scheduler/core/capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "scheduler/core/quote.h"

namespace hearth::scheduler {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

CapacityZone zone_at_rest(double ua, double air_c, double outdoor_c) {
  CapacityZone zone;
  zone.model = thermal::prior_room(ua);
  // The mass where it stays under this weather.
  const auto& m = zone.model;
  const double mass =
      (air_c / m.rim_k_per_w + outdoor_c / m.rmo_k_per_w) / (1 / m.rim_k_per_w + 1 / m.rmo_k_per_w);
  zone.now = {air_c, mass, 0, 0};
  zone.reference_c.fill(static_cast<float>(air_c));
  zone.idle_w = 40;
  zone.max_w = 500;
  zone.cores = 4;
  zone.speed = {2, 0.4};
  zone.error = {0, 0.05F};
  return zone;
}

CapacitySnapshot fleet(int zones, double outdoor_c) {
  CapacitySnapshot snapshot;
  snapshot.sites.push_back({UtcTime{}, std::vector<weather::Sample>(72, {Celsius{outdoor_c}, 0})});
  for (int i = 0; i < zones; ++i) snapshot.zones.push_back(zone_at_rest(15, 20, outdoor_c));
  return snapshot;
}

TEST(Capacity, MedianIsWhatTheRoomsLose) {
  const double loss_w = 50 * thermal::prior_room(15).ua_w_per_k() * 20;
  constexpr int kSeeds = 8;
  std::vector<double> mean_w(48);
  double mean_day_j = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    auto snapshot = fleet(50, 0);
    snapshot.seed = seed;
    const auto forecast = forecast_capacity(snapshot);
    ASSERT_EQ(forecast.hours.size(), 48u);
    for (std::size_t h = 0; h < 48; ++h) {
      const auto& power_w = forecast.hours[h].power_w;
      mean_w[h] += power_w.p50 / kSeeds;
      EXPECT_LT(power_w.p5, power_w.p50);
      EXPECT_LT(power_w.p50, power_w.p95);
    }
    mean_day_j += forecast.day_energy_j.p50 / kSeeds;
    EXPECT_EQ(forecast.day_energy_j, forecast.rooms_day_energy_j);
  }
  for (const double power_w : mean_w) EXPECT_NEAR(power_w, loss_w, 0.02 * loss_w);
  EXPECT_NEAR(mean_day_j, loss_w * 86'400, 0.02 * loss_w * 86'400);
}

TEST(Capacity, QuantilesOfASumAreNarrowerThanTheSumOfQuantiles) {
  const auto one = forecast_capacity(fleet(1, 0)).hours[20].power_w;
  const auto many = forecast_capacity(fleet(100, 0)).hours[20].power_w;
  EXPECT_LT((many.p95 - many.p5) / many.p50, (one.p95 - one.p5) / one.p50);
  // But the weather is shared: it does not average out.
  EXPECT_GT((many.p95 - many.p5) / many.p50, 0.05);
}

TEST(Capacity, FurtherAheadIsLessCertain) {
  const auto by_hour = forecast_capacity(fleet(100, 0)).hours;
  EXPECT_GT(by_hour[40].power_w.p95 - by_hour[40].power_w.p5,
            1.5 * (by_hour[1].power_w.p95 - by_hour[1].power_w.p5));
}

TEST(Capacity, OffTakesNothingAndNodesWithoutARoomTakeAll) {
  auto snapshot = fleet(1, 0);
  snapshot.zones[0].reference_c.fill(std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(forecast_capacity(snapshot).hours[3].power_w.p95, 0);
  snapshot.roomless_w = 900;
  snapshot.roomless_cores = 16;
  EXPECT_NEAR(forecast_capacity(snapshot).hours[3].power_w.p5, 900, 0.01);
  EXPECT_NEAR(forecast_capacity(snapshot).hours[3].cores.p50, 16, 0.01);
}

TEST(Capacity, SameSnapshotSameForecast) {
  EXPECT_EQ(forecast_capacity(fleet(5, 3)), forecast_capacity(fleet(5, 3)));
}

CapacityForecast steady(double cores) {
  CapacityForecast forecast;
  forecast.hours.assign(48, {{0, 0, 0}, {0.8 * cores, cores, 1.2 * cores}});
  return forecast;
}

QuoteInputs batch(std::uint64_t tasks, Duration run_time) {
  QuoteInputs inputs;
  inputs.spec.task_count = tasks;
  inputs.run_time = {run_time, run_time * 2};
  inputs.cores_able = 1000;
  inputs.per_core = 100_W;
  return inputs;
}

TEST(Quote, WorkAheadThenItsOwn) {
  auto inputs = batch(100, minutes{36});  // 60 core-hours at P50
  inputs.ahead_p50.waiting_core_s = 40 * 3600;
  inputs.ahead_p90.waiting_core_s = 80 * 3600;
  const auto answer = quote(inputs, steady(20));
  EXPECT_NEAR(to_seconds(*answer.p50.start), 2 * 3600, 1);
  EXPECT_NEAR(to_seconds(*answer.p50.finish), 5 * 3600, 1);
  EXPECT_NEAR(to_seconds(*answer.p90.start), 5 * 3600, 1);
  EXPECT_NEAR(to_seconds(*answer.p90.finish), 12.5 * 3600, 1);
  EXPECT_NEAR(answer.energy.value, 60 * 3600 * 100, 1);
  EXPECT_TRUE(answer.meets_deadline);
}

TEST(Quote, NoTaskIsFasterThanItself) {
  auto inputs = batch(1, hours{3});
  inputs.at_once = true;
  inputs.cores_free_now = 10;
  const auto answer = quote(inputs, steady(100));
  EXPECT_EQ(*answer.p50.start, Duration{});
  EXPECT_EQ(*answer.p50.finish, hours{3});
  EXPECT_EQ(*answer.p90.finish, hours{6});
}

TEST(Quote, SaysWhyADeadlineCannotBeMet) {
  auto inputs = batch(1, hours{3});
  inputs.deadline_in = hours{4};
  EXPECT_THAT(quote(inputs, steady(100)).reason, HasSubstr("a single task takes 6h"));
  inputs = batch(1, minutes{10});
  inputs.ahead_p50.waiting_core_s = inputs.ahead_p90.waiting_core_s = 200 * 3600;
  inputs.deadline_in = hours{1};
  EXPECT_THAT(quote(inputs, steady(20)).reason, HasSubstr("200 core-hours of other work go first"));
  inputs = batch(1000, minutes{30});
  inputs.deadline_in = hours{3};
  const auto big = quote(inputs, steady(20));
  EXPECT_FALSE(big.meets_deadline);
  EXPECT_THAT(big.reason, HasSubstr("it needs 1000 core-hours"));
  inputs.deadline_in = seconds{-1};
  EXPECT_THAT(quote(inputs, steady(20)).reason, HasSubstr("past"));
}

TEST(Quote, SaysWhatItCannotSay) {
  auto inputs = batch(1, minutes{1});
  EXPECT_THAT(quote(inputs, {}).reason, HasSubstr("no forecast"));
  inputs.spec.resources.cores = 2000;
  EXPECT_THAT(quote(inputs, steady(20)).reason, HasSubstr("no node could run"));
}

}  // namespace
}  // namespace hearth::scheduler
