#include "node_agent/runtime/agent_loop.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <ctime>

#include "common/log.h"
#include "node_agent/runtime/agent_status.h"
#include "node_agent/store/files.h"

namespace hearth::node_agent {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kMinutesPerDay = 24 * 60;

// The one place where the agent's times come from.
TimePoint read_steady_clock() {
  return TimePoint{std::chrono::floor<Duration>(SteadyClock::now().time_since_epoch())};
}

// Civil time by the process's TZ, which main() sets to the site's.
WallClockRead read_wall_clock() {
  const auto utc = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(utc).time_since_epoch().count();
  std::tm civil{};
  ::localtime_r(&seconds, &civil);
  const int day = (civil.tm_wday + 6) % 7;  // from Monday
  return {utc, day * kMinutesPerDay + civil.tm_hour * 60 + civil.tm_min};
}

}  // namespace

// Carries out one command. What the core says of attempts is the task keeper's.
struct AgentLoop::Execute {
  AgentLoop& loop;

  void operator()(const Send& c) const { loop.parts_.link.send(c.message); }
  void operator()(const OfferResult& c) const { loop.tasks_.execute(c); }
  void operator()(const ForgetResult& c) const { loop.tasks_.execute(c); }
  void operator()(const FetchInputs& c) const { loop.tasks_.execute(c); }
  void operator()(const StartTask& c) const { loop.tasks_.execute(c); }
  void operator()(const StopTask& c) const { loop.tasks_.execute(c); }
  void operator()(const SetSpeed& c) const { loop.tasks_.execute(c); }
  void operator()(const SpoolResult& c) const { loop.tasks_.execute(c); }
  void operator()(const DiscardAttempt& c) const { loop.tasks_.execute(c); }
  void operator()(const SetPowerCap& c) const {
    report("power_cap_not_set", loop.parts_.heater.set_power_cap(c.cap));
  }
  void operator()(const SetFiller& c) const {
    report("filler_not_set", loop.parts_.heater.set_filler(c.filler, c.resistance));
    report("pump_not_set", loop.parts_.heater.circulate(c.circulate));
  }
  void operator()(const StoreSetpoint& c) const {
    report("setpoint_not_kept", loop.parts_.state.store_setpoint(c.setpoint));
  }
  void operator()(const StoreEpoch& c) const {
    report("epoch_not_kept", loop.parts_.state.store_epoch(c.epoch));
  }
  void operator()(const PowerBoards& c) const {
    log::info("boards_switched", {{"on", c.on}});
    report("boards_not_switched", loop.parts_.heater.power_boards(c.on));
  }
  void operator()(const RecordHygiene& c) const {
    log::info("hygiene", {{"result", to_string(c.record.result)}});
    report("hygiene_not_recorded", loop.parts_.state.hygiene_log().append(c.record));
  }
  void operator()(const StorePlan& c) const {
    report("plan_not_kept", loop.parts_.state.store_plan(c.plan));
  }
  void operator()(const StoreDraws&) const {
    report("draws_not_kept", loop.parts_.state.store_draws(loop.agent_.learned_draws()));
  }
  void operator()(const StoreNearCase& c) const {
    report("near_case_not_kept", loop.parts_.state.store_near_case(c.bias));
  }
  void operator()(const CloseStream& c) const { loop.parts_.link.close(c.reason); }

  // Hardware that cannot do it says so at every command: once is enough.
  void report(std::string_view event, const Result<>& result) const {
    if (result) return;
    if (loop.failures_told_.insert(std::string(event)).second) {
      log::warn(event, {{"reason", result.error().message}});
    }
  }
};

AgentLoop::AgentLoop(boost::asio::io_context& io, AgentLoopConfig config, const AgentConfig& agent,
                     Parts parts)
    : io_(io),
      config_(std::move(config)),
      facts_(agent.facts),
      default_setpoint_(agent.default_setpoint),
      parts_(std::move(parts)),
      agent_(agent, parts_.state.state()),
      runners_(io, config_.runners, [this](Event event) { on_runner_event(std::move(event)); }),
      tasks_(io, {runners_, parts_.spool, parts_.link, parts_.artifacts, parts_.transfer,
                  parts_.run_on_pool, [this](Event event) { post(std::move(event)); },
                  config_.state_directory + "/payloads", config_.tails}),
      deadline_timer_(io),
      sensor_timer_(io),
      clock_timer_(io) {}

Result<> AgentLoop::start() {
  if (auto made = make_directories(config_.state_directory + "/payloads"); !made) return made;
  HEARTH_TRY(spooled, parts_.spool.open());
  spooled_at_start_ = spooled;
  std::set<AttemptId> spooled_ids;
  for (const auto& held : spooled) spooled_ids.insert(held.attempt);
  auto listening =
      LocalControl::listen(io_, control_socket_path(config_.state_directory),
                           [this](const ControlRequest& request) { return control(request); });
  if (!listening) return tl::unexpected(listening.error());
  control_ = std::move(*listening);
  log::info("heater_found", {{"what", parts_.heater.description()}});
  sensors_read_at_ = read_steady_clock();
  read_clock();
  return runners_.start(std::move(spooled_ids),
                        [this](auto running) { on_runners_found(std::move(running)); });
}

