// Builders shared by the tests of the agent's core.
#pragma once

#include <string>
#include <vector>

#include "node_agent/core/agent.h"

namespace hearth::node_agent::test {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

inline protocol::Reading good(double value) {
  return {value, protocol::Quality::kGood};
}

// Four cores of 100 W each over 50 W idle.
inline AgentConfig small_config() {
  AgentConfig config;
  config.facts.node = NodeId{"n1"};
  config.facts.zone = ZoneId{"z1"};
  config.facts.cores = 4;
  config.facts.memory_bytes = 1000;
  config.facts.idle = 50_W;
  config.facts.min_run = 60_W;
  config.facts.max = 450_W;
  config.facts.static_share = 250_W;
  return config;
}

inline AgentState fresh_state() {
  AgentState state;
  state.installation_id = "i1";
  state.boot_id = "b1";
  return state;
}

inline protocol::JobSpec spec_of(protocol::ServiceClass service_class, int cores = 1) {
  protocol::JobSpec spec;
  spec.command = {"true"};
  spec.service_class = service_class;
  spec.resources.cores = cores;
  return spec;
}

inline protocol::Limits limits_of(double t_ref_c, double p_max_w, Duration valid_for) {
  protocol::Limits limits;
  limits.revision = 1;
  limits.t_ref = Celsius{t_ref_c};
  limits.p_max = Watts{p_max_w};
  limits.valid_for = valid_for;
  return limits;
}

inline SensorsRead air_of(double air_c) {
  SensorsRead sensors;
  sensors.air_temperature_c = good(air_c);
  return sensors;
}

template <class T>
std::vector<T> all_of(const std::vector<Command>& commands) {
  std::vector<T> found;
  for (const auto& command : commands) {
    if (const auto* one = std::get_if<T>(&command)) found.push_back(*one);
  }
  return found;
}

template <class T>
std::vector<T> sent(const std::vector<Command>& commands) {
  std::vector<T> found;
  for (const auto& command : commands) {
    const auto* send = std::get_if<Send>(&command);
    if (!send) continue;
    if (const auto* one = std::get_if<T>(&send->message)) found.push_back(*one);
  }
  return found;
}

// An agent with its clock, so that a test reads as what happens when.
struct Driven {
  explicit Driven(AgentConfig config = small_config(), AgentState state = fresh_state())
      : agent(std::move(config), std::move(state)) {}

  std::vector<Command> at(Duration time, const Event& event) {
    return agent.apply(event, TimePoint{time});
  }
  std::vector<Command> say(Duration time, protocol::SchedulerMessage message) {
    return at(time, SchedulerSaid{1, std::move(message)});
  }

  // Connected at 0 s in a room at `air_c`, setpoint 20 degC, with limits for an hour.
  void connect(double air_c, Duration valid_for = hours{1}) {
    (void)at(seconds{0}, air_of(air_c));
    (void)at(seconds{0}, StreamOpened{1, 1});
    (void)say(seconds{0}, protocol::LimitsChanged{limits_of(20, 450, valid_for)});
  }
  std::vector<Command> start(Duration time, std::uint64_t counter, protocol::JobSpec spec) {
    const JobId job{counter};
    (void)say(time, protocol::JobDetails{job, std::move(spec)});
    return say(time, protocol::StartAttempt{AttemptId{1, counter}, TaskId{job, 0}});
  }
  std::vector<Command> end(Duration time, std::uint64_t counter, double cpu_s = 0) {
    AttemptEnded ended;
    ended.report.attempt = AttemptId{1, counter};
    ended.report.task = TaskId{JobId{counter}, 0};
    ended.report.usage.cpu_s = cpu_s;
    return at(time, ended);
  }

  Agent agent;
};

}  // namespace hearth::node_agent::test
