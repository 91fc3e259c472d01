// What an agent keeps across its restarts, in STATE/agent.json: who it is, how many streams it has
// opened, the setpoint in force, the highest scheduler epoch it has seen. The plan of the next days
// is beside it, STATE/plan.pb, in the stream's own form, and so is what was learned of a tank's
// draws, STATE/draws.json, and of a sensor near the case, STATE/near_case.json.
//
// One agent per state directory: open() takes a lock that ends with the process. Every change is
// on disk when its function returns (changes are rare). Blocking; made for one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/result.h"
#include "node_agent/core/agent_config.h"
#include "node_agent/store/hygiene_log.h"

namespace hearth::node_agent {

class AgentStateStore {
 public:
  // Makes the directory if there is none. kFailedPrecondition: another agent has it;
  // kUnavailable: it cannot be made or written. A damaged file is set aside as agent.json.bad and
  // the agent begins anew: a cold home is worse than a forgotten setpoint.
  static Result<std::unique_ptr<AgentStateStore>> open(const std::string& directory);
  ~AgentStateStore();
  AgentStateStore(const AgentStateStore&) = delete;
  AgentStateStore& operator=(const AgentStateStore&) = delete;

  // For the core's start: `boot_id` is drawn anew by each open(), and so is `power_cut_seed` where
  // the machine itself was started since the last one.
  const AgentState& state() const { return state_; }

  // Counts one more stream; on disk before it returns, so that no number is ever used twice.
  Result<std::uint64_t> next_session_counter();

  Result<> store_setpoint(const protocol::Setpoint& setpoint);
  Result<> store_epoch(std::uint64_t epoch);
  Result<> store_plan(const protocol::ZonePlan& plan);
  Result<> store_draws(const thermal::LearnedDraws& draws);
  Result<> store_near_case(const thermal::CaseBias& bias);
  HygieneLog& hygiene_log() { return hygiene_log_; }
  const HygieneLog& hygiene_log() const { return hygiene_log_; }

 private:
  AgentStateStore(std::string directory, int lock)
      : directory_(std::move(directory)), lock_(lock), hygiene_log_(directory_) {}

  void load();
  void load_plan();
  void load_draws();
  void load_near_case();
  void notice_power_cut();
  Result<> save() const;

  std::string directory_;
  int lock_;
  HygieneLog hygiene_log_;
  std::string machine_boot_;  // the kernel's boot id at the last start
  AgentState state_;
  std::uint64_t session_counter_ = 0;
};

}  // namespace hearth::node_agent
