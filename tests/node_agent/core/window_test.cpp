// An open window is seen, and nothing else is taken for one; a rise that no room has is doubted.
#include "node_agent/core/window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "closed_loop.h"
#include "common/random.h"
#include "node_agent/core/rise_check.h"

namespace hearth::node_agent::test {
namespace {

constexpr std::uint64_t kSeeds = 300;

AgentConfig config_of(bool with_model) {
  auto config = small_config();
  config.facts.static_share = config.facts.max;
  if (with_model) {
    config.air_capacity_j_per_k = 0.12 * 15 * 40 * 3600;
    config.ua_w_per_k = 15;
  }
  return config;
}

// Noise of +-0.05 K, then the sensor's steps.
std::function<double(double)> sensor_of(std::uint64_t seed, double noise_k, double quantum_k) {
  return [random = Random(seed), noise_k, quantum_k](double air_c) mutable {
    const double share = static_cast<double>(random.below(20001)) / 10000 - 1;
    const double value = air_c + noise_k * share;
    return quantum_k > 0 ? std::round(value / quantum_k) * quantum_k : value;
  };
}

constexpr double kVentilation = 0.3 * 15;

struct Findings {
  int opened = 0;  // passes at which a window seemed to be opened
  bool was_open = false;
  void look(const Agent& agent) {
    if (agent.window_open() && !was_open) ++opened;
    was_open = agent.window_open();
  }
};

// ---- the slope

std::optional<double> slope_k_per_h(const std::function<double(double)>& air_of_minute,
                                    double minutes_long) {
  AirSlope slope(minutes{5});
  for (int s = 0; s <= 60 * minutes_long; s += 10) {
    slope.take(Celsius{air_of_minute(s / 60.0)}, TimePoint{seconds{s}});
  }
  const auto found = slope.k_per_s();
  return found ? std::optional(*found * 3600) : std::nullopt;
}

TEST(AirSlope, IsThatOfTheLastWindow) {
  EXPECT_FALSE(slope_k_per_h([](double) { return 20; }, 3));
  EXPECT_EQ(slope_k_per_h([](double) { return 20; }, 5), 0);
  const auto falling = [](double m) { return 20 - 3 * m / 60; };
  EXPECT_NEAR(*slope_k_per_h(falling, 4), -3, 1e-6);
  EXPECT_NEAR(*slope_k_per_h(falling, 60), -3, 1e-6);
  EXPECT_EQ(slope_k_per_h([](double m) { return m < 30 ? 15 + m : 45; }, 60), 0);
}

TEST(AirSlope, TwoQuantaAreNoSlope) {
  const auto steps = [](double quantum_k, int count) {
    return [=](double m) { return 20 - quantum_k * std::min(count, static_cast<int>(m)); };
  };
  EXPECT_EQ(slope_k_per_h(steps(0.5, 1), 4), 0);
  EXPECT_EQ(slope_k_per_h(steps(0.5, 2), 4), 0);
  EXPECT_LT(*slope_k_per_h(steps(0.5, 3), 4), -10);
}

TEST(EmittedHeat, FollowsWithTheRadiatorsLag) {
  EmittedHeat emitted(1);
  TimePoint now{};
  const auto draw = [&](Watts power, Duration time) {
    for (const TimePoint end = now + time; now < end;) {
      now += seconds{10};
      emitted.take(power * seconds{10}, now);
    }
  };
  emitted.take(Joules{0}, now);
  draw(400_W, minutes{59});
  EXPECT_FALSE(emitted.known());
  draw(400_W, minutes{2});
  EXPECT_TRUE(emitted.known());
  EXPECT_EQ(emitted.now(), 400_W);
  draw(0_W, minutes{25});
  EXPECT_NEAR(emitted.now().value, 400 * std::exp(-1), 1);
  EXPECT_NEAR(emitted.fallen().value, 400 * (1 - std::exp(-1)), 1);
  EXPECT_EQ(emitted.risen(), 0_W);
  EXPECT_NEAR(emitted.mean().value, 340, 10);
  emitted.take(std::nullopt, now);
  EXPECT_FALSE(emitted.known());
}

// ---- windows

class Window : public testing::TestWithParam<bool> {};

TEST_P(Window, IsSeenWithinTenMinutesAndHeldForTwenty) {
  double earliest_s = 1e9;
  double latest_s = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ClosedLoop loop(config_of(GetParam()), ClosedLoop::room(20, 2));
    loop.sensed = sensor_of(seed, 0.05, 0);
    Findings before;
    loop.run(hours{6}, [&] { before.look(loop.agent); });
    ASSERT_EQ(before.opened, 0);
    const Watts usual = loop.agent.telemetry().power_wanted;
    loop.heater.set_ventilation(10 * kVentilation);
    const TimePoint opened_at = loop.now;
    std::optional<TimePoint> seen_at;
    loop.run(minutes{15}, [&] {
      if (loop.agent.window_open() && !seen_at) seen_at = loop.now;
      if (seen_at) {
        ASSERT_LT(loop.agent.telemetry().power_wanted, usual + 60_W);
      }
    });
    ASSERT_TRUE(seen_at);
    const double seen_s = to_seconds(*seen_at - opened_at);
    earliest_s = std::min(earliest_s, seen_s);
    latest_s = std::max(latest_s, seen_s);
    loop.heater.set_ventilation(kVentilation);
    loop.run(*seen_at + minutes{20} - loop.now - seconds{10},
             [&] { ASSERT_TRUE(loop.agent.window_open()); });
    Findings after;
    loop.run(hours{2}, [&] { after.look(loop.agent); });
    EXPECT_LE(after.opened, 1);  // the last pass of the hold
    EXPECT_FALSE(loop.agent.window_open());
    EXPECT_NEAR(loop.air_c(), 20, 0.3);
  }
  EXPECT_LE(latest_s, 600);
  RecordProperty("earliest_s", static_cast<int>(earliest_s));
  RecordProperty("latest_s", static_cast<int>(latest_s));
  std::printf("seen after %.0f to %.0f s\n", earliest_s, latest_s);
}

// The trap: nobody opens anything, the radiator stops after hours at full power.
TEST_P(Window, IsNotARadiatorThatStops) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    ClosedLoop loop(config_of(GetParam()), ClosedLoop::room(20, -16));
    loop.sensed = sensor_of(seed, 0.05, 0);
    Findings found;
    loop.run(hours{4}, [&] { found.look(loop.agent); });
    ASSERT_GT(loop.power, 440_W);
    protocol::Setpoint off;
    off.mode = protocol::SetpointMode::kOff;
    loop.apply(LocalSetpointChosen{off, std::nullopt});
    loop.run(hours{3}, [&] { found.look(loop.agent); });
    ASSERT_EQ(found.opened, 0) << "seed " << seed;
  }
}

