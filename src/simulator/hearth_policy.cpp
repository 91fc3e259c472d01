#include "simulator/hearth_policy.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <queue>

#include "common/check.h"
#include "node_agent/core/agent.h"
#include "simulator/capacity_book.h"
#include "simulator/core_config.h"
#include "simulator/forecaster.h"

namespace hearth::simulator {
namespace {

using protocol::FailureClass;
using protocol::Quality;

constexpr int kClockEveryMinutes = 60;  // the agents' clocks do not drift here

class HearthPolicy final : public Policy {
 public:
  HearthPolicy(Stage stage, Learning learning)
      : stage_(stage),
        learning_(learning),
        core_(scheduler_config(stage.world, learning), first_state()),
        nodes_(stage.world.fleet.nodes.size()),
        held_(nodes_.size() * static_cast<std::size_t>(stage.plant.cores())),
        winner_(stage.world.work.nominal_s.size()),
        capacity_(stage.world, stage.plant),
        report_minutes_(
            std::max(1, static_cast<int>(stage.world.scenario.cores.report_period_s / 60))) {
    sensors_.emplace<node_agent::SensorsRead>();
    cpu_.emplace<node_agent::CpuTimeRead>();
  }

  void begin(TimePoint now) override {
    tell(scheduler::WallClockRead{utc_at(stage_.world.scenario, now)});
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      node_agent::AgentState state;
      state.installation_id = "installation-" + std::to_string(i);
      state.boot_id = "boot";
      state.hygiene = hygiene_history(stage_.world, i);
      nodes_[i].agent =
          std::make_unique<node_agent::Agent>(agent_config(stage_.world, i), std::move(state));
      read_clock(i, now);
    }
    pump(now);
  }

  void submitted(std::uint32_t job, TimePoint now) override {
    const auto& spec = stage_.world.work.jobs[job];
    scheduler::SubmitRequested event;
    event.call = job + 1;
    event.request = {TenantId{"sim"}, std::to_string(job)};
    event.spec = spec_of(stage_.world, spec);
    tell(std::move(event));
    tasks_submitted_ += spec.task_count;
    pump(now);
  }

  void ended(SlotIndex slot, std::uint32_t task, TimePoint now) override {
    const double nominal_s = static_cast<double>(stage_.world.work.nominal_s[task]);
    tell(stage_.plant.node_of(slot), ended_event(slot, FailureClass::kNone, nominal_s, now));
    pump(now);
  }

  void sensed(int minute, TimePoint now) override {
    network(minute, now);
    if (learning_ == Learning::kOn && minute % kForecastEveryMinutes == 0) {
      tell(scheduler::WeatherRead{SiteId{}, forecast_at(stage_.world, minute)});
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (minute % kClockEveryMinutes == 0) read_clock(i, now);
      read_sensors(i, minute, now);
      connect_when_due(i, minute);
      if (!queue_.empty()) pump(now);
    }
    capacity_.passed(now);
    tick_end_ = now + std::chrono::minutes{1};
  }

  [[nodiscard]] std::optional<TimePoint> next_deadline() const override {
    auto earliest = core_.next_deadline();
    if (!deadlines_.empty() && (!earliest || deadlines_.top().first < *earliest)) {
      earliest = deadlines_.top().first;
    }
    return earliest;
  }

  void passed(TimePoint now) override {
    while (!deadlines_.empty() && deadlines_.top().first <= now) {
      const auto [at, node] = deadlines_.top();
      deadlines_.pop();
      if (nodes_[node].deadline != at) continue;
      apply(node, node_agent::TimePassed{}, now);
    }
    const auto due = core_.next_deadline();
    if (due && *due <= now) tell(scheduler::TimePassed{});
    pump(now);
  }

  [[nodiscard]] double reference_c(std::size_t zone, double) const override {
    return nodes_[zone].agent->telemetry().t_ref.value;
  }

