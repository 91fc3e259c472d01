#include "node_agent/core/tank_store.h"

#include <algorithm>
#include <cmath>

namespace hearth::node_agent {
namespace {

using protocol::Quality;
constexpr double kJoulesPerLitreKelvin = 4186;
constexpr Celsius kCold{10};  // of the mains
constexpr Celsius kLowest{0};
constexpr Celsius kHighest{98};
constexpr double kLossPerThirdPower = 0.045;  // W/K per litre^(2/3): 1.8 W/K at 250 L
constexpr double kKeptUnlearned = 0.67;       // of the volume, at `useful`
constexpr double kLikelyUnlearned = 0.4;
constexpr std::size_t kParts = 12;
constexpr double kKeptMost = 0.6;    // a bath and a shower that nobody foresaw
constexpr double kCaution = 2;       // times what P90 is over the mean: one in 200
constexpr double kKeptLeast = 0.34;  // one layer
constexpr Kelvins kSpare{5};         // water that just reaches `useful` does not for long: it mixes
constexpr int kLearnedAfter = 96;    // half hours: two days
constexpr int kKeptEvery = 12;       // half hours
constexpr int kNeedHalfHours = 8;    // looks four hours ahead
constexpr int kCalmHalfHoursMax = 20;
constexpr double kCalmShare = 0.02;  // of the volume, at `useful` (choice): a hand washed

}  // namespace

TankStore::TankStore(const protocol::TankFacts& facts, Duration sensor_timeout,
                     const std::optional<thermal::LearnedDraws>& learned)
    : facts_(facts), timeout_(sensor_timeout) {
  if (learned) {
    pattern_ = thermal::DrawPattern{learned->draws};
    half_hours_seen_ = half_hours_kept_ = std::max(0, learned->half_hours);
  }
  model_.j_per_k = facts.volume_l * kJoulesPerLitreKelvin;
  model_.loss_w_per_k = kLossPerThirdPower * std::cbrt(facts.volume_l * facts.volume_l);
  model_.useful = std::min(facts.useful + kSpare, facts.compute_max - kSpare);
  model_.compute_max = facts.compute_max;
}

void TankStore::take(const TankLayers& layers, Joules given, std::optional<int> minute_of_week,
                     TimePoint now) {
  readings_ = {layers.top, layers.middle, layers.bottom};
  for (std::size_t i = 0; i < kLayers; ++i) {
    auto& reading = readings_[i];
    const Celsius value{reading.value};
    if (reading.quality != Quality::kGood) continue;
    if (!(value >= kLowest && value <= kHighest)) {  // NaN too
      reading = {0, Quality::kImplausible};
      believed_at_[i].reset();
      continue;
    }
    believed_[i] = rounded(value);
    believed_at_[i] = now;
  }
  if (const auto all = this->layers(now)) {
    learn(*all, given, minute_of_week, now);
  } else {
    balance_.reset();
  }
}

std::optional<TankStore::Layers> TankStore::layers(TimePoint now) const {
  for (const auto& at : believed_at_) {
    if (!at || now - *at > timeout_) return std::nullopt;
  }
  return believed_;
}

Celsius TankStore::mean(const Layers& layers) {
  double sum = 0;
  for (const auto layer : layers) sum += layer.value;
  return rounded(Celsius{sum / kLayers});
}

Celsius TankStore::coldest(const Layers& layers) {
  return *std::ranges::min_element(layers);
}

Kelvins TankStore::excess(const Layers& layers) const {
  const Kelvins width = facts_.compute_max - facts_.useful;
  const double by_mean = (mean(layers) - facts_.useful) / width;
  const double by_return = (layers.back() - facts_.useful) / (facts_.return_max - facts_.useful);
  return rounded((std::max(by_mean, by_return) - 1) * width);
}

Joules TankStore::usable(const Layers& layers) const {
  std::array<Celsius, kParts> parts{};
  for (std::size_t i = 0; i < kParts; ++i) {
    const double place = (static_cast<double>(i) + 0.5) / kParts * (kLayers - 1);
    const auto above = static_cast<std::size_t>(place);
    const double share = place - static_cast<double>(above);
    parts[i] = layers[above] + share * (layers[above + 1] - layers[above]);
  }
  return model_.usable(parts, kCold);
}

Joules TankStore::missing(const Layers& layers, Celsius to) const {
  Joules sum;
  for (const auto layer : layers) {
    sum += Joules{model_.j_per_k / kLayers * std::max(0.0, (to - layer).value)};
  }
  return sum;
}

Joules TankStore::content(const Layers& layers) const {
  return Joules{model_.j_per_k * (mean(layers) - kCold).value};
}

TankStore::Need TankStore::need(std::optional<int> minute_of_week) const {
  const Joules whole{model_.j_per_k * (model_.useful - kCold).value};
  if (half_hours_seen_ < kLearnedAfter || !minute_of_week) {
    return {kLikelyUnlearned * whole, kKeptUnlearned * whole};
  }
  const auto need = pattern_.need(*minute_of_week / 30, kNeedHalfHours);
  bool seen = true;
  for (int i = 0; i < kNeedHalfHours; ++i) seen = seen && pattern_.seen(*minute_of_week / 30 + i);
  const Joules cautious = need.mean + kCaution * (need.p90 - need.mean);
  return {std::clamp(need.p90, kKeptLeast * whole, whole),
          std::clamp(cautious, (seen ? kKeptMost : kKeptUnlearned) * whole, whole)};
}

bool TankStore::calm(std::optional<int> minute_of_week, Duration ahead) const {
  if (half_hours_seen_ < kLearnedAfter || !minute_of_week) return false;
  const auto half_hours = static_cast<int>(to_seconds(ahead) / 1800) + 1;
  if (half_hours > kCalmHalfHoursMax) return false;
  const Joules whole{model_.j_per_k * (model_.useful - kCold).value};
  return pattern_.need(*minute_of_week / 30, half_hours).mean <= kCalmShare * whole;
}

bool TankStore::worth_keeping() {
  if (half_hours_seen_ - half_hours_kept_ < kKeptEvery) return false;
  half_hours_kept_ = half_hours_seen_;
  return true;
}

// Drawn is what came in and neither stayed nor was lost.
void TankStore::learn(const Layers& layers, Joules given, std::optional<int> minute_of_week,
                      TimePoint now) {
  if (!minute_of_week) return;
  const int half_hour = *minute_of_week / 30;
  if (!balance_ || now - balance_->last > timeout_) {
    balance_ = Balance{half_hour, content(layers), {}, {}, now};
    return;
  }
  balance_->given += given;
  balance_->lost +=
      Watts{model_.loss_w_per_k * (mean(layers) - model_.ambient).value} * (now - balance_->last);
  balance_->last = now;
  if (half_hour == balance_->half_hour) return;
  const Joules drawn = balance_->before + balance_->given - balance_->lost - content(layers);
  pattern_.observe(balance_->half_hour, std::max(Joules{}, drawn));
  ++half_hours_seen_;
  balance_ = Balance{half_hour, content(layers), {}, {}, now};
}

}  // namespace hearth::node_agent
