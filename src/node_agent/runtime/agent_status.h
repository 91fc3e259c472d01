// What `hearth-agent status` shows, and what a local choice means now.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "node_agent/core/agent.h"
#include "node_agent/runtime/control_protocol.h"

namespace hearth::node_agent {

struct StatusFacts {
  const protocol::NodeFacts& facts;
  const Agent& agent;
  std::size_t results_spooled = 0;
  std::optional<std::uint64_t> connected_epoch;  // unset: no stream to the scheduler
  std::string heater;
  std::optional<HygieneRecord> last_hygiene;
};

// {"node_id":…,"setpoint":{…},"telemetry":{…},"tasks_running":…}; keys carry their units.
nlohmann::json describe_status(const StatusFacts& facts);

// The same as aligned lines for people.
std::string print_status(const nlohmann::json& status);

// The event of a choice or a reset; nothing for requests that only ask. A boost is relative to what
// holds now, or to `fallback` while off. kInvalidArgument: a holiday that nobody can begin at
// `now`; kFailedPrecondition: one while OFF.
Result<std::optional<Event>> event_of(const ControlRequest& request, const Agent& agent,
                                      const protocol::Setpoint& fallback, UtcTime now);

}  // namespace hearth::node_agent