  [[nodiscard]] std::size_t waiting() const override {
    std::size_t running = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      running += static_cast<std::size_t>(stage_.plant.running(i));
    }
    return tasks_submitted_ - std::min(tasks_submitted_, stage_.work.finished_count() + running);
  }

  void finish(Metrics& metrics, Record& record) override {
    capacity_.fill(metrics, record);
    double meter_j = 0, against_plant_j = 0, own_j = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto& energy = nodes_[i].agent->telemetry().energy;
      meter_j += energy.meter.value;
      against_plant_j += std::abs(energy.meter.value - stage_.plant.meter_j(i));
      own_j += std::abs(
          (energy.attempts + energy.filler + energy.idle + energy.resistance - energy.meter).value);
    }
    if (stage_.world.fleet.tanks > 0) {
      metrics.set("agent_lifts_done", lifts_done_);  // by their audit, in the whole run
      metrics.set("agent_lifts_missed", lifts_missed_);
    }
    judge_near_case(metrics);
    metrics.set("agent_ledger_error_share", meter_j > 0 ? against_plant_j / meter_j : 0);
    metrics.set("agent_ledger_sum_error_share", meter_j > 0 ? own_j / meter_j : 0);
  }

 private:
  struct NodeHost {
    std::unique_ptr<node_agent::Agent> agent;
    TimePoint deadline = TimePoint::max();
    bool online = false;
    std::uint64_t session = 0;  // of the scheduler's; 0 while offline
    std::uint64_t session_counter = 0;
    double meter_j = 0;  // at the last pass
    std::optional<TimePoint> boot_end;
    std::vector<protocol::AttemptReport> spool;
  };
  struct Held {
    AttemptId attempt;
    TaskId task;
    TimePoint started_at{};
  };
  struct ForAgent {
    std::size_t node;
    node_agent::Event event;
  };
  using Pending = std::variant<ForAgent, scheduler::Event>;

  // How well the agents know what their sensors read of the case.
  void judge_near_case(Metrics& metrics) const {
    double count = 0, stops = 0, error = 0, squares = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto near_case = nodes_[i].agent->near_case();
      if (!near_case) continue;
      const double off = near_case->bias.k() - stage_.world.fleet.zones[i].case_share;
      count += 1;
      stops += near_case->bias.stops;
      error += off;
      squares += off * off;
    }
    if (count == 0) return;
    metrics.set("near_case_stops", stops / count);
    metrics.set("near_case_error", error / count);
    metrics.set("near_case_rms_error", std::sqrt(squares / count));
  }

  static scheduler::DurableState first_state() {
    scheduler::DurableState state;
    state.store_id = "simulated";
    state.epoch = 1;
    return state;
  }

  void tell(std::size_t node, node_agent::Event event) {
    queue_.emplace_back(ForAgent{node, std::move(event)});
  }
  void tell(scheduler::Event event) { queue_.emplace_back(std::move(event)); }

  void pump(TimePoint now) {
    while (!queue_.empty()) {
      auto pending = std::move(queue_.front());
      queue_.pop_front();
      if (const auto* to_agent = std::get_if<ForAgent>(&pending)) {
        apply(to_agent->node, to_agent->event, now);
      } else {
        apply(std::get<scheduler::Event>(pending), now);
      }
    }
  }

  // ---- the scheduler's side

  void apply(const scheduler::Event& event, TimePoint now) {
    scheduler::Sequence committed = 0;
    for (auto& command : core_.apply(event, now)) {
      if (auto* commit = std::get_if<scheduler::Commit>(&command)) {
        committed = commit->seq;
        note(commit->fact, now);
      } else if (auto* send = std::get_if<scheduler::Send>(&command)) {
        deliver(send->session, std::move(send->message));
      } else if (const auto* close = std::get_if<scheduler::CloseSession>(&command)) {
        close_session(close->session);
      } else if (const auto* reply = std::get_if<scheduler::Reply>(&command)) {
        CHECK(reply->result.has_value() && reply->result->job.value == reply->call);
      } else if (const auto* fit = std::get_if<scheduler::FitModel>(&command)) {
        tell(scheduler::ModelFitted{fit->zone, thermal::best_model(fit->history, fit->options)});
      } else if (const auto* order = std::get_if<scheduler::ForecastCapacity>(&command)) {
        scheduler::CapacityForecasted made{scheduler::forecast_capacity(order->snapshot)};
        capacity_.forecast(made.forecast, now);
        tell(std::move(made));
      }
    }
    if (committed > 0) tell(scheduler::CommitDurable{committed});
  }

  void note(const scheduler::Fact& fact, TimePoint now) {
    const auto* end = std::get_if<scheduler::TaskEnded>(&fact);
    if (!end) return;
    CHECK(end->state == protocol::TaskState::kSucceeded);
    const auto task = index_of(end->task);
    winner_[task] = end->report.attempt.counter;
    stage_.work.finished(task, now);
  }

  void deliver(SessionId session, protocol::SchedulerMessage message) {
    const std::size_t node = node_of(session);
    if (nodes_[node].session != session.value) return;
    tell(node, node_agent::SchedulerSaid{core_.epoch(), std::move(message)});
  }

  void close_session(SessionId session) {
    const std::size_t node = node_of(session);
    if (nodes_[node].session == session.value) disconnect(node);
  }

  // Sessions are numbered so that the node can be told from them.
  [[nodiscard]] SessionId session_of(std::size_t node, std::uint64_t counter) const {
    return SessionId{counter * nodes_.size() + node};
  }
  [[nodiscard]] std::size_t node_of(SessionId session) const {
    return session.value % nodes_.size();
  }
  [[nodiscard]] std::uint32_t index_of(TaskId task) const {
    // Jobs are numbered by the scheduler in the order of submission, from 1.
    const auto& job = stage_.world.work.jobs[task.job.value - 1];
    return job.first_task + static_cast<std::uint32_t>(task.index);
  }

  // ---- the network

  void connect_when_due(std::size_t index, int minute) {
    auto& node = nodes_[index];
    // Spread over the report period, so that reports and plans are too.
    if (node.online || !network_is_up_) return;
    if (minute % report_minutes_ != static_cast<int>(index) % report_minutes_) return;
    node.online = true;
    node.session = session_of(index, ++node.session_counter).value;
    tell(index, node_agent::StreamOpened{core_.epoch(), node.session_counter});
    tell(index, node_agent::SchedulerSaid{
                    core_.epoch(),
                    protocol::Welcome{core_.store_id(),
                                      from_seconds(stage_.world.scenario.cores.report_period_s)}});
  }

  void disconnect(std::size_t index) {
    auto& node = nodes_[index];
    if (!node.online) return;
    tell(scheduler::SessionClosed{SessionId{node.session}});
    tell(index, node_agent::StreamClosed{});
    node.online = false;
    node.session = 0;
  }

  void network(int minute, TimePoint now) {
    bool up = true;
    for (const auto& outage : stage_.world.scenario.outages) {
      const double hour = minute / 60.0;
      if (hour >= outage.from_h && hour < outage.from_h + outage.hours) up = false;
    }
    if (up == network_is_up_) return;
    network_is_up_ = up;
    if (up) return;
    for (std::size_t i = 0; i < nodes_.size(); ++i) disconnect(i);
    pump(now);
  }

  // ---- an agent's side

  void apply(std::size_t index, const node_agent::Event& event, TimePoint now) {
    auto& agent = *nodes_[index].agent;
    for (auto& command : agent.apply(event, now)) {
      std::visit([&](auto& order) { execute(index, order, now); }, command);
    }
    const auto deadline = agent.next_deadline();
    auto& due = nodes_[index].deadline;
    due = deadline ? std::max(*deadline, now + Duration{1}) : TimePoint::max();
    // At the end of the minute the sensors are read, which serves what is due then.
    if (due < tick_end_) deadlines_.push({due, index});
  }

  void read_clock(std::size_t node, TimePoint now) {
    const auto utc = utc_at(stage_.world.scenario, now);
    apply(node, node_agent::WallClockRead{utc, minute_of_week(utc)}, now);
  }

  // The agent knows how long a boot takes and begins nothing before.
  void end_boot(std::size_t index, TimePoint now) {
    auto& boot_end = nodes_[index].boot_end;
    if (!boot_end || now < *boot_end) return;
    boot_end.reset();
    stage_.plant.set_power(index, NodePower::kOn, now);
  }

  void read_sensors(std::size_t index, int minute, TimePoint now) {
    end_boot(index, now);
    const auto& plant = stage_.plant;
    if (plant.running(index) > 0) {
      auto& items = std::get<node_agent::CpuTimeRead>(cpu_).items;
      items.clear();
      for_slots(index, [&](SlotIndex slot) {
        items.push_back({held_[slot].attempt, plant.done_s(slot, now)});
      });
      apply(index, cpu_, now);
    }
    auto& node = nodes_[index];
    const auto& energy = stage_.plant.energy(index, now);
    const double meter_j = plant.meter_j(index);
    auto& sensors = std::get<node_agent::SensorsRead>(sensors_);
    double rated_w = 500;
    if (stage_.tanks.has(index)) {
      sensors.air_temperature_c = {};
      sensors.tank = stage_.tanks.sensed(index, minute);
      rated_w = stage_.world.fleet.nodes[index].max_w + plant.resistance_w(index);
    } else {
      sensors.air_temperature_c = {stage_.rooms.sensed_c(index, minute), Quality::kGood};
      sensors.tank.reset();
    }
    sensors.case_temperature_c = {};
    if (agent_corrects_case(stage_.world, index)) {
      sensors.case_temperature_c = {stage_.rooms.case_c(index), Quality::kGood};
    }
    sensors.power_w = {(meter_j - node.meter_j) / 60, Quality::kGood};
    sensors.cpu_temperature_c = {40 + 30 * plant.power_w(index) / rated_w, Quality::kGood};
    sensors.meter = Joules{meter_j};
    sensors.filler = Joules{energy.filler_j};
    sensors.resistance = Joules{energy.resistance_j};
    node.meter_j = meter_j;
    apply(index, sensors_, now);
  }

  template <class Use>
  void for_slots(std::size_t node, Use use) {
    const SlotIndex first = stage_.plant.first_slot(node);
    for (SlotIndex s = first; s < first + static_cast<SlotIndex>(stage_.plant.cores()); ++s) {
      if (stage_.plant.task_in(s) != kNoTask) use(s);
    }
  }

  std::optional<SlotIndex> slot_of(std::size_t node, AttemptId attempt) {
    std::optional<SlotIndex> found;
    for_slots(node, [&](SlotIndex slot) {
      if (held_[slot].attempt == attempt) found = slot;
    });
    return found;
  }

  node_agent::AttemptEnded ended_event(SlotIndex slot, FailureClass failure, double done_s,
                                       TimePoint now) {
    const auto& held = held_[slot];
    protocol::AttemptReport report;
    report.attempt = held.attempt;
    report.task = held.task;
    report.failure = failure;
    if (failure == FailureClass::kNone) report.exit_code = 0;
    report.started_at = utc_at(stage_.world.scenario, held.started_at);
    report.finished_at = utc_at(stage_.world.scenario, now);
    report.nominal_run_time = from_seconds(done_s);
    report.usage.cpu_s = done_s;
    return {std::move(report)};
  }

  void execute(std::size_t index, node_agent::Send& order, TimePoint) {
    const auto session = nodes_[index].session;
    if (session == 0) return;
    tell(scheduler::AgentSaid{SessionId{session}, std::move(order.message)});
  }
  void execute(std::size_t index, const node_agent::OfferResult& order, TimePoint) {
    const auto& node = nodes_[index];
    const auto found =
        std::ranges::find(node.spool, order.attempt, &protocol::AttemptReport::attempt);
    if (node.session == 0 || found == node.spool.end()) return;
    tell(scheduler::AgentSaid{SessionId{node.session}, protocol::TaskResult{*found}});
  }
  void execute(std::size_t index, const node_agent::ForgetResult& order, TimePoint) {
    auto& spool = nodes_[index].spool;
    const auto found = std::ranges::find(spool, order.attempt, &protocol::AttemptReport::attempt);
    if (found == spool.end()) return;
    const auto task = index_of(found->task);
    // Somebody else's result counts: this one's work was for nothing.
    if (found->failure == FailureClass::kNone && winner_[task] != found->attempt.counter) {
      stage_.work.destroyed(task, to_seconds(found->nominal_run_time));
    }
    spool.erase(found);
  }
  void execute(std::size_t index, const node_agent::StartTask& order, TimePoint now) {
    const auto task = index_of(order.task);
    const double nominal_s = static_cast<double>(stage_.world.work.nominal_s[task]);
    end_boot(index, now);
    const SlotIndex slot = stage_.plant.start(index, task, nominal_s, 1, now);
    held_[slot] = {order.attempt, order.task, now};
    tell(index, node_agent::AttemptStarted{order.attempt});
  }
  void execute(std::size_t index, const node_agent::StopTask& order, TimePoint now) {
    const auto slot = slot_of(index, order.attempt);
    if (!slot) return;
    const auto task = stage_.plant.task_in(*slot);
    const double done_s = stage_.plant.stop(*slot, now);
    stage_.work.destroyed(task, done_s);
    tell(index, ended_event(*slot, order.failure, done_s, now));
  }
  void execute(std::size_t index, const node_agent::SetSpeed& order, TimePoint now) {
    if (const auto slot = slot_of(index, order.attempt)) {
      stage_.plant.set_speed(*slot, order.permille / 1000.0, now);
    }
  }
  void execute(std::size_t index, const node_agent::SetPowerCap& order, TimePoint now) {
    stage_.plant.set_cap(index, order.cap.value, now);
  }
  void execute(std::size_t index, const node_agent::PowerBoards& order, TimePoint now) {
    stage_.plant.set_power(index, order.on ? NodePower::kBooting : NodePower::kOff, now);
    nodes_[index].boot_end.reset();
    if (order.on) nodes_[index].boot_end = now + from_seconds(stage_.world.scenario.node.boot_s);
  }
  void execute(std::size_t index, const node_agent::SetFiller& order, TimePoint now) {
    end_boot(index, now);
    stage_.plant.set_filler(index, order.filler.value, order.resistance.value, now);
    if (stage_.tanks.has(index)) stage_.tanks.circulate(index, order.circulate);
  }
  void execute(std::size_t index, const node_agent::SpoolResult& order, TimePoint) {
    nodes_[index].spool.push_back(order.report);
  }
  void execute(std::size_t, const node_agent::RecordHygiene& order, TimePoint) {
    (order.record.result == node_agent::HygieneResult::kDone ? lifts_done_ : lifts_missed_) += 1;
  }
  void execute(std::size_t index, const node_agent::CloseStream&, TimePoint) { disconnect(index); }
  template <class Other>
  void execute(std::size_t, const Other&, TimePoint) {}

  Stage stage_;
  Learning learning_;
  scheduler::Scheduler core_;
  std::vector<NodeHost> nodes_;
  std::vector<Held> held_;             // of each slot
  std::vector<std::uint64_t> winner_;  // the attempt whose result counts, of each task
  CapacityBook capacity_;
  int report_minutes_;
  std::deque<Pending> queue_;
  using Deadline = std::pair<TimePoint, std::size_t>;
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines_;
  TimePoint tick_end_{std::chrono::minutes{1}};
  node_agent::Event sensors_, cpu_;
  bool network_is_up_ = true;
  std::size_t tasks_submitted_ = 0;
  int lifts_done_ = 0, lifts_missed_ = 0;
};

}  // namespace

std::unique_ptr<Policy> make_hearth(Stage stage, Learning learning) {
  return std::make_unique<HearthPolicy>(stage, learning);
}

}  // namespace hearth::simulator
