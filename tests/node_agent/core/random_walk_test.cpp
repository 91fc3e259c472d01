// Throws random events at the agent and checks what must always hold.
//
// A failure prints its seed; run again with SEED=<seed> to see only that walk.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "common/random.h"
#include "support.h"

namespace hearth::node_agent::test {
namespace {

constexpr std::uint64_t kJobs = 6;

protocol::JobSpec spec_of_job(JobId job) {
  auto spec = spec_of(static_cast<protocol::ServiceClass>(job.value % 4),
                      1 + static_cast<int>(job.value % 3));
  if (job.value % 2 == 0) spec.inputs.push_back({"", "program"});
  return spec;
}

// The outside world as the commands describe it.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), agent_(small_config(), fresh_state()) {}

  void step() {
    now_ += milliseconds{random_.below(20'000)};
    apply(random_event());
  }

  // Stops everything and counts: each assigned attempt went exactly one way.
  void finish() {
    if (!connected_) open();
    protocol::Setpoint off;
    off.mode = protocol::SetpointMode::kOff;
    apply(LocalSetpointChosen{off, std::nullopt});
    now_ += minutes{1};
    apply(TimePassed{});
    EXPECT_TRUE(running_.size() == stopping_.size());
    while (!running_.empty()) apply(end_of(running_.begin()->first));
    EXPECT_EQ(agent_.running_count(), 0u);
    EXPECT_EQ(agent_.waiting_count(), 0u);
    for (const auto attempt : assigned_) {
      EXPECT_EQ(spooled_.count(attempt) + discarded_.count(attempt), 1u) << to_string(attempt);
    }
  }

 private:
  Event random_event() {
    const auto dice = random_.below(100);
    if (dice < 20) return sensors();
    if (dice < 40) return assign();
    if (dice < 52 && !running_.empty()) return end_of(any(running_));
    if (dice < 58 && !fetching_.empty()) return inputs();
    if (dice < 66) return limits();
    if (dice < 72 && !assigned_.empty()) return stop();
    if (dice < 76 && !running_.empty()) return AttemptStarted{any(running_)};
    if (dice < 80) return open();
    if (dice < 82) return closed();
    if (dice < 85) return LocalSetpointChosen{setpoint(), std::nullopt};
    if (dice < 87) return LocalSetpointChosen{setpoint(), minutes{random_.below(60)}};
    if (dice < 90) {
      auto ordered = setpoint();
      ordered.revision = {random_.below(40), protocol::SetpointOrigin::kApi};
      return say(protocol::SetpointOrdered{ordered});
    }
    if (dice < 91) return TripReset{};
    if (dice < 94 && !spooled_.empty()) {
      return say(protocol::ResultsAcknowledged{{*spooled_.begin()}});
    }
    return TimePassed{};
  }

  template <class T>
  AttemptId any(const T& map) {
    return std::next(map.begin(), static_cast<std::ptrdiff_t>(random_.below(map.size())))->first;
  }

  Event say(protocol::SchedulerMessage message) { return SchedulerSaid{epoch_, message}; }

  Event open() {
    if (random_.chance(20)) ++epoch_;
    connected_ = true;
    StreamOpened opened{epoch_, ++session_};
    apply(opened);
    for (std::uint64_t job = 1; job <= kJobs; ++job) {
      apply(say(protocol::JobDetails{JobId{job}, spec_of_job(JobId{job})}));
    }
    return limits();
  }

  Event closed() {
    connected_ = false;
    return StreamClosed{};
  }

  Event assign() {
    if (!connected_) return TimePassed{};
    const AttemptId attempt{epoch_, ++counter_};
    const TaskId task{JobId{1 + random_.below(kJobs)}, counter_};
    assigned_.insert(attempt);
    task_of_[attempt] = task;
    return say(protocol::StartAttempt{attempt, task});
  }

  Event stop() {
    const auto attempt =
        *std::next(assigned_.begin(), static_cast<std::ptrdiff_t>(random_.below(assigned_.size())));
    return say(protocol::StopAttempt{attempt, static_cast<protocol::StopReason>(random_.below(4))});
  }

  Event limits() {
    return say(protocol::LimitsChanged{limits_of(18 + static_cast<double>(random_.below(5)),
                                                 static_cast<double>(random_.below(600)),
                                                 seconds{random_.below(200)})});
  }

  protocol::Setpoint setpoint() {
    protocol::Setpoint setpoint;
    if (random_.chance(30)) setpoint.mode = protocol::SetpointMode::kOff;
    setpoint.value = Celsius{10 + static_cast<double>(random_.below(15))};
    return setpoint;
  }

  Event inputs() {
    const auto attempt = *fetching_.begin();
    fetching_.erase(attempt);
    if (random_.chance(80)) return InputsReady{attempt};
    return InputsFailed{attempt, protocol::FailureClass::kInputMissing, "gone"};
  }

  Event end_of(AttemptId attempt) {
    AttemptEnded ended;
    ended.report.attempt = attempt;
    ended.report.task = task_of_.at(attempt);
    ended.report.usage.cpu_s = running_.at(attempt) + static_cast<double>(random_.below(5));
    running_.erase(attempt);
    stopping_.erase(attempt);
    frozen_.erase(attempt);
    return ended;
  }

  Event sensors() {
    CpuTimeRead cpu;
    for (auto& [attempt, cpu_s] : running_) {
      cpu_s += static_cast<double>(random_.below(20));
      cpu.items.push_back({attempt, cpu_s});
    }
    apply(cpu);
    air_c_ += (static_cast<double>(random_.below(2001)) - 1000) / 800;
    air_c_ = std::clamp(air_c_, 4.0, 33.0);
    auto sensors = air_of(random_.chance(3) ? 80 : air_c_);
    if (random_.chance(3)) sensors.air_temperature_c.quality = protocol::Quality::kMissing;
    if (random_.chance(2)) sensors.case_temperature_c = good(90);
    meter_j_ = random_.chance(1) ? 0 : meter_j_ + static_cast<double>(random_.below(3000)) / 3;
    filler_j_ += static_cast<double>(random_.below(300)) / 7;
    sensors.meter = Joules{meter_j_};
    sensors.filler = Joules{filler_j_};
    return sensors;
  }

  void apply(const Event& event) {
    const bool was_off = agent_.setpoint().mode == protocol::SetpointMode::kOff;
    for (const auto& command : agent_.apply(event, now_)) {
      std::visit([this](const auto& c) { execute(c); }, command);
    }
    check(was_off);
  }

  void check(bool was_off) {
    int cores = 0;
    for (const auto& [attempt, cpu_s] : running_) {
      cores += spec_of_job(task_of_.at(attempt).job).resources.cores;
    }
    EXPECT_LE(cores, small_config().facts.cores);
    EXPECT_EQ(running_.size(), agent_.running_count());
    const auto& telemetry = agent_.telemetry();
    const bool off = agent_.setpoint().mode == protocol::SetpointMode::kOff;
    if (off || telemetry.tripped) {
      for (const auto& [attempt, cpu_s] : running_) {
        EXPECT_TRUE(stopping_.contains(attempt) || frozen_.contains(attempt))
            << to_string(attempt) << " runs although off or tripped";
      }
    }
    if (off && was_off && air_c_ > 8) {
      EXPECT_EQ(telemetry.power_wanted, 0_W);
    }
    EXPECT_LE(telemetry.power_wanted, small_config().facts.max);
    const auto& e = telemetry.energy;
    const double sum = (e.attempts + e.filler + e.idle + e.resistance).value;
    EXPECT_NEAR(sum, e.meter.value, 1e-9 * e.meter.value);
    EXPECT_GE(e.idle, Joules{-1e-9});
    ASSERT_TRUE(agent_.next_deadline());
    EXPECT_GT(*agent_.next_deadline(), now_) << "the caller would spin";
  }

  void execute(const StartTask& c) {
    EXPECT_TRUE(running_.emplace(c.attempt, 0).second) << "started twice";
    EXPECT_FALSE(spooled_.contains(c.attempt) || discarded_.contains(c.attempt));
  }
  void execute(const StopTask& c) {
    EXPECT_TRUE(running_.contains(c.attempt));
    EXPECT_TRUE(stopping_.insert(c.attempt).second) << "stopped twice";
  }
  void execute(const SetSpeed& c) {
    EXPECT_TRUE(running_.contains(c.attempt));
    EXPECT_TRUE(c.permille >= 0 && c.permille <= 1000) << c.permille;
    if (c.permille == 0) {
      frozen_.insert(c.attempt);
    } else {
      frozen_.erase(c.attempt);
    }
  }
  void execute(const FetchInputs& c) { fetching_.insert(c.attempt); }
  void execute(const SetFiller& c) {
    EXPECT_GE(c.filler, 0_W);
    EXPECT_LE(c.filler, 400_W);
  }
  void execute(const SpoolResult& c) {
    EXPECT_TRUE(spooled_.insert(c.report.attempt).second) << "two results";
    EXPECT_GE(c.report.usage.energy, Joules{0});
  }
  void execute(const DiscardAttempt& c) {
    EXPECT_TRUE(discarded_.insert(c.attempt).second) << "left twice";
    EXPECT_FALSE(spooled_.contains(c.attempt));
    fetching_.erase(c.attempt);
  }
  template <class T>
  void execute(const T&) {}

  Random random_;
  Agent agent_;
  TimePoint now_{};
  bool connected_ = false;
  std::uint64_t epoch_ = 1;
  std::uint64_t session_ = 0;
  std::uint64_t counter_ = 0;
  double air_c_ = 19;
  double meter_j_ = 0;
  double filler_j_ = 0;
  std::map<AttemptId, double> running_;  // CPU seconds so far
  std::map<AttemptId, TaskId> task_of_;
  std::set<AttemptId> stopping_;
  std::set<AttemptId> frozen_;
  std::set<AttemptId> fetching_;
  std::set<AttemptId> assigned_;
  std::set<AttemptId> spooled_;
  std::set<AttemptId> discarded_;
};

void walk(std::uint64_t seed) {
  SCOPED_TRACE("SEED=" + std::to_string(seed));
  World world(seed);
  for (int step = 0; step < 300 && !testing::Test::HasFailure(); ++step) world.step();
  world.finish();
}

TEST(RandomWalk, HoldsItsPromises) {
  if (const char* seed = std::getenv("SEED")) return walk(std::stoull(seed));
  for (std::uint64_t seed = 0; seed < 300 && !HasFailure(); ++seed) walk(seed);
}

}  // namespace
}  // namespace hearth::node_agent::test
