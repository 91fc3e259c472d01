#include "thermal/room_fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "common/random.h"
#include "thermal/simulated_room.h"

namespace hearth::thermal {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kDay = 4;  // 24 h among kErrorHorizonsH

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  double uniform() { return static_cast<double>(random_.below(1 << 20)) / (1 << 20); }
  // Near enough to normal: the sum of twelve.
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }

 private:
  Random random_;
};

// A winter: outdoors a slow wander and a daily swing, sun through changing clouds.
struct Winter {
  Draw draw;
  double wander_k = 0;
  double clear = 0.5;

  explicit Winter(std::uint64_t seed) : draw(seed) {}
  RoomInput at(std::size_t k) {
    const double hour = std::fmod(static_cast<double>(k) / 6, 24);
    if (k % 6 == 0) wander_k = 0.98 * wander_k + 0.5 * draw.normal();
    if (k % 144 == 0) clear = draw.uniform();
    const double sun = std::max(0.0, std::sin((hour - 7.5) / 9 * 3.14159265));
    const bool day = hour > 7.5 && hour < 16.5;
    return {4 + 3 * std::sin((hour - 9) / 24 * 6.2831853) + wander_k, 0,
            day ? 450 * clear * sun : 0};
  }
};

// Full power or none, redrawn every four hours; within 14 to 26 °C.
struct Switching {
  double full_w;
  bool on = true;
  double power(std::size_t k, double air_c, Draw& draw) {
    if (k % 24 == 0 && draw.uniform() < 0.7) on = draw.uniform() < 0.5;
    return air_c > 26 ? 0 : air_c < 14 || on ? full_w : 0;
  }
};

RoomHistory of_own_class(const RoomModel& room, std::size_t days, double noise_k,
                         std::uint64_t seed) {
  Winter winter(seed);
  Switching heater{room.ua_w_per_k() * 28};
  const RoomStep step(room, kModelStepS, 0);
  RoomEstimate x{20, 19, 0, 0};
  RoomHistory history;
  for (std::size_t k = 0; k <= days * kStepsPerDay; ++k) {
    auto input = winter.at(k);
    input.heat_w = heater.power(k, x.air_c, winter.draw);
    history.air_c.push_back(x.air_c + noise_k * winter.draw.normal());
    history.heat_w.push_back(input.heat_w);
    history.outdoor_c.push_back(input.outdoor_c);
    history.irradiance_w_per_m2.push_back(input.irradiance_w_per_m2);
    x = step.advance(x, input);
  }
  return history;
}

struct House {
  double floor_m2 = 25;
  double ua = 30;
  MassClass mass = MassClass::kMedium;
  double noise_k = 0.03;
  double quantum_k = 0;
  double internal_w = 0;
  bool windows = false;       // opened for 20 minutes on most mornings
  bool steady = false;        // held at 20 °C instead of excited
  double radiator_share = 1;  // of HEAT section 2's capacity; small: no lag
};

RoomHistory of_5r1c(const House& house, std::size_t days, std::uint64_t seed) {
  const auto parameters = room_with_loss(house.floor_m2, house.ua, house.mass);
  RadiatorParameters radiator;
  radiator.rated = Watts{house.ua * 28};
  radiator.j_per_k_per_rated_w *= house.radiator_share;
  SimulatedRoom room(parameters, radiator, 19_degC);
  Winter winter(seed);
  Switching heater{radiator.rated.value};
  double windows_closed_at = 0;
  RoomHistory history;
  for (std::size_t k = 0; k <= days * kStepsPerDay; ++k) {
    const auto input = winter.at(k);
    const double air_c = room.state().air.value;
    const double noisy_c = air_c + house.noise_k * winter.draw.normal();
    double power = heater.power(k, air_c, winter.draw);
    if (house.steady) {
      power = std::clamp(house.ua * (20 - input.outdoor_c) + 4 * house.ua * (20 - air_c), 0.0,
                         radiator.rated.value);
    }
    history.air_c.push_back(
        house.quantum_k > 0 ? std::round(noisy_c / house.quantum_k) * house.quantum_k : noisy_c);
    history.heat_w.push_back(power);
    history.outdoor_c.push_back(input.outdoor_c);
    history.irradiance_w_per_m2.push_back(input.irradiance_w_per_m2);
    if (k % kStepsPerDay == 42 && winter.draw.uniform() < 0.7) {
      windows_closed_at = static_cast<double>(k) + 2;
    }
    const bool open = house.windows && static_cast<double>(k) < windows_closed_at;
    room.set_ventilation(parameters.ventilation_w_per_k + (open ? 60 : 0));
    const bool home = k % kStepsPerDay < 48 || k % kStepsPerDay > 102;
    Weather weather;
    weather.outdoor = Celsius{input.outdoor_c};
    weather.solar = Watts{input.irradiance_w_per_m2 * 0.03 * house.floor_m2};
    weather.internal = Watts{home ? house.internal_w : 0};
    room.step(Watts{power}, weather, std::chrono::minutes{10});
  }
  return history;
}

