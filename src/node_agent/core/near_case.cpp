#include "node_agent/core/near_case.h"

#include <algorithm>
#include <chrono>

#include "node_agent/core/window.h"

namespace hearth::node_agent {
namespace {

using protocol::Quality;
constexpr Kelvins kMost{4};
constexpr double kSampleS = 60;
constexpr Duration kKeptEvery = std::chrono::hours{6};
constexpr Celsius kCoolest{-30};
constexpr Celsius kHottest{150};

}  // namespace

NearCase::NearCase(const AgentConfig& config, const std::optional<thermal::CaseBias>& learned)
    : time_scale_(time_scale_of(config)),
      timeout_(config.sensor_timeout),
      stops_(config.facts.max.value, learned.value_or(thermal::CaseBias{})) {}

protocol::Reading NearCase::take(protocol::Reading air, protocol::Reading enclosure,
                                 protocol::Reading power, TimePoint now) {
  if (!kept_at_) kept_at_ = now;
  const Celsius hot{enclosure.value};
  const bool readable = enclosure.quality == Quality::kGood && hot >= kCoolest && hot <= kHottest;
  if (readable) seen_ = {now, hot};
  stepped_ = worth_keeping_ = false;
  if (air.quality != Quality::kGood) return air;
  const Celsius reading{air.value};
  if (readable && power.quality == Quality::kGood && learn(reading, hot, Watts{power.value}, now)) {
    stepped_ = unkept_ = true;
  }
  const auto known = this->enclosure(now);
  if (known.has_value() != corrects_) stepped_ = true;
  corrects_ = known.has_value();
  worth_keeping_ = unkept_ && now - *kept_at_ >= kKeptEvery;
  if (worth_keeping_) {
    kept_at_ = now;
    unkept_ = false;
  }
  correction_ = {};
  if (!known) return air;
  const Celsius behind{thermal::air_behind_case_c(reading.value, known->value, bias().k())};
  correction_ = rounded(std::clamp(reading - behind, Kelvins{0}, kMost));
  air.value = (reading - correction_).value;
  return air;
}

// A sample a minute, of the room's own time. Returns whether anything was learned.
bool NearCase::learn(Celsius air, Celsius enclosure, Watts power, TimePoint now) {
  if (sampled_at_ && to_seconds(now - *sampled_at_) < kSampleS * time_scale_) return false;
  sampled_at_ = now;
  const double time_s = to_seconds(now.time_since_epoch()) / time_scale_;
  return stops_.take({time_s, air.value, enclosure.value, power.value});
}

std::optional<Celsius> NearCase::enclosure(TimePoint now) const {
  if (!seen_ || now - seen_->at > timeout_) return std::nullopt;
  return seen_->enclosure;
}

}  // namespace hearth::node_agent
