// How strongly this node can wall tasks off: found out by starting one that does nothing.
//
// Blocking, for the agent's start. docs/SECURITY.md says what each level keeps out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "node_agent/runner/confinement.h"
#include "node_agent/runtime/runner_pool.h"

namespace hearth::node_agent {

// What the configuration asks for. kAuto: the strongest that works; kRequired: full or nothing.
enum class IsolationWish { kAuto, kNone, kUser, kRequired };

std::string_view name_of(IsolationWish wish);
std::optional<IsolationWish> parse_isolation_wish(std::string_view text);

// The users of an agent's slots where nobody chose any: out of a range that neither distributions
// nor systemd hand out (1,900,000,000 and on), a thousand for each state directory.
uid_t first_task_user(std::string_view state_directory);

struct IsolationFound {
  runner::Isolation level = runner::Isolation::kNone;
  bool isolated = false;  // full, and the kernel limits memory and processes
  std::string note;       // for NodeFacts: the level, and what is missing
};

// Tries the levels from the strongest that is wished for, with `config` as it will be used.
// kFailedPrecondition: what is wished for cannot be had, and why; kNotFound: there is no runner.
Result<IsolationFound> find_isolation(IsolationWish wish, const RunnerPoolConfig& config);

}  // namespace hearth::node_agent
