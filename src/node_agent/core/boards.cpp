#include "node_agent/core/boards.h"

#include <algorithm>

namespace hearth::node_agent {
namespace {

using std::chrono::minutes;
constexpr Duration kIdleBeforeSleep = minutes{10};
constexpr Duration kOnMin = minutes{15};
constexpr Duration kOffMin = minutes{5};

}  // namespace

bool Boards::should_wake(const Needs& needs, TimePoint now) const {
  if (needs.work || needs.frost) return true;
  if (now < *since_ + kOffMin) return false;
  return needs.cold || (!needs.may_sleep && needs.power);
}

std::optional<bool> Boards::step(const Needs& needs, TimePoint now) {
  if (!can_sleep_) return std::nullopt;
  if (!since_) since_ = now;
  switch (state_) {
    case State::kOn: {
      const bool needed = !needs.may_sleep || needs.work || needs.heat || needs.cold || needs.frost;
      if (needed) {
        idle_since_.reset();
        return std::nullopt;
      }
      if (!idle_since_) idle_since_ = now;
      if (now < std::max(*idle_since_ + kIdleBeforeSleep, *since_ + kOnMin)) return std::nullopt;
      state_ = State::kOff;
      since_ = now;
      idle_since_.reset();
      return false;
    }
    case State::kOff:
      if (!should_wake(needs, now)) return std::nullopt;
      state_ = boot_ > Duration::zero() ? State::kBooting : State::kOn;
      since_ = now;
      return true;
    case State::kBooting:
      if (now < *since_ + boot_) return std::nullopt;
      state_ = State::kOn;
      since_ = now;
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<TimePoint> Boards::due() const {
  if (state_ == State::kBooting) return *since_ + boot_;
  if (state_ == State::kOn && idle_since_) {
    return std::max(*idle_since_ + kIdleBeforeSleep, *since_ + kOnMin);
  }
  return std::nullopt;
}

}  // namespace hearth::node_agent
