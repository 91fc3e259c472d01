// What the real cores are told about a simulated world: configurations, setpoints, specifications.
#pragma once

#include "node_agent/core/agent_config.h"
#include "scheduler/core/scheduler.h"
#include "simulator/world.h"

namespace hearth::simulator {

// Whether the scheduler learns rooms and looks ahead: policy `hearth`, or its ablation
// `thermostat`.
enum class Learning { kOff, kOn };

scheduler::SchedulerConfig scheduler_config(const World& world, Learning learning);
// Its room's sensor is near the case, and the agent is told so.
bool agent_corrects_case(const World& world, std::size_t node);
node_agent::AgentConfig agent_config(const World& world, std::size_t node);
protocol::Setpoint setpoint_of(const Scenario& scenario);
// Of a tank: when its water was last lifted, before the run; nothing for a room.
std::optional<node_agent::HygieneHistory> hygiene_history(const World& world, std::size_t node);
protocol::JobSpec spec_of(const World& world, const Job& job);

// Civil time is UTC in the simulator.
int minute_of_week(UtcTime time);
inline UtcTime utc_at(const Scenario& scenario, TimePoint now) {
  return scenario.start + now.time_since_epoch();
}

}  // namespace hearth::simulator
