// The agent's configuration file. deploy/agent.json shows every key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "node_agent/core/agent_config.h"
#include "node_agent/runtime/output_reader.h"
#include "node_agent/sensors/simulated_boiler.h"
#include "node_agent/sensors/simulated_heater.h"
#include "node_agent/sensors/sysfs_heater.h"
#include "tls/certificate.h"

namespace hearth::node_agent {

// The simulated room in the words of the file; HeaterConfig::simulated.room is made from them.
struct RoomConfig {
  double floor_area_m2 = 20;
  double ua_w_per_k = 20;
  std::string mass = "MEDIUM";
  double capacity_scale = 1;
};

struct HeaterConfig {
  std::string driver = "simulated";
  RoomConfig room;
  SimulatedHeaterConfig simulated;
  std::string draws = "L";                      // of the simulated tank
  std::optional<SimulatedBoilerConfig> boiler;  // where the node has a tank
  SysfsHeaterConfig sysfs;
};

// How tasks are walled off from the node; docs/SECURITY.md.
struct IsolationConfig {
  std::string level = "auto";       // auto, none, user or required
  int users_from = 0;               // slot n runs as this user + n; 0: chosen by the agent
  std::uint64_t scratch_bytes = 0;  // of files in memory, per task; 0: a quarter of the memory
                                    // divided among the cores
  int processes_max = 2048;         // of a task, threads counted
  std::vector<std::string> readable_paths;  // shown to tasks besides the usual
  bool grants_network = false;              // to tasks that need one; never in a home
};

struct Config {
  AgentConfig agent;
  std::string scheduler = "127.0.0.1:7400";
  bool insecure = false;     // may speak without TLS beyond this machine
  tls::CredentialPaths tls;  // all three or none
  bool enrolled = false;     // instead: what `hearth-agent enrol` got
  std::string state_directory = "/var/lib/hearth-agent";
  std::string runner_path;  // empty: hearth-runner beside this program
  std::string time_zone = "UTC";
  std::string log_level = "info";
  Duration sensor_period{std::chrono::seconds{1}};
  Duration reconnect_min{200};
  Duration reconnect_max{std::chrono::seconds{10}};
  Duration watchdog{std::chrono::seconds{30}};
  std::uint64_t cache_bytes = 10ull << 30;
  OutputTailLimits tails;
  std::string task_user;  // if given, task_user_id is its number
  int task_user_id = 0;   // 0: tasks run as the agent's own user
  IsolationConfig isolation;
  HeaterConfig heater;
  protocol::TankFacts tank{.volume_l = 0};  // 0: none; else it becomes agent.facts.tank
};

// Comments are allowed. Every problem at once, unknown keys among them; node_id and zone_id are
// required, everything else has a default.
Result<Config> parse_config(std::string_view text);

// The same as JSON, with every default written out.
std::string print_config(const Config& config);

}  // namespace hearth::node_agent
