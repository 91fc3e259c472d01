#include "simulator/occupants.h"

#include <algorithm>

#include "simulator/draws.h"

namespace hearth::simulator {
namespace {

constexpr int kDay = 1440;
constexpr int kLook = 10;            // how often people notice that it is too warm, minutes
constexpr double kOpenChance = 0.5;  // that they then do something about it
constexpr double kCloseAboveK = 1;   // a window opened for warmth is closed below setpoint + this
constexpr double kBlindsAboveK = 1.5;
constexpr double kBlindsSunWPerM2 = 120;
constexpr double kBlindsShare = 0.25;  // of the sun still comes in
constexpr int kEveningFrom = 18 * 60, kEveningTo = 23 * 60;

int day_of_week(UtcTime start) {  // 0 = Monday
  const std::chrono::weekday day{std::chrono::floor<std::chrono::days>(start)};
  return static_cast<int>(day.iso_encoding()) - 1;
}

}  // namespace

Occupants::Occupants(const Scenario& scenario, std::uint64_t seed)
    : scenario_(scenario), seed_(seed), first_day_of_week_(day_of_week(scenario.start)) {
  zones_.resize(static_cast<std::size_t>(scenario.nodes));
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    auto random = generator(seed, Stream::kOccupants, i);
    const double kind = uniform(random);
    const auto& o = scenario.occupants;
    zones_[i].kind = kind < o.home_share                    ? Kind::kHome
                     : kind < o.home_share + o.office_share ? Kind::kOffice
                                                            : Kind::kWorker;
    zones_[i].people = static_cast<std::uint8_t>(1 + random.below(2));
  }
}

void Occupants::plan_day(std::size_t index, int day) {
  auto& zone = zones_[index];
  auto random =
      generator(seed_, Stream::kOccupants, (index + 1) * 100'000 + static_cast<std::uint64_t>(day));
  zone.day = day;
  const auto minute = [&](double mean, double spread) {
    return static_cast<std::int16_t>(std::clamp(mean + spread * normal(random), 0.0, 1439.0));
  };
  zone.leave = minute(8 * 60, 40);
  zone.back = std::max(zone.leave, minute(18 * 60, 60));
  const double airings = scenario_.occupants.airings_per_day;
  const bool is_office = zone.kind == Kind::kOffice;
  const std::int16_t morning = minute(is_office ? 9 * 60 : 7 * 60 + 15, 20);
  const std::int16_t evening = minute(is_office ? 14 * 60 : 20 * 60, 60);
  zone.airing[0] = uniform(random) < airings ? morning : std::int16_t{-1};
  zone.airing[1] = uniform(random) < airings - 1 ? evening : std::int16_t{-1};
}

bool Occupants::in_now(const Zone& zone, int minute_of_day, int day_of_the_week) const {
  const bool working_day = day_of_the_week < 5;
  const bool out_hours = minute_of_day >= zone.leave && minute_of_day < zone.back;
  switch (zone.kind) {
    case Kind::kHome:
      return true;
    case Kind::kWorker:
      return !(working_day && out_hours);
    case Kind::kOffice:
      return working_day && out_hours;
  }
  return true;
}

bool Occupants::occupied(std::size_t zone, int minute) {
  const int day = minute / kDay;
  if (zones_[zone].day != day) plan_day(zone, day);
  return in_now(zones_[zone], minute % kDay, (first_day_of_week_ + day) % 7);
}

double Occupants::setpoint_c(int minute_of_week, bool) const {
  const auto& comfort = scenario_.comfort;
  if (comfort.programme == "constant") return comfort.setpoint_c;
  const int minute_of_day = minute_of_week % kDay;
  const bool night = minute_of_day < 6 * 60 || minute_of_day >= 22 * 60;
  return night ? comfort.setback_c : comfort.setpoint_c;
}

Occupants::Now Occupants::at(std::size_t index, int minute, double air_c, double facade_w_per_m2) {
  const auto& o = scenario_.occupants;
  Now now;
  now.occupied = occupied(index, minute);
  auto& zone = zones_[index];
  const int of_day = minute % kDay;
  const int of_week = (first_day_of_week_ * kDay + minute) % (7 * kDay);
  now.setpoint_c = setpoint_c(of_week, now.occupied);

  const bool evening = of_day >= kEveningFrom && of_day < kEveningTo;
  const bool awake = of_day >= 6 * 60 + 30 && of_day < 23 * 60 + 30;
  now.gain_w = o.devices_w * (now.occupied && evening ? 1.0 : 0.25);
  if (now.occupied) now.gain_w += o.gain_w * zone.people;

  if (!now.occupied) {
    zone.warm_window = false;  // closed when leaving; blinds stay as they are
  } else if (awake && (minute + static_cast<int>(index)) % kLook == 0) {
    const double above_k = air_c - now.setpoint_c;
    auto dice =
        Random{mixed(seed_ ^ mixed(index * 4'000'000 + static_cast<std::uint64_t>(minute)))};
    const bool acts = uniform(dice) < kOpenChance;
    if (acts && above_k > o.too_warm_k) zone.warm_window = true;
    if (above_k < kCloseAboveK) zone.warm_window = false;
    if (acts) zone.blinds = above_k > kBlindsAboveK && facade_w_per_m2 > kBlindsSunWPerM2;
  }
  if (zone.warm_window) now.window_w_per_k = o.warm_window_w_per_k;
  for (const int airing : zone.airing) {
    const bool open = airing >= 0 && of_day >= airing && of_day < airing + o.airing_minutes;
    if (open && now.occupied) now.window_w_per_k = o.airing_w_per_k;
  }
  if (zone.blinds) now.solar_share = kBlindsShare;
  return now;
}

}  // namespace hearth::simulator