// Work that heated beyond the setpoint ends; filler has nothing to add.
TEST_P(Window, IsNotWorkThatEnds) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    ClosedLoop loop(config_of(GetParam()), ClosedLoop::room(20, -12));
    loop.sensed = sensor_of(seed, 0.05, 0);
    loop.work_class = protocol::ServiceClass::kReserved;
    Findings found;
    loop.run(hours{4}, [&] { found.look(loop.agent); });
    ASSERT_GT(loop.power, 380_W);
    loop.work_class.reset();
    while (!loop.running.empty()) {
      AttemptEnded ended;
      ended.report.attempt = loop.running.begin()->first;
      ended.report.task = loop.running.begin()->second.task;
      loop.running.erase(loop.running.begin());
      loop.apply(ended);
    }
    loop.run(hours{3}, [&] { found.look(loop.agent); });
    ASSERT_EQ(found.opened, 0) << "seed " << seed;
  }
}

// The hardest radiator: 850 W in a light room of 12 m2, off in the cold.
TEST(WindowWithoutAModel, IsNotAnOverpoweredRadiatorThatStops) {
  auto config = config_of(false);
  config.facts.max = config.facts.static_share = 850_W;
  auto room = ClosedLoop::room(20, -20);
  room.room = thermal::room_with_loss(12, 21, thermal::MassClass::kVeryLight);
  room.max = room.radiator.rated = 850_W;
  double steepest_k_per_h = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    ClosedLoop loop(config, room);
    loop.sensed = sensor_of(seed, 0.05, 0);
    Findings found;
    loop.run(hours{4}, [&] { found.look(loop.agent); });
    ASSERT_GT(loop.power, 800_W);
    protocol::Setpoint off;
    off.mode = protocol::SetpointMode::kOff;
    loop.apply(LocalSetpointChosen{off, std::nullopt});
    double last_c = loop.air_c();
    loop.run(hours{3}, [&] {
      found.look(loop.agent);
      steepest_k_per_h = std::min(steepest_k_per_h, (loop.air_c() - last_c) * 360);
      last_c = loop.air_c();
    });
    ASSERT_EQ(found.opened, 0) << "seed " << seed;
  }
  EXPECT_LT(steepest_k_per_h, -2) << "else it shows nothing";
  std::printf("steepest %.1f K/h\n", steepest_k_per_h);
}

