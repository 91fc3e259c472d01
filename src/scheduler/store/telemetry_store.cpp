#include "scheduler/store/telemetry_store.h"

#include <atomic>
#include <limits>
#include <thread>

#include "common/log.h"
#include "scheduler/store/mailbox.h"
#include "scheduler/store/telemetry_learned.h"
#include "scheduler/store/telemetry_writer.h"

namespace hearth::scheduler {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kPendingMax = 500'000;  // zones' samples, some 50 MB: then they are dropped
constexpr std::size_t kZonesAtOnce = 10;      // some milliseconds of filtering in the core
constexpr Duration kRestored = static_cast<int>(kHistorySlots) * kSlot;

double value_of(const std::optional<SampleChunk>& chunk, std::size_t row, std::size_t column,
                double quantum) {
  return chunk ? unpacked(chunk->at(row, column), quantum) : kNan;
}

struct Range {  // of row numbers, the last not included
  std::int64_t first = 0;
  std::int64_t end = 0;
};

// Calls visit(chunk, first row's number) for each chunk of the series that there is, by time.
template <class Visit>
Result<> each_chunk(Database& database, TelemetryLevel level, std::int64_t series, Range range,
                    Visit visit) {
  const auto rows = static_cast<std::int64_t>(shape_of(level).rows);
  for (auto number = range.first / rows; number * rows < range.end; ++number) {
    HEARTH_TRY(chunk, read_chunk(database, {level, number, series}));
    if (chunk) visit(*chunk, number * rows);
  }
  return {};
}

// The rows in the range that the chunks have, as take(row number, chunk, row) tells.
template <class Take>
Result<> each_row(Database& database, TelemetryLevel level, std::int64_t series, Range range,
                  Take take) {
  return each_chunk(database, level, series, range,
                    [&](const SampleChunk& chunk, std::int64_t first) {
                      const auto rows = static_cast<std::int64_t>(shape_of(level).rows);
                      const auto end = std::min(range.end, first + rows);
                      for (auto number = std::max(range.first, first); number < end; ++number) {
                        take(number, chunk, static_cast<std::size_t>(number - first));
                      }
                    });
}

using Names = std::vector<std::pair<std::int64_t, std::string>>;

Result<Names> all_series(Database& database, std::string_view kind) {
  Names names;
  auto read = database.statement("SELECT id, name FROM series WHERE kind = ? ORDER BY name")
                  .each(
                      [&](Row row) -> Result<bool> {
                        const auto id = row.integer();
                        names.emplace_back(id, row.text());
                        return true;
                      },
                      kind);
  if (!read) return tl::unexpected(read.error());
  return names;
}

// Appends a slot, after as many missing ones as lie between.
template <class Slot>
void append(std::int64_t& first, std::vector<Slot>& slots, std::int64_t number, const Slot& slot,
            const Slot& missing) {
  if (slots.empty()) first = number;
  slots.resize(static_cast<std::size_t>(number - first), missing);
  slots.push_back(slot);
}

Result<SiteTelemetry> read_site(Database& database, std::int64_t series, const std::string& name,
                                Range range) {
  SiteTelemetry site{SiteId{name}, 0, {}};
  const SiteHistory::Weather missing{static_cast<float>(kNan), static_cast<float>(kNan)};
  auto read = each_row(database, TelemetryLevel::kSiteSlots, series, range,
                       [&](std::int64_t number, const SampleChunk& chunk, std::size_t row) {
                         if (chunk.at(row, 0) == SampleChunk::kMissing) return;
                         append(site.first_slot, site.slots, number,
                                {static_cast<float>(unpacked(chunk.at(row, 0), kAirQuantumC)),
                                 static_cast<float>(unpacked(chunk.at(row, 1), 1))},
                                missing);
                       });
  if (!read) return tl::unexpected(read.error());
  return site;
}

Result<ZoneTelemetry> read_zone(Database& database, std::int64_t series, const std::string& name,
                                Range range) {
  ZoneTelemetry zone{ZoneId{name}, {}, 0, {}};
  auto read = each_row(
      database, TelemetryLevel::kZoneSlots, series, range,
      [&](std::int64_t number, const SampleChunk& chunk, std::size_t row) {
        const ZoneLearning::Slot slot{chunk.at(row, 0), chunk.at(row, 1), chunk.at(row, 2)};
        if (slot == ZoneLearning::Slot{}) return;
        append(zone.first_slot, zone.slots, number, slot, {});
      });
  if (!read) return tl::unexpected(read.error());
  return zone;
}

Result<> restore_slots(Database& database, UtcTime now, const TelemetryStore::Restore& take,
                       KeptTelemetry& kept) {
  const Range range{number_of(now - kRestored, kSlot), number_of(now, kSlot) + 1};
  HEARTH_TRY(sites, all_series(database, "site"));
  for (const auto& [id, name] : sites) {
    HEARTH_TRY(site, read_site(database, id, name, range));
    if (site.slots.empty()) continue;
    kept.sites[site.site] = site.first_slot + static_cast<std::int64_t>(site.slots.size());
    TelemetryRestored part;
    part.sites.push_back(std::move(site));
    take(std::move(part));
  }
  HEARTH_TRY(zones, all_series(database, "zone"));
  TelemetryRestored part;
  for (const auto& [id, name] : zones) {
    HEARTH_TRY(zone, read_zone(database, id, name, range));
    if (zone.slots.empty()) continue;
    kept.zones[zone.zone] = zone.first_slot + static_cast<std::int64_t>(zone.slots.size());
    part.zones.push_back(std::move(zone));
    if (part.zones.size() == kZonesAtOnce) take(std::exchange(part, {}));
  }
  if (!part.zones.empty()) take(std::move(part));
  return {};
}

Result<> restore_all(Database& database, UtcTime now, const TelemetryStore::Restore& take,
                     KeptTelemetry& kept) {
  HEARTH_TRY(learned, read_learned(database));
  for (const auto& zone : learned.zones) kept.knowledge[zone.zone] = extent_of(*zone.learned);
  if (learned.fleet_capacity) kept.fleet_days = learned.fleet_capacity->days;
  take(std::move(learned));
  return restore_slots(database, now, take, kept);
}

Result<std::vector<ZoneHistoryRow>> read_samples(Database& database, const HistoryQuery& query) {
  std::vector<ZoneHistoryRow> rows;
  HEARTH_TRY(id, find_series(database, TelemetryLevel::kZoneSamples, query.zone.value));
  const Range range{number_of(query.from, kSamplePeriod), number_of(query.until, kSamplePeriod)};
  auto read = each_row(database, TelemetryLevel::kZoneSamples, id, range,
                       [&](std::int64_t number, const SampleChunk& chunk, std::size_t row) {
                         const auto column = [&](std::size_t i, double quantum) {
                           return unpacked(chunk.at(row, i), quantum);
                         };
                         const ZoneHistoryRow one{UtcTime{number * kSamplePeriod},
                                                  column(0, kAirQuantumC),
                                                  column(1, kHeatQuantumW),
                                                  column(2, kAirQuantumC),
                                                  column(3, kAirQuantumC),
                                                  kNan,
                                                  kNan};
                         const bool known = chunk.at(row, 0) != SampleChunk::kMissing ||
                                            chunk.at(row, 1) != SampleChunk::kMissing;
                         if (known) rows.push_back(one);
                       });
  if (!read) return tl::unexpected(read.error());
  return rows;
}

Result<std::vector<ZoneHistoryRow>> read_slots(Database& database, const HistoryQuery& query) {
  std::vector<ZoneHistoryRow> rows;
  HEARTH_TRY(id, find_series(database, TelemetryLevel::kZoneSlots, query.zone.value));
  const auto site = find_series(database, TelemetryLevel::kSiteSlots, query.site.value);
  const Range range{number_of(query.from, kSlot), number_of(query.until, kSlot)};
  std::int64_t weather_number = -1;
  std::optional<SampleChunk> weather;
  const auto visit = [&](const SampleChunk& chunk, std::int64_t first) {
    if (site && std::exchange(weather_number, first) != first) {
      auto read = read_chunk(database, {TelemetryLevel::kSiteSlots, first / 144, *site});
      weather = read ? std::move(*read) : std::nullopt;
    }
    for (auto number = std::max(range.first, first); number < std::min(range.end, first + 144);
         ++number) {
      const auto row = static_cast<std::size_t>(number - first);
      const bool known =
          chunk.at(row, 0) != SampleChunk::kMissing || chunk.at(row, 1) != SampleChunk::kMissing;
      if (!known) continue;
      rows.push_back({UtcTime{(number + 1) * kSlot}, unpacked(chunk.at(row, 0), kAirQuantumC),
                      unpacked(chunk.at(row, 1), kHeatQuantumW),
                      unpacked(chunk.at(row, 2), kAirQuantumC), kNan,
                      value_of(weather, row, 0, kAirQuantumC), value_of(weather, row, 1, 1)});
    }
  };
  auto read = each_chunk(database, TelemetryLevel::kZoneSlots, id, range, visit);
  if (!read) return tl::unexpected(read.error());
  return rows;
}

// A connection for each question: the file may have been begun anew since the last.
Result<std::vector<ZoneHistoryRow>> read_history(const std::string& path,
                                                 const HistoryQuery& query) {
  HEARTH_TRY(database, Database::open(path));
  if (auto set = database.execute("PRAGMA query_only = 1; BEGIN"); !set) {
    return tl::unexpected(set.error());
  }
  auto rows = query.fine ? read_samples(database, query) : read_slots(database, query);
  if (!rows && rows.error().code == ErrorCode::kNotFound) return std::vector<ZoneHistoryRow>{};
  return rows;
}

struct Question {
  HistoryQuery query;
  TelemetryStore::History done;
};

}  // namespace

