// What one pass over the sensors costs an agent's core: `agent_bench [PASSES]`.
//
// Agents without work and with four running tasks, each pass a minute after the last, in a room
// that swings slowly around its setpoint; prints nanoseconds per apply. The digital twin applies
// some twenty million of them for a thousand agents over fourteen days.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "node_agent/core/agent.h"

namespace {

using namespace hearth;
using namespace hearth::node_agent;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kAgents = 64;  // more than a processor's first cache holds

AgentConfig config() {
  AgentConfig made;
  made.facts.node = NodeId{"n1"};
  made.facts.zone = ZoneId{"z1"};
  made.facts.cores = 4;
  made.facts.idle = 40_W;
  made.facts.max = 500_W;
  made.facts.static_share = 500_W;
  return made;
}

class Bench {
 public:
  explicit Bench(int tasks) : tasks_(tasks) {
    for (std::size_t i = 0; i < kAgents; ++i) {
      AgentState state;
      state.installation_id = "installation-" + std::to_string(i);
      state.boot_id = "boot";
      agents_.push_back(std::make_unique<Agent>(config(), state));
      begin(*agents_.back());
    }
  }

  double nanoseconds_per_pass(int passes) {
    const auto start = Clock::now();
    std::size_t orders = 0;
    for (int i = 0; i < passes; ++i) {
      now_ += std::chrono::minutes{1};
      meter_j_ += 300 * 60;
      sensors_.air_temperature_c = {20 + 0.15 * std::sin(i * 0.01), protocol::Quality::kGood};
      sensors_.power_w = {300, protocol::Quality::kGood};
      sensors_.meter = Joules{meter_j_};
      const Event event = sensors_;
      for (auto& agent : agents_) {
        if (tasks_ > 0) {
          for (auto& item : cpu_.items) item.cpu_s += 30.0 / kAgents;
          orders += agent->apply(cpu_, now_).size();
        }
        orders += agent->apply(event, now_).size();
      }
    }
    const std::chrono::duration<double, std::nano> passed = Clock::now() - start;
    std::printf("%d tasks: %zu orders\n", tasks_, orders);
    return passed.count() / passes / kAgents;
  }

 private:
  void begin(Agent& agent) {
    (void)agent.apply(WallClockRead{}, now_);
    (void)agent.apply(sensors_, now_);
    (void)agent.apply(StreamOpened{1, 1}, now_);
    protocol::LimitsChanged limits;
    limits.limits = {1, Celsius{20}, {}, Watts{500}, std::chrono::hours{24 * 365}};
    (void)agent.apply(SchedulerSaid{1, protocol::Welcome{"s", std::chrono::minutes{10}}}, now_);
    (void)agent.apply(SchedulerSaid{1, limits}, now_);
    protocol::JobSpec spec;
    spec.command = {"true"};
    spec.service_class = protocol::ServiceClass::kOnDemand;
    (void)agent.apply(SchedulerSaid{1, protocol::JobDetails{JobId{1}, spec}}, now_);
    cpu_.items.clear();
    for (int i = 1; i <= tasks_; ++i) {
      const AttemptId attempt{1, static_cast<std::uint64_t>(i)};
      const TaskId task{JobId{1}, attempt.counter};
      (void)agent.apply(SchedulerSaid{1, protocol::StartAttempt{attempt, task}}, now_);
      cpu_.items.push_back({attempt, 0});
    }
  }

  int tasks_;
  std::vector<std::unique_ptr<Agent>> agents_;
  SensorsRead sensors_;
  CpuTimeRead cpu_;
  double meter_j_ = 0;
  TimePoint now_{};
};

}  // namespace

int main(int argc, char** argv) {
  const int passes = argc > 1 ? std::atoi(argv[1]) : 20'000;
  if (passes <= 0) {
    std::fprintf(stderr, "usage: agent_bench [PASSES]\n");
    return 2;
  }
  for (const int tasks : {0, 4}) {
    const double cost_ns = Bench{tasks}.nanoseconds_per_pass(passes);
    std::printf("%d tasks: %.0f ns per pass\n", tasks, cost_ns);
  }
  return 0;
}
