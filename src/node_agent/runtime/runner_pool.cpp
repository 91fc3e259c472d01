#include "node_agent/runtime/runner_pool.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <filesystem>

#include "common/check.h"
#include "common/digest.h"
#include "common/log.h"
#include "node_agent/runner/process_tree.h"
#include "node_agent/runner/spec_json.h"
#include "node_agent/runner/task_directory.h"
#include "protocol/indices.h"

namespace hearth::node_agent {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using boost::system::error_code;
using protocol::FailureClass;

constexpr std::chrono::seconds kGreetingPatience{5};
constexpr int kKillPassesMax = 20;
constexpr const char* kForgottenPrefix = "forgotten-";

UtcTime utc_now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

std::optional<std::uint64_t> stands_for(const StartTask& order) {
  if (order.spec.indices.empty()) return std::nullopt;
  return protocol::index_at(order.spec.indices, order.task.index);
}

// What a dead runner's task left running. It may fork while we look: several passes.
void kill_leftovers(const std::string& scratch) {
  for (int pass = 0; pass < kKillPassesMax; ++pass) {
    const auto found = runner::processes_with_environment("HEARTH_SCRATCH=" + scratch);
    if (found.empty()) return;
    runner::signal_all(found, SIGKILL);
  }
}

// Agents of one machine have state directories of their own, and so their tasks' groups.
std::string control_group_name(const RunnerPoolConfig& config, int slot) {
  return sha256(config.state_directory).substr(0, 12) + "-" + std::to_string(slot);
}

// Whether the pool that has this handler still exists: it empties it at its end.
bool is_alive(const std::weak_ptr<RunnerPool::EventHandler>& handler) {
  const auto locked = handler.lock();
  return locked && *locked;
}

}  // namespace

std::vector<std::string> runner_command(const RunnerPoolConfig& config, int slot) {
  const auto milliseconds = [](Duration time) { return std::to_string(time.count()) + "ms"; };
  std::vector<std::string> command = {config.runner_path,
                                      "--watchdog",
                                      milliseconds(config.watchdog),
                                      "--idle-exit",
                                      milliseconds(config.idle_exit),
                                      "--freeze-period",
                                      milliseconds(config.freeze_period),
                                      "--output-bytes",
                                      std::to_string(config.output_bytes_max)};
  const auto& confinement = config.confinement;
  const auto add = [&command](const char* option, std::string value) {
    command.insert(command.end(), {option, std::move(value)});
  };
  if (config.task_user) {
    const auto beyond = config.user_per_slot ? static_cast<uid_t>(slot) : 0;
    add("--uid", std::to_string(*config.task_user + beyond));
  }
  if (confinement.level == runner::Isolation::kNone) return command;
  add("--isolation", std::string{runner::name_of(confinement.level)});
  add("--group", control_group_name(config, slot));
  add("--processes", std::to_string(confinement.processes_max));
  add("--memory-bytes", std::to_string(confinement.memory_bytes));
  if (confinement.level == runner::Isolation::kUser) return command;
  add("--root", config.state_directory + "/runners/root");
  add("--scratch-bytes", std::to_string(confinement.scratch_bytes));
  for (const auto& path : confinement.readable_paths) add("--readable", path);
  if (confinement.grants_network) add("--network", "node");
  return command;
}

RunnerPool::RunnerPool(asio::io_context& io, RunnerPoolConfig config, EventHandler on_event)
    : io_(io),
      config_(std::move(config)),
      on_event_(std::make_shared<EventHandler>(std::move(on_event))),
      ping_timer_(io),
      greeting_timer_(io) {}

RunnerPool::~RunnerPool() {
  *on_event_ = nullptr;
  for (auto& [number, slot] : slots_) {
    if (slot.link) slot.link->detach();
  }
}

Result<> RunnerPool::start(std::set<AttemptId> spooled, FoundHandler found) {
  spooled_ = std::move(spooled);
  found_ = std::move(found);
  for (const auto& directory : {runners_directory(), config_.state_directory + "/tasks"}) {
    error_code error;
    fs::create_directories(directory, error);
    if (error) return fail(ErrorCode::kInternal, directory + ": " + error.message());
    const bool others = config_.task_user && config_.confinement.level != runner::Isolation::kFull;
    if (others) fs::permissions(directory, fs::perms{0711}, error);
  }
  for (const int number : slots_in(runners_directory())) {
    if (auto process = connect_runner(runners_directory(), number)) {
      connect(number, std::move(*process));
    }
  }
  greeting_timer_.expires_after(kGreetingPatience);
  greeting_timer_.async_wait([this, alive = std::weak_ptr{on_event_}](error_code failed) {
    if (!failed && is_alive(alive) && !gathered_) gather();
  });
  asio::post(io_, [this, alive = std::weak_ptr{on_event_}] {
    if (is_alive(alive)) gather_when_greeted();
  });
  ping();
  return {};
}

