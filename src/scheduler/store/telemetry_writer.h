// Collects samples into chunks and writes them, a batch at a time; begins the file anew where it
// breaks. Lives on the telemetry store's writing thread.
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <string>

#include "scheduler/store/telemetry_file.h"

namespace hearth::scheduler {

class TelemetryWriter {
 public:
  // `begun_anew` is counted up each time the file is set aside.
  TelemetryWriter(TelemetryStoreConfig config, std::optional<Database> database,
                  std::atomic<int>& begun_anew)
      : config_(std::move(config)), database_(std::move(database)), begun_anew_(begun_anew) {}

  // Writes when write_period has passed since the last time, by the batches' own times.
  void take(const TelemetryBatch& batch);

  // Writes what is held.
  void flush();

 private:
  struct Held {
    SampleChunk chunk;
    bool changed = false;
  };

  Result<> collect(const TelemetryBatch& batch);
  Result<> collect(const ZoneTelemetry& zone, UtcTime at);
  Result<> collect(const SiteTelemetry& site);
  Result<std::int64_t> series(TelemetryLevel level, const std::string& name);
  // The chunk that row number `row` lies in: held, kept from before, or new.
  Result<Held*> held(TelemetryLevel level, std::int64_t row, std::int64_t series);
  Result<> write();
  Result<> write_all();
  void drop_complete();
  void forget();
  void fail_with(const Error& error);

  TelemetryStoreConfig config_;
  std::optional<Database> database_;  // none: not even a new one could be made
  std::atomic<int>& begun_anew_;

  std::map<ChunkKey, Held> held_;
  std::map<TelemetryLevel, std::int64_t> newest_;  // chunk of each level
  std::map<std::string, std::int64_t, std::less<>> zone_series_;
  std::map<std::string, std::int64_t, std::less<>> site_series_;
  TelemetryBatch learned_;  // the newest of each, its sites empty, its zones without samples
  UtcTime now_{};
  UtcTime written_{};
  bool failing_ = false;  // already said
};

}  // namespace hearth::scheduler
