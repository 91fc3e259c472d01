// A tank, its household and its hygiene, in closed loop.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "node_agent/core/tank_store.h"
#include "support.h"
#include "thermal/simulated_tank.h"

namespace hearth::node_agent::test {
namespace {

using protocol::Quality;

protocol::TankFacts facts_of_tank() {
  protocol::TankFacts tank;
  tank.volume_l = 200;
  return tank;
}

AgentConfig boiler(Watts resistance = 1500_W) {
  auto config = small_config();
  config.facts.kind = protocol::NodeKind::kBoiler;
  config.facts.tank = facts_of_tank();
  config.facts.max = 850_W;
  config.facts.static_share = 850_W;
  config.facts.resistance = resistance;
  return config;
}

TankLayers layers_of(double top, double middle, double bottom) {
  return {good(top), good(middle), good(bottom)};
}

TEST(TankStore, SeesHeatAndBounds) {
  TankStore tank{facts_of_tank(), minutes{15}};
  tank.take(layers_of(55, 50, 30), {}, std::nullopt, TimePoint{});
  const auto layers = tank.layers(TimePoint{});
  ASSERT_TRUE(layers);
  EXPECT_EQ(TankStore::mean(*layers), 45_degC);
  EXPECT_EQ(TankStore::coldest(*layers), 30_degC);
  EXPECT_LT(tank.excess(*layers), Kelvins{-10});
  tank.take(layers_of(56, 55, 52), {}, std::nullopt, TimePoint{});
  EXPECT_NEAR(tank.excess(*tank.layers(TimePoint{})).value, 0, 1e-9)
      << "the return is at its bound";
  EXPECT_FALSE(tank.layers(TimePoint{minutes{16}})) << "silent";
  tank.take({good(56), good(std::nan("")), good(52)}, {}, std::nullopt, TimePoint{minutes{16}});
  EXPECT_FALSE(tank.layers(TimePoint{minutes{16}}));
}

TEST(TankStore, ANewAgentExpectsTheDrawsThatTheOldOneLearned) {
  TankStore tank{facts_of_tank(), minutes{15}};
  thermal::SimulatedTank water{{.volume_l = 200, .loss_w_per_k = 1.5}, Celsius{50}};
  std::optional<thermal::LearnedDraws> kept;
  int writes = 0;
  for (int minute = 0; minute <= 3 * 1440; ++minute) {
    if (minute % 1440 == 7 * 60 + 10) (void)water.draw({60, 40_degC, 40_degC}, 12_degC);
    water.step({300_W, {}, false, 18_degC}, minutes{1});
    tank.take(layers_of(water.top().value, water.layer(3).value, water.layer(5).value),
              300_W * minutes{1}, minute % (7 * 1440), TimePoint{minutes{minute}});
    if (!tank.worth_keeping()) continue;
    kept = tank.learned();
    ++writes;
  }
  EXPECT_EQ(writes, 3 * 4);
  ASSERT_TRUE(kept);
  TankStore again{facts_of_tank(), minutes{15}, kept};
  EXPECT_FALSE(again.worth_keeping());
  const TankStore unlearned{facts_of_tank(), minutes{15}};
  for (const int minute : {5 * 60, 12 * 60, 23 * 60}) {
    EXPECT_EQ(again.need(minute).likely, tank.need(minute).likely) << minute;
    EXPECT_NE(again.need(minute).likely, unlearned.need(minute).likely) << minute;
  }
}

TEST(Hygiene, HoldsByTheTableAndCountsNaturalLifts) {
  const UtcTime start{};
  for (const auto& [at_c, needed] :
       std::map<double, Duration>{{70, minutes{2}}, {65, minutes{4}}, {60, hours{1}}}) {
    Hygiene hygiene{facts_of_tank(), std::nullopt};
    Hygiene::Inputs inputs{Celsius{at_c}, {}, 1000_W};
    Duration time{};
    std::optional<HygieneRecord> record;
    while (!record && time < hours{2}) {
      record = hygiene.step(inputs, start + time);
      if (!record) time += minutes{1};
    }
    EXPECT_EQ(time, needed);
    EXPECT_EQ(record->result, HygieneResult::kDone);
    EXPECT_EQ(record->coldest, Celsius{at_c});
    EXPECT_EQ(hygiene.done(), 1u);
    EXPECT_EQ(hygiene.due_in(start + time), hours{24 * 7});
  }
}

TEST(Hygiene, ABreakBeginsAnew) {
  Hygiene hygiene{facts_of_tank(), std::nullopt};
  Hygiene::Inputs hot{Celsius{61}, {}, 1000_W};
  Hygiene::Inputs cold{Celsius{59}, {}, 1000_W};
  for (int minute = 0; minute < 200; ++minute) {
    EXPECT_FALSE(hygiene.step(minute % 50 == 49 ? cold : hot, UtcTime{minutes{minute}}));
  }
}

TEST(Hygiene, BeginsInTimeAndTellsAMissedDeadlineOnce) {
  Hygiene hygiene{facts_of_tank(), HygieneHistory{UtcTime{}, 4}};
  // 10 MJ at 1 kW: 2.8 h, with 30 % more; an hour to hold, five hours of reserve.
  Hygiene::Inputs inputs{Celsius{40}, Joules{10e6}, 1000_W};
  Duration begun{};
  int missed = 0;
  for (Duration time{}; time < hours{24 * 8}; time += minutes{10}) {
    const auto record = hygiene.step(inputs, UtcTime{time});
    if (hygiene.active() && begun == Duration{}) begun = time;
    if (record) {
      EXPECT_EQ(record->result, HygieneResult::kMissed);
      EXPECT_EQ(time, hours{24 * 7});
      ++missed;
    }
  }
  EXPECT_NEAR(to_seconds(hours{24 * 7} - begun) / 3600, 9.6, 0.3);
  EXPECT_EQ(missed, 1);
  EXPECT_TRUE(hygiene.active()) << "it goes on trying";
}

// An agent with a simulated tank; tasks run at the speed ordered, minute by minute.
class TankLoop {
 public:
  explicit TankLoop(AgentConfig config, double start_c = 50)
      : agent(std::move(config), fresh_state()), tank(parameters(), Celsius{start_c}) {}

