#include "scheduler/core/pressure.h"

#include <algorithm>

#include "common/units.h"

namespace hearth::scheduler {
namespace {

constexpr double kUpPerS = 1.0 / (20 * 60);
constexpr double kDownPerS = 1.0 / (2 * 3600);
constexpr double kEnoughShare = 0.7;  // of wanted heat from paid work: neither charge nor float
constexpr double kWidth = 0.3;

}  // namespace

void Pressure::take(TimePoint now, bool queued, double paid_share) {
  const double elapsed_s = started_ ? to_seconds(now - last_) : 0;
  started_ = true;
  last_ = now;
  const double target = queued ? 1.0 : std::clamp((paid_share - kEnoughShare) / kWidth, -1.0, 0.0);
  const double step = std::clamp(target - value_, -kDownPerS * elapsed_s, kUpPerS * elapsed_s);
  value_ = round_to_milli(1000 * (value_ + step)) / 1000;
}

}  // namespace hearth::scheduler
