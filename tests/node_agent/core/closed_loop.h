// Agent and simulated heater in virtual time: the agent's orders are carried out at once.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "node_agent/sensors/simulated_heater.h"
#include "support.h"

namespace hearth::node_agent::test {

class ClosedLoop {
 public:
  // 15 W/K, medium weight: 270 W hold 20 degC at 2 degC outside.
  static SimulatedHeaterConfig room(double start_c, double outdoor_c) {
    SimulatedHeaterConfig config;
    config.room = thermal::room_with_loss(20, 15, thermal::MassClass::kMedium);
    config.radiator.rated = 450_W;
    config.weather.outdoor = Celsius{outdoor_c};
    config.start = Celsius{start_c};
    config.cores = 4;
    config.idle = 50_W;
    config.max = 450_W;
    return config;
  }

  ClosedLoop(AgentConfig config, SimulatedHeaterConfig heater_config)
      : agent(std::move(config), fresh_state()), heater(std::move(heater_config)) {}

  // Runs one pass after another; `each` is called after every one.
  template <class F>
  void run(Duration time, F each) {
    for (const TimePoint end = now + time; now < end;) {
      pass();
      each();
    }
  }
  void run(Duration time) {
    run(time, [] {});
  }

  void apply(const Event& event) {
    for (const auto& command : agent.apply(event, now)) {
      std::visit([this](const auto& c) { execute(c); }, command);
    }
    while (!ended.empty()) {
      const auto report = ended.back();
      ended.pop_back();
      apply(AttemptEnded{report});
    }
  }

  double air_c() const { return heater.room().state().air.value; }

  Agent agent;
  SimulatedHeater heater;
  TimePoint now{};
  // From now on there is always work of this class, under limits that are renewed.
  std::optional<protocol::ServiceClass> work_class;
  double t_ref_c = 20;
  double p_max_w = 450;
  bool sensor_works = true;
  std::function<double(double)> sensed;  // what the sensor makes of the air; unset: the air
  Duration pass_time{seconds{10}};
  Watts power;
  Watts filler;
  int killed = 0;

  struct Task {
    TaskId task;
    double speed = 1;
    double cpu_s = 0;
  };
  std::map<AttemptId, Task> running;

 private:
  void pass() {
    if (work_class) bring_work();
    now += pass_time;
    double used_s = 0;
    CpuTimeRead cpu;
    for (auto& [attempt, task] : running) {
      const double delta_s = task.speed * to_seconds(pass_time);
      task.cpu_s += delta_s;
      used_s += delta_s;
      cpu.items.push_back({attempt, task.cpu_s});
    }
    apply(cpu);
    auto sensors = heater.read(used_s, pass_time);
    power = Watts{sensors.power_w.value};
    auto& air = sensors.air_temperature_c;
    if (sensed) air = good(sensed(air_c()));
    if (!sensor_works) sensors.air_temperature_c = {};
    apply(sensors);
  }

  void bring_work() {
    if (!connected_) apply(StreamOpened{1, 1});
    connected_ = true;
    apply(SchedulerSaid{1, protocol::LimitsChanged{limits_of(t_ref_c, p_max_w, minutes{1})}});
    const JobId job{1 + static_cast<std::uint64_t>(*work_class)};
    apply(SchedulerSaid{1, protocol::JobDetails{job, spec_of(*work_class)}});
    for (int i = 0; i < 6 && agent.waiting_count() < 2; ++i) {
      const AttemptId attempt{1, ++counter_};
      apply(SchedulerSaid{1, protocol::StartAttempt{attempt, TaskId{job, counter_}}});
    }
  }

  void execute(const StartTask& c) { running[c.attempt] = {c.task}; }
  void execute(const SetSpeed& c) { running.at(c.attempt).speed = c.permille / 1000.0; }
  void execute(const SetPowerCap& c) { (void)heater.set_power_cap(c.cap); }
  void execute(const SetFiller& c) {
    filler = c.filler;
    (void)heater.set_filler(c.filler, c.resistance);
  }
  void execute(const StopTask& c) {
    const auto task = running.at(c.attempt);
    running.erase(c.attempt);
    protocol::AttemptReport report;
    report.attempt = c.attempt;
    report.task = task.task;
    report.failure = c.failure;
    report.usage.cpu_s = task.cpu_s;
    ended.push_back(report);
    ++killed;
  }
  template <class T>
  void execute(const T&) {}

  bool connected_ = false;
  std::uint64_t counter_ = 0;
  std::vector<protocol::AttemptReport> ended;
};

}  // namespace hearth::node_agent::test
