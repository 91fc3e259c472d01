// A tank's part of `explain_zone`: the answer, and the numbers behind it.
#pragma once

#include <string>
#include <vector>

#include "scheduler/core/zone_record.h"

namespace hearth::scheduler {

// Requires that the node has a tank, is online and not OFF. `power`: drawn by its zone now.
std::string why_tank(const NodeRecord& lead, Watts power);
void add_tank_facts(const ZoneRecord& zone, const NodeRecord& lead,
                    std::vector<std::string>& facts);

}  // namespace hearth::scheduler
