#include "node_agent/core/hygiene.h"

#include <algorithm>

namespace hearth::node_agent {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

struct Hold {
  Celsius at_least;
  Duration time;
};
constexpr std::array<Hold, 3> kHolds = {
    Hold{Celsius{70}, minutes{2}}, Hold{Celsius{65}, minutes{4}}, Hold{Celsius{60}, minutes{60}}};
constexpr Duration kFirstWithin = hours{24};
constexpr Duration kReserve = hours{5};
constexpr Duration kGoodTimeWithin = hours{36};  // of the deadline: two nights to choose from
constexpr double kSlower = 1.3;               // draws and losses take heat meanwhile (our choice)
constexpr Duration kUnseenMax = minutes{15};  // a longer gap between passes breaks a hold
constexpr int kNoticed = 4;                   // lifts closer than a fourth of the period are one

}  // namespace

std::string_view to_string(HygieneResult result) {
  return result == HygieneResult::kDone ? "DONE" : "MISSED";
}

UtcTime Hygiene::due() const {
  if (history_) return history_->last_done + facts_.hygiene_every;
  return first_seen_.value_or(UtcTime{}) + std::min(facts_.hygiene_every, kFirstWithin);
}

Duration Hygiene::due_in(UtcTime now) const {
  if (!history_ && !first_seen_) return std::min(facts_.hygiene_every, kFirstWithin);
  return std::max(Duration{}, due() - now);
}

std::optional<HygieneRecord> Hygiene::watch(const Inputs& inputs, UtcTime now) {
  const bool unseen = now - last_step_ > kUnseenMax || now < last_step_;
  for (std::size_t i = 0; i < kHolds; ++i) {
    const auto& hold = node_agent::kHolds[i];
    if (unseen || !inputs.coldest || *inputs.coldest < hold.at_least) held_since_[i].reset();
    if (!inputs.coldest || *inputs.coldest < hold.at_least) continue;
    if (!held_since_[i]) held_since_[i] = now;
    if (now - *held_since_[i] < hold.time) continue;
    const bool just_done =
        history_ && !active_since_ && now - history_->last_done < facts_.hygiene_every / kNoticed;
    if (just_done) continue;
    const UtcTime started = active_since_.value_or(*held_since_[i]);
    history_ = HygieneHistory{now, done() + 1};
    active_since_.reset();
    for (auto& since : held_since_) since.reset();
    return HygieneRecord{started, now, hold.at_least, HygieneResult::kDone};
  }
  return std::nullopt;
}

std::optional<HygieneRecord> Hygiene::step(const Inputs& inputs, UtcTime now) {
  if (!first_seen_) first_seen_ = now;
  auto record = watch(inputs, now);
  last_step_ = now;
  if (record) return record;
  const UtcTime deadline = due();
  if (!inputs.allowed || !(inputs.power > 0_W)) {
    active_since_.reset();
  } else if (!active_since_) {
    const Duration lift = from_seconds(kSlower * (inputs.missing.value / inputs.power.value));
    const Duration lead = lift + node_agent::kHolds.back().time + kReserve;
    const Duration early = std::min(kGoodTimeWithin, facts_.hygiene_every / 3);
    if (now + lead >= deadline || (inputs.good_time && now + early >= deadline)) {
      active_since_ = now;
    }
  }
  if (now < deadline || missed_ == deadline) return std::nullopt;
  missed_ = deadline;
  return HygieneRecord{active_since_.value_or(deadline), now, inputs.coldest.value_or(Celsius{0}),
                       HygieneResult::kMissed};
}

}  // namespace hearth::node_agent