// Learns from 17 days and scores on the days after them.
struct Trial {
  RoomFit fit;
  ForecastScore score;

  explicit Trial(const RoomHistory& history, FitOptions options = {}) {
    const std::size_t end = 17 * kStepsPerDay;
    const auto training = history.slice(0, end + 1);
    fit = best_model(training, options);
    score = score_forecasts(fit.model, filter_options(training, options, fit.lag_s),
                            PreparedHistory(history), {end, 0, history.size() - 1});
  }
  double rmse_k(std::size_t h) const { return score.rmse_k[h].value_or(99); }
  double persistence_k(std::size_t h) const { return score.persistence_k[h].value_or(0); }
};

TEST(RoomFit, RecoversTheParametersOfItsOwnClass) {
  const RoomModel room{2.4e6, 14e6, 1 / 250.0, 2.2 / 45, 2.2 / 45, 1.5, 3};
  const Trial trial(of_own_class(room, 24, 0.02, 1));
  ASSERT_EQ(trial.fit.kind, ModelKind::k3R2C) << trial.fit.reason;
  EXPECT_NEAR(trial.fit.model.ua_w_per_k() / room.ua_w_per_k(), 1, 0.03);
  EXPECT_NEAR(trial.fit.model.ci_j_per_k / room.ci_j_per_k, 1, 0.1);
  EXPECT_NEAR(trial.fit.model.cm_j_per_k / room.cm_j_per_k, 1, 0.1);
  EXPECT_NEAR(trial.fit.model.rim_k_per_w / room.rim_k_per_w, 1, 0.15);
  EXPECT_LT(trial.rmse_k(kDay), 0.1);
}

// Structurally another room: light to heavy, with people, windows, coarse sensors, a slow radiator.
TEST(RoomFit, ForecastsRoomsOfAnotherStructure) {
  struct Case {
    const char* name;
    House house;
    double rmse_max_k;
  };
  std::vector<Case> cases(7);
  cases[0] = {"light", {}, 0.2};
  cases[0].house.mass = MassClass::kLight;
  cases[1] = {"medium with people", {}, 0.6};
  cases[1].house.internal_w = 120;
  cases[2] = {"heavy and large", {}, 0.2};
  cases[2].house.mass = MassClass::kVeryHeavy;
  cases[2].house.floor_m2 = 100;
  cases[2].house.ua = 120;
  cases[3] = {"half-kelvin sensor", {}, 0.45};
  cases[3].house.quantum_k = 0.5;
  cases[4] = {"windows", {}, 0.6};
  cases[4].house.windows = true;
  cases[5] = {"slow radiator", {}, 0.3};
  cases[6] = {"fast radiator", {}, 0.2};
  cases[6].house.radiator_share = 0.05;
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    FitOptions options;
    if (std::string_view(c.name) == "slow radiator") options.lag_s = kRadiatorLagS;
    const Trial trial(of_5r1c(c.house, 24, 2), options);
    EXPECT_TRUE(trial.fit.accepted) << trial.fit.reason;
    EXPECT_LT(trial.rmse_k(kDay), c.rmse_max_k);
    EXPECT_LT(trial.rmse_k(kDay), 0.5 * trial.persistence_k(kDay));
    EXPECT_NEAR(trial.fit.ua_w_per_k / c.house.ua, 1, 0.25);
  }
}

