// What keeping telemetry costs: telemetry_bench [ZONES].
//
// An hour of samples every 10 s of a fleet of one-node zones, with a quiet room's noise, goes into
// a telemetry store in a temporary directory; then three weeks of slots are handed back to a new
// core, filters and all. Prints CPU, sizes, and what a round of looking at the core costs its
// thread.
#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "common/random.h"
#include "scheduler/core/scheduler.h"
#include "scheduler/store/telemetry_store.h"

namespace hearth::scheduler {
namespace {

using std::chrono::hours;

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

std::string name_of(int zone) {
  return "zone-" + std::to_string(100'000 + zone);
}

DurableState fleet(int zones) {
  DurableState state;
  state.store_id = "bench";
  state.epoch = 1;
  for (int i = 0; i < zones; ++i) {
    DurableNode node;
    node.facts.node = NodeId{"node-" + std::to_string(i)};
    node.facts.zone = ZoneId{name_of(i)};
    node.facts.site = SiteId{"site-" + std::to_string(i / 16)};
    node.facts.kind = protocol::NodeKind::kRadiator;
    node.facts.cores = 4;
    node.facts.idle = 40_W;
    node.facts.max = 500_W;
    node.joined = true;
    state.nodes.push_back(node);
    LearnedModel learned;
    learned.model = learned.hold_model = thermal::prior_room(15);
    learned.accepted = true;
    state.models.emplace_back(node.facts.zone, learned);
  }
  return state;
}

std::int16_t quanta(Random& random, double mean, double spread) {
  return static_cast<std::int16_t>(mean + spread * random.normal());
}

void wait_for(const TelemetryStore& store) {
  const timespec nap{0, 5'000'000};
  while (store.pending() > 100'000) nanosleep(&nap, nullptr);
}

// One hour as it comes: what the writing thread takes, and what is in the file afterwards.
void write_an_hour(const std::string& path, int zones) {
  Random random(1);
  auto store = TelemetryStore::open({.path = path}, UtcTime{});
  UtcTime now{hours{24 * 20'000}};
  (void)store->restore(now, [](const auto&) {});
  const double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  const double making = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  for (int k = 0; k < 360; ++k, now += kSamplePeriod) {
    TelemetryBatch batch;
    batch.at = now;
    for (int i = 0; i < zones; ++i) {
      ZoneTelemetry one{ZoneId{name_of(i)},
                        {quanta(random, 2000, 3), quanta(random, 600, 20), 2000, 2010},
                        slot_of(now) - 1,
                        {}};
      if (k % 60 == 0)
        one.slots.push_back({quanta(random, 2000, 10), quanta(random, 600, 40), 2000});
      batch.zones.push_back(std::move(one));
    }
    store->put(std::move(batch));
    wait_for(*store);
  }
  const double made = seconds_of(CLOCK_THREAD_CPUTIME_ID) - making;
  store.reset();
  const double all = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  std::printf("an hour of %d zones at 10 s: %.1f s of CPU on the store's threads, file %.1f MB\n",
              zones, all - made, static_cast<double>(std::filesystem::file_size(path)) / 1e6);
}

// Three weeks of slots, then a restart: the file read, the core as it was.
void restart(const std::string& path, int zones) {
  Random random(2);
  const UtcTime now{hours{24 * 20'000}};
  const auto first = slot_of(now) - static_cast<std::int64_t>(kHistorySlots);
  auto store = TelemetryStore::open({.path = path}, now);
  (void)store->restore(now, [](const auto&) {});
  for (int i = 0; i < zones; ++i) {
    TelemetryBatch batch;
    batch.at = now;
    ZoneTelemetry one{ZoneId{name_of(i)}, {}, first, {}};
    for (std::size_t k = 0; k < kHistorySlots; ++k) {
      one.slots.push_back({quanta(random, 2000, 10), quanta(random, 600, 40), 2000});
    }
    batch.zones.push_back(std::move(one));
    store->put(std::move(batch));
    if (i % 500 == 499) {
      const timespec nap{0, 5'000'000};
      while (store->pending() > 100) nanosleep(&nap, nullptr);
    }
  }
  store.reset();
  std::printf("three weeks of slots: file %.1f MB\n",
              static_cast<double>(std::filesystem::file_size(path)) / 1e6);

  Scheduler core(SchedulerConfig{}, fleet(zones));
  const TimePoint at{hours{1}};
  (void)core.apply(WallClockRead{now}, at);
  double applied = 0;
  const double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  store = TelemetryStore::open({.path = path}, now);
  (void)store->restore(now, [&](const TelemetryRestored& part) {
    const double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    (void)core.apply(part, at);
    applied += seconds_of(CLOCK_THREAD_CPUTIME_ID) - start;
  });
  std::printf("a restart: %.2f s of CPU, of these %.2f s in the core\n",
              seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu, applied);

  KeptTelemetry kept;
  for (int i = 0; i < zones; ++i) kept.zones[ZoneId{name_of(i)}] = slot_of(now) - 1;
  const double start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  ZoneId after;
  double longest = 0;
  for (auto page = core.zone_telemetry(after, 250, kept); !page.empty();) {
    after = page.back().zone;
    const double before = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    page = core.zone_telemetry(after, 250, kept);
    longest = std::max(longest, seconds_of(CLOCK_THREAD_CPUTIME_ID) - before);
  }
  std::printf("a round on the loop's thread: %.2f ms, its longest turn %.2f ms\n",
              1e3 * (seconds_of(CLOCK_THREAD_CPUTIME_ID) - start), 1e3 * longest);
}

}  // namespace
}  // namespace hearth::scheduler

int main(int argc, char** argv) {
  const int zones = argc > 1 ? std::max(1, std::atoi(argv[1])) : 10'000;
  std::string directory = (std::filesystem::temp_directory_path() / "hearth-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return 1;
  hearth::scheduler::write_an_hour(directory + "/hour.db", zones);
  hearth::scheduler::restart(directory + "/weeks.db", zones);
  std::filesystem::remove_all(directory);
}
