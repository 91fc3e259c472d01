#include "node_agent/store/agent_state_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>

#include "common/log.h"
#include "hearth/node/v1/node.pb.h"
#include "node_agent/store/draws_json.h"
#include "node_agent/store/files.h"
#include "node_agent/store/near_case_json.h"
#include "node_agent/store/setpoint_json.h"
#include "wire/node.h"

namespace hearth::node_agent {
namespace {

using nlohmann::json;

constexpr std::size_t kStateBytesMax = 1024 * 1024;

std::string draw_id() {
  std::random_device random;
  char text[33];
  for (int i = 0; i < 4; ++i) {
    std::snprintf(text + 8 * i, 9, "%08x", static_cast<unsigned>(random()));
  }
  return text;
}

Result<int> take_lock(const std::string& directory) {
  const auto path = directory + "/lock";
  const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return fail(ErrorCode::kUnavailable, path + ": " + std::strerror(errno));
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    auto holder = read_file(path, 64).value_or("");
    if (holder.ends_with('\n')) holder.pop_back();
    return fail(ErrorCode::kFailedPrecondition,
                directory +
                    ": another hearth-agent is running with this state directory (process " +
                    (holder.empty() ? "unknown" : holder) + ")");
  }
  const auto pid = std::to_string(::getpid()) + "\n";
  // The number is for people only; the lock itself is what counts.
  (void)!::ftruncate(lock, 0);
  (void)!::write(lock, pid.data(), pid.size());
  return lock;
}

// Keys it does not know are left alone: an older version may be put back for a while.
Result<> read_state(std::string_view text, AgentState& state, std::uint64_t& session_counter,
                    std::string& machine_boot) {
  try {
    const auto object = json::parse(text);
    object.at("installation_id").get_to(state.installation_id);
    object.at("session_counter").get_to(session_counter);
    object.at("highest_epoch").get_to(state.highest_epoch);
    machine_boot = object.value("machine_boot", "");
    if (!object.contains("setpoint")) return {};
    HEARTH_TRY(setpoint, parse_setpoint(object.at("setpoint")));
    state.setpoint = setpoint;
    return {};
  } catch (const json::exception& problem) {
    return fail(ErrorCode::kInternal, problem.what());
  }
}

}  // namespace

Result<std::unique_ptr<AgentStateStore>> AgentStateStore::open(const std::string& directory) {
  if (auto made = make_directories(directory, 0711); !made) return tl::unexpected(made.error());
  HEARTH_TRY(lock, take_lock(directory));
  std::unique_ptr<AgentStateStore> store{new AgentStateStore(directory, lock)};
  store->load();
  store->load_plan();
  store->load_draws();
  store->load_near_case();
  store->notice_power_cut();
  store->state_.hygiene = store->hygiene_log_.history();
  store->state_.boot_id = draw_id();
  if (auto saved = store->save(); !saved) return tl::unexpected(saved.error());
  return store;
}

AgentStateStore::~AgentStateStore() {
  ::close(lock_);
}

void AgentStateStore::load() {
  const auto path = directory_ + "/agent.json";
  const auto text = read_file(path, kStateBytesMax);
  const auto sound = text ? read_state(*text, state_, session_counter_, machine_boot_) : Result<>{};
  if (!sound) {
    log::error("agent_state_damaged", {{"path", path}, {"reason", sound.error().message}});
    ::rename(path.c_str(), (path + ".bad").c_str());
    state_ = {};
    session_counter_ = 0;
  }
  if (state_.installation_id.empty()) state_.installation_id = draw_id();
}

void AgentStateStore::notice_power_cut() {
  auto boot = read_file("/proc/sys/kernel/random/boot_id", 64).value_or("");
  if (boot.ends_with('\n')) boot.pop_back();
  if (!machine_boot_.empty() && !boot.empty() && boot != machine_boot_) {
    state_.power_cut_seed = std::random_device{}();
  }
  machine_boot_ = boot;
}

// A plan that cannot be read is as good as none: the next one is on its way.
void AgentStateStore::load_plan() {
  const auto path = directory_ + "/plan.pb";
  const auto bytes = read_file(path, kStateBytesMax);
  if (!bytes) return;
  node::v1::ZonePlan message;
  if (message.ParseFromString(*bytes)) {
    if (auto plan = wire::from_wire(message)) {
      state_.plan = std::move(*plan);
      return;
    }
  }
  log::warn("plan_damaged", {{"path", path}});
}

Result<> AgentStateStore::store_plan(const protocol::ZonePlan& plan) {
  state_.plan = plan;
  node::v1::ZonePlan message;
  wire::to_wire(plan, &message);
  return replace_file(directory_ + "/plan.pb", message.SerializeAsString());
}

// Draws that cannot be read are learned anew.
void AgentStateStore::load_draws() {
  const auto path = directory_ + "/draws.json";
  const auto text = read_file(path, kStateBytesMax);
  if (!text) return;
  if (auto draws = draws_from_json(*text)) {
    state_.draws = *draws;
  } else {
    log::warn("draws_damaged", {{"path", path}, {"reason", draws.error().message}});
  }
}

Result<> AgentStateStore::store_draws(const thermal::LearnedDraws& draws) {
  state_.draws = draws;
  return replace_file(directory_ + "/draws.json", draws_to_json(draws));
}

void AgentStateStore::load_near_case() {
  const auto path = directory_ + "/near_case.json";
  const auto text = read_file(path, kStateBytesMax);
  if (!text) return;
  if (auto bias = near_case_from_json(*text)) {
    state_.near_case = *bias;
  } else {
    log::warn("near_case_damaged", {{"path", path}, {"reason", bias.error().message}});
  }
}

Result<> AgentStateStore::store_near_case(const thermal::CaseBias& bias) {
  state_.near_case = bias;
  return replace_file(directory_ + "/near_case.json", near_case_to_json(bias));
}

Result<> AgentStateStore::save() const {
  json object = {{"installation_id", state_.installation_id},
                 {"session_counter", session_counter_},
                 {"highest_epoch", state_.highest_epoch},
                 {"machine_boot", machine_boot_}};
  if (state_.setpoint) object["setpoint"] = to_json(*state_.setpoint);
  return replace_file(directory_ + "/agent.json", object.dump(2) + "\n");
}

Result<std::uint64_t> AgentStateStore::next_session_counter() {
  ++session_counter_;
  if (auto saved = save(); !saved) return tl::unexpected(saved.error());
  return session_counter_;
}

Result<> AgentStateStore::store_setpoint(const protocol::Setpoint& setpoint) {
  state_.setpoint = setpoint;
  return save();
}

Result<> AgentStateStore::store_epoch(std::uint64_t epoch) {
  state_.highest_epoch = epoch;
  return save();
}

}  // namespace hearth::node_agent