TEST(RoomFit, ChoosesTheLagThatExplainsMost) {
  FitOptions options;
  options.lag_s = std::nullopt;
  const Trial slow(of_5r1c({}, 20, 4), options);
  EXPECT_GT(slow.fit.lag_s, 0);
  const RoomModel room{2.4e6, 14e6, 1 / 250.0, 2.2 / 45, 2.2 / 45, 1.5, 3};
  const Trial fast(of_own_class(room, 20, 0.02, 4), options);
  EXPECT_EQ(fast.fit.lag_s, 0);
}

TEST(RoomFit, BearsGapsInEverySensor) {
  auto history = of_5r1c({}, 24, 3);
  Draw draw(8);
  for (auto* series :
       {&history.air_c, &history.heat_w, &history.outdoor_c, &history.irradiance_w_per_m2}) {
    for (int gap = 0; gap < 20; ++gap) {
      const auto first = static_cast<std::size_t>(draw.uniform() * 3400);
      const auto length = static_cast<std::size_t>(1 + draw.uniform() * 12);
      for (auto k = first; k < std::min(first + length, series->size()); ++k) (*series)[k] = kNaN;
    }
  }
  const Trial trial(history);
  EXPECT_TRUE(trial.fit.accepted) << trial.fit.reason;
  EXPECT_LT(trial.rmse_k(kDay), 0.5 * trial.persistence_k(kDay));
}

TEST(RoomFit, ARoomHeldSteadyShowsItsLossOnly) {
  House house;
  house.steady = true;
  const auto history = of_5r1c(house, 17, 5);
  FitOptions options;
  options.power_max_w = 2000;
  options.previous = with_loss(prior_room(40), 40);
  const auto fit = best_model(history, options);
  EXPECT_EQ(fit.kind, ModelKind::kUaOnly);
  EXPECT_FALSE(fit.accepted);
  EXPECT_NEAR(fit.ua_w_per_k, 30, 5);
  EXPECT_EQ(fit.model.ci_j_per_k, options.previous->ci_j_per_k);
  options.previous.reset();
  const auto alone = best_model(history, options);
  EXPECT_EQ(alone.kind, ModelKind::k1R1C);
  EXPECT_NEAR(alone.ua_w_per_k, 30, 5);
}

TEST(RoomFit, RefusesAJumpOfTheLoss) {
  const auto history = of_5r1c({}, 17, 6);
  FitOptions options;
  options.ua0_w_per_k = 30;
  options.previous = with_loss(prior_room(120), 120);
  const auto fit = best_model(history, options);
  EXPECT_NE(fit.kind, ModelKind::k3R2C);
  EXPECT_NE(fit.reason.find("UA"), std::string::npos) << fit.reason;
}

TEST(RoomFit, RefusesWhatForecastsNoBetterThanPersistence) {
  // Power that has nothing to do with the room.
  auto history = of_5r1c({}, 17, 7);
  Draw draw(1);
  for (double& p : history.heat_w) p = 1000 * draw.uniform();
  Draw walk(2);
  double air = 20;
  for (double& t : history.air_c) t = air += 0.15 * walk.normal();
  const auto fit = best_model(history, {});
  EXPECT_FALSE(fit.accepted);
  EXPECT_NE(fit.kind, ModelKind::k3R2C);
}

// One capacity never forecasts capacity: its demand is reckoned with the signature's loss.
TEST(RoomFit, OneCapacityIsForTemperatureOnly) {
  House house;
  house.steady = true;
  const auto fit = best_model(of_5r1c(house, 4, 5), {});
  ASSERT_EQ(fit.kind, ModelKind::k1R1C);
  EXPECT_NEAR(fit.hold_model.ua_w_per_k(), fit.ua_w_per_k, 1e-9);
  EXPECT_EQ(fit.hold_model, with_loss(prior_room(fit.ua_w_per_k), fit.ua_w_per_k));
}

