#include "simulator/engine.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>

#include "simulator/hearth_policy.h"
#include "simulator/policy.h"
#include "simulator/recorder.h"
#include "simulator/stopwatch.h"
#include "simulator/tank_judge.h"

namespace hearth::simulator {
namespace {

TimePoint minute_start(int minute) {
  return TimePoint{std::chrono::minutes{minute}};
}

std::unique_ptr<Policy> make_policy(const std::string& name, Stage stage) {
  if (name == "first-fit") return make_first_fit(stage);
  if (name == "rule-based") return make_rule_based(stage);
  if (name == "hearth") return make_hearth(stage, Learning::kOn);
  if (name == "thermostat") return make_hearth(stage, Learning::kOff);
  return nullptr;
}

class Engine {
 public:
  Engine(const World& world, const std::string& policy)
      : world_(world),
        scenario_(world.scenario),
        plant_(world.scenario, world.fleet,
               policy == "rule-based" ? NodePower::kOff : NodePower::kOn),
        rooms_(world.scenario, world.seed, world.fleet, world.weather, Rooms::Heater::kRadiator,
               &world.ideal_trace),
        tanks_(world.scenario, world.seed, world.fleet),
        work_(world.work),
        comfort_(world.scenario, world.fleet, &world.ideal_trace),
        tank_judge_(world.scenario, world.fleet),
        recorder_(world.scenario, world.fleet),
        before_j_(world.fleet.nodes.size()),
        power_w_(world.fleet.nodes.size()),
        resistance_before_j_(world.fleet.nodes.size()),
        policy_(make_policy(policy, {world, plant_, rooms_, tanks_, work_})) {}

  RunResult run(const Progress& progress) {
    policy_->begin(TimePoint{});
    const int last = scenario_.minutes_in_all();
    int minute = 0;
    for (; minute < last && !is_over(minute); ++minute) {
      rooms_.begin_minute(minute);
      tanks_.begin_minute(minute);
      events_until(minute_start(minute + 1));
      end_minute(minute);
      policy_->sensed(minute, minute_start(minute + 1));
      if (progress && minute % 60 == 0) progress(static_cast<double>(minute) / last);
    }
    return judge(minute_start(minute));
  }

 private:
  bool is_over(int minute) const {
    return minute >= scenario_.minutes_of_work() && work_.all_finished();
  }

  // Ends of tasks first, then the policy's own deadlines, then what customers submit.
  void events_until(TimePoint end) {
    while (true) {
      const TimePoint ending = plant_.next_end();
      const TimePoint deadline = policy_->next_deadline().value_or(TimePoint::max());
      const bool submits = next_job_ < world_.work.jobs.size();
      const TimePoint submission =
          submits ? TimePoint{world_.work.jobs[next_job_].submitted} : TimePoint::max();
      const TimePoint next = std::max(now_, std::min({ending, deadline, submission}));
      if (next >= end) return;
      now_ = next;
      if (ending <= next) {
        if (const auto ended = plant_.take_ended(next))
          policy_->ended(ended->slot, ended->task, next);
      } else if (deadline <= next) {
        policy_->passed(next);
      } else {
        policy_->submitted(next_job_++, next);
      }
    }
  }

  void end_minute(int minute) {
    const TimePoint now = now_ = minute_start(minute + 1);
    const bool recorded = recorder_.is_due(minute);
    EnergyByCause fleet;
    double running = 0;
    for (std::size_t i = 0; i < power_w_.size(); ++i) {
      const auto& energy = plant_.energy(i, now);
      const double meter_j = plant_.meter_j(i);
      power_w_[i] = (meter_j - before_j_[i]) / 60;
      before_j_[i] = meter_j;
      if (recorded) {
        fleet += energy;
        running += plant_.running(i);
      }
      if (tanks_.has(i)) {
        step_tank(i, minute, now, energy);
        continue;
      }
      const double emitted_w = rooms_.step(i, power_w_[i]);
      const auto& people = rooms_.people(i);
      comfort_.add(i, minute,
                   {rooms_.air_c(i), people.setpoint_c, policy_->reference_c(i, people.setpoint_c),
                    emitted_w, people.occupied});
    }
    if (recorded) {
      recorder_.take(
          {minute, fleet, static_cast<double>(policy_->waiting()), running}, rooms_,
          [&](std::size_t zone, double setpoint_c) {
            return policy_->reference_c(zone, setpoint_c);
          },
          [&](std::size_t zone) { return power_w_[zone]; });
      recorder_.take_tanks(tanks_);
    }
    if (minute + 1 == scenario_.minutes_of_work()) close_ledger(now);
  }

