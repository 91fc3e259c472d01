#include "thermal/commissioning.h"

#include "common/random.h"

namespace hearth::thermal {

Kelvins commissioning_offset(Duration since_installed, bool occupied, std::uint64_t seed) {
  constexpr Duration kBlock = std::chrono::hours{4};
  constexpr Kelvins kOffset{0.5};
  if (occupied || since_installed < Duration{} || since_installed >= kCommissioning) return {};
  const auto block = static_cast<std::uint64_t>(since_installed / kBlock);
  Random random(seed ^ (block * 0x9E3779B97F4A7C15u));
  return random.chance(50) ? kOffset : -kOffset;
}

}  // namespace hearth::thermal
