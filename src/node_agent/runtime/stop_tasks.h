// Ends everything that an agent which no longer runs has left running.
#pragma once

#include <string>

#include "common/result.h"
#include "common/time.h"

namespace hearth::node_agent {

// Stops every task below `state_directory` (SIGTERM, after `grace` SIGKILL, the whole tree), then
// their runners; returns how many tasks it stopped once nothing of them is left. What the tasks
// had done is found by the next agent, as CANCELLED. kUnavailable: some runner did not go.
Result<int> stop_tasks(const std::string& state_directory, Duration grace);

}  // namespace hearth::node_agent
