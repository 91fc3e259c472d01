#include "scheduler/core/run_times.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/normal.h"
#include "common/random.h"

namespace hearth::scheduler {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

protocol::JobSpec named(std::string name) {
  protocol::JobSpec spec;
  spec.tenant = TenantId{"bank"};
  spec.name = std::move(name);
  return spec;
}

double ratio(Duration a, Duration b) {
  return to_seconds(a) / to_seconds(b);
}

TEST(Normal, QuantileIsTheInverseOfTheDistribution) {
  for (const double p : {1e-6, 0.01, 0.3, 0.5, 0.9, 0.999}) {
    EXPECT_NEAR(normal_cdf(normal_quantile(p)), p, 1e-8) << p;
  }
  EXPECT_NEAR(normal_quantile(0.9), 1.2815515655, 1e-8);
}

TEST(RunTimes, KnowsThePublishedMixOfNobodyItSaw) {
  const auto left = RunTimes{}.remaining(named("new"), {});
  EXPECT_NEAR(to_seconds(left.p50), 580, 1);
  EXPECT_NEAR(to_seconds(left.p90), 4600, 10);
}

TEST(RunTimes, BelievesTheSubmitterUntilItKnowsBetter) {
  RunTimes times;
  auto spec = named("swap");
  spec.expected_run_time = seconds{100};
  EXPECT_NEAR(to_seconds(times.remaining(spec, {}).p50), 100, 0.1);
  for (int i = 0; i < 10; ++i) times.learn(spec, seconds{300});
  EXPECT_NEAR(to_seconds(times.remaining(spec, {}).p50), 300, 3);
  EXPECT_LT(ratio(times.remaining(spec, {}).p90, seconds{300}), 1.3);
}

TEST(RunTimes, CorrectsATenantWhoAlwaysGuessesLow) {
  RunTimes times;
  for (int i = 0; i < 60; ++i) {
    auto spec = named("job-" + std::to_string(i));  // no name is seen often
    spec.expected_run_time = seconds{100 + i};
    times.learn(spec, seconds{2 * (100 + i)});
  }
  auto spec = named("another");
  spec.expected_run_time = seconds{50};
  EXPECT_NEAR(to_seconds(times.remaining(spec, {}).p50), 100, 5);
}

TEST(RunTimes, LearnsALognormalDistribution) {
  RunTimes times;
  Random random{7};
  const auto spec = named("mixed");
  for (int i = 0; i < 2000; ++i) {
    const double p = (static_cast<double>(random.below(1'000'000)) + 0.5) / 1e6;
    times.learn(spec, from_seconds(600 * std::exp(1.0 * normal_quantile(p))));
  }
  const auto left = times.remaining(spec, {});
  EXPECT_NEAR(std::log(to_seconds(left.p50) / 600), 0, 0.35);
  EXPECT_NEAR(std::log(ratio(left.p90, left.p50)) / 1.2816, 1, 0.3);
}

TEST(RunTimes, WhatRanLongWillRunLongYet) {
  RunTimes times;
  const auto spec = named("tail");
  const auto fresh = times.remaining(spec, {});
  const auto old = times.remaining(spec, hours{2});
  EXPECT_GT(old.p50, fresh.p50);  // a heavy tail: the longer it ran, the longer it will
  EXPECT_GT(old.p90, old.p50);
}

TEST(RunTimes, NothingOutlivesItsLimit) {
  auto spec = named("limited");
  spec.maximum_run_time = seconds{1000};
  EXPECT_LE(RunTimes{}.remaining(spec, {}).p90, seconds{1000});
  EXPECT_LE(RunTimes{}.remaining(spec, seconds{900}).p90, seconds{100});
}

}  // namespace
}  // namespace hearth::scheduler
