// The telemetry file itself: opening or setting it aside, chunks in and out, forgetting. One thread
// at a time; see telemetry_store.h for what it promises.
#pragma once

#include <map>
#include <optional>

#include "scheduler/store/sample_chunk.h"
#include "scheduler/store/sqlite.h"
#include "scheduler/store/telemetry_store.h"

namespace hearth::scheduler {

// Of chunks. Numbers are part of the file's format.
enum class TelemetryLevel { kZoneSamples = 1, kZoneSlots = 2, kSiteSlots = 3 };

struct ChunkShape {
  Duration row;
  std::size_t rows = 0;
  std::size_t columns = 0;

  [[nodiscard]] Duration length() const { return static_cast<int>(rows) * row; }
};
ChunkShape shape_of(TelemetryLevel level);

// The number of the row or chunk that `utc` lies in.
constexpr std::int64_t number_of(UtcTime utc, Duration length) {
  return utc.time_since_epoch() / length;
}

struct ChunkKey {
  TelemetryLevel level{};
  std::int64_t number = 0;
  std::int64_t series = 0;

  friend auto operator<=>(const ChunkKey&, const ChunkKey&) = default;
};

// Opens or creates it, sound and of our version, or says what is wrong.
Result<Database> open_telemetry_file(const std::string& path);

// Whether the file itself is to blame, and not the disk or somebody who holds it.
inline bool is_broken(const Error& error) {
  return error.code == ErrorCode::kInternal || error.code == ErrorCode::kFailedPrecondition;
}

// Moves it out of the way, to "PATH.set-aside-STAMP", with what belongs to it.
void set_telemetry_file_aside(const std::string& path, UtcTime now, const Error& why);

// kNotFound: no such series. Zones and sites have names of their own.
Result<std::int64_t> find_series(Database& database, TelemetryLevel level, const std::string& name);
Result<std::int64_t> make_series(Database& database, TelemetryLevel level, const std::string& name);

// None where there is none, or where its bytes make no sense.
Result<std::optional<SampleChunk>> read_chunk(Database& database, const ChunkKey& key);
Result<> write_chunk(Database& database, const ChunkKey& key, const SampleChunk& chunk);

// Forgets some of what is too old or too much; whether there is more to forget.
Result<bool> forget_some(Database& database, const TelemetryStoreConfig& config, UtcTime now);

}  // namespace hearth::scheduler
