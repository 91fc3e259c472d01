#include "node_agent/core/air_sensor.h"

#include <algorithm>

namespace hearth::node_agent {
namespace {

using protocol::Quality;
constexpr Celsius kLowest{-30};
constexpr Celsius kHighest{50};
constexpr int kAgreeingNeeded = 3;
constexpr Kelvins kRiseMax{0.5};  // a hand on the sensor must not freeze a node

bool within(Celsius a, Celsius b, Kelvins distance) {
  return a - b <= distance && b - a <= distance;
}

}  // namespace

bool in_range(Celsius air) {
  return air >= kLowest && air <= kHighest;  // false for NaN
}

protocol::Reading AirSensor::take(protocol::Reading reading, TimePoint now) {
  if (reading.quality == Quality::kImplausible) implausible_ = true;
  if (reading.quality != Quality::kGood) return reading;
  const Celsius value{reading.value};
  reading.quality = Quality::kImplausible;
  if (!in_range(value)) {
    implausible_ = true;
    candidate_.reset();
    return reading;
  }
  const bool known = good_ && now - good_at_ <= timeout_;
  if (known && !within(value, *good_, step_max_)) {
    const bool agrees = candidate_ && within(value, *candidate_, step_max_);
    agreeing_ = agrees ? agreeing_ + 1 : 1;
    candidate_ = value;
    implausible_ = true;
    if (agreeing_ < kAgreeingNeeded) return reading;
  }
  if (known && !implausible_) {
    // Implicit first-order filter: stable for any distance of readings.
    const double passed = to_seconds(now - good_at_) / to_seconds(horizon_);
    smooth_ = smooth_ + (passed / (1 + passed)) * (value - smooth_);
  } else {
    smooth_ = value;
  }
  good_ = rounded(value);
  good_at_ = now;
  implausible_ = false;
  candidate_.reset();
  reading.quality = Quality::kGood;
  return reading;
}

std::optional<Celsius> AirSensor::air(TimePoint now) const {
  if (!good_ || implausible_ || now - good_at_ > timeout_) return std::nullopt;
  return good_;
}

Kelvins AirSensor::rise() const {
  if (!good_) return {};
  return rounded(std::clamp(*good_ - smooth_, Kelvins{0}, kRiseMax));
}

std::optional<TimePoint> AirSensor::silent_at() const {
  if (!good_ || implausible_) return std::nullopt;
  return good_at_ + timeout_ + Duration{1};
}

}  // namespace hearth::node_agent
