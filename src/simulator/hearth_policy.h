// Policies `hearth` and `thermostat`: the real scheduler core and one real agent core for each
// node, wired by function calls under the engine's virtual clock. A commit is durable at once.
#pragma once

#include <memory>

#include "simulator/core_config.h"
#include "simulator/policy.h"

namespace hearth::simulator {

// `thermostat` is the same without model and forecast: what prediction itself is worth.
std::unique_ptr<Policy> make_hearth(Stage stage, Learning learning);

}  // namespace hearth::simulator
