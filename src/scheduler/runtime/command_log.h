// Writes down what the core orders, with its reason. Runs on the loop's thread.
#pragma once

#include "scheduler/core/command.h"

namespace hearth::scheduler {

// Notable commands at info under names of their own, all others at debug as "command".
void log_command(const Command& command);

}  // namespace hearth::scheduler
