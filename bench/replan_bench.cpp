// What replanning costs the scheduler's core: replan_bench [ZONES [JOBS]].
//
// A fleet of one-node zones with weather and a day of telemetry; then one plan period is driven as
// the loop would, and every apply() is timed: first without work, then while JOBS jobs of many
// lengths wait that the fleet has no core for. Prints CPU for all zones and the longest apply().
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "scheduler/core/scheduler.h"

namespace hearth::scheduler {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// CPU time of this thread: what others do on the machine does not count.
double cpu_s() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

class Fleet {
 public:
  explicit Fleet(int zones) : zones_(zones), core_(config(), state()) {
    apply(WallClockRead{UtcTime{hours{24 * 20'000}}});
    weather::Series series{UtcTime{hours{24 * 20'000 - 1}}, {}};
    for (int h = 0; h < 96; ++h) series.hours.push_back({Celsius{3.0 + h % 5}, 0});
    apply(WeatherRead{SiteId{}, series});
    for (int i = 0; i < zones_; ++i) join(i);
  }

  // A period of reports, spread evenly, and all that falls due meanwhile.
  void period() {
    const Duration step = Duration{minutes{10}} / zones_;
    for (int i = 0; i < zones_; ++i) {
      now_ += step > Duration{} ? step : Duration{(i % 2 == 0) ? 1 : 0};
      report(i);
      while (core_.next_deadline() && *core_.next_deadline() <= now_) apply(TimePassed{});
    }
    ++periods_;
  }

  // Work for every core and far more, in jobs of all lengths.
  void flood(int jobs) {
    const auto cores = static_cast<std::uint64_t>(4 * zones_);
    for (int i = 0; i < jobs; ++i) {
      protocol::JobSpec spec;
      spec.name = "job" + std::to_string(i);
      spec.tenant = TenantId{"bank"};
      spec.service_class = static_cast<protocol::ServiceClass>(i % 3);
      spec.task_count = i == 0 ? cores : 1;
      spec.expected_run_time = std::chrono::minutes{1 + (i * 37) % 3000};
      apply(SubmitRequested{.request = {spec.tenant, spec.name}, .spec = spec});
    }
  }

  void reset() {
    all_s_ = worst_s_ = 0;
    planned_ = 0;
  }
  [[nodiscard]] double all_s() const { return all_s_; }
  [[nodiscard]] double worst_s() const { return worst_s_; }
  [[nodiscard]] long planned() const { return planned_; }

 private:
  static SchedulerConfig config() {
    SchedulerConfig config;
    config.plan_period = minutes{10};
    config.limits_valid_for = minutes{30};
    config.report_period = minutes{10};
    config.silent_after = hours{1};
    config.lost_after = hours{2};
    return config;
  }
  static DurableState state() {
    DurableState state;
    state.store_id = "bench";
    state.epoch = 1;
    return state;
  }

  void apply(const Event& event) {
    const double start = cpu_s();
    const auto commands = core_.apply(event, now_);
    const double took = cpu_s() - start;
    all_s_ += took;
    worst_s_ = std::max(worst_s_, took);
    Sequence committed = 0;
    bool asked = false;
    for (const auto& command : commands) {
      if (const auto* commit = std::get_if<Commit>(&command)) committed = commit->seq;
      if (const auto* send = std::get_if<Send>(&command)) {
        planned_ += std::holds_alternative<protocol::LimitsChanged>(send->message);
      }
      asked = asked || std::holds_alternative<ForecastCapacity>(command);
    }
    if (committed > 0) apply(CommitDurable{committed});
    if (asked) apply(CapacityForecasted{});
  }

  [[nodiscard]] protocol::Telemetry telemetry(int i) const {
    protocol::Telemetry t;
    t.air_temperature_c = {19.8 + 0.01 * (i % 40), protocol::Quality::kGood};
    t.power_w = {200, protocol::Quality::kGood};
    t.power_wanted = 220_W;
    t.setpoint = 20_degC;
    t.t_ref = 20_degC;
    t.minute_of_week = 600;
    t.energy.boot_id = "b";
    t.energy.meter = Joules{200.0 * 600 * periods_};
    return t;
  }

  void join(int i) {
    protocol::Hello hello;
    hello.installation_id = "i" + std::to_string(i);
    hello.session_counter = 1;
    hello.facts.node = NodeId{"n" + std::to_string(i)};
    hello.facts.zone = ZoneId{"z" + std::to_string(i)};
    hello.facts.site = SiteId{"s" + std::to_string(i / 16)};
    hello.facts.cores = 4;
    hello.telemetry = telemetry(i);
    const SessionId session{static_cast<std::uint64_t>(i) + 1};
    apply(AgentSaid{session, hello});
    apply(AgentSaid{session, protocol::HelloEnd{}});
  }

  void report(int i) {
    apply(AgentSaid{SessionId{static_cast<std::uint64_t>(i) + 1}, protocol::Report{telemetry(i)}});
  }

  int zones_;
  TimePoint now_{};
  Scheduler core_;
  int periods_ = 0;
  double all_s_ = 0;
  double worst_s_ = 0;
  long planned_ = 0;
};

void measure(Fleet& fleet, int zones) {
  std::vector<double> all_s, worst_ms;
  constexpr int kRounds = 5;
  for (int i = 0; i < kRounds; ++i) {
    fleet.reset();
    fleet.period();
    all_s.push_back(fleet.all_s());
    worst_ms.push_back(1e3 * fleet.worst_s());
    std::printf("%d zones: %ld plans, %.3f s in all (%.1f us each), longest apply %.2f ms\n", zones,
                fleet.planned(), fleet.all_s(), 1e6 * fleet.all_s() / zones, 1e3 * fleet.worst_s());
  }
  std::ranges::sort(all_s);
  std::ranges::sort(worst_ms);
  std::printf("median of %d: %.3f s in all, longest apply %.2f ms\n", kRounds, all_s[kRounds / 2],
              worst_ms[kRounds / 2]);
}

int run(int zones, int jobs) {
  Fleet fleet{zones};
  for (int i = 0; i < 12; ++i) fleet.period();  // filters know two hours
  measure(fleet, zones);
  fleet.reset();
  fleet.flood(jobs);
  std::printf("%d jobs submitted: %.3f s, longest apply %.2f ms\n", jobs, fleet.all_s(),
              1e3 * fleet.worst_s());
  fleet.period();
  measure(fleet, zones);
  return 0;
}

}  // namespace
}  // namespace hearth::scheduler

int main(int argc, char** argv) {
  const int zones = argc > 1 ? std::atoi(argv[1]) : 10'000;
  const int jobs = argc > 2 ? std::atoi(argv[2]) : 5'000;
  if (zones < 1 || zones > 1'000'000 || jobs < 1 || jobs > 1'000'000) {
    std::fprintf(stderr, "usage: replan_bench [ZONES [JOBS]], 1 to 1,000,000\n");
    return 2;
  }
  return hearth::scheduler::run(zones, jobs);
}
