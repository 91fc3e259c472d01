#include "node_agent/core/patience.h"

#include <algorithm>
#include <tuple>

namespace hearth::node_agent {
namespace {

constexpr Duration kPatienceMin = std::chrono::minutes{30};
constexpr Duration kForeseenMin = std::chrono::hours{1};  // shorter is a forecast's error
constexpr Duration kPatienceMax = std::chrono::hours{24};
constexpr int kPatienceShare = 3;
constexpr Duration kFreely = std::chrono::minutes{10};
constexpr int kFull = 1000;

}  // namespace

void Progress::set_speed(int permille, TimePoint now) {
  nominal_ = nominal(now);
  frozen_ = frozen(now);
  since_ = now;
  permille_ = permille;
}

Duration Progress::nominal(TimePoint now) const {
  return nominal_ + (now - since_) * std::max(0, permille_) / kFull;
}

Duration Progress::frozen(TimePoint now) const {
  if (permille_ == kFull && now - since_ >= kFreely) return {};
  return is_frozen() ? frozen_ + (now - since_) : frozen_;
}

Duration patience_for(Duration nominal, Duration closed_for) {
  const Duration patience = std::clamp(kPatienceShare * nominal, kPatienceMin, kPatienceMax);
  return closed_for >= std::max(2 * patience, kForeseenMin) ? Duration{} : patience;
}

std::optional<AttemptId> attempt_to_give_up(const std::vector<FrozenAttempt>& frozen) {
  const FrozenAttempt* chosen = nullptr;
  const auto rank = [](const FrozenAttempt& a) {
    return std::tuple(-static_cast<int>(a.service_class), a.nominal, a.attempt);
  };
  for (const auto& attempt : frozen) {
    if (attempt.frozen < patience_for(attempt.nominal, attempt.closed_for)) continue;
    if (chosen == nullptr || rank(attempt) < rank(*chosen)) chosen = &attempt;
  }
  if (chosen == nullptr) return std::nullopt;
  return chosen->attempt;
}

}  // namespace hearth::node_agent