  void step_tank(std::size_t zone, int minute, TimePoint now, const EnergyByCause& energy) {
    const double resistance_w = (energy.resistance_j - resistance_before_j_[zone]) / 60;
    resistance_before_j_[zone] = energy.resistance_j;
    tanks_.step(zone, power_w_[zone] - resistance_w, resistance_w);
    tank_judge_.add(zone, minute, tanks_, energy);
    plant_.set_cooling(zone, tanks_.cooling_w(zone), now);
  }

  // Energy is compared over the days of submission: drains differ in length.
  void close_ledger(TimePoint now) {
    double difference = 0, all_j = 0, rated_w = 0;
    for (std::size_t i = 0; i < power_w_.size(); ++i) {
      const auto& energy = plant_.energy(i, now);
      energy_ += energy;
      all_j += plant_.meter_j(i);
      difference += std::abs(energy.sum_j() - plant_.meter_j(i));
      rated_w += world_.fleet.nodes[i].max_w;
    }
    meter_j_ = all_j;
    ledger_error_ = all_j > 0 ? difference / all_j : 0;
    const double paid_j = energy_.attempts_j * (1 - work_.lost_share());
    cpu_use_ = paid_j / (rated_w * 60.0 * scenario_.minutes_of_work());
  }

  RunResult judge(TimePoint end) {
    RunResult result;
    result.seed = world_.seed;
    auto& m = result.metrics;
    comfort_.fill(m);
    work_.fill(m, minute_start(scenario_.minutes_of_work()), end);
    m.set("attempts_energy_j", energy_.attempts_j);
    m.set("filler_energy_j", energy_.filler_j);
    m.set("idle_energy_j", energy_.idle_j);
    m.set("resistance_energy_j", energy_.resistance_j);
    m.set("heat_delivered_j", meter_j_);
    m.set("cpu_use", cpu_use_);
    m.set("heat_capacity_w", world_.heat_capacity_w);
    m.set("ledger_error_share", ledger_error_);
    tank_judge_.fill(m, world_.ideal.metrics.get("tank_allowed_j"), work_.lost_share());
    result.record = std::move(recorder_.record());
    policy_->finish(m, result.record);
    result.record.discomfort = comfort_.histogram();
    result.record.waits_s = thinned(work_.waits_s(end), 400);
    return result;
  }

  const World& world_;
  const Scenario& scenario_;
  NodePlant plant_;
  Rooms rooms_;
  Tanks tanks_;
  WorkBook work_;
  ComfortBook comfort_;
  TankJudge tank_judge_;
  Recorder recorder_;
  std::vector<double> before_j_;
  std::vector<double> power_w_;
  std::vector<double> resistance_before_j_;
  std::unique_ptr<Policy> policy_;
  std::uint32_t next_job_ = 0;
  TimePoint now_{};
  EnergyByCause energy_;
  double meter_j_ = 0;
  double ledger_error_ = 0;
  double cpu_use_ = 0;
};

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

}  // namespace

Result<RunResult> run_policy(const World& world, const std::string& policy,
                             const Progress& progress) {
  const Stopwatch watch;
  const double cpu_before_s = cpu_s();
  RunResult result;
  if (policy == "ideal") {
    result = world.ideal;
  } else if (std::ranges::find(kPolicyNames, policy) != std::end(kPolicyNames)) {
    result = Engine{world, policy}.run(progress);
  } else {
    return fail(
        ErrorCode::kInvalidArgument,
        "policy " + policy + ": neither hearth, rule-based, first-fit, thermostat nor ideal");
  }
  result.policy = policy;
  result.metrics.set("wall_s", policy == "ideal" ? world.ideal_wall_s : watch.seconds());
  if (policy != "ideal") result.metrics.set("cpu_s", cpu_s() - cpu_before_s);
  result.metrics.set("peak_rss_bytes", peak_rss_bytes());
  return result;
}

}  // namespace hearth::simulator
