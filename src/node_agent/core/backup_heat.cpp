#include "node_agent/core/backup_heat.h"

#include <algorithm>

namespace hearth::node_agent {
namespace {

constexpr Duration kShortFor = std::chrono::minutes{20};
constexpr Kelvins kBackInBand{0.2};

}  // namespace

Watts BackupHeat::step(const Inputs& inputs, TimePoint now) {
  if (!(rated_ > 0_W) || !inputs.possible) {
    on_ = false;
    short_since_.reset();
    return 0_W;
  }
  if (inputs.at_once) return rated_;
  const bool is_short = inputs.full && inputs.below > 0_K;
  if (!is_short && !on_) short_since_.reset();
  if (is_short && !short_since_) short_since_ = now;
  if (is_short && now >= *short_since_ + kShortFor) on_ = true;
  if (!inputs.full || inputs.below <= -kBackInBand) on_ = false;
  if (!on_ && !is_short) short_since_.reset();
  return on_ ? rounded(std::clamp(inputs.missing, 0_W, rated_)) : 0_W;
}

}  // namespace hearth::node_agent
