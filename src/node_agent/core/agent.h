// The agent's decisions, with no I/O: which attempts run, how fast, and how much heat is given.
//
// A deterministic state machine like the scheduler's: the same configuration, start state, events
// and times give the same commands, byte for byte. It reads no clock, does no I/O, logs nothing.
// It keeps its zone safe and comfortable with or without the scheduler.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "node_agent/core/agent_config.h"
#include "node_agent/core/command.h"
#include "node_agent/core/event.h"

namespace hearth::node_agent {

class Agent {
 public:
  Agent(AgentConfig config, AgentState state);
  ~Agent();

  // Takes in one event that happened at `now` and returns what to do, in order.
  // Times never run backwards between calls.
  [[nodiscard]] std::vector<Command> apply(const Event& event, TimePoint now);

  // When apply(TimePassed{}) must next be called, if nothing else happens first.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

  // For `hearth-agent status` and logs.
  [[nodiscard]] const protocol::Telemetry& telemetry() const;
  [[nodiscard]] protocol::Setpoint setpoint() const;
  [[nodiscard]] bool window_open() const;  // heat is held, not raised, for some minutes
  [[nodiscard]] std::size_t running_count() const;
  [[nodiscard]] std::size_t waiting_count() const;
  // For StoreDraws, which comes only from an agent with a tank.
  [[nodiscard]] thermal::LearnedDraws learned_draws() const;
  // Unset unless the room's sensor is near the case.
  struct NearCaseNow {
    thermal::CaseBias bias;
    Kelvins correction;  // taken out of the last reading
  };
  [[nodiscard]] std::optional<NearCaseNow> near_case() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::node_agent
