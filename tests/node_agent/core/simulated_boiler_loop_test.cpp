// An agent and the computed boiler that `hearth-agent` has for trying things out.
#include <gtest/gtest.h>

#include "node_agent/sensors/simulated_boiler.h"
#include "support.h"

namespace hearth::node_agent::test {
namespace {

class BoilerLoop {
 public:
  BoilerLoop() : agent(agent_config(), fresh_state()), heater(heater_config()) {}

  template <class F>
  void run(Duration time, F each) {
    for (const TimePoint end = now + time; now < end;) {
      now += minutes{1};
      const UtcTime utc{now.time_since_epoch()};
      const auto minute = static_cast<int>(now.time_since_epoch() / minutes{1}) % (7 * 1440);
      apply(WallClockRead{utc, minute});
      const auto sensors = heater.read(0, minutes{1});
      power = Watts{sensors.power_w.value};
      apply(sensors);
      each();
    }
  }

  Agent agent;
  SimulatedBoiler heater;
  TimePoint now{};
  Watts power;
  int lifts = 0;

 private:
  static AgentConfig agent_config() {
    auto config = small_config();
    config.facts.kind = protocol::NodeKind::kBoiler;
    config.facts.tank.emplace().volume_l = 300;
    config.facts.max = config.facts.static_share = 850_W;
    config.facts.resistance = 1500_W;
    return config;
  }
  static SimulatedBoilerConfig heater_config() {
    SimulatedBoilerConfig config;
    config.cores = 4;
    config.idle = 50_W;
    config.max = 850_W;
    config.resistance_max = config.tank.resistance = 1500_W;
    config.tank.volume_l = 300;
    config.tank.compute_max = agent_config().facts.tank->compute_max;
    config.draws = thermal::LoadProfile::kL;
    return config;
  }

  void apply(const Event& event) {
    for (const auto& command : agent.apply(event, now)) {
      if (const auto* cap = std::get_if<SetPowerCap>(&command)) {
        ASSERT_TRUE(heater.set_power_cap(cap->cap));
      } else if (const auto* filler = std::get_if<SetFiller>(&command)) {
        ASSERT_TRUE(heater.set_filler(filler->filler, filler->resistance));
        ASSERT_TRUE(heater.circulate(filler->circulate));
      } else if (const auto* lift = std::get_if<RecordHygiene>(&command)) {
        lifts += lift->record.result == HygieneResult::kDone ? 1 : 0;
      }
    }
  }
};

// From cold water at midnight: warm by the first evening, and then for a week; lifted once.
TEST(SimulatedBoilerLoop, AColdTankServesItsHouseholdFromTheSecondDayOn) {
  BoilerLoop loop;
  loop.run(hours{24}, [] {});
  const double unmet_l = loop.heater.tank().book().unmet_l;
  double top_c = 100;
  loop.run(hours{24 * 8}, [&] { top_c = std::min(top_c, loop.heater.tank().top().value); });
  EXPECT_EQ(loop.heater.tank().book().unmet_l, unmet_l);
  EXPECT_GT(top_c, 40);
  EXPECT_GE(loop.lifts, 1);
  const auto& energy = loop.agent.telemetry().energy;
  EXPECT_NEAR((energy.idle + energy.filler + energy.resistance).value, energy.meter.value,
              1e-6 * energy.meter.value);
  const auto& book = loop.heater.tank().book();
  EXPECT_LT(book.refused_j, 0.01 * book.compute_j) << "it asks for no more than the loop takes";
}

TEST(SimulatedBoilerLoop, OffIdles) {
  BoilerLoop loop;
  loop.run(hours{1}, [] {});
  EXPECT_GT(loop.power, 800_W);
  protocol::Setpoint off;
  off.mode = protocol::SetpointMode::kOff;
  for (const auto& command : loop.agent.apply(LocalSetpointChosen{off, std::nullopt}, loop.now)) {
    if (const auto* filler = std::get_if<SetFiller>(&command)) {
      EXPECT_TRUE(loop.heater.set_filler(filler->filler, filler->resistance));
    }
  }
  loop.run(minutes{2}, [] {});
  EXPECT_EQ(loop.power, 50_W);
}

}  // namespace
}  // namespace hearth::node_agent::test
