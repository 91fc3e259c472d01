#include "node_agent/core/emitted_heat.h"

#include <algorithm>

namespace hearth::node_agent {
namespace {

constexpr double kLagS = 25 * 60;
constexpr double kRememberedS = 3600;
constexpr double kSampleS = 60;

}  // namespace

void EmittedHeat::take(std::optional<Joules> drawn, TimePoint now) {
  if (!drawn) {
    first_.reset();
    hour_.clear();
    return;
  }
  if (!first_) {
    first_ = last_ = now;
    return;
  }
  const double passed_s = to_seconds(now - last_) / time_scale_;
  if (!(passed_s > 0)) return;
  const Watts power{drawn->value / to_seconds(now - last_)};
  last_ = now;
  if (hour_.empty()) now_ = power;
  now_ += (passed_s / (kLagS + passed_s)) * (power - now_);
  const auto age_s = [&](const Sample& s) { return to_seconds(now - s.at) / time_scale_; };
  if (hour_.empty() || age_s(hour_.newest()) >= kSampleS) hour_.push({now, rounded(now_)});
  while (age_s(hour_.oldest()) > kRememberedS && hour_.size() > 1) hour_.drop_oldest();
}

bool EmittedHeat::known() const {
  return first_ && to_seconds(last_ - *first_) / time_scale_ >= kRememberedS;
}

Watts EmittedHeat::fallen() const {
  if (hour_.empty()) return {};
  return std::max(now(), std::ranges::max(hour_, {}, &Sample::power).power) - now();
}

Watts EmittedHeat::risen() const {
  if (hour_.empty()) return {};
  return now() - std::min(now(), std::ranges::min(hour_, {}, &Sample::power).power);
}

Watts EmittedHeat::mean() const {
  if (hour_.empty()) return now();
  Watts sum;
  for (const auto& sample : hour_) sum += sample.power;
  return rounded((1.0 / static_cast<double>(hour_.size())) * sum);
}

}  // namespace hearth::node_agent
