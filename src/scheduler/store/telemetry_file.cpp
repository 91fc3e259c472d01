#include "scheduler/store/telemetry_file.h"

#include <filesystem>

#include "common/log.h"

namespace hearth::scheduler {
namespace {

constexpr std::int64_t kApplicationId = 0x48727454;  // "HrtT"
constexpr std::int64_t kVersion = 1;
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

const char* kind_of(TelemetryLevel level) {
  return level == TelemetryLevel::kSiteSlots ? "site" : "zone";
}

std::int64_t to_ms(UtcTime time) {
  return time.time_since_epoch().count();
}

Result<> make_tables(Database& database) {
  // Takes effect only before the first table, and outside of a transaction.
  if (auto set = database.execute("PRAGMA auto_vacuum = INCREMENTAL"); !set) return set;
  return database.execute("BEGIN IMMEDIATE;" + std::string(kTables) +
                          "PRAGMA application_id = " + std::to_string(kApplicationId) +
                          "; PRAGMA user_version = " + std::to_string(kVersion) + "; COMMIT");
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
  if (!is_empty && version != kVersion) {
    return fail(ErrorCode::kFailedPrecondition, path + ": of version " + std::to_string(version) +
                                                    ", not " + std::to_string(kVersion));
  }
  if (is_empty) {
    if (auto made = make_tables(database); !made) return tl::unexpected(made.error());
  }
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

Result<> write_learned(Database& database, const TelemetryBatch& batch) {
  for (const auto& [node, learned] : batch.nodes) {
    auto done =
        database.statement("INSERT OR REPLACE INTO node_learning VALUES (?,?,?,?,?,?,?,?,?)")
            .run(node.value, learned.idle_w.value, learned.idle_w.count, learned.max_w.value,
                 learned.max_w.count, learned.slope_top, learned.slope_bottom, learned.slope_count,
                 to_ms(batch.at));
    if (!done) return done;
  }
  for (const auto& row : batch.run_times) {
    auto done = database.statement("INSERT OR REPLACE INTO run_times VALUES (?,?,?,?,?,?,?)")
                    .run(static_cast<int>(row.of), row.tenant.value, row.name, row.moments.mean,
                         row.moments.variance, row.moments.weight, to_ms(batch.at));
    if (!done) return done;
  }
  return {};
}

Result<TelemetryRestored> read_learned(Database& database) {
  TelemetryRestored restored;
  auto read = database
                  .statement(
                      "SELECT node, idle_w, idle_count, max_w, max_count, slope_top, slope_bottom,"
                      " slope_count FROM node_learning")
                  .each([&](Row row) -> Result<bool> {
                    auto& node = restored.nodes.emplace_back();
                    auto& learned = node.learned;
                    node.node = NodeId{row.text()};
                    learned.idle_w.value = row.real();
                    learned.idle_w.count = static_cast<int>(row.integer());
                    learned.max_w.value = row.real();
                    learned.max_w.count = static_cast<int>(row.integer());
                    learned.slope_top = row.real();
                    learned.slope_bottom = row.real();
                    learned.slope_count = static_cast<int>(row.integer());
                    return true;
                  });
  if (!read) return tl::unexpected(read.error());
  read = database.statement("SELECT kind, tenant, name, mean, variance, weight FROM run_times")
             .each([&](Row row) -> Result<bool> {
               const auto kind = row.integer();
               RunTimes::Row one;
               one.tenant = TenantId{row.text()};
               one.name = row.text();
               one.moments = {row.real(), row.real(), row.real()};
               if (kind < 0 || kind > static_cast<int>(RunTimes::Of::kEstimate)) return true;
               one.of = static_cast<RunTimes::Of>(kind);
               restored.run_times.push_back(std::move(one));
               return true;
             });
  if (!read) return tl::unexpected(read.error());
  return restored;
}

Result<bool> forget_some(Database& database, const TelemetryStoreConfig& config, UtcTime now) {
  HEARTH_TRY(old, forget_old(database, config, now));
  HEARTH_TRY(much, forget_too_much(database, config));
  for (const auto* sql :
       {"DELETE FROM node_learning WHERE at_ms < ?", "DELETE FROM run_times WHERE at_ms < ?"}) {
    if (auto done = database.statement(sql).run(to_ms(now - config.keep)); !done) {
      return tl::unexpected(done.error());
    }
  }
  return old || much;
}

}  // namespace hearth::scheduler
