#include "node_agent/core/energy_book.h"

#include <gtest/gtest.h>

#include "support.h"

namespace hearth::node_agent::test {
namespace {

constexpr AttemptId kFirst{1, 1};
constexpr AttemptId kSecond{1, 2};

// 100 J per CPU second, passes of 10 s.
struct Passes {
  EnergyBook book{"boot", 100};
  SensorsRead sensors;
  TimePoint now{};

  void pass(double meter_j, std::vector<CpuTimeRead::Item> cpu = {}, double filler_j = 0) {
    now += seconds{10};
    book.cpu_read({std::move(cpu)});
    sensors.meter = Joules{meter_j};
    sensors.filler = Joules{filler_j};
    book.sensors_read(sensors, now);
  }
  void expect(double attempts, double filler, double idle) const {
    EXPECT_DOUBLE_EQ(book.ledger().attempts.value, attempts);
    EXPECT_DOUBLE_EQ(book.ledger().filler.value, filler);
    EXPECT_DOUBLE_EQ(book.ledger().idle.value, idle);
    EXPECT_DOUBLE_EQ(book.ledger().meter.value, attempts + filler + idle);
  }
};

TEST(EnergyBook, SplitsByCpuTimeAfterFiller) {
  Passes p;
  p.book.begin(kFirst, false);
  p.book.begin(kSecond, false);
  p.pass(3000, {{kFirst, 10}, {kSecond, 5}}, 400);
  p.expect(1500, 400, 1100);
  EXPECT_DOUBLE_EQ(p.book.end(kFirst, 10).value, 1000);
}

TEST(EnergyBook, GivesAttemptsNoMoreThanTheMeterCounted) {
  Passes p;
  p.book.begin(kFirst, false);
  p.book.begin(kSecond, false);
  p.pass(900, {{kFirst, 10}, {kSecond, 5}});
  p.expect(900, 0, 0);
  EXPECT_DOUBLE_EQ(p.book.end(kFirst, 10).value, 600);
}

TEST(EnergyBook, BooksInTheNextPassWhatEndedBetween) {
  Passes p;
  p.book.begin(kFirst, false);
  EXPECT_DOUBLE_EQ(p.book.end(kFirst, 4).value, 400);
  p.expect(0, 0, 0);
  p.pass(300);
  p.expect(300, 0, 0);
  p.pass(900);
  p.expect(400, 0, 500);
}

TEST(EnergyBook, ChargesAnAdoptedAttemptFromItsFirstSight) {
  Passes p;
  p.book.begin(kFirst, true);
  p.pass(2000, {{kFirst, 50}});
  p.expect(0, 0, 2000);
  p.pass(4000, {{kFirst, 60}});
  p.expect(1000, 0, 3000);
  EXPECT_DOUBLE_EQ(p.book.end(kFirst, 60).value, 6000) << "what it used before is its own too";
}

TEST(EnergyBook, GoesOnWhereACounterWasReset) {
  Passes p;
  p.pass(1000, {}, 600);
  p.pass(200, {}, 50);
  p.expect(0, 650, 550);
}

TEST(EnergyBook, IntegratesPowerWhereThereIsNoMeter) {
  EnergyBook book("boot", 100);
  SensorsRead sensors;
  sensors.power_w = good(50);
  book.sensors_read(sensors, TimePoint{seconds{0}});
  book.sensors_read(sensors, TimePoint{seconds{10}});
  sensors.power_w.quality = protocol::Quality::kStale;
  book.sensors_read(sensors, TimePoint{seconds{20}});
  EXPECT_DOUBLE_EQ(book.ledger().meter.value, 500);
  EXPECT_DOUBLE_EQ(book.ledger().idle.value, 500);
}

TEST(EnergyBook, KnowsBusyCoresAfterAWholePassOnly) {
  Passes p;
  p.pass(100);
  p.book.begin(kFirst, false);
  p.pass(200, {{kFirst, 1}});
  EXPECT_FALSE(p.book.busy_cores(kFirst)) << "it began somewhere within this pass";
  p.pass(1200, {{kFirst, 9}});
  EXPECT_DOUBLE_EQ(p.book.busy_cores(kFirst).value_or(-1), 0.8);
}

}  // namespace
}  // namespace hearth::node_agent::test
