#include "scheduler/core/tank_forecast.h"

#include <algorithm>
#include <cmath>

#include "common/normal.h"

namespace hearth::scheduler {
namespace {

using protocol::Quality;

constexpr double kJoulesPerLitreKelvin = 4186;
constexpr double kLossPerThirdPower = 0.045;  // W/K per litre^(2/3), as the agents reckon
constexpr Celsius kCold{12};
constexpr Duration kGapMax = std::chrono::minutes{35};  // reports farther apart begin anew
constexpr double kHalfHourS = 1800;
constexpr double kVolumesADay = 0.8;
constexpr int kPriorFrom = 12, kPriorTo = 44;  // half hours of the day
constexpr double kPriorStd = 1;                // of a half hour's mean
constexpr double kOwedMax = 0.2;               // of the content
constexpr double kHouseholdStd = 0.2;
constexpr double kCautiousDraws = 0.8;
constexpr double kZ90 = 1.2816;

double normal(Random& random) {
  constexpr std::uint64_t kSteps = 1ULL << 52;
  return normal_quantile((static_cast<double>(random.below(kSteps)) + 0.5) /
                         static_cast<double>(kSteps));
}

std::optional<std::array<Celsius, 3>> layers_of(const protocol::Telemetry& telemetry) {
  const auto& tank = telemetry.tank;
  if (!tank || telemetry.safe_mode) return std::nullopt;
  std::array<Celsius, 3> layers;
  const std::array readings = {tank->top_c, tank->middle_c, tank->bottom_c};
  for (std::size_t i = 0; i < readings.size(); ++i) {
    if (readings[i].quality != Quality::kGood || !std::isfinite(readings[i].value)) {
      return std::nullopt;
    }
    layers[i] = Celsius{readings[i].value};
  }
  return layers;
}

void set_draws(const thermal::TankModel& model, int minute_of_week, const TankLearning& learning,
               TankOutlook& outlook) {
  const double day_j = kVolumesADay * model.j_per_k * (model.useful - kCold).value;
  const int from = std::max(0, minute_of_week) / 30;
  for (int i = 0; i < kTankHalfHours; ++i) {
    const auto place = static_cast<std::size_t>(i);
    const int of_day = (from + i) % thermal::kHalfHoursOfDay;
    double mean_j = of_day >= kPriorFrom && of_day < kPriorTo ? day_j / (kPriorTo - kPriorFrom) : 0;
    double std_j = kPriorStd * mean_j;
    if (outlook.learned) {
      mean_j = learning.pattern().mean(from + i).value;
      std_j = (learning.pattern().p90(from + i).value - mean_j) / kZ90;
    }
    outlook.draw_j[place] = static_cast<float>(mean_j);
    outlook.draw_std_j[place] = static_cast<float>(std_j);
  }
}

}  // namespace

thermal::TankModel tank_model_of(const protocol::TankFacts& facts) {
  thermal::TankModel model;
  model.j_per_k = facts.volume_l * kJoulesPerLitreKelvin;
  model.loss_w_per_k = kLossPerThirdPower * std::cbrt(facts.volume_l * facts.volume_l);
  model.useful = facts.useful;
  model.compute_max = facts.compute_max;
  return model;
}

void TankLearning::report(const protocol::TankFacts& facts, const protocol::Telemetry& telemetry,
                          Joules heat, UtcTime utc) {
  const auto layers = layers_of(telemetry);
  if (!layers || telemetry.minute_of_week < 0) return balance_.reset();
  const auto model = tank_model_of(facts);
  const double mean_c = ((*layers)[0].value + (*layers)[1].value + (*layers)[2].value) / 3;
  const Joules content{model.j_per_k * (mean_c - kCold.value)};
  const int half_hour = telemetry.minute_of_week / 30;
  const bool gap = balance_ && (utc < balance_->last || utc - balance_->last > kGapMax);
  if (!balance_ || gap || heat < balance_->heat) {
    balance_ = Balance{half_hour, content, heat, {}, utc};
    return;
  }
  balance_->lost += model.hold_power(*layers) * (utc - balance_->last);
  balance_->last = utc;
  if (half_hour == balance_->half_hour) return;
  // Drawn is what came in and neither stayed nor was lost.
  const Joules drawn =
      owed_ + balance_->content + (heat - balance_->heat) - balance_->lost - content;
  pattern_.observe(balance_->half_hour, std::max(Joules{}, drawn));
  owed_ = std::clamp(drawn, -kOwedMax * content, Joules{});
  ++half_hours_;
  balance_ = Balance{half_hour, content, heat, {}, utc};
}

std::optional<TankOutlook> tank_outlook(const TankNode& node, const TankLearning& learning) {
  const auto layers = layers_of(node.telemetry);
  if (!layers || !node.facts.tank) return std::nullopt;
  const auto& facts = *node.facts.tank;
  const auto model = tank_model_of(facts);
  TankOutlook outlook;
  // Full is also where the bottom is as warm as the loop may get it back.
  const bool full = layers->back() >= facts.return_max;
  outlook.headroom_j = full ? 0 : model.headroom(*layers).value;
  outlook.j_per_k = model.j_per_k;
  outlook.loss_w = model.hold_power(*layers).value;
  outlook.idle_w = static_cast<float>(node.idle.value);
  outlook.max_w = static_cast<float>(node.max.value);
  outlook.cores = static_cast<float>(node.facts.cores);
  outlook.speed = node.speed;
  outlook.learned = learning.learned();
  set_draws(model, node.telemetry.minute_of_week, learning, outlook);
  return outlook;
}

std::array<double, 48> TankOutlook::absorbed_w(double scale, Random* dice) const {
  std::array<double, 48> power{};
  double room_j = headroom_j;
  for (std::size_t i = 0; i < draw_j.size(); ++i) {
    double drawn_j = scale * static_cast<double>(draw_j[i]);
    if (dice != nullptr) drawn_j += static_cast<double>(draw_std_j[i]) * normal(*dice);
    room_j += std::max(0.0, drawn_j) + loss_w * kHalfHourS;
    const double taken_j = std::min(room_j, static_cast<double>(max_w) * kHalfHourS);
    room_j -= taken_j;
    power[i / 2] += taken_j / (2 * kHalfHourS);
  }
  return power;
}

Duration TankOutlook::runway(Watts power, Kelvins below) const {
  double room_j = headroom_j - j_per_k * std::abs(below.value);
  for (std::size_t i = 0; i < draw_j.size(); ++i) {
    const double change_j =
        (power.value - loss_w) * kHalfHourS - kCautiousDraws * static_cast<double>(draw_j[i]);
    if (change_j > room_j) {
      const double share = std::max(0.0, room_j) / change_j;
      return from_seconds(kHalfHourS * (static_cast<double>(i) + share));
    }
    room_j -= change_j;
  }
  return from_seconds(kHalfHourS * static_cast<double>(draw_j.size()));
}

TankDraw drawn_tank(const TankOutlook& tank, Random& random) {
  TankDraw draw;
  const double scale = std::max(0.0, 1 + kHouseholdStd * normal(random));
  draw.power_w = tank.absorbed_w(scale, &random);
  const double dynamic_w = static_cast<double>(tank.max_w - tank.idle_w);
  for (std::size_t h = 0; h < draw.cores.size(); ++h) {
    const double share =
        dynamic_w > 0 ? (draw.power_w[h] - static_cast<double>(tank.idle_w)) / dynamic_w : 0;
    if (share > 0) {
      draw.cores[h] = static_cast<double>(tank.cores) * protocol::speed_at(tank.speed, share);
    }
  }
  return draw;
}

}  // namespace hearth::scheduler
