// Telemetry in a second SQLite file beside the store's: samples every 10 s, ten-minute slots, the
// weather that sites had, what was learned of nodes, run times, zones and tanks.
//
// None of it is worth stopping for. The file is written ahead without a sync at each commit, in
// batches, by a thread of its own, so no commit of the store ever waits for it. A file that is
// damaged, of another program or of a newer Hearth is set aside and begun anew; a disk that does
// not write costs telemetry and a log line. Chunks are clustered by time: writing appends,
// forgetting cuts off the front, a zone's history is one look-up a chunk.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "scheduler/core/event.h"

namespace hearth::scheduler {

inline constexpr Duration kSamplePeriod = std::chrono::seconds{10};

struct TelemetryStoreConfig {
  std::string path;
  Duration fine_keep = std::chrono::hours{24};       // samples of 10 s
  Duration keep = std::chrono::hours{24 * 90};       // all else
  std::uint64_t size_max_bytes = 4ULL << 30;         // the oldest goes first, samples before slots
  Duration write_period = std::chrono::seconds{60};  // so much a crash may lose
};

// What the core had to say at one moment.
struct TelemetryBatch {
  UtcTime at{};
  std::vector<ZoneTelemetry> zones;
  std::vector<SiteTelemetry> sites;
  std::vector<NodeTelemetry> nodes;
  std::vector<RunTimes::Row> run_times;
  std::optional<FleetCapacityError::State> fleet_capacity{};
  std::vector<TenantShare> shares{};
};

// A moment (samples) or ten minutes (slots) of a zone. NaN: not known.
struct ZoneHistoryRow {
  UtcTime at{};  // of slots: their end; power and weather are means over them
  double air_c = 0;
  double power_w = 0;
  double setpoint_c = 0;
  double reference_c = 0;  // only of samples
  double outdoor_c = 0;    // only of slots, as irradiance
  double irradiance_w_per_m2 = 0;
};

struct HistoryQuery {
  ZoneId zone;
  SiteId site;
  UtcTime from{};
  UtcTime until{};
  bool fine = false;  // samples of 10 s instead of slots
};

class TelemetryStore {
 public:
  using Restore = std::function<void(TelemetryRestored)>;
  using History = std::function<void(Result<std::vector<ZoneHistoryRow>>)>;

  // Opens or creates the file. Where not even a new one can be made, everything put is dropped and
  // nothing is read; the log says so. `now` only names a file that is set aside.
  static std::unique_ptr<TelemetryStore> open(TelemetryStoreConfig config, UtcTime now);
  ~TelemetryStore();

  // Hands over what is kept of the last 21 days, in parts. Once, before the first put(). Blocks.
  // The answer says what need not be put again.
  KeptTelemetry restore(UtcTime now, const Restore& take);

  // Any thread; never blocks. Dropped where the disk is minutes behind.
  void put(TelemetryBatch batch);

  // Zones' samples put and not taken up yet.
  [[nodiscard]] std::size_t pending() const;

  // `done` gets the rows of which something is known, oldest first, on a thread of ours. Does not
  // show the last write_period.
  void history(HistoryQuery query, History done);

  // How often the file was begun anew since open(): what the core still has should be put again.
  [[nodiscard]] int begun_anew() const;

 private:
  struct Impl;
  explicit TelemetryStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::scheduler
