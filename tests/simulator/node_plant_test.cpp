#include "simulator/node_plant.h"

#include <gtest/gtest.h>

#include "simulator/draws.h"
#include "support.h"

namespace hearth::simulator {
namespace {

TimePoint at(double seconds) {
  return TimePoint{from_seconds(seconds)};
}

// One node: 4 cores, 40 W idle, 100 W a core.
class Plant : public testing::Test {
 protected:
  Scenario scenario_ = test::small_scenario();
  Fleet fleet_{{}, {{1, 40, 440, 100}}, 1};
  NodePlant plant_{scenario_, fleet_, NodePower::kOn};
};

TEST_F(Plant, ATaskEndsWhenItsNominalTimeIsDone) {
  const auto slot = plant_.start(0, 7, 100, 1, at(10));
  EXPECT_EQ(plant_.next_end(), at(110));
  EXPECT_FALSE(plant_.take_ended(at(109)));
  EXPECT_EQ(plant_.power_w(0), 140);
  const auto ended = plant_.take_ended(at(110));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->task, 7u);
  EXPECT_EQ(ended->slot, slot);
  EXPECT_EQ(plant_.running(0), 0);
  EXPECT_NEAR(plant_.energy(0, at(120)).attempts_j, 100 * 100, 1e-6);
  EXPECT_NEAR(plant_.energy(0, at(120)).idle_j, 40 * 120, 1e-6);
}

TEST_F(Plant, SlowerIsLongerAndLeaner) {  // power goes with the square down to 40 %, then linearly
  const auto slot = plant_.start(0, 0, 100, 1, at(0));
  plant_.set_speed(slot, 0.5, at(50));
  EXPECT_NEAR(plant_.power_w(0), 40 + 25, 1e-9);
  EXPECT_EQ(plant_.next_end(), at(150));
  plant_.set_speed(slot, 0.2, at(100));
  EXPECT_NEAR(plant_.power_w(0), 40 + 100 * 0.2 * 0.4, 1e-9);
  EXPECT_NEAR(plant_.done_s(slot, at(100)), 75, 1e-9);
  plant_.set_speed(slot, 0, at(110));
  EXPECT_FALSE(plant_.take_ended(at(100'000))) << "frozen";
  plant_.set_speed(slot, 1, at(200));
  EXPECT_EQ(plant_.next_end(), at(223));
}

TEST_F(Plant, TheCapHoldsBackAllAlike) {
  const auto a = plant_.start(0, 0, 100, 1, at(0));
  (void)plant_.start(0, 1, 100, 1, at(0));
  plant_.set_cap(0, 140, at(0));
  EXPECT_NEAR(plant_.power_w(0), 140, 1e-3);
  EXPECT_NEAR(plant_.done_s(a, at(50)), 25, 1e-4);
  plant_.set_cap(0, 1000, at(50));
  EXPECT_NEAR(to_seconds(plant_.next_end().time_since_epoch()), 125, 0.01);
}

TEST_F(Plant, FillerTakesWhatWorkLeaves) {
  plant_.set_filler(0, 1000, 0, at(0));
  EXPECT_EQ(plant_.power_w(0), 440);
  (void)plant_.start(0, 0, 100, 1, at(10));
  EXPECT_EQ(plant_.power_w(0), 440);
  EXPECT_NEAR(plant_.energy(0, at(20)).filler_j, 400 * 10 + 300 * 10, 1e-6);
  plant_.set_filler(0, 0, 50, at(20));
  EXPECT_EQ(plant_.power_w(0), 190);
}

TEST_F(Plant, StopReturnsWhatWasDone) {
  const auto slot = plant_.start(0, 0, 100, 1, at(0));
  EXPECT_DOUBLE_EQ(plant_.stop(slot, at(30)), 30);
  EXPECT_FALSE(plant_.take_ended(at(1000)));
  EXPECT_EQ(plant_.power_w(0), 40);
}

TEST_F(Plant, OffDrawsStandby) {
  plant_.set_power(0, NodePower::kOff, at(0));
  EXPECT_EQ(plant_.power_w(0), scenario_.node.off_w);
  plant_.set_power(0, NodePower::kBooting, at(1));
  EXPECT_EQ(plant_.power_w(0), 40);
}

// Random orders: every task ends once, when its nominal time is done, and the ledger closes.
TEST(PlantWalk, EnergyClosesAndWorkIsConserved) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random{seed};
    const auto scenario = test::small_scenario();
    const auto fleet = draw_fleet(scenario, seed);
    NodePlant plant{scenario, fleet, NodePower::kOn};
    std::vector<std::optional<SlotIndex>> running;
    std::uint32_t next_task = 0;
    double time_s = 0, done_s = 0, asked_s = 0, stopped_s = 0;
    for (int step = 0; step < 3000; ++step) {
      time_s += uniform(random, 0, 20);
      while (plant.next_end() <= at(time_s)) {
        if (const auto ended = plant.take_ended(plant.next_end())) {
          ASSERT_EQ(running[ended->task], ended->slot);
          running[ended->task].reset();
          done_s += 50 + ended->task % 300;
        }
      }
      const auto node = random.below(16);
      const auto slot = plant.first_slot(node) + static_cast<SlotIndex>(random.below(4));
      switch (random.below(5)) {
        case 0:
        case 1:
          if (plant.running(node) == plant.cores()) break;
          asked_s += 50 + next_task % 300;
          running.push_back(
              plant.start(node, next_task, 50 + next_task % 300, uniform(random), at(time_s)));
          ++next_task;
          break;
        case 2:
          if (plant.task_in(slot) != kNoTask) plant.set_speed(slot, uniform(random), at(time_s));
          break;
        case 3:
          plant.set_cap(node, uniform(random, 0, 600), at(time_s));
          plant.set_filler(node, uniform(random, 0, 600), 0, at(time_s));
          break;
        default:
          if (plant.task_in(slot) == kNoTask || !random.chance(20)) break;
          const auto task = plant.task_in(slot);
          running[task].reset();
          asked_s -= 50 + task % 300;
          stopped_s += plant.stop(slot, at(time_s));
      }
      ASSERT_LE(plant.power_w(node), fleet.nodes[node].max_w + 1e-6);
    }
    double left_s = 0;
    for (std::uint32_t task = 0; task < next_task; ++task) {
      if (running[task]) left_s += 50 + task % 300;
    }
    EXPECT_NEAR(done_s + left_s, asked_s, 1e-6);
    EXPECT_GT(done_s, 0);
    EXPECT_GT(stopped_s, 0);
    for (std::size_t node = 0; node < 16; ++node) {
      const double sum_j = plant.energy(node, at(time_s)).sum_j();
      EXPECT_NEAR(plant.meter_j(node), sum_j, 1e-9 * sum_j);
    }
  }
}

}  // namespace
}  // namespace hearth::simulator