void AgentLoop::on_runners_found(std::vector<RunnersFound::Running> running) {
  log::info("runners_found", {{"running", running.size()}, {"spooled", spooled_at_start_.size()}});
  for (const auto& item : running) {
    log::info("attempt_found", {{"attempt", item.attempt}, {"task", item.task}});
    cpu_.adopted(item.attempt);
  }
  const RunnersFound found{std::move(running), std::move(spooled_at_start_)};
  tasks_.adopt(found);
  post(found);
  read_sensors();
  parts_.link.start(*this);
}

void AgentLoop::stop(std::function<void()> done) {
  stopping_ = true;
  control_.reset();
  deadline_timer_.cancel();
  sensor_timer_.cancel();
  clock_timer_.cancel();
  runners_.close();
  parts_.link.stop(std::move(done));
}

// Events come in while the commands of another are carried out: they wait their turn.
void AgentLoop::post(Event event) {
  events_.push_back(std::move(event));
  if (applying_) return;
  applying_ = true;
  while (!events_.empty() && !stopping_) {
    const Event next = std::move(events_.front());
    events_.pop_front();
    apply(next);
  }
  applying_ = false;
  if (!stopping_) arm_timer();
}

void AgentLoop::apply(const Event& event) {
  for (const auto& command : agent_.apply(event, read_steady_clock())) {
    if (std::holds_alternative<StopTask>(command)) {
      log::info("command", {{"what", to_string(command)}});
    } else if (log::is_debug_enabled()) {
      log::debug("command", {{"what", to_string(command)}});
    }
    std::visit(Execute{*this}, command);
  }
}

void AgentLoop::arm_timer() {
  const auto deadline = agent_.next_deadline();
  if (!deadline || (armed_for_ && *armed_for_ <= *deadline)) return;  // early is soon enough
  armed_for_ = deadline;
  deadline_timer_.expires_at(SteadyClock::time_point{deadline->time_since_epoch()});
  deadline_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    armed_for_.reset();
    post(TimePassed{});
  });
}

void AgentLoop::read_clock() {
  post(read_wall_clock());
  clock_timer_.expires_after(config_.clock_period);
  clock_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) read_clock();
  });
}

void AgentLoop::read_sensors() {
  const auto now = read_steady_clock();
  auto cpu = runners_.cpu_times();
  const double used_s = cpu_.take(cpu);
  post(std::move(cpu));
  post(parts_.heater.read(used_s, now - sensors_read_at_));
  sensors_read_at_ = now;
  sensor_timer_.expires_after(config_.sensor_period);
  sensor_timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) read_sensors();
  });
}

void AgentLoop::on_runner_event(Event event) {
  if (stopping_) return;
  if (const auto* started = std::get_if<AttemptStarted>(&event)) {
    tasks_.on_started(started->attempt);
  } else if (const auto* ended = std::get_if<AttemptEnded>(&event)) {
    cpu_.ended(ended->report.attempt, ended->report.usage.cpu_s);
    if (ended->report.failure == protocol::FailureClass::kAgentError) {
      log::warn("attempt_failed",
                {{"attempt", ended->report.attempt}, {"reason", ended->report.message}});
    }
  }
  post(std::move(event));
}

Result<std::uint64_t> AgentLoop::next_session_counter() {
  return parts_.state.next_session_counter();
}

void AgentLoop::on_opened(std::uint64_t epoch, std::uint64_t session_counter) {
  connected_epoch_ = epoch;
  post(StreamOpened{epoch, session_counter});
}

void AgentLoop::on_said(std::uint64_t epoch, protocol::SchedulerMessage message,
                        std::string payload) {
  if (const auto* start = std::get_if<protocol::StartAttempt>(&message);
      start && !payload.empty()) {
    tasks_.keep_payload(start->attempt, std::move(payload));
  }
  post(SchedulerSaid{epoch, std::move(message)});
}

void AgentLoop::on_output_wanted(const protocol::ReadOutput& question) {
  if (!stopping_) tasks_.read_output(question);
}

void AgentLoop::on_closed(const std::string&) {
  connected_epoch_.reset();
  tasks_.on_stream_closed();
  post(StreamClosed{});
}

std::optional<std::string> AgentLoop::load_result(AttemptId attempt) {
  return tasks_.load_result(attempt);
}

nlohmann::json AgentLoop::control(const ControlRequest& request) {
  const auto event = event_of(request, agent_, default_setpoint_, read_wall_clock().utc);
  if (!event) return refusal(event.error().message);
  if (*event) {
    log::info("chosen_locally", {{"request", encode(request)}});
    post(**event);
  }
  auto answer = status();
  answer["ok"] = true;
  return answer;
}

nlohmann::json AgentLoop::status() const {
  return describe_status({facts_, agent_, parts_.spool.size(), connected_epoch_,
                          parts_.heater.description(),
                          facts_.tank ? parts_.state.hygiene_log().last() : std::nullopt});
}

}  // namespace hearth::node_agent