// A day of weather and of work that comes and goes, seen by sensors of several kinds.
TEST_P(Window, IsNotOrdinaryRegulation) {
  struct Sensor {
    double noise_k;
    double quantum_k;
  };
  for (const auto& sensor : {Sensor{0, 0.5},
                             {0.05, 0.5},
                             {0.3, 0.5},
                             {0, 0.1},
                             {0.05, 0.1},
                             {0.05, 0.0625},
                             {0.05, 0},
                             {0, 0.01}}) {
    for (const bool work : {false, true}) {
      for (std::uint64_t seed = 0; seed < 10; ++seed) {
        SCOPED_TRACE(testing::Message() << "noise " << sensor.noise_k << " K, quantum "
                                        << sensor.quantum_k << " K, work " << work);
        ClosedLoop loop(config_of(GetParam()), ClosedLoop::room(17, 2));
        loop.sensed = sensor_of(seed, sensor.noise_k, sensor.quantum_k);
        Findings found;
        Random random(seed);
        for (int half_hour = 0; half_hour < 48; ++half_hour) {
          loop.work_class.reset();
          if (work && random.chance(50)) loop.work_class = protocol::ServiceClass::kOnDemand;
          thermal::Weather weather;
          weather.outdoor = Celsius{2 + 4 * std::sin(2 * 3.14159265 * half_hour / 48)};
          weather.solar = Watts{half_hour > 18 && half_hour < 30 && random.chance(50) ? 200.0 : 0};
          loop.heater.set_weather(weather);
          loop.run(minutes{30}, [&] {
            found.look(loop.agent);
            ASSERT_FALSE(loop.agent.telemetry().safe_mode);
          });
        }
        ASSERT_EQ(found.opened, 0);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Window, testing::Bool(),
                         [](const auto& test) { return test.param ? "with_model" : "without"; });

// A demonstration's room, where fifteen seconds show an hour.
TEST(WindowInAQuickRoom, IsSeenAndNothingElseIs) {
  auto config = config_of(false);
  config.control_period = milliseconds{500};
  config.integral_time = seconds{25};
  config.gain_time = milliseconds{6250};
  auto room = ClosedLoop::room(17, 2);
  room.room.capacity_scale = 1.0 / 240;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    ClosedLoop loop(config, room);
    loop.sensed = sensor_of(seed, 0, 0.01);
    loop.pass_time = milliseconds{500};
    Random random(seed);
    Findings found;
    for (int i = 0; i < 40; ++i) {
      loop.work_class.reset();
      if (random.chance(50)) loop.work_class = protocol::ServiceClass::kFlex;
      loop.run(seconds{1 + static_cast<int>(random.below(10))}, [&] { found.look(loop.agent); });
    }
    ASSERT_EQ(found.opened, 0) << "seed " << seed;
    loop.work_class.reset();
    loop.run(seconds{60});
    loop.heater.set_ventilation(10 * kVentilation);
    loop.run(milliseconds{2500}, [&] { found.look(loop.agent); });  // ten minutes
    ASSERT_EQ(found.opened, 1) << "seed " << seed;
  }
}

TEST(WindowOpen, FrostIsAboveIt) {
  ClosedLoop loop(config_of(false), ClosedLoop::room(8.5, -8));
  protocol::Setpoint low;
  low.value = 8_degC;
  loop.apply(LocalSetpointChosen{low, std::nullopt});
  loop.run(hours{4});
  loop.heater.set_ventilation(10 * kVentilation);
  bool was_open = false;
  bool heated = false;
  loop.run(minutes{20}, [&] {
    was_open = was_open || loop.agent.window_open();
    const bool frost = loop.air_c() < 6.9;
    if (frost && loop.agent.window_open()) {
      heated = true;
      EXPECT_EQ(loop.agent.telemetry().power_wanted, 450_W);
    }
  });
  EXPECT_TRUE(was_open);
  EXPECT_TRUE(heated);
}

// ---- rises

TEST(RiseCheck, DoubtsWhatNoRoomDoes) {
  struct Case {
    double k_per_h;
    Watts power_after;  // 100 W for two hours before
    bool known;
    bool doubted;
  };
  for (const auto& c : {Case{9, 100_W, true, false},
                        {11, 100_W, true, true},
                        {11, 400_W, true, false},
                        {11, 0_W, true, true},
                        {-20, 100_W, true, false},
                        {11, 100_W, false, false}}) {
    SCOPED_TRACE(testing::Message() << c.k_per_h << " K/h, " << c.power_after.value << " W");
    RiseCheck check(config_of(false));
    EmittedHeat emitted(1);
    TimePoint now{};
    double air_c = 15;
    const auto pass = [&](double k_per_h, Watts power) {
      now += seconds{10};
      air_c += k_per_h / 360;
      emitted.take(c.known ? std::optional(power * seconds{10}) : std::nullopt, now);
      check.take(Celsius{air_c}, emitted, now);
    };
    for (int i = 0; i < 720; ++i) pass(0, 100_W);
    bool doubted = false;
    for (int i = 0; i < 180; ++i) {
      pass(c.k_per_h, c.power_after);
      doubted = doubted || check.implausible(now);
    }
    EXPECT_EQ(doubted, c.doubted);
    for (int i = 0; i < 60 * 6; ++i) pass(0, 100_W);
    EXPECT_FALSE(check.implausible(now));
  }
}

TEST(RiseCheck, LeadsToSafeModeAndBack) {
  ClosedLoop loop(config_of(false), ClosedLoop::room(20, 2));
  double drift_k = 0;
  double drift_k_per_h = 0;
  loop.sensed = [&](double air_c) { return air_c + (drift_k += drift_k_per_h / 360); };
  loop.run(hours{8});
  EXPECT_FALSE(loop.agent.telemetry().safe_mode);
  drift_k_per_h = 18;
  loop.run(minutes{25});
  EXPECT_TRUE(loop.agent.telemetry().safe_mode);
  EXPECT_GT(loop.agent.telemetry().power_wanted, 100_W) << "it does not freeze the room";
  drift_k_per_h = 0;
  loop.run(minutes{15});
  EXPECT_TRUE(loop.agent.telemetry().safe_mode);
  loop.run(minutes{25});
  EXPECT_FALSE(loop.agent.telemetry().safe_mode);
}

TEST(RiseCheck, DoubtStillInhibitsAnOverheatedRoom) {
  ClosedLoop loop(config_of(false), ClosedLoop::room(25, 20));
  double drift_k = 0;
  double drift_k_per_h = 0;
  loop.sensed = [&](double air_c) { return air_c + (drift_k += drift_k_per_h / 360); };
  loop.run(hours{3});
  drift_k_per_h = 24;
  loop.run(minutes{40});
  EXPECT_TRUE(loop.agent.telemetry().safe_mode);
  EXPECT_EQ(loop.agent.telemetry().power_wanted, 0_W);
}

TEST(RiseCheck, ACarriedSensorIsNoRise) {
  ClosedLoop loop(config_of(false), ClosedLoop::room(20, 2));
  double offset_k = 0;
  loop.sensed = [&](double air_c) { return air_c + offset_k; };
  loop.run(hours{4});
  offset_k = 8;
  loop.run(minutes{2});
  loop.run(hours{2}, [&] { ASSERT_FALSE(loop.agent.telemetry().safe_mode); });
}

}  // namespace
}  // namespace hearth::node_agent::test
