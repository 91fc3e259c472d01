// The small disturbance from which a new zone is learned: a room held steady shows its loss, but
// not its capacities (HEAT section 1, "Gate"). Pure: the same zone and time give the same offset.
#pragma once

#include <cstdint>

#include "common/units.h"

namespace hearth::thermal {

inline constexpr Duration kCommissioning = std::chrono::hours{7 * 24};

// What to add to the reference: +0.5 or -0.5 K while nobody is there, for the zone's first seven
// days; 0 otherwise. The sign is drawn anew every four hours (our choice: longer than the air's
// time constant, shorter than the mass's) from `seed`, one per zone, so that homes differ.
Kelvins commissioning_offset(Duration since_installed, bool occupied, std::uint64_t seed);

}  // namespace hearth::thermal
