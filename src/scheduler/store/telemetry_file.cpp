#include "scheduler/store/telemetry_file.h"

#include <filesystem>

#include "common/log.h"
#include "scheduler/store/telemetry_learned.h"

namespace hearth::scheduler {
namespace {

constexpr std::int64_t kApplicationId = 0x48727454;  // "HrtT"
constexpr std::int64_t kVersion = 3;
constexpr int kForgottenAtOnce = 5000;  // chunks: some milliseconds

// `series`: a zone or site by name. `samples`: packed, see sample_chunk.h. Times: milliseconds UTC.
constexpr const char* kTables = R"(
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (kind, name)
) STRICT;

CREATE TABLE chunks (
  level INTEGER NOT NULL,
  number INTEGER NOT NULL,
  series INTEGER NOT NULL,
  samples BLOB NOT NULL,
  PRIMARY KEY (level, number, series)
) STRICT, WITHOUT ROWID;

CREATE TABLE node_learning (
  node TEXT PRIMARY KEY,
  idle_w REAL NOT NULL,
  idle_count INTEGER NOT NULL,
  max_w REAL NOT NULL,
  max_count INTEGER NOT NULL,
  slope_top REAL NOT NULL,
  slope_bottom REAL NOT NULL,
  slope_count INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE run_times (
  kind INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  mean REAL NOT NULL,
  variance REAL NOT NULL,
  weight REAL NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, tenant, name)
) STRICT, WITHOUT ROWID;
)";

// Version 2: what nodes gave today, what was learned of tanks and of the errors of capacity. Half
// hours of `tank_draws` are those of a working day, then of a weekend day.
constexpr const char* kTablesOf2 = R"(
ALTER TABLE node_learning ADD COLUMN heat_day INTEGER NOT NULL DEFAULT -1;
ALTER TABLE node_learning ADD COLUMN heat_j REAL NOT NULL DEFAULT 0;
ALTER TABLE node_learning ADD COLUMN meter_boot TEXT NOT NULL DEFAULT '';
ALTER TABLE node_learning ADD COLUMN meter_j REAL NOT NULL DEFAULT 0;