void RunnerPool::start_task(const StartTask& order, std::vector<runner::InputFile> inputs,
                            std::string payload) {
  CHECK(gathered_);
  const auto number = free_slot();
  if (number) replace_if_outdated(*number, order.spec);
  const auto ready =
      number ? ensure_runner(*number) : fail(ErrorCode::kResourceExhausted, "no slot is free");
  if (!ready) {
    protocol::AttemptReport report;
    report.attempt = order.attempt;
    report.task = order.task;
    report.failure = FailureClass::kAgentError;
    report.message = ready.error().message;
    report.finished_at = utc_now();
    return tell(AttemptEnded{std::move(report)});
  }
  auto& slot = slots_[*number];
  slot.attempt = order.attempt;
  running_[order.attempt] = {*number, order.task, 0};
  slot.link->send(runner::StartOrder{order.attempt, order.task, order.spec, config_.node,
                                     task_directory(order.attempt), std::move(payload),
                                     std::move(inputs), stands_for(order)});
}

void RunnerPool::stop_task(const StopTask& order) {
  if (auto* link = link_of(order.attempt)) {
    link->send(runner::StopOrder{order.attempt, order.failure, order.grace});
  }
}

void RunnerPool::set_speed(const SetSpeed& order) {
  if (auto* link = link_of(order.attempt)) {
    link->send(runner::SpeedOrder{order.attempt, order.permille});
  }
}

CpuTimeRead RunnerPool::cpu_times() const {
  CpuTimeRead read;
  for (const auto& [attempt, known] : running_) read.items.push_back({attempt, known.cpu_s});
  return read;
}

std::string RunnerPool::task_directory(AttemptId attempt) const {
  return config_.state_directory + "/tasks/" + to_string(attempt);
}

void RunnerPool::forget(AttemptId attempt) {
  // Renamed first: half a directory must never look like an attempt.
  const auto directory = task_directory(attempt);
  const auto doomed = config_.state_directory + "/tasks/" + kForgottenPrefix + to_string(attempt);
  error_code error;
  fs::rename(directory, doomed, error);
  if (error) return;
  // A runner deletes it: large directories must not hold up the loop. An idle one, if there is any.
  RunnerLink* remover = nullptr;
  for (auto& [number, slot] : slots_) {
    if (slot.link && slot.greeted && (!remover || !slot.attempt)) remover = slot.link.get();
  }
  if (remover) return remover->send(runner::ForgetOrder{doomed});
  runner::remove_task_directory(doomed);
}

std::size_t RunnerPool::runner_count() const {
  return static_cast<std::size_t>(std::count_if(
      slots_.begin(), slots_.end(), [](const auto& item) { return item.second.link != nullptr; }));
}

void RunnerPool::close() {
  for (auto& [number, slot] : slots_) {
    if (slot.link) slot.link->send(runner::Bye{});
  }
}

std::string RunnerPool::runners_directory() const {
  return config_.state_directory + "/runners";
}

void RunnerPool::connect(int number, RunnerProcess process) {
  auto& slot = slots_[number];
  slot.greeted = false;
  slot.link = RunnerLink::open(
      io_, std::move(process),
      {[this, number](const runner::RunnerMessage& message) { on_message(number, message); },
       [this, number] { on_gone(number); }});
}

Result<> RunnerPool::ensure_runner(int number) {
  if (slots_[number].link) return {};
  auto process = spawn_runner(runners_directory(), number, runner_command(config_, number));
  if (!process) return tl::unexpected(process.error());
  connect(number, std::move(*process));
  return {};
}

// A runner from before an upgrade would run a task without its secrets, one from before a change of
// the configuration has no network to grant.
void RunnerPool::replace_if_outdated(int number, const protocol::JobSpec& spec) {
  auto& slot = slots_[number];
  if (!slot.link || !slot.greeted) return;
  const bool mute = !spec.secrets.empty() && !slot.takes_secrets;
  const bool alone = spec.needs_network && !slot.grants_network;
  if (!mute && !alone) return;
  log::info("runner_replaced",
            {{"slot", number}, {"reason", mute ? "it takes no secrets" : "it grants no network"}});
  slot.link->end_process();
  slot = {};
}

// The lowest free one, those with a runner first.
std::optional<int> RunnerPool::free_slot() const {
  std::optional<int> without_runner;
  for (int number = 0; number < config_.slots; ++number) {
    const auto found = slots_.find(number);
    if (found != slots_.end() && found->second.attempt) continue;
    if (found != slots_.end() && found->second.link) return number;
    if (!without_runner) without_runner = number;
  }
  return without_runner;
}

RunnerLink* RunnerPool::link_of(AttemptId attempt) {
  const auto found = running_.find(attempt);
  return found == running_.end() ? nullptr : slots_.at(found->second.slot).link.get();
}

