#include "scheduler/core/zone_learning.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hearth::scheduler {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr Duration kAirAgeMax = std::chrono::minutes{20};
constexpr std::int64_t kGapMax = static_cast<std::int64_t>(kHistorySlots);

}  // namespace

double slot_air_c(const ZoneLearning::Slot& slot) {
  return unpacked(slot.air_centi_c, kAirQuantumC);
}
double slot_heat_w(const ZoneLearning::Slot& slot) {
  return unpacked(slot.heat_deci_w, kHeatQuantumW);
}
double slot_setpoint_c(const ZoneLearning::Slot& slot) {
  return unpacked(slot.setpoint_centi_c, kAirQuantumC);
}

void SiteHistory::take(std::int64_t slot, const weather::Sample& sample) {
  put({slot, static_cast<float>(sample.outdoor.value),
       static_cast<float>(sample.irradiance_w_per_m2)});
}

void SiteHistory::restore(std::int64_t slot, Weather weather) {
  if (slot >= 0) put({slot, weather.outdoor_c, weather.irradiance_w_per_m2});
}

void SiteHistory::put(const Row& row) {
  if (rows_.empty()) rows_.resize(kHistorySlots);
  rows_[static_cast<std::size_t>(row.slot) % kHistorySlots] = row;
  last_ = std::max(last_, row.slot);
}

double SiteHistory::outdoor_c(std::int64_t slot) const {
  if (rows_.empty() || slot < 0) return kNan;
  const auto& row = rows_[static_cast<std::size_t>(slot) % kHistorySlots];
  return row.slot == slot ? static_cast<double>(row.outdoor_c) : kNan;
}

double SiteHistory::irradiance(std::int64_t slot) const {
  if (rows_.empty() || slot < 0) return kNan;
  const auto& row = rows_[static_cast<std::size_t>(slot) % kHistorySlots];
  return row.slot == slot ? static_cast<double>(row.irradiance) : kNan;
}

void ZoneLearning::report(UtcTime utc, std::optional<Celsius> air, std::optional<Celsius> setpoint,
                          Joules energy, Watts power) {
  if (air) {
    last_air_ = *air;
    last_air_at_ = utc;
  }
  last_setpoint_ = setpoint;
  power_ = power;
  if (energy_before_ && energy < energy_) energy_before_.reset();  // counters began anew
  if (!energy_before_) {
    energy_before_ = energy;
    energy_before_at_ = utc;
  }
  energy_ = energy;
  energy_at_ = utc;
}

bool ZoneLearning::close_slots(UtcTime utc, const SiteHistory& site) {
  const std::int64_t current = slot_of(utc);
  if (next_slot_ < 0 || current - next_slot_ > kGapMax || current < next_slot_) {
    // The first report, or the clock was set: what was before lies on another grid.
    if (next_slot_ >= 0) slots_.clear();
    next_slot_ = current;
    return false;
  }
  if (current == next_slot_) return false;
  Slot slot;
  if (last_air_ && utc - last_air_at_ <= kAirAgeMax) {
    slot.air_centi_c = packed(last_air_->value, kAirQuantumC);
  }
  const double seconds = to_seconds(energy_at_ - energy_before_at_);
  const double mean_w =
      energy_before_ && seconds > 0 ? (energy_ - *energy_before_).value / seconds : power_.value;
  const bool known = energy_before_ && utc - energy_at_ <= kAirAgeMax;
  if (known) slot.heat_deci_w = packed(mean_w, kHeatQuantumW);
  if (last_setpoint_) slot.setpoint_centi_c = packed(last_setpoint_->value, kAirQuantumC);
  const UtcTime heat_known_from = energy_before_at_;
  energy_before_ = energy_;
  energy_before_at_ = energy_at_;
  // Where several slots passed without a report, only the last one's air is known; heat is a mean
  // over all of them.
  while (next_slot_ < current) {
    Slot one = slot;
    if (next_slot_ + 1 < current) one.air_centi_c = Slot::kMissing;
    // Before the energy was first seen, after a restart above all, nothing is known of the heat.
    if (UtcTime{(next_slot_ + 1) * kSlot} <= heat_known_from) one.heat_deci_w = Slot::kMissing;
    advance_filter(one, next_slot_, site);
    append(one);
  }
  return true;
}

void ZoneLearning::append(Slot slot) {
  if (slots_.size() < kHistorySlots) {
    slots_.push_back(slot);
    if (slots_.size() == kHistorySlots) {
      // From here on a ring by number: the oldest moves to its place.
      const auto first = next_slot_ + 1 - static_cast<std::int64_t>(kHistorySlots);
      const auto shift = static_cast<std::size_t>(first) % kHistorySlots;
      std::ranges::rotate(slots_, slots_.end() - static_cast<std::ptrdiff_t>(shift));
    }
  } else {
    slots_[static_cast<std::size_t>(next_slot_) % kHistorySlots] = slot;
  }
  ++next_slot_;
}

ZoneLearning::Slot ZoneLearning::slot(std::int64_t number) const {
  if (number < first_slot() || number >= next_slot_) return {};
  if (slots_.size() < kHistorySlots) {
    return slots_[static_cast<std::size_t>(number - first_slot())];
  }
  return slots_[static_cast<std::size_t>(number) % kHistorySlots];
}

void ZoneLearning::restore(std::int64_t number, Slot slot) {
  if (next_slot_ < 0) next_slot_ = number;
  if (number < next_slot_) return;
  if (number - next_slot_ > kGapMax) {
    slots_.clear();
    next_slot_ = number;
  }
  while (next_slot_ < number) append({});
  append(slot);
}

double ZoneLearning::days_known() const {
  return static_cast<double>(slots_.size()) / (24 * 6);
}

void ZoneLearning::advance_filter(const Slot& slot, std::int64_t number, const SiteHistory& site) {
  if (!filter_) return;
  filter_->advance({site.outdoor_c(number), slot_heat_w(slot), site.irradiance(number)},
                   slot_air_c(slot));
}

void ZoneLearning::use_model(const thermal::RoomModel& model, const SiteHistory& site) {
  if (filter_ && filter_->started()) {
    filter_->set_model(model);
    return;
  }
  filter_.emplace(model, thermal::FilterOptions{.lag_s = thermal::kRadiatorLagS,
                                                .sensor_std_k = thermal::sensor_std_k(0.1)});
  constexpr std::int64_t kDaysOfState = 4 * 24 * 6;  // what came before says nothing of now
  const auto from = std::max(first_slot(), next_slot_ - kDaysOfState);
  for (auto number = from; number < next_slot_; ++number) {
    advance_filter(slot(number), number, site);
  }
  // A new zone is forecast from its first reading on, not only when its first slot is full.
  if (!filter_->started() && last_air_) {
    filter_->advance({site.outdoor_c(next_slot_), power_.value, site.irradiance(next_slot_)},
                     last_air_->value);
  }
}

}  // namespace hearth::scheduler
