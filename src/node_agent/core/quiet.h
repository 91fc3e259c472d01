// Quiet hours: how far the node is held down now, for the sake of sleepers (DESIGN section 5).
#pragma once

#include <optional>
#include <vector>

#include "protocol/stream.h"

namespace hearth::node_agent {

// The lowest limit of those hours that cover this minute of the civil week; nothing where none
// does, or where the time is not known.
std::optional<Watts> quiet_limit(const std::vector<protocol::QuietHours>& hours,
                                 std::optional<int> minute_of_week);

}  // namespace hearth::node_agent
