#include "node_agent/core/setpoint_authority.h"

namespace hearth::node_agent {
namespace {

using protocol::SetpointMode;
using protocol::SetpointOrigin;
constexpr int kMinutesPerWeek = 7 * 24 * 60;
// What a holiday has cooled is still cold for a step up so soon after it (choice).
constexpr Duration kWallsStayCold = std::chrono::hours{12};

bool walls_are_cold(const protocol::Setpoint& setpoint, UtcTime at) {
  return setpoint.holiday && at >= setpoint.holiday->until &&
         at <= setpoint.holiday->until + kWallsStayCold;
}

bool same_without_holiday(const protocol::Setpoint& a, const protocol::Setpoint& b) {
  return a.mode == b.mode && a.programme == b.programme &&
         (a.mode != SetpointMode::kConstant || a.value == b.value);
}

}  // namespace

bool SetpointAuthority::ordered(const protocol::Setpoint& setpoint) {
  const bool local_off = is_off() && in_force_.revision.origin == SetpointOrigin::kLocal;
  if (local_off || setpoint.revision <= in_force_.revision || !problems_of(setpoint).empty()) {
    return false;
  }
  // hearthd puts a holiday over what it last heard to be in force. Where that is a boost, it would
  // outlast the holiday: what the boost ends in takes the holiday instead, and none where that is
  // OFF. Orders other than holidays never carry one, so that nothing else is taken for one.
  const bool over_boost = boost_ && setpoint.holiday && same_without_holiday(setpoint, in_force_);
  if (over_boost && boost_->then.mode == SetpointMode::kOff) return false;
  in_force_ = over_boost ? boost_->then : setpoint;
  in_force_.revision = setpoint.revision;
  in_force_.holiday = setpoint.holiday;
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

bool SetpointAuthority::holiday_chosen(std::optional<protocol::Holiday> holiday) {
  auto setpoint = to_store();
  if (!holiday && !setpoint.holiday) return false;
  setpoint.holiday = holiday;
  if (!problems_of(setpoint).empty()) return false;
  setpoint.revision = {setpoint.revision.counter + 1, SetpointOrigin::kLocal};
  boost_.reset();
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

void SetpointAuthority::clock_read(UtcTime utc, int minute_of_week, TimePoint now) {
  clock_ = Clock{utc, minute_of_week, now};
}

std::optional<UtcTime> SetpointAuthority::utc(TimePoint now) const {
  if (!clock_) return std::nullopt;
  return clock_->utc + (now - clock_->read_at);
}

bool SetpointAuthority::on_holiday(TimePoint now) const {
  const auto time = utc(now);
  return time && in_force_.on_holiday(*time);
}

std::optional<Celsius> SetpointAuthority::value(TimePoint now) const {
  if (is_off()) return std::nullopt;
  if (on_holiday(now)) return in_force_.holiday->away;
  return setpoint_at(in_force_, minute_of_week(now).value_or(0));
}

std::optional<int> SetpointAuthority::minute_of_week(TimePoint now) const {
  if (!clock_) return std::nullopt;
  const auto passed = std::chrono::floor<std::chrono::minutes>(now - clock_->read_at).count();
  return static_cast<int>((clock_->minute_of_week + passed) % kMinutesPerWeek);
}

std::optional<SetpointAuthority::Rise> SetpointAuthority::programme_rise(TimePoint now, int minute,
                                                                         UtcTime utc_now) const {
  std::optional<Rise> soonest;
  if (in_force_.mode != SetpointMode::kProgramme) return soonest;
  const Celsius current = *value(now);
  for (const auto& step : in_force_.programme) {
    int ahead = step.minute_of_week - minute;
    if (ahead <= 0) ahead += kMinutesPerWeek;
    const Duration in = std::chrono::minutes{ahead};
    if (step.setpoint > current && !in_force_.on_holiday(utc_now + in) &&
        (!soonest || in < soonest->in)) {
      soonest = Rise{in, step.setpoint, walls_are_cold(in_force_, utc_now + in)};
    }
  }
  return soonest;
}

SetpointAuthority::Rise SetpointAuthority::holiday_rise(int minute, UtcTime utc_now) const {
  const Duration in = in_force_.holiday->until - utc_now;
  const auto minutes = std::chrono::floor<std::chrono::minutes>(in).count();
  const auto then = static_cast<int>((minute + minutes) % kMinutesPerWeek);
  Rise rise{in, setpoint_at(in_force_, then), true};
  Duration after{};
  for (const auto& step : in_force_.programme) {
    const int ahead = (step.minute_of_week - then + kMinutesPerWeek) % kMinutesPerWeek;
    const Duration from_return = std::chrono::minutes{ahead};
    if (from_return > kWallsStayCold) continue;
    if (step.setpoint > rise.to || (step.setpoint == rise.to && from_return < after)) {
      after = from_return;
      rise = Rise{in + after, step.setpoint, true};
    }
  }
  return rise;
}

std::optional<SetpointAuthority::Rise> SetpointAuthority::next_rise(TimePoint now) const {
  const auto minute = minute_of_week(now);
  if (!minute || is_off()) return std::nullopt;
  const UtcTime utc_now = *utc(now);
  const auto soonest = programme_rise(now, *minute, utc_now);
  if (!in_force_.holiday || in_force_.holiday->until <= utc_now) return soonest;
  if (!on_holiday(now) && soonest && utc_now + soonest->in < in_force_.holiday->from) {
    return soonest;
  }
  const auto back = holiday_rise(*minute, utc_now);
  return back.to > *value(now) ? std::optional(back) : std::nullopt;
}

}  // namespace hearth::node_agent
