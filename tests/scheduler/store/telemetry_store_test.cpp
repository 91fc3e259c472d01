#include "scheduler/store/telemetry_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "common/random.h"
#include "scheduler/store/sample_chunk.h"
#include "support/temporary_directory.h"

namespace hearth::scheduler {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr UtcTime kStart{days{20'000}};  // a midnight

TEST(SampleChunk, ComesBackAsItWentIn) {
  Random random(7);
  for (int round = 0; round < 300; ++round) {
    SampleChunk chunk(60, 4);
    const auto calm = static_cast<int>(random.below(100));
    for (std::size_t column = 0; column < 4; ++column) {
      std::int64_t value = 2000;
      for (std::size_t row = 0; row < 60; ++row) {
        if (random.chance(calm)) value = static_cast<std::int64_t>(random.below(65'536)) - 32'768;
        if (random.chance(90)) chunk.set(row, column, static_cast<std::int16_t>(value));
      }
    }
    const auto bytes = chunk.pack();
    EXPECT_EQ(SampleChunk::unpack(bytes, 60, 4), chunk) << round;
    EXPECT_EQ(SampleChunk::unpack(bytes + "x", 60, 4), std::nullopt);
    EXPECT_EQ(SampleChunk::unpack(std::string_view{bytes}.substr(1), 60, 4) == chunk, false);
  }
}

TEST(SampleChunk, DamagedBytesAreRefusedOrAChunkButNeverMore) {
  Random random(8);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes;
    for (auto left = random.below(80); left > 0; --left) {
      bytes.push_back(static_cast<char>(random.below(256)));
    }
    (void)SampleChunk::unpack(bytes, 60, 4);
  }
}

TEST(SampleChunk, AQuietRoomTakesLittle) {
  SampleChunk chunk(60, 4);
  for (std::size_t row = 0; row < 60; ++row) {
    chunk.set(row, 0, static_cast<std::int16_t>(2000 + row % 3));
    chunk.set(row, 1, static_cast<std::int16_t>(600 + row % 20));
    chunk.set(row, 2, 2000);
    chunk.set(row, 3, 2010);
  }
  EXPECT_LT(chunk.pack().size(), 3 * 60U);
}

class TelemetryStoreTest : public testing::Test {
 protected:
  TelemetryStoreConfig config() {
    return {.path = directory_.path() + "/telemetry.db", .write_period = seconds{1}};
  }

  // A store opened, and what it had to hand back.
  void open(TelemetryStoreConfig config, UtcTime now) {
    store_.reset();
    restored_ = {};
    knowledge_.clear();
    store_ = TelemetryStore::open(std::move(config), now);
    kept_ = store_->restore(now, [&](TelemetryRestored part) {
      for (auto& site : part.sites) restored_.sites.push_back(site);
      for (auto& zone : part.zones) {
        (zone.learned ? knowledge_ : restored_.zones).push_back(zone);
      }
      for (auto& node : part.nodes) restored_.nodes.push_back(node);
      for (auto& row : part.run_times) restored_.run_times.push_back(row);
      if (part.fleet_capacity) restored_.fleet_capacity = part.fleet_capacity;
      for (auto& share : part.shares) restored_.shares.push_back(share);
    });
  }
  void open(UtcTime now) { open(config(), now); }

  std::vector<ZoneHistoryRow> history(const std::string& zone, UtcTime from, UtcTime until,
                                      bool fine) {
    std::promise<Result<std::vector<ZoneHistoryRow>>> answer;
    store_->history({ZoneId{zone}, SiteId{"home"}, from, until, fine},
                    [&](auto rows) { answer.set_value(std::move(rows)); });
    auto rows = answer.get_future().get();
    EXPECT_TRUE(rows) << rows.error().message;
    return rows.value_or(std::vector<ZoneHistoryRow>{});
  }

  static ZoneLearning::Slot slot(std::int64_t number) {
    const auto n = static_cast<std::int16_t>(number % 1000);
    return {static_cast<std::int16_t>(2000 + n % 50), static_cast<std::int16_t>(600 + n), 2000};
  }

  // One batch as the core makes them: a sample, the slot that ended, what was learned.
  static TelemetryBatch batch(UtcTime at, const std::string& zone = "kitchen") {
    TelemetryBatch batch;
    batch.at = at;
    const auto number = slot_of(at) - 1;
    batch.zones.push_back({ZoneId{zone}, {2100, 900, 2050, 2060}, number, {slot(number)}});
    batch.sites.push_back({SiteId{"home"}, number, {{-3.5F, 120.0F}}});
    NodeLearning::State learned{{45.25, 31}, {512.5, 40}, 1.5, 0.75, 30};
    batch.nodes.push_back({NodeId{"n1"}, learned, {20'000, Joules{7e6}, "boot", Joules{9e9}}});
    batch.run_times.push_back({RunTimes::Of::kName, TenantId{"bank"}, "risk", {4.5, 0.25, 12}});
    batch.shares = {{TenantId{"bank"}, 12.5, at}};
    return batch;
  }

  std::size_t set_aside() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      const auto name = entry.path().filename().string();
      const bool main_file = !name.ends_with("-wal") && !name.ends_with("-shm");
      count += main_file && name.find(".set-aside-") != std::string::npos;
    }
    return count;
  }

  const TemporaryDirectory directory_;
  std::unique_ptr<TelemetryStore> store_;
  TelemetryRestored restored_;
  std::vector<ZoneTelemetry> knowledge_;
  KeptTelemetry kept_;
};

TEST_F(TelemetryStoreTest, AnEmptyOneHasNothingToHandBack) {
  open(kStart);
  EXPECT_TRUE(restored_.zones.empty());
  EXPECT_TRUE(kept_.zones.empty());
  EXPECT_TRUE(history("kitchen", kStart - hours{24}, kStart, false).empty());
}

TEST_F(TelemetryStoreTest, WhatWasPutOutlivesTheStore) {
  open(kStart);
  UtcTime now = kStart;
  for (int i = 0; i < 3 * 144; ++i) store_->put(batch(now += minutes{10}));
  open(now);
  ASSERT_EQ(restored_.zones.size(), 1u);
  const auto& zone = restored_.zones.front();
  EXPECT_EQ(zone.zone, ZoneId{"kitchen"});
  EXPECT_EQ(zone.first_slot, slot_of(kStart));
  ASSERT_EQ(zone.slots.size(), 3u * 144);
  for (std::size_t i = 0; i < zone.slots.size(); ++i) {
    EXPECT_EQ(zone.slots[i], slot(zone.first_slot + static_cast<std::int64_t>(i))) << i;
  }
  ASSERT_EQ(restored_.sites.size(), 1u);
  EXPECT_EQ(restored_.sites.front().slots.size(), 3u * 144);
  EXPECT_EQ(restored_.sites.front().slots.front(), (SiteHistory::Weather{-3.5F, 120.0F}));
  ASSERT_EQ(restored_.nodes.size(), 1u);
  EXPECT_EQ(restored_.nodes.front().learned, batch(now).nodes.front().learned);
  EXPECT_EQ(restored_.nodes.front().heat, batch(now).nodes.front().heat);
  ASSERT_EQ(restored_.run_times.size(), 1u);
  EXPECT_EQ(restored_.run_times.front(), batch(now).run_times.front());
  EXPECT_EQ(restored_.shares, batch(now).shares);
  EXPECT_EQ(kept_.zones.at(ZoneId{"kitchen"}), slot_of(now));
  EXPECT_EQ(kept_.sites.at(SiteId{"home"}), slot_of(now));
  // And goes on in the chunk of the day that was begun.
  store_->put(batch(now += minutes{10}));
  open(now);
  EXPECT_EQ(restored_.zones.front().slots.size(), 3u * 144 + 1);
}

TEST_F(TelemetryStoreTest, WhatWasLearnedOfZonesAndTheFleetOutlivesTheStore) {
  ZoneKnowledge room{{0.25F, 0.125F, 17}, {}};
  ZoneKnowledge tank{{}, TankLearning::State{{}, 333}};
  tank.tank->draws[14] = {2.5e6, 1e12, 5};
  tank.tank->draws[95] = {1.5e5, 2e10, 2};
  TelemetryBatch learned;
  learned.at = kStart;
  learned.zones.push_back({ZoneId{"room"}, {}, 0, {}, room});
  learned.zones.push_back({ZoneId{"tank"}, {}, 0, {}, tank});
  learned.fleet_capacity = {-0.125, {0.5, 2.5}, 17};
  open(kStart);
  store_->put(learned);
  UtcTime now = kStart + hours{1};
  open(now);
  EXPECT_TRUE(restored_.zones.empty());
  ASSERT_EQ(knowledge_.size(), 2u);
  EXPECT_EQ(knowledge_[0].learned, room);
  EXPECT_EQ(knowledge_[1].learned, tank);
  EXPECT_EQ(restored_.fleet_capacity, learned.fleet_capacity);
  EXPECT_EQ(kept_.knowledge.at(ZoneId{"room"}).capacity_days, 17);
  EXPECT_EQ(kept_.knowledge.at(ZoneId{"tank"}).tank_half_hours, 333);
  EXPECT_EQ(kept_.fleet_days, 17);
  // Until nobody has spoken of it for long.
  store_->put(batch(now += days{100}));
  open(now);
  EXPECT_TRUE(knowledge_.empty());
}

TEST_F(TelemetryStoreTest, AFileOfTheFirstVersionIsBroughtUpToDate) {
  open(kStart);
  UtcTime now = kStart;
  for (int i = 0; i < 20; ++i) store_->put(batch(now += minutes{10}));
  store_.reset();
  sqlite3* old = nullptr;
  ASSERT_EQ(sqlite3_open(config().path.c_str(), &old), SQLITE_OK);
  const char* back =
      "DROP TABLE tenant_shares;"
      "DROP TABLE zone_learning; DROP TABLE tank_draws; DROP TABLE fleet_learning;"
      "ALTER TABLE node_learning DROP COLUMN heat_day;"
      "ALTER TABLE node_learning DROP COLUMN heat_j;"
      "ALTER TABLE node_learning DROP COLUMN meter_boot;"
      "ALTER TABLE node_learning DROP COLUMN meter_j; PRAGMA user_version = 1";
  ASSERT_EQ(sqlite3_exec(old, back, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(old);
  open(now);
  EXPECT_EQ(set_aside(), 0u);
  EXPECT_EQ(restored_.zones.front().slots.size(), 20u);
  EXPECT_EQ(restored_.nodes.front().learned, batch(now).nodes.front().learned);
  EXPECT_EQ(restored_.nodes.front().heat, HeatToday{});
  store_->put(batch(now += minutes{10}));
  open(now);
  EXPECT_EQ(restored_.nodes.front().heat, batch(now).nodes.front().heat);
}

TEST_F(TelemetryStoreTest, AFileOfTheSecondVersionIsBroughtUpToDate) {
  open(kStart);
  store_->put(batch(kStart));
  store_.reset();
  sqlite3* old = nullptr;
  ASSERT_EQ(sqlite3_open(config().path.c_str(), &old), SQLITE_OK);
  const char* back = "DROP TABLE tenant_shares; PRAGMA user_version = 2";
  ASSERT_EQ(sqlite3_exec(old, back, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(old);
  open(kStart);
  EXPECT_EQ(set_aside(), 0u);
  EXPECT_EQ(restored_.run_times, batch(kStart).run_times);
  EXPECT_TRUE(restored_.shares.empty());
  store_->put(batch(kStart));
  open(kStart);
  EXPECT_EQ(restored_.shares, batch(kStart).shares);
}

TEST_F(TelemetryStoreTest, OnlyTheLast21DaysGoBackButHistoryReachesFurther) {
  open(kStart);
  UtcTime now = kStart;
  for (int i = 0; i < 30 * 144; ++i) store_->put(batch(now += minutes{10}));
  open(now);
  EXPECT_EQ(restored_.zones.front().slots.size(), kHistorySlots);
  const auto rows = history("kitchen", kStart, now, false);
  ASSERT_EQ(rows.size(), 30u * 144);
  EXPECT_EQ(rows.front().at, kStart + minutes{10});
  EXPECT_NEAR(rows.front().air_c, slot_air_c(slot(slot_of(kStart))), 1e-9);
  EXPECT_NEAR(rows.front().power_w, slot_heat_w(slot(slot_of(kStart))), 1e-9);
  EXPECT_NEAR(rows.front().outdoor_c, -3.5, 1e-6);
  EXPECT_NEAR(rows.front().irradiance_w_per_m2, 120, 1e-6);
  EXPECT_TRUE(std::isnan(rows.front().reference_c));
}

TEST_F(TelemetryStoreTest, SamplesAreOfTenSecondsAndHaveGaps) {
  open(kStart);
  UtcTime now = kStart;
  for (int i = 0; i < 200; ++i, now += seconds{10}) {
    if (i < 50 || i >= 100) store_->put(batch(now));
  }
  store_.reset();
  open(now);
  const auto rows = history("kitchen", kStart, now, true);
  ASSERT_EQ(rows.size(), 150u);
  EXPECT_EQ(rows.front().at, kStart);
  EXPECT_EQ(rows.back().at, now - seconds{10});
  EXPECT_NEAR(rows.front().air_c, 21.0, 1e-9);
  EXPECT_NEAR(rows.front().power_w, 450, 1e-9);
  EXPECT_NEAR(rows.front().setpoint_c, 20.5, 1e-9);
  EXPECT_NEAR(rows.front().reference_c, 20.6, 1e-9);
  EXPECT_EQ(history("kitchen", now - seconds{100}, now, true).size(), 10u);
  EXPECT_TRUE(history("attic", kStart, now, true).empty());
}

TEST_F(TelemetryStoreTest, WhatIsTooOldIsForgotten) {
  auto short_memory = config();
  short_memory.fine_keep = hours{1};
  short_memory.keep = days{5};
  open(short_memory, kStart);
  UtcTime now = kStart;
  for (int i = 0; i < 10 * 144; ++i) store_->put(batch(now += minutes{10}));
  open(short_memory, now);
  const auto slots = history("kitchen", kStart, now, false);
  EXPECT_GE(slots.size(), 5u * 144);
  EXPECT_LE(slots.size(), 6u * 144);  // whole days
  const auto samples = history("kitchen", kStart, now + seconds{1}, true);
  EXPECT_GE(samples.size(), 5u);
  EXPECT_LE(samples.size(), 8u);
}

TEST_F(TelemetryStoreTest, TheFileStaysBelowItsCapAndKeepsTheNewest) {
  auto small = config();
  small.size_max_bytes = 1 << 20;
  open(small, kStart);
  UtcTime now = kStart;
  Random random(3);
  for (int i = 0; i < 400; ++i) {
    TelemetryBatch noise;
    noise.at = now += minutes{10};
    for (int zone = 0; zone < 100; ++zone) {
      const auto any = [&] { return static_cast<std::int16_t>(random.below(9000)); };
      noise.zones.push_back({ZoneId{"z" + std::to_string(zone)},
                             {any(), any(), any(), any()},
                             slot_of(now) - 1,
                             {{any(), any(), any()}}});
    }
    store_->put(std::move(noise));
  }
  store_.reset();
  EXPECT_LT(std::filesystem::file_size(small.path), 2u << 20);
  open(small, now);
  EXPECT_FALSE(history("z5", now - hours{2}, now, false).empty());
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

TEST_F(TelemetryStoreTest, AFileThatIsNotOursIsSetAsideAndBegunAnew) {
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(config().path.c_str(), &other), SQLITE_OK);
  sqlite3_exec(other, "CREATE TABLE theirs (x); PRAGMA application_id = 7", nullptr, nullptr,
               nullptr);
  sqlite3_close(other);
  open(kStart);
  EXPECT_EQ(set_aside(), 1u);
  store_->put(batch(kStart + minutes{10}));
  open(kStart + minutes{20});
  EXPECT_EQ(restored_.zones.size(), 1u);
}

TEST_F(TelemetryStoreTest, GarbageAndANewerVersionAreSetAside) {
  write_file(config().path, std::string(100'000, 'x'));
  open(kStart);
  EXPECT_EQ(set_aside(), 1u);
  store_.reset();
  sqlite3* ours = nullptr;
  ASSERT_EQ(sqlite3_open(config().path.c_str(), &ours), SQLITE_OK);
  sqlite3_exec(ours, "PRAGMA user_version = 99", nullptr, nullptr, nullptr);
  sqlite3_close(ours);
  open(kStart + hours{1});
  EXPECT_EQ(set_aside(), 2u);
  EXPECT_TRUE(restored_.zones.empty());
}

// Bytes of the file are overwritten at random, where it hurts and where it does not: whatever
// happens, the store comes up, takes more and hands it back.
TEST_F(TelemetryStoreTest, DamageNeverStopsIt) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    open(kStart);
    UtcTime now = kStart;
    for (int i = 0; i < 300; ++i)
      store_->put(batch(now += minutes{10}, "z" + std::to_string(i % 7)));
    store_.reset();
    const auto size = std::filesystem::file_size(config().path);
    {
      std::fstream file(config().path, std::ios::in | std::ios::out | std::ios::binary);
      for (int hit = 0; hit < 40; ++hit) {
        file.seekp(static_cast<std::streamoff>(random.below(size)));
        file.put(static_cast<char>(random.below(256)));
      }
    }
    if (random.chance(30)) std::filesystem::resize_file(config().path, random.below(size));
    open(now);
    for (int i = 0; i < 20; ++i) store_->put(batch(now += minutes{10}, "after"));
    store_.reset();
    open(now);
    std::promise<void> answered;
    store_->history({ZoneId{"after"}, SiteId{"home"}, kStart, now, false},
                    [&](const auto&) { answered.set_value(); });
    answered.get_future().wait();
  }
}

TEST_F(TelemetryStoreTest, AFileBrokenInUseIsBegunAnewAndSaysSo) {
  open(kStart);
  UtcTime now = kStart;
  store_->put(batch(now += minutes{10}));
  ASSERT_EQ(history("nobody", kStart, now, false).size(), 0u);
  // The table vanishes under the store's hands.
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(config().path.c_str(), &other), SQLITE_OK);
  sqlite3_busy_timeout(other, 10'000);
  ASSERT_EQ(sqlite3_exec(other, "DROP TABLE chunks", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  for (int i = 0; i < 3; ++i) store_->put(batch(now += minutes{10}));
  while (store_->begun_anew() == 0) std::this_thread::yield();
  EXPECT_EQ(set_aside(), 1u);
  for (int i = 0; i < 3; ++i) store_->put(batch(now += minutes{10}));
  open(now);
  EXPECT_EQ(restored_.zones.size(), 1u);
}

TEST_F(TelemetryStoreTest, WithoutADirectoryNothingIsKeptAndNothingBreaks) {
  auto nowhere = config();
  nowhere.path = directory_.path() + "/no/such/place/telemetry.db";
  open(nowhere, kStart);
  store_->put(batch(kStart + minutes{10}));
  std::promise<bool> answered;
  store_->history({ZoneId{"kitchen"}, SiteId{"home"}, kStart, kStart + hours{1}, false},
                  [&](const auto& rows) { answered.set_value(rows.has_value()); });
  EXPECT_FALSE(answered.get_future().get());
}

}  // namespace
}  // namespace hearth::scheduler
