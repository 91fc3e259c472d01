#include "node_agent/core/setpoint_authority.h"

namespace hearth::node_agent {
namespace {

using protocol::SetpointMode;
using protocol::SetpointOrigin;
constexpr int kMinutesPerWeek = 7 * 24 * 60;

}  // namespace

bool SetpointAuthority::ordered(const protocol::Setpoint& setpoint) {
  const bool local_off = is_off() && in_force_.revision.origin == SetpointOrigin::kLocal;
  if (local_off || setpoint.revision <= in_force_.revision || !problems_of(setpoint).empty()) {
    return false;
  }
  in_force_ = setpoint;
  boost_.reset();
  return true;
}

bool SetpointAuthority::chosen(protocol::Setpoint setpoint, std::optional<Duration> boost_for,
                               TimePoint now) {
  if (!problems_of(setpoint).empty()) return false;
  const auto newest = to_store().revision.counter;
  setpoint.revision = {newest + 1, SetpointOrigin::kLocal};
  if (boost_for) {
    auto then = to_store();  // a boost during a boost returns to what was before the first
    then.revision.counter = newest + 2;
    boost_ = Boost{now + *boost_for, std::move(then)};
  } else {
    boost_.reset();
  }
  in_force_ = std::move(setpoint);
  return true;
}

bool SetpointAuthority::end_boost(TimePoint now) {
  if (!boost_ || now < boost_->end) return false;
  in_force_ = std::move(boost_->then);
  boost_.reset();
  return true;
}

std::optional<TimePoint> SetpointAuthority::boost_end() const {
  if (!boost_) return std::nullopt;
  return boost_->end;
}

void SetpointAuthority::clock_read(int minute_of_week, TimePoint now) {
  clock_ = Clock{minute_of_week, now};
}

std::optional<Celsius> SetpointAuthority::value(TimePoint now) const {
  if (is_off()) return std::nullopt;
  if (in_force_.mode == SetpointMode::kConstant) return in_force_.value;
  return setpoint_at(in_force_, minute_of_week(now).value_or(0));
}

std::optional<int> SetpointAuthority::minute_of_week(TimePoint now) const {
  if (!clock_) return std::nullopt;
  const auto passed = std::chrono::floor<std::chrono::minutes>(now - clock_->read_at).count();
  return static_cast<int>((clock_->minute_of_week + passed) % kMinutesPerWeek);
}

std::optional<SetpointAuthority::Rise> SetpointAuthority::next_rise(TimePoint now) const {
  const auto minute = minute_of_week(now);
  if (!minute || in_force_.mode != SetpointMode::kProgramme) return std::nullopt;
  const Celsius current = setpoint_at(in_force_, *minute);
  std::optional<Rise> soonest;
  for (const auto& step : in_force_.programme) {
    int ahead = step.minute_of_week - *minute;
    if (ahead <= 0) ahead += kMinutesPerWeek;
    const Duration in = std::chrono::minutes{ahead};
    if (step.setpoint > current && (!soonest || in < soonest->in)) {
      soonest = Rise{in, step.setpoint};
    }
  }
  return soonest;
}

}  // namespace hearth::node_agent