// Much the same every day, so that persistence is nearly perfect: refused, but not thrown away.
TEST(RoomFit, ARefusedModelMayStillBeatOneCapacity) {
  Winter winter(12);
  const auto room = with_loss(prior_room(30), 30);
  const RoomStep step(room, kModelStepS, 0);
  RoomEstimate x{20, 19.5, 0, 0};
  RoomHistory history;
  for (std::size_t k = 0; k <= 17 * kStepsPerDay; ++k) {
    const double hour = std::fmod(static_cast<double>(k) / 6, 24);
    const double power = hour < 3 || (hour > 12 && hour < 14) ? 1800 : 0;
    const double outdoor = 4 + 3 * std::sin(hour / 24 * 6.2831853);
    history.air_c.push_back(x.air_c + 0.1 * winter.draw.normal());
    history.heat_w.push_back(power);
    history.outdoor_c.push_back(outdoor);
    x = step.advance(x, {outdoor, power, 0});
  }
  const auto fit = best_model(history, {});
  EXPECT_FALSE(fit.accepted);
  EXPECT_EQ(fit.kind, ModelKind::kRefused) << fit.reason;
  EXPECT_EQ(fit.model, fit.hold_model);
}

TEST(RoomFit, KeepsTheLastModelWhereItIsBetterThanTheFallback) {
  auto history = of_5r1c({}, 17, 9);
  const auto good = best_model(history, {});
  ASSERT_TRUE(good.accepted);
  const auto short_history = history.slice(0, 4 * kStepsPerDay);
  FitOptions options;
  options.previous = good.model;
  EXPECT_EQ(best_model(short_history, options).kind, ModelKind::kKept);
  EXPECT_EQ(best_model(short_history, {}).kind, ModelKind::k1R1C);
  EXPECT_EQ(best_model(history.slice(0, kStepsPerDay), {}).kind, ModelKind::kPrior);
  EXPECT_NEAR(best_model(history.slice(0, kStepsPerDay), {}).ua_w_per_k, 30, 30);
}

TEST(RoomFit, ErrorsGrowWithTheHorizon) {
  const auto fit = best_model(of_5r1c({}, 17, 10), {});
  ASSERT_TRUE(fit.accepted);
  for (std::size_t h = 1; h < 6; ++h) {
    EXPECT_GE(fit.error.zone_rmse_k[h], fit.error.zone_rmse_k[h - 1]);
  }
  EXPECT_LT(fit.error.zone_rmse_k[0], 0.3);
}

// Whatever comes in, a usable model comes out.
TEST(RoomFit, NeverFails) {
  const auto n = 8 * kStepsPerDay;
  const auto all = [&](double air, double heat, double outdoor, double sun) {
    RoomHistory history;
    history.air_c.assign(n, air);
    history.heat_w.assign(n, heat);
    history.outdoor_c.assign(n, outdoor);
    history.irradiance_w_per_m2.assign(n, sun);
    return history;
  };
  std::vector<RoomHistory> histories = {
      {},
      all(20, 0, 20, 0),
      all(20, 500, 5, 100),
      all(kNaN, kNaN, kNaN, kNaN),
      all(20, kNaN, 5, 0),
      all(1e300, -1e300, 1e18, 1e9),
      all(-30, 90'000, -50, 1400),
      all(20, 15, 5, 30),  // people heat it, its heater hardly: less than any room's UA
  };
  auto wild = all(20, 500, 5, 0);
  Draw draw(3);
  for (std::size_t k = 0; k < n; ++k) {
    wild.air_c[k] = 100 * draw.normal();
    wild.heat_w[k] = 1e4 * draw.normal();
    wild.outdoor_c[k] = 50 * draw.normal();
  }
  histories.push_back(wild);
  for (std::size_t i = 0; i < histories.size(); ++i) {
    for (const bool choose_lag : {false, true}) {
      FitOptions options;
      if (choose_lag) options.lag_s = std::nullopt;
      const auto fit = best_model(histories[i], options);
      const auto& m = fit.model;
      for (const double value : {m.ci_j_per_k, m.cm_j_per_k, m.rim_k_per_w, m.rio_k_per_w,
                                 m.rmo_k_per_w, fit.ua_w_per_k}) {
        EXPECT_TRUE(std::isfinite(value) && value > 0) << i;
      }
      EXPECT_TRUE(std::isfinite(RoomStep(m, 600, fit.lag_s).advance({20, 20, 0, 0}, {}).air_c));
    }
  }
}

}  // namespace
}  // namespace hearth::thermal