struct TelemetryStore::Impl {
  TelemetryStoreConfig config;
  std::optional<Database> database;  // until the writing thread takes it
  Mailbox<TelemetryBatch> batches;
  Mailbox<Question> questions;
  std::atomic<std::size_t> pending{0};
  std::atomic<bool> dropping{false};
  std::atomic<int> begun_anew{0};
  std::jthread writing;
  std::jthread reading;

  void write_batches() {
    TelemetryWriter writer(config, std::move(database), begun_anew);
    for (auto taken = batches.take_all(); !taken.empty(); taken = batches.take_all()) {
      for (const auto& batch : taken) {
        writer.take(batch);
        pending -= batch.zones.size();
      }
    }
    writer.flush();
  }

  void answer_questions() {
    for (auto asked = questions.take_all(); !asked.empty(); asked = questions.take_all()) {
      for (auto& one : asked) one.done(read_history(config.path, one.query));
    }
  }
};

TelemetryStore::TelemetryStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TelemetryStore::~TelemetryStore() {
  impl_->batches.close();
  if (impl_->writing.joinable()) impl_->writing.join();
  impl_->questions.close();
  if (impl_->reading.joinable()) impl_->reading.join();
}

std::unique_ptr<TelemetryStore> TelemetryStore::open(TelemetryStoreConfig config, UtcTime now) {
  auto impl = std::make_unique<Impl>();
  auto opened = open_telemetry_file(config.path);
  if (!opened && is_broken(opened.error())) {
    set_telemetry_file_aside(config.path, now, opened.error());
    opened = open_telemetry_file(config.path);
  }
  if (opened) {
    impl->database = std::move(*opened);
  } else {
    log::error("telemetry_off", {{"file", config.path}, {"because", opened.error().message}});
  }
  impl->config = std::move(config);
  return std::unique_ptr<TelemetryStore>(new TelemetryStore(std::move(impl)));
}