  static thermal::TankParameters parameters() {
    thermal::TankParameters made;
    made.compute_max = Celsius{57};
    return made;
  }

  template <class F>
  void run(Duration time, F each) {
    for (const TimePoint end = now + time; now < end;) {
      now += minutes{1};
      draw();
      CpuTimeRead cpu;
      double busy = 0;
      for (auto& [attempt, task] : running) {
        task.cpu_s += 60 * task.speed;
        busy += task.speed;
        cpu.items.push_back({attempt, task.cpu_s});
      }
      const Watts tasks{busy * 200};
      const Watts most = cap - 50_W;
      const Watts compute = 50_W + std::min(tasks + filler, most);
      power = compute;
      tank.step({compute, resistance, circulate, Celsius{18}}, minutes{1});
      meter += (compute + resistance) * minutes{1};
      filler_j += std::min(filler, most - std::min(tasks, most)) * minutes{1};
      resistance_j += resistance * minutes{1};
      apply(cpu);
      SensorsRead sensors;
      const auto last = tank.layers() - 1;
      sensors.tank =
          layers_of(tank.layer(0).value, tank.layer(last / 2).value, tank.layer(last).value);
      sensors.power_w = good((compute + resistance).value);
      sensors.meter = meter;
      sensors.filler = filler_j;
      sensors.resistance = resistance_j;
      if (!sensors_work) sensors.tank.reset();
      apply(WallClockRead{UtcTime{now.time_since_epoch()}, minute_of_week()});
      apply(sensors);
      if (work_class) bring_work();
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
  }

  int minute_of_week() const {
    return static_cast<int>(now.time_since_epoch() / minutes{1}) % (7 * 1440);
  }

  struct Task {
    TaskId task;
    double speed = 1;
    double cpu_s = 0;
  };
  Agent agent;
  thermal::SimulatedTank tank;
  TimePoint now{};
  bool draws = true;
  bool sensors_work = true;
  std::optional<protocol::ServiceClass> work_class;
  Watts cap{850};
  Watts filler;
  Watts resistance;
  bool circulate = false;
  Watts power;
  std::map<AttemptId, Task> running;
  std::vector<HygieneRecord> audit;

 private:
  // About 115 litres at 40 degC a day: a shower in the morning, dishes, a bath in the evening.
  void draw() {
    if (!draws) return;
    const int minute = minute_of_week() % 1440;
    double litres = 0;
    if (minute >= 7 * 60 && minute < 7 * 60 + 6) litres = 8;
    if (minute >= 12 * 60 && minute < 12 * 60 + 3) litres = 5;
    if (minute >= 19 * 60 && minute < 19 * 60 + 6) litres = 9;
    if (litres > 0) tank.draw({litres, Celsius{40}, Celsius{40}}, Celsius{10});
  }

  void bring_work() {
    if (!connected_) apply(StreamOpened{1, 1});
    connected_ = true;
    auto limits = limits_of(20, 850, minutes{5});
    apply(SchedulerSaid{1, protocol::LimitsChanged{limits}});
    const JobId job{1};
    apply(SchedulerSaid{1, protocol::JobDetails{job, spec_of(*work_class)}});
    while (running.size() < 4 && agent.waiting_count() < 2 && counter_ < 100'000) {
      const auto before = running.size() + agent.waiting_count();
      const AttemptId attempt{1, ++counter_};
      apply(SchedulerSaid{1, protocol::StartAttempt{attempt, TaskId{job, counter_}}});
      if (running.size() + agent.waiting_count() == before) return;
    }
  }

  void execute(const StartTask& c) { running[c.attempt] = {c.task}; }
  void execute(const SetSpeed& c) { running.at(c.attempt).speed = c.permille / 1000.0; }
  void execute(const SetPowerCap& c) { cap = c.cap; }
  void execute(const SetFiller& c) {
    filler = c.filler;
    resistance = c.resistance;
    circulate = c.circulate;
  }
  void execute(const RecordHygiene& c) { audit.push_back(c.record); }
  void execute(const StopTask& c) {
    protocol::AttemptReport report;
    report.attempt = c.attempt;
    report.task = running.at(c.attempt).task;
    report.failure = c.failure;
    running.erase(c.attempt);
    apply(AttemptEnded{report});
  }
  template <class T>
  void execute(const T&) {}

  bool connected_ = false;
  std::uint64_t counter_ = 0;
  Joules meter;
  Joules filler_j;
  Joules resistance_j;
};

TEST(Tank, AHouseholdIsServedAndHygieneIsDoneInTime) {
  TankLoop loop{boiler()};
  loop.run(hours{24 * 21});
  const auto& book = loop.tank.book();
  EXPECT_GT(book.delivered_l, 2000);
  EXPECT_LT(book.unmet_l, 0.01 * book.delivered_l);
  ASSERT_GE(loop.audit.size(), 3u);
  for (const auto& record : loop.audit) EXPECT_EQ(record.result, HygieneResult::kDone);
  for (std::size_t i = 1; i < loop.audit.size(); ++i) {
    EXPECT_LE(loop.audit[i].ended - loop.audit[i - 1].ended, hours{24 * 7});
    EXPECT_GE(loop.audit[i].ended - loop.audit[i - 1].ended, hours{24 * 11 / 2});
  }
  EXPECT_EQ(loop.agent.telemetry().tank->hygiene_done, loop.audit.size());
}

// Unlimited work: the tank is a battery that fills up; work is slowed and frozen at its bounds.
TEST(Tank, WorkFillsItToItsBoundsAndNotBeyond) {
  TankLoop loop{boiler()};
  loop.work_class = protocol::ServiceClass::kReserved;
  double warmest = 0;
  loop.run(hours{17}, [&] {
    const bool runs =
        std::ranges::any_of(loop.running, [](const auto& t) { return t.second.speed > 0; });
    if (runs) warmest = std::max(warmest, loop.agent.telemetry().tank->bottom_c.value);
  });
  EXPECT_GT(warmest, 51);
  EXPECT_LE(warmest, 52.1);
  EXPECT_LT(loop.tank.book().refused_j, 0.02 * loop.tank.book().compute_j)
      << "the computers keep next to none of their heat";
  const auto& energy = loop.agent.telemetry().energy;
  EXPECT_GT(energy.attempts, 4 * energy.filler);
}

TEST(Tank, WithoutReadingsItTakesNoHeat) {
  TankLoop loop{boiler()};
  loop.work_class = protocol::ServiceClass::kReserved;
  loop.run(hours{2});
  loop.sensors_work = false;
  loop.run(minutes{20});
  EXPECT_TRUE(loop.agent.telemetry().safe_mode);
  for (const auto& [attempt, task] : loop.running) EXPECT_EQ(task.speed, 0);
  EXPECT_EQ(loop.filler, 0_W);
  EXPECT_EQ(loop.resistance, 0_W);
}

TEST(Tank, OffComesBeforeHygieneWhichIsThenMissed) {
  TankLoop loop{boiler()};
  protocol::Setpoint off;
  off.mode = protocol::SetpointMode::kOff;
  loop.apply(LocalSetpointChosen{off, std::nullopt});
  loop.run(hours{30}, [&] {
    ASSERT_EQ(loop.filler, 0_W);
    ASSERT_EQ(loop.resistance, 0_W);
  });
  ASSERT_EQ(loop.audit.size(), 1u);
  EXPECT_EQ(loop.audit[0].result, HygieneResult::kMissed);
}

TEST(Tank, HygieneIsMissedWithoutAResistanceAndSaidSo) {
  TankLoop loop{boiler(0_W)};
  loop.run(hours{26});
  ASSERT_EQ(loop.audit.size(), 1u);
  EXPECT_EQ(loop.audit[0].result, HygieneResult::kMissed) << "the loop reaches 57 degC only";
}

}  // namespace
}  // namespace hearth::node_agent::test
