// What a zone's telemetry taught us: ten-minute means of up to 21 days, an estimate of its present
// state, and the model last accepted.
//
// Slots lie on the UTC grid of 600 s. Nothing is allocated per report; the history is one ring of
// eight bytes a slot (24 kB a zone).
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "protocol/heat.h"
#include "thermal/room_filter.h"
#include "weather/series.h"

namespace hearth::scheduler {

inline constexpr Duration kSlot = std::chrono::minutes{10};
inline constexpr std::size_t kHistorySlots = 21 * 24 * 6;

// Which slot of the UTC grid.
constexpr std::int64_t slot_of(UtcTime utc) {
  return utc.time_since_epoch() / kSlot;
}

// The weather that a site had, slot by slot, shared by its zones.
class SiteHistory {
 public:
  struct Weather {
    float outdoor_c = 0;  // NaN: not known
    float irradiance_w_per_m2 = 0;

    friend bool operator==(const Weather&, const Weather&) = default;
  };

  void take(std::int64_t slot, const weather::Sample& sample);
  void restore(std::int64_t slot, Weather weather);
  // NaN where nothing is known.
  [[nodiscard]] double outdoor_c(std::int64_t slot) const;
  [[nodiscard]] double irradiance(std::int64_t slot) const;
  [[nodiscard]] std::int64_t last_slot() const { return last_; }

 private:
  struct Row {
    std::int64_t slot = -1;
    float outdoor_c = 0;
    float irradiance = 0;
  };
  void put(const Row& row);

  std::vector<Row> rows_;  // a ring: number n lies at n % kHistorySlots
  std::int64_t last_ = -1;
};

class ZoneLearning {
 public:
  struct Slot {
    std::int16_t air_centi_c = kMissing;  // reading at the slot's end
    std::int16_t heat_deci_w = kMissing;  // mean electric power over the slot, in 0.5 W
    std::int16_t setpoint_centi_c = kMissing;
    static constexpr std::int16_t kMissing = INT16_MIN;

    friend bool operator==(const Slot&, const Slot&) = default;
  };

  // A report of the zone: air as read, cumulative energy and present power of all its nodes.
  void report(UtcTime utc, std::optional<Celsius> air, std::optional<Celsius> setpoint,
              Joules energy, Watts power);

  // Closes every slot that ended by `utc` and moves the filter on; whether one was closed.
  bool close_slots(UtcTime utc, const SiteHistory& site);

  // A model to filter with from now on; the history is filtered again, so the state is ready.
  void use_model(const thermal::RoomModel& model, const SiteHistory& site);

  [[nodiscard]] bool has_filter() const { return filter_.has_value(); }
  [[nodiscard]] bool estimating() const { return filter_ && filter_->started(); }
  [[nodiscard]] const thermal::RoomFilter& filter() const { return *filter_; }
  [[nodiscard]] std::optional<Celsius> last_air() const { return last_air_; }
  [[nodiscard]] double days_known() const;

  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  // Of the oldest slot kept.
  [[nodiscard]] std::int64_t first_slot() const {
    return next_slot_ - static_cast<std::int64_t>(size());
  }
  [[nodiscard]] std::int64_t next_slot() const { return next_slot_; }  // the one under way; or -1
  [[nodiscard]] Slot slot(std::int64_t number) const;
  // Takes back what was kept before a restart, in order; slots that are left out are missing.
  void restore(std::int64_t number, Slot slot);

 private:
  void append(Slot slot);
  void advance_filter(const Slot& slot, std::int64_t number, const SiteHistory& site);

  std::vector<Slot> slots_;  // a ring once full; number n lies at n % kHistorySlots
  std::int64_t next_slot_ = -1;
  std::optional<thermal::RoomFilter> filter_;

  // The slot under way.
  std::optional<Celsius> last_air_;
  UtcTime last_air_at_{};
  std::optional<Celsius> last_setpoint_;
  std::optional<Joules> energy_before_;
  UtcTime energy_before_at_{};
  Joules energy_;
  UtcTime energy_at_{};
  Watts power_;
};

// In whole quanta, kMissing for NaN and what does not fit; and back, NaN for kMissing.
inline std::int16_t packed(double value, double quantum) {
  const double steps = std::round(value / quantum);
  if (!(std::abs(steps) < 32'000)) return ZoneLearning::Slot::kMissing;
  return static_cast<std::int16_t>(steps);
}
inline double unpacked(std::int16_t steps, double quantum) {
  if (steps == ZoneLearning::Slot::kMissing) return std::numeric_limits<double>::quiet_NaN();
  return quantum * steps;
}
inline constexpr double kAirQuantumC = 0.01;
inline constexpr double kHeatQuantumW = 0.5;

double slot_air_c(const ZoneLearning::Slot& slot);   // NaN: missing
double slot_heat_w(const ZoneLearning::Slot& slot);  // NaN: missing
double slot_setpoint_c(const ZoneLearning::Slot& slot);

}  // namespace hearth::scheduler