CREATE TABLE zone_learning (
  zone TEXT PRIMARY KEY,
  capacity_bias REAL NOT NULL,
  capacity_std REAL NOT NULL,
  capacity_days INTEGER NOT NULL,
  tank_half_hours INTEGER,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tank_draws (
  zone TEXT NOT NULL,
  half_hour INTEGER NOT NULL,
  mean_j REAL NOT NULL,
  variance_j2 REAL NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (zone, half_hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE fleet_learning (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  capacity_bias REAL NOT NULL,
  widen_low REAL NOT NULL,
  widen_high REAL NOT NULL,
  capacity_days INTEGER NOT NULL
) STRICT;
)";

// Version 3: what tenants had of the fleet.
constexpr const char* kTablesOf3 = R"(
CREATE TABLE tenant_shares (
  tenant TEXT PRIMARY KEY,
  average_cores REAL NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)";

const char* kind_of(TelemetryLevel level) {
  return level == TelemetryLevel::kSiteSlots ? "site" : "zone";
}

Result<> make_tables(Database& database) {
  // Takes effect only before the first table, and outside of a transaction.
  if (auto set = database.execute("PRAGMA auto_vacuum = INCREMENTAL"); !set) return set;
  return database.execute("BEGIN IMMEDIATE;" + std::string(kTables) + kTablesOf2 + kTablesOf3 +
                          "PRAGMA application_id = " + std::to_string(kApplicationId) +
                          "; PRAGMA user_version = " + std::to_string(kVersion) + "; COMMIT");
}

Result<> upgrade_from(std::int64_t version, Database& database) {
  return database.execute("BEGIN IMMEDIATE;" + std::string(version < 2 ? kTablesOf2 : "") +
                          kTablesOf3 + "PRAGMA user_version = " + std::to_string(kVersion) +
                          "; COMMIT");
}

// Only whole chunks go: one that is partly young stays.
std::int64_t oldest_kept(TelemetryLevel level, const TelemetryStoreConfig& config, UtcTime now) {
  const auto keep = level == TelemetryLevel::kZoneSamples ? config.fine_keep : config.keep;
  return number_of(now - keep, shape_of(level).length());
}

Result<std::int64_t> changed_rows(Database& database) {
  return database.number("SELECT changes()");
}

Result<bool> forget_old(Database& database, const TelemetryStoreConfig& config, UtcTime now) {
  bool more = false;
  for (const auto level :
       {TelemetryLevel::kZoneSamples, TelemetryLevel::kZoneSlots, TelemetryLevel::kSiteSlots}) {
    auto done =
        database
            .statement(
                "DELETE FROM chunks WHERE (level, number, series) IN (SELECT level, number, series"
                " FROM chunks WHERE level = ? AND number < ? LIMIT ?)")
            .run(static_cast<int>(level), oldest_kept(level, config, now), kForgottenAtOnce);
    if (!done) return tl::unexpected(done.error());
    HEARTH_TRY(gone, changed_rows(database));
    more |= gone == kForgottenAtOnce;
  }
  return more;
}

Result<bool> forget_too_much(Database& database, const TelemetryStoreConfig& config) {
  HEARTH_TRY(pages, database.number("PRAGMA page_count"));
  HEARTH_TRY(free_pages, database.number("PRAGMA freelist_count"));
  HEARTH_TRY(page_bytes, database.number("PRAGMA page_size"));
  const auto used = static_cast<std::uint64_t>((pages - free_pages) * page_bytes);
  if (used <= config.size_max_bytes) return false;
  // By key: the oldest samples of 10 s, and only then slots.
  auto done = database
                  .statement(
                      "DELETE FROM chunks WHERE (level, number, series) IN (SELECT level, number,"
                      " series FROM chunks LIMIT ?)")
                  .run(kForgottenAtOnce);
  if (!done) return tl::unexpected(done.error());
  HEARTH_TRY(gone, changed_rows(database));
  return gone > 0;
}

}  // namespace

ChunkShape shape_of(TelemetryLevel level) {
  switch (level) {
    case TelemetryLevel::kZoneSamples:
      return {kSamplePeriod, 60, 4};  // air, power, setpoint, reference
    case TelemetryLevel::kZoneSlots:
      return {kSlot, 144, 3};  // air, heat, setpoint
    case TelemetryLevel::kSiteSlots:
      return {kSlot, 144, 2};  // outdoors, irradiance
  }
  return {};
}

Result<Database> open_telemetry_file(const std::string& path) {
  HEARTH_TRY(database, Database::open(path));
  HEARTH_TRY(application, database.number("PRAGMA application_id"));
  HEARTH_TRY(version, database.number("PRAGMA user_version"));
  HEARTH_TRY(tables, database.number("SELECT count(*) FROM sqlite_schema"));
  const bool is_empty = application == 0 && version == 0 && tables == 0;
  if (!is_empty && application != kApplicationId) {
    return fail(ErrorCode::kFailedPrecondition, path + ": no telemetry of Hearth");
  }
  if (!is_empty && (version < 1 || version > kVersion)) {
    return fail(ErrorCode::kFailedPrecondition, path + ": of version " + std::to_string(version) +
                                                    ", not " + std::to_string(kVersion));
  }
  Result<> ready;
  if (is_empty) ready = make_tables(database);
  if (!is_empty && version < kVersion) ready = upgrade_from(version, database);
  if (!ready) return tl::unexpected(ready.error());
  // NORMAL: a power cut may cost the last writes, never the file. Syncs only at checkpoints.
  auto set = database.execute(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;"
      "PRAGMA journal_size_limit = 33554432; PRAGMA cache_size = -16384");
  if (!set) return tl::unexpected(set.error());
  return {std::move(database)};
}

void set_telemetry_file_aside(const std::string& path, UtcTime now, const Error& why) {
  std::string stamp = hearth::to_string(UtcTime{std::chrono::floor<std::chrono::seconds>(now)});
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  const auto aside = path + ".set-aside-" + stamp;
  std::error_code problem;
  std::filesystem::rename(path, aside, problem);
  for (const auto* companion : {"-wal", "-shm"}) {
    std::error_code none;
    std::filesystem::rename(path + companion, aside + companion, none);
    std::filesystem::remove(path + companion, none);
  }
  log::error(
      "telemetry_set_aside",
      {{"file", path}, {"as", problem ? problem.message() : aside}, {"because", why.message}});
}

Result<std::int64_t> find_series(Database& database, TelemetryLevel level,
                                 const std::string& name) {
  std::optional<std::int64_t> id;
  auto found = database.statement("SELECT id FROM series WHERE kind = ? AND name = ?")
                   .each(
                       [&](Row row) -> Result<bool> {
                         id = row.integer();
                         return false;
                       },
                       std::string_view{kind_of(level)}, name);
  if (!found) return tl::unexpected(found.error());
  if (!id) return fail(ErrorCode::kNotFound, name + ": no telemetry");
  return *id;
}

Result<std::int64_t> make_series(Database& database, TelemetryLevel level,
                                 const std::string& name) {
  auto made = database.statement("INSERT OR IGNORE INTO series (kind, name) VALUES (?,?)")
                  .run(std::string_view{kind_of(level)}, name);
  if (!made) return tl::unexpected(made.error());
  return find_series(database, level, name);
}

Result<std::optional<SampleChunk>> read_chunk(Database& database, const ChunkKey& key) {
  std::optional<SampleChunk> chunk;
  const auto shape = shape_of(key.level);
  auto found =
      database.statement("SELECT samples FROM chunks WHERE level = ? AND number = ? AND series = ?")
          .each(
              [&](Row row) -> Result<bool> {
                chunk = SampleChunk::unpack(row.text(), shape.rows, shape.columns);
                return false;
              },
              static_cast<int>(key.level), key.number, key.series);
  if (!found) return tl::unexpected(found.error());
  return chunk;
}

Result<> write_chunk(Database& database, const ChunkKey& key, const SampleChunk& chunk) {
  return database.statement("INSERT OR REPLACE INTO chunks VALUES (?,?,?,?)")
      .run(static_cast<int>(key.level), key.number, key.series, Blob{chunk.pack()});
}

Result<bool> forget_some(Database& database, const TelemetryStoreConfig& config, UtcTime now) {
  HEARTH_TRY(old, forget_old(database, config, now));
  HEARTH_TRY(much, forget_too_much(database, config));
  if (auto done = forget_learned(database, now - config.keep); !done) {
    return tl::unexpected(done.error());
  }
  return old || much;
}

}  // namespace hearth::scheduler
