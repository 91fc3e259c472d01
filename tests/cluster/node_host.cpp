#include "node_host.h"

#include <gtest/gtest.h>

namespace hearth::cluster {

using namespace node_agent;  // NOLINT: a test's own corner
using protocol::FailureClass;

NodeHost::NodeHost(World& world, SchedulerHost& scheduler, std::string name, int cores)
    : world_(world), scheduler_(scheduler) {
  config_.facts.node = NodeId{name};
  config_.facts.zone = ZoneId{"zone-" + name};
  config_.facts.cores = cores;
  config_.facts.memory_bytes = 1 << 30;
  state_.installation_id = "installation-" + name;
}

void NodeHost::start_agent() {
  ++life_;
  state_.boot_id = "boot" + std::to_string(life_);
  agent_ = std::make_unique<Agent>(config_, state_);
  RunnersFound found;
  for (const auto& [attempt, task] : running_) {
    found.running.push_back({attempt, task.task, task.spec, true});
  }
  for (const auto& [attempt, report] : unfetched_) {
    // Ended while nobody looked: found as running, then told.
    found.running.push_back({attempt, report.task, {}, true});
  }
  for (const auto& [attempt, report] : spool_)
    found.spooled.push_back({attempt, report.task, true});
  apply(RunnersFound{std::move(found)});
  for (auto& [attempt, report] : std::exchange(unfetched_, {})) apply(AttemptEnded{report});
  sense();
  try_to_connect();
}

void NodeHost::kill_agent() {
  ++life_;
  agent_.reset();
  disconnect();
}

void NodeHost::power_cut() {
  kill_agent();
  running_.clear();
  // The spool is written without fsync: its newest files may be gone.
  for (auto it = spool_.begin(); it != spool_.end();) {
    it = world_.random.chance(30) ? spool_.erase(it) : std::next(it);
  }
  for (auto it = unfetched_.begin(); it != unfetched_.end();) {
    it = world_.random.chance(50) ? unfetched_.erase(it) : std::next(it);
  }
}

void NodeHost::disconnect() {
  if (stream_) stream_->cut(world_.between(0, 2000), world_.between(0, 5000));
  stream_.reset();
}

void NodeHost::block_network(bool blocked) {
  blocked_ = blocked;
  if (blocked) disconnect();
}

void NodeHost::try_to_connect() {
  world_.after(world_.between(100, 1500), [this, life = life_] {
    if (life != life_ || !agent_ || (stream_ && stream_->alive())) return;
    if (blocked_ || !scheduler_.is_up()) return try_to_connect();
    const auto connection = ++connections_;
    const auto is_current = [this, life, connection] {
      return life == life_ && agent_ && connection == connections_;
    };
    bool opened = false;
    StreamEnds ends;
    ends.to_agent = [this, is_current, opened](std::uint64_t epoch,
                                               protocol::SchedulerMessage message) mutable {
      if (!is_current()) return;
      if (!std::exchange(opened, true)) apply(StreamOpened{epoch, ++session_counter_});
      apply(SchedulerSaid{epoch, std::move(message)});
    };
    ends.agent_closed = [this, is_current] {
      if (!is_current()) return;
      apply(StreamClosed{});
      try_to_connect();
    };
    stream_ = scheduler_.connect(std::move(ends));
    if (!stream_) try_to_connect();
  });
}

void NodeHost::sense() {
  SensorsRead sensors;
  sensors.air_temperature_c = {air_c_, protocol::Quality::kGood};
  sensors.power_w = {100, protocol::Quality::kGood};
  apply(sensors);
  world_.after(Duration{5000}, [this, life = life_] {
    if (life == life_ && agent_) sense();
  });
}

void NodeHost::apply(const Event& event) {
  for (const auto& command : agent_->apply(event, world_.now)) {
    execute(command);
    if (!agent_) return;
  }
  arm_timer();
}

void NodeHost::arm_timer() {
  const auto deadline = agent_->next_deadline();
  if (!deadline) return;
  const auto delay = std::max(Duration{1}, *deadline - world_.now);
  world_.after(delay, [this, life = life_, at = world_.now + delay] {
    if (life != life_ || !agent_) return;
    const auto due = agent_->next_deadline();
    if (due && *due <= at) apply(TimePassed{});
  });
}

void NodeHost::execute(const Command& command) {
  if (const auto* send = std::get_if<Send>(&command)) {
    if (stream_) stream_->say(send->message);
  } else if (const auto* offer = std::get_if<OfferResult>(&command)) {
    const auto found = spool_.find(offer->attempt);
    if (stream_ && found != spool_.end()) stream_->say(protocol::TaskResult{found->second});
  } else if (const auto* forget = std::get_if<ForgetResult>(&command)) {
    const auto found = spool_.extract(forget->attempt);
    if (found && on_forget) on_forget(found.mapped());
  } else if (const auto* fetch = std::get_if<FetchInputs>(&command)) {
    world_.after(world_.between(1, 200), [this, life = life_, attempt = fetch->attempt] {
      if (life == life_ && agent_) apply(InputsReady{attempt});
    });
  } else if (const auto* start = std::get_if<StartTask>(&command)) {
    const auto run = ++last_run_;
    running_[start->attempt] = {start->task, start->spec, run};
    ++executions;
    const auto failure = fails(start->task) ? FailureClass::kUserError : FailureClass::kNone;
    world_.after(run_time(start->task), [this, run, attempt = start->attempt, failure] {
      const auto found = running_.find(attempt);
      if (found != running_.end() && found->second.run == run) end_task(attempt, failure);
    });
    world_.after(Duration{1}, [this, life = life_, attempt = start->attempt] {
      if (life == life_ && agent_ && running_.contains(attempt)) apply(AttemptStarted{attempt});
    });
  } else if (const auto* stop = std::get_if<StopTask>(&command)) {
    ++stops;
    world_.after(world_.between(1, 500), [this, order = *stop] {
      if (running_.contains(order.attempt)) end_task(order.attempt, order.failure);
    });
  } else if (const auto* spool = std::get_if<SpoolResult>(&command)) {
    spool_[spool->report.attempt] = spool->report;
  } else if (const auto* setpoint = std::get_if<StoreSetpoint>(&command)) {
    state_.setpoint = setpoint->setpoint;
  } else if (const auto* epoch = std::get_if<StoreEpoch>(&command)) {
    EXPECT_GT(epoch->epoch, state_.highest_epoch);
    state_.highest_epoch = epoch->epoch;
  } else if (std::holds_alternative<CloseStream>(command)) {
    disconnect();
  }
}

void NodeHost::end_task(AttemptId attempt, FailureClass failure) {
  protocol::AttemptReport report;
  report.attempt = attempt;
  report.task = running_.at(attempt).task;
  report.failure = failure;
  report.nominal_run_time = run_time(report.task);
  running_.erase(attempt);
  ended[attempt] = failure;
  if (agent_) {
    apply(AttemptEnded{report});
  } else {
    unfetched_[attempt] = report;
  }
}

}  // namespace hearth::cluster
