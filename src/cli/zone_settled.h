// What became of an order to a zone.
#pragma once

#include "common/result.h"
#include "hearth/fleet/v1/fleet.pb.h"

namespace hearth::cli {

class Session;

// The zone once its agent has answered, or as it is after two seconds: homes may be out of reach.
Result<fleet::v1::Zone> settled_zone(Session& session, fleet::v1::Zone zone);

}  // namespace hearth::cli
