#include "scheduler/store/telemetry_writer.h"

#include <cmath>

#include "common/log.h"
#include "scheduler/store/telemetry_learned.h"

namespace hearth::scheduler {
namespace {

// Some 40 MB: ten thousand zones hold half of it. Beyond that it is written early.
constexpr std::size_t kHeldMax = 60'000;
constexpr int kForgetTurns = 4;         // a write, at most
constexpr int kPagesGivenBack = 2'000;  // of 4 KiB, a write, to the file system

std::int16_t packed_weather(float value, double quantum) {
  return packed(static_cast<double>(value), quantum);
}

}  // namespace

void TelemetryWriter::take(const TelemetryBatch& batch) {
  now_ = batch.at;
  if (auto collected = collect(batch); !collected) fail_with(collected.error());
  // A clock that was set back counts as time passed.
  const bool due = now_ - written_ >= config_.write_period || now_ < written_;
  if (due || held_.size() > kHeldMax) flush();
}

void TelemetryWriter::flush() {
  written_ = now_;
  if (auto done = write(); !done) return fail_with(done.error());
  failing_ = false;
  drop_complete();
  forget();
}

Result<> TelemetryWriter::collect(const TelemetryBatch& batch) {
  learned_.at = batch.at;
  learned_.nodes.insert(learned_.nodes.end(), batch.nodes.begin(), batch.nodes.end());
  learned_.run_times.insert(learned_.run_times.end(), batch.run_times.begin(),
                            batch.run_times.end());
  if (batch.fleet_capacity) learned_.fleet_capacity = batch.fleet_capacity;
  if (!batch.shares.empty()) learned_.shares = batch.shares;
  for (const auto& zone : batch.zones) {
    if (zone.learned) learned_.zones.push_back({zone.zone, {}, 0, {}, zone.learned});
  }
  if (!database_) return {};
  for (const auto& site : batch.sites) {
    if (auto done = collect(site); !done) return done;
  }
  for (const auto& zone : batch.zones) {
    if (auto done = collect(zone, batch.at); !done) return done;
  }
  return {};
}

Result<> TelemetryWriter::collect(const ZoneTelemetry& zone, UtcTime at) {
  if (zone.sample == ZoneSample{} && zone.slots.empty()) return {};
  HEARTH_TRY(id, series(TelemetryLevel::kZoneSamples, zone.zone.value));
  if (zone.sample != ZoneSample{}) {
    const auto row = number_of(at, kSamplePeriod);
    HEARTH_TRY(chunk, held(TelemetryLevel::kZoneSamples, row, id));
    const auto place = static_cast<std::size_t>(row) % 60;
    const auto& sample = zone.sample;
    std::size_t column = 0;
    for (const auto value : {sample.air_centi_c, sample.power_half_w, sample.setpoint_centi_c,
                             sample.reference_centi_c}) {
      chunk->changed |= chunk->chunk.set(place, column++, value);
    }
  }
  std::int64_t row = zone.first_slot;
  for (const auto& slot : zone.slots) {
    HEARTH_TRY(chunk, held(TelemetryLevel::kZoneSlots, row, id));
    const auto place = static_cast<std::size_t>(row++) % 144;
    std::size_t column = 0;
    for (const auto value : {slot.air_centi_c, slot.heat_deci_w, slot.setpoint_centi_c}) {
      chunk->changed |= chunk->chunk.set(place, column++, value);
    }
  }
  return {};
}

Result<> TelemetryWriter::collect(const SiteTelemetry& site) {
  if (site.slots.empty()) return {};
  HEARTH_TRY(id, series(TelemetryLevel::kSiteSlots, site.site.value));
  std::int64_t row = site.first_slot;
  for (const auto& slot : site.slots) {
    HEARTH_TRY(chunk, held(TelemetryLevel::kSiteSlots, row, id));
    const auto place = static_cast<std::size_t>(row++) % 144;
    chunk->changed |= chunk->chunk.set(place, 0, packed_weather(slot.outdoor_c, kAirQuantumC));
    chunk->changed |= chunk->chunk.set(place, 1, packed_weather(slot.irradiance_w_per_m2, 1));
  }
  return {};
}

Result<std::int64_t> TelemetryWriter::series(TelemetryLevel level, const std::string& name) {
  auto& known = level == TelemetryLevel::kSiteSlots ? site_series_ : zone_series_;
  const auto found = known.find(name);
  if (found != known.end()) return found->second;
  HEARTH_TRY(id, make_series(*database_, level, name));
  known.emplace(name, id);
  return id;
}

Result<TelemetryWriter::Held*> TelemetryWriter::held(TelemetryLevel level, std::int64_t row,
                                                     std::int64_t series) {
  const auto shape = shape_of(level);
  const ChunkKey key{level, row / static_cast<std::int64_t>(shape.rows), series};
  newest_[level] = std::max(newest_[level], key.number);
  const auto found = held_.find(key);
  if (found != held_.end()) return &found->second;
  HEARTH_TRY(kept, read_chunk(*database_, key));
  Held fresh{kept ? std::move(*kept) : SampleChunk(shape.rows, shape.columns), false};
  return &held_.emplace(key, std::move(fresh)).first->second;
}

Result<> TelemetryWriter::write() {
  if (!database_) {
    learned_ = {};
    return {};
  }
  if (auto begun = database_->statement("BEGIN IMMEDIATE").run(); !begun) return begun;
  auto done = write_all();
  if (done) done = database_->statement("COMMIT").run();
  if (!done) {
    (void)database_->statement("ROLLBACK").run();
    return done;
  }
  for (auto& [key, one] : held_) one.changed = false;
  learned_ = {};
  return {};
}

Result<> TelemetryWriter::write_all() {
  for (const auto& [key, one] : held_) {
    if (!one.changed) continue;
    if (auto done = write_chunk(*database_, key, one.chunk); !done) return done;
  }
  return write_learned(*database_, learned_);
}

// What no sample will come to any more.
void TelemetryWriter::drop_complete() {
  std::erase_if(held_,
                [&](const auto& one) { return one.first.number < newest_[one.first.level]; });
}

void TelemetryWriter::forget() {
  if (!database_) return;
  Result<bool> more = true;
  for (int turn = 0; turn < kForgetTurns && more && *more; ++turn) {
    more = forget_some(*database_, config_, now_);
  }
  if (!more) return fail_with(more.error());
  const auto give_back = "PRAGMA incremental_vacuum(" + std::to_string(kPagesGivenBack) + ")";
  if (auto done = database_->execute(give_back); !done) fail_with(done.error());
}

// A file that is broken is begun anew; a disk that does not write is tried again later.
void TelemetryWriter::fail_with(const Error& error) {
  if (!is_broken(error)) {
    if (!std::exchange(failing_, true)) {
      log::error("telemetry_not_written", {{"file", config_.path}, {"because", error.message}});
    }
    if (held_.size() > kHeldMax) held_.clear();
    if (learned_.nodes.size() > kHeldMax) learned_ = {};
    return;
  }
  database_.reset();
  held_.clear();
  zone_series_.clear();
  site_series_.clear();
  set_telemetry_file_aside(config_.path, now_, error);
  ++begun_anew_;
  auto opened = open_telemetry_file(config_.path);
  if (opened) {
    database_ = std::move(*opened);
  } else {
    log::error("telemetry_off", {{"file", config_.path}, {"because", opened.error().message}});
  }
}

}  // namespace hearth::scheduler
