#include "scheduler/core/node_learning.h"

#include <algorithm>
#include <cmath>

namespace hearth::scheduler {
namespace {

constexpr int kSeenMin = 30;
constexpr double kNewestWeight = 0.02;
constexpr Watts kNothingWanted{5};  // above idle: still counts as nothing to do
constexpr double kSpeedLow = 0.3;   // below, turns and overheads blur what power says
constexpr double kSpeedHigh = 0.95;
constexpr double kExponentMax = 3;

}  // namespace

void NodeLearning::Mean::take(double sample) {
  const double share = std::max(kNewestWeight, 1.0 / ++count);
  value += share * (sample - value);
}

void NodeLearning::report(const protocol::NodeFacts& facts, const protocol::Telemetry& telemetry,
                          int busy_cores) {
  if (telemetry.power_w.quality != protocol::Quality::kGood || telemetry.asleep) return;
  const double power = telemetry.power_w.value;
  if (busy_cores == 0 && telemetry.power_wanted <= facts.idle + kNothingWanted) {
    // Filler may just have ended: what is far above the statement is no idling.
    if (power < 2 * facts.idle.value + 20) state_.idle_w.take(power);
  }
  if (busy_cores >= facts.cores && telemetry.power_wanted >= facts.max) state_.max_w.take(power);
}

void NodeLearning::result(const protocol::NodeFacts& facts, const protocol::AttemptReport& report,
                          int cores) {
  const double wall_s = to_seconds(report.finished_at - report.started_at);
  const double nominal_s = to_seconds(report.nominal_run_time);
  const double full_w = (facts.max - facts.idle).value * cores / facts.cores;
  constexpr double kShortestS = 60;
  if (wall_s < kShortestS || !(full_w > 0)) return;
  const double speed = nominal_s / wall_s;
  const double share = report.usage.energy.value / wall_s / full_w;
  if (!(speed > kSpeedLow && speed < kSpeedHigh && share > 0.01 && share < 1)) return;
  const double x = std::log(speed);
  state_.slope_top = (1 - kNewestWeight) * state_.slope_top + x * std::log(share);
  state_.slope_bottom = (1 - kNewestWeight) * state_.slope_bottom + x * x;
  ++state_.slope_count;
}

Watts NodeLearning::idle(const protocol::NodeFacts& facts) const {
  return state_.idle_w.count >= kSeenMin ? rounded(Watts{state_.idle_w.value}) : facts.idle;
}

Watts NodeLearning::max(const protocol::NodeFacts& facts) const {
  if (state_.max_w.count < kSeenMin) return facts.max;
  return std::max(rounded(Watts{state_.max_w.value}), idle(facts));
}

protocol::SpeedLaw NodeLearning::speed(const protocol::NodeFacts& facts) const {
  auto law = facts.speed;
  if (state_.slope_count >= kSeenMin && state_.slope_bottom > 0) {
    law.exponent =
        round_to_milli(std::clamp(state_.slope_top / state_.slope_bottom, 1.0, kExponentMax));
  }
  return law;
}

}  // namespace hearth::scheduler