void RunnerPool::on_message(int number, const runner::RunnerMessage& message) {
  auto& slot = slots_.at(number);
  if (const auto* hello = std::get_if<runner::RunnerHello>(&message)) {
    slot.greeted = true;
    slot.takes_secrets = hello->takes_secrets;
    slot.grants_network = hello->grants_network;
    if (gathered_) return;
    slot.attempt = hello->running;
    gather_when_greeted();
  } else if (const auto* started = std::get_if<runner::Started>(&message)) {
    if (slot.attempt == started->attempt) tell(AttemptStarted{started->attempt});
  } else if (const auto* usage = std::get_if<runner::Usage>(&message)) {
    const auto found = running_.find(usage->attempt);
    if (found != running_.end() && slot.attempt == usage->attempt) {
      found->second.cpu_s = usage->cpu_s;
    }
  } else if (const auto* ended = std::get_if<runner::Ended>(&message)) {
    // A runner speaks for its own attempt alone.
    if (slot.attempt != ended->report.attempt) return;
    slot.attempt.reset();
    on_ended(ended->report);
  }
}

// An end heard of while gathering is found in its directory then.
void RunnerPool::on_ended(const protocol::AttemptReport& report) {
  if (running_.erase(report.attempt) > 0) tell(AttemptEnded{report});
}

void RunnerPool::on_gone(int number) {
  auto& slot = slots_.at(number);
  const auto attempt = slot.attempt;
  slot = {};
  if (!gathered_) return gather_when_greeted();
  if (!attempt) return;
  log::error("runner_died", {{"slot", number}, {"attempt", *attempt}});
  if (config_.confinement.level != runner::Isolation::kNone) {
    // Opened once more, its group is emptied; then it goes.
    runner::open_control_group(runner::kControlGroupRoot, control_group_name(config_, number));
  }
  on_ended(bury(*attempt, running_.at(*attempt).task));
}

// The report of an attempt whose runner is gone: its last words, or an AGENT_ERROR.
protocol::AttemptReport RunnerPool::bury(AttemptId attempt, TaskId task) {
  const runner::TaskPaths paths{task_directory(attempt)};
  kill_leftovers(paths.scratch);
  if (auto report = runner::read_status(paths)) return std::move(*report);
  protocol::AttemptReport report;
  report.attempt = attempt;
  report.task = task;
  report.failure = FailureClass::kAgentError;
  report.message = "the node's runner died";
  report.finished_at = utc_now();
  runner::write_file_atomically(paths.status, runner::dump(runner::to_json(report)));
  return report;
}

void RunnerPool::gather_when_greeted() {
  if (gathered_) return;
  for (const auto& [number, slot] : slots_) {
    if (slot.link && !slot.greeted) return;
  }
  gather();
}

void RunnerPool::gather() {
  gathered_ = true;
  greeting_timer_.cancel();
  for (auto& [number, slot] : slots_) {
    if (slot.link && !slot.greeted) {  // hung: its task counts as lost, its slot gets a new runner
      slot.link->detach();
      slot = {};
    }
    if (slot.attempt) running_[*slot.attempt] = {number, {}, 0};
  }
  std::vector<RunnersFound::Running> found;
  std::vector<protocol::AttemptReport> ended;
  error_code error;
  std::set<std::string> names;  // ordered, so that events are
  for (const auto& entry : fs::directory_iterator{config_.state_directory + "/tasks", error}) {
    names.insert(entry.path().filename());
  }
  for (const auto& name : names) {
    if (auto attempt = adopt(name, ended)) found.push_back(std::move(*attempt));
  }
  const auto on_found = std::move(found_);
  on_found(std::move(found));
  for (auto& report : ended) tell(AttemptEnded{std::move(report)});
}

std::optional<RunnersFound::Running> RunnerPool::adopt(
    const std::string& name, std::vector<protocol::AttemptReport>& ended) {
  const auto directory = config_.state_directory + "/tasks/" + name;
  const auto attempt = parse_attempt_id(name);
  if (attempt && spooled_.contains(*attempt)) return std::nullopt;
  const auto order = attempt ? runner::read_order(runner::TaskPaths{directory}) : std::nullopt;
  if (!order) {
    runner::remove_task_directory(directory);
    return std::nullopt;
  }
  const auto running = running_.find(*attempt);
  if (running != running_.end()) {
    running->second.task = order->task;
  } else {
    ended.push_back(bury(*attempt, order->task));
  }
  return RunnersFound::Running{*attempt, order->task, order->spec, true};
}

// Posted, so that nobody is told something while still asking for it.
void RunnerPool::tell(Event event) {
  asio::post(io_, [handler = on_event_, event = std::move(event)]() mutable {
    if (*handler) (*handler)(std::move(event));
  });
}

void RunnerPool::ping() {
  for (auto& [number, slot] : slots_) {
    if (slot.link) slot.link->send(runner::Ping{});
  }
  ping_timer_.expires_after(config_.watchdog / 6);
  ping_timer_.async_wait([this, alive = std::weak_ptr{on_event_}](error_code failed) {
    if (!failed && is_alive(alive)) ping();
  });
}

}  // namespace hearth::node_agent
