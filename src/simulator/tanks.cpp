#include "simulator/tanks.h"

#include <algorithm>
#include <cmath>

#include "simulator/draws.h"

namespace hearth::simulator {
namespace {

constexpr int kDay = 1440;
constexpr Duration kMinute = std::chrono::minutes{1};
// How draw-offs vary from day to day (choice): a shower is long or short, a day busy or quiet.
constexpr thermal::DrawVariation kVariation{.amount_ln = 0.25, .day_ln = 0.15, .minutes = 20};
// Nobody showers for an hour: a draw-off is at most so much of the profile's (choice).
constexpr double kLongest = 2;

bool is_day_off(const Scenario& scenario, int day) {
  const std::chrono::weekday weekday{std::chrono::floor<std::chrono::days>(scenario.start) +
                                     std::chrono::days{day}};
  return weekday.iso_encoding() >= 6;
}

}  // namespace

Tanks::Tanks(const Scenario& scenario, std::uint64_t seed, const Fleet& fleet)
    : scenario_(scenario), fleet_(fleet), seed_(seed), places_(fleet.zones.size(), -1) {
  for (std::size_t i = 0; i < fleet.zones.size(); ++i) {
    const auto& spec = fleet.zones[i].tank;
    if (!spec) continue;
    places_[i] = static_cast<int>(tanks_.size());
    tanks_.push_back(Place{.zone = i, .tank = thermal::SimulatedTank{spec->tank, spec->start}});
  }
}

void Tanks::plan_day(Place& place, int day) {
  const auto& spec = *fleet_.zones[place.zone].tank;
  auto random = generator(seed_, Stream::kTanks,
                          (place.zone + 1) * 100'000 + static_cast<std::uint64_t>(day));
  place.day = day;
  place.next = 0;
  place.draws = thermal::random_day(spec.profile, spec.household, random, kVariation);
  const int late_min = is_day_off(scenario_, day) ? spec.weekend_shift_min : 0;
  double longest_kwh = 0;
  for (const auto& draw : thermal::load_profile(spec.profile)) {
    longest_kwh = std::max(longest_kwh, kLongest * draw.kwh);
  }
  for (auto& draw : place.draws) {
    const int shift = spec.shift_min + (draw.minute < kDay / 2 ? late_min : 0);
    draw.minute = std::clamp(draw.minute + shift, 0, kDay - 1);
    draw.kwh = std::min(draw.kwh, longest_kwh);
  }
  std::ranges::stable_sort(place.draws, {}, &thermal::DrawOff::minute);
}

void Tanks::begin_minute(int minute) {
  if (tanks_.empty()) return;
  const Celsius cold = thermal::cold_water(scenario_.start + std::chrono::minutes{minute});
  for (auto& place : tanks_) {
    if (place.day != minute / kDay) plan_day(place, minute / kDay);
    while (place.next < place.draws.size() && place.draws[place.next].minute <= minute % kDay) {
      const auto& draw_off = place.draws[place.next++];
      auto draw = thermal::tap_draw(draw_off, cold);
      if (draw_off.peak_c > 0) draw.useful = std::min(draw.tap, Celsius{scenario_.tanks.useful_c});
      place.running.push_back({draw, draw_off.l_per_min, draw_off.peak_c > 0, false});
    }
    run_draws(place, cold);
  }
}

void Tanks::run_draws(Place& place, Celsius cold) {
  constexpr Kelvins kNearly{0.5};  // of the peak: as a thermometer at the tap would have it
  place.drawn_l = 0;
  for (auto& pending : place.running) {
    thermal::TapDraw now = pending.draw;
    now.litres = std::min(pending.draw.litres, pending.l_per_min);
    pending.draw.litres -= now.litres;
    const auto delivered = place.tank.draw(now, cold);
    place.drawn_l += delivered.litres;
    if (delivered.peak >= now.tap - kNearly) pending.reached = true;
    if (pending.draw.litres <= 0 && pending.wants_peak) {
      place.peaks += 1;
      place.peaks_missed += pending.reached ? 0 : 1;
    }
  }
  std::erase_if(place.running, [](const Pending& pending) { return pending.draw.litres <= 0; });
}

void Tanks::step(std::size_t zone, double compute_w, double resistance_w) {
  auto& place = at(zone);
  (void)place.tank.step(
      {Watts{compute_w}, Watts{resistance_w}, place.circulates, Celsius{kTankAmbientC}}, kMinute);
}

double Tanks::cooling_w(std::size_t zone) const {
  const auto& place = at(zone);
  const auto& spec = fleet_.zones[zone].tank->tank;
  const double lift_k = (spec.compute_max - place.tank.layer(place.tank.layers() - 1)).value;
  return std::max(0.0, spec.loop_l_per_s * thermal::kWaterJPerKLitre * lift_k);
}

double Tanks::mean_c(std::size_t zone) const {
  const auto& tank = at(zone).tank;
  double sum = 0;
  for (std::size_t i = 0; i < tank.layers(); ++i) sum += tank.layer(i).value;
  return sum / static_cast<double>(tank.layers());
}

node_agent::TankLayers Tanks::sensed(std::size_t zone, int minute) const {
  const auto& tank = at(zone).tank;
  auto dice = generator(seed_ ^ static_cast<std::uint64_t>(Stream::kSensors), Stream::kTanks,
                        (zone << 32) ^ static_cast<std::uint64_t>(minute));
  const auto& node = scenario_.node;
  const auto read = [&](std::size_t layer) {
    double sensed = tank.layer(layer).value + node.sensor_noise_k * normal(dice);
    if (node.sensor_quantum_k > 0) {
      sensed = std::round(sensed / node.sensor_quantum_k) * node.sensor_quantum_k;
    }
    return protocol::Reading{sensed, protocol::Quality::kGood};
  };
  return {read(0), read(tank.layers() / 2), read(tank.layers() - 1)};
}

double Tanks::sensed_mean_c(std::size_t zone, int minute) const {
  const auto layers = sensed(zone, minute);
  return (layers.top.value + layers.middle.value + layers.bottom.value) / 3;
}

}  // namespace hearth::simulator
