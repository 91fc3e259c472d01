// Runs one policy in one world, minute by minute and event by event, and judges it.
#pragma once

#include <functional>
#include <string>

#include "simulator/world.h"

namespace hearth::simulator {

// Says how far it is, 0..1, now and then; may be empty.
using Progress = std::function<void(double)>;

// `policy` is one of kPolicyNames. kInvalidArgument otherwise.
Result<RunResult> run_policy(const World& world, const std::string& policy,
                             const Progress& progress = {});

}  // namespace hearth::simulator