KeptTelemetry TelemetryStore::restore(UtcTime now, const Restore& take) {
  KeptTelemetry kept;
  if (impl_->database) {
    const auto restored = restore_all(*impl_->database, now, take, kept);
    if (!restored && !is_broken(restored.error())) {
      log::error("telemetry_not_read",
                 {{"file", impl_->config.path}, {"because", restored.error().message}});
    } else if (!restored) {
      impl_->database.reset();
      set_telemetry_file_aside(impl_->config.path, now, restored.error());
      kept = {};  // what was read so far is good, and is to be written again
      auto opened = open_telemetry_file(impl_->config.path);
      if (opened) impl_->database = std::move(*opened);
    }
  }
  impl_->writing = std::jthread([impl = impl_.get()] { impl->write_batches(); });
  impl_->reading = std::jthread([impl = impl_.get()] { impl->answer_questions(); });
  return kept;
}

void TelemetryStore::put(TelemetryBatch batch) {
  const auto size = batch.zones.size();
  if (impl_->pending + size > kPendingMax) {
    if (!impl_->dropping.exchange(true)) {
      log::warn("telemetry_dropped", {{"file", impl_->config.path}, {"because", "disk too slow"}});
    }
    return;
  }
  impl_->dropping = false;
  impl_->pending += size;
  impl_->batches.put(std::move(batch));
}

void TelemetryStore::history(HistoryQuery query, History done) {
  impl_->questions.put({std::move(query), std::move(done)});
}

std::size_t TelemetryStore::pending() const {
  return impl_->pending;
}

int TelemetryStore::begun_anew() const {
  return impl_->begun_anew;
}

}  // namespace hearth::scheduler
