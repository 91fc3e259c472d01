// What an agent's core is told once: the node's configuration, and what survived its last run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "node_agent/core/hygiene.h"
#include "protocol/stream.h"
#include "thermal/case_bias.h"
#include "thermal/tank_model.h"

namespace hearth::node_agent {

struct AgentConfig {
  protocol::NodeFacts facts;
  protocol::HeatBand band;
  protocol::Setpoint default_setpoint;  // until somebody chooses one
  Duration control_period{std::chrono::seconds{60}};
  Duration report_period{std::chrono::seconds{10}};   // until a Welcome says otherwise
  Duration sensor_timeout{std::chrono::minutes{15}};  // silent longer: safe mode
  Duration integral_time{std::chrono::seconds{6000}};
  Duration gain_time{std::chrono::seconds{1500}};
  double air_capacity_j_per_k = 0;  // 0: no model, the PI of HEAT section 3 "without a model"
  double ua_w_per_k = 0;
  std::size_t spool_results_max = 100'000;  // at this bound nothing new starts
  Celsius cpu_trip{100};                    // at or above: trip, latched until TripReset
  Celsius case_trip{75};                    // so a covered heater trips too
  Kelvins air_step_max{5};                  // two passes further apart: implausible
  bool sensor_near_case = false;            // the room's sensor reads part of the case
  bool cool_at_night = false;               // a programme's step down is an order to cool
};

// What survives a restart of the agent, and what is drawn anew at each start.
struct AgentState {
  std::string installation_id;
  std::string boot_id;  // new at each start; the energy counters of SensorsRead begin at 0 with it
  std::optional<protocol::Setpoint> setpoint;
  std::uint64_t highest_epoch = 0;
  std::optional<protocol::ZonePlan> plan;
  std::optional<thermal::LearnedDraws> draws;  // of the tank's household
  std::optional<thermal::CaseBias> near_case;  // of the room's sensor
  std::optional<HygieneHistory> hygiene;       // of the audit's last lift that was done
  // Set where the power had failed: the node starts at random within ten minutes (DESIGN section
  // 5), so that a building's breaker does not see all of them at once.
  std::optional<std::uint64_t> power_cut_seed;
};

}  // namespace hearth::node_agent
