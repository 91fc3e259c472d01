#include "simulator/rooms.h"

#include <algorithm>
#include <cmath>

#include "simulator/draws.h"

namespace hearth::simulator {
namespace {

constexpr Duration kMinute = std::chrono::minutes{1};

}  // namespace

Rooms::Rooms(const Scenario& scenario, std::uint64_t seed, const Fleet& fleet,
             const SiteWeather& weather)
    : scenario_(scenario),
      fleet_(fleet),
      weather_(weather),
      seed_(seed),
      occupants_(scenario, seed),
      people_(fleet.zones.size()),
      ventilation_(fleet.zones.size(), -1) {
  for (const auto& zone : fleet.zones) {
    rooms_.emplace_back(zone.room, zone.radiator, Celsius{scenario.comfort.setpoint_c});
  }
}

void Rooms::begin_minute(int minute) {
  conditions_ = weather_.at(minute + 0.5);
  for (std::size_t i = 0; i < rooms_.size(); ++i) {
    const auto& zone = fleet_.zones[i];
    people_[i] = occupants_.at(i, minute, air_c(i),
                               conditions_.facade_w_per_m2[static_cast<std::size_t>(zone.facade)]);
    const double ventilation = zone.room.ventilation_w_per_k + people_[i].window_w_per_k;
    if (ventilation != ventilation_[i]) rooms_[i].set_ventilation(ventilation);
    ventilation_[i] = ventilation;
  }
}

thermal::Weather Rooms::weather_of(std::size_t zone) const {
  const auto& spec = fleet_.zones[zone];
  const double sun = conditions_.facade_w_per_m2[static_cast<std::size_t>(spec.facade)];
  return {Celsius{conditions_.outdoor_c}, Watts{sun * spec.glass_m2 * people_[zone].solar_share},
          Watts{people_[zone].gain_w}};
}

double Rooms::step(std::size_t zone, double power_w) {
  rooms_[zone].step(Watts{power_w}, weather_of(zone), kMinute);
  return rooms_[zone].emitted().value;
}

double Rooms::step_ideal(std::size_t zone) {
  // The air after a step is linear in the heat put into it: two trials, then the exact power.
  auto with = [&](double heat_w) {
    auto room = rooms_[zone];
    auto weather = weather_of(zone);
    weather.internal += Watts{heat_w};
    room.step(Watts{0}, weather, kMinute);
    return room;
  };
  const double rated_w = fleet_.zones[zone].rated_w;
  const double none_c = with(0).state().air.value;
  const double all_c = with(rated_w).state().air.value;
  const double wanted_c = people_[zone].setpoint_c;
  const double heat_w = std::clamp((wanted_c - none_c) / (all_c - none_c), 0.0, 1.0) * rated_w;
  rooms_[zone] = with(heat_w);
  return heat_w;
}

double Rooms::sensed_c(std::size_t zone, int minute) const {
  const auto& node = scenario_.node;
  // A sum of four uniform numbers is near enough to normal for a sensor, and cheap.
  const std::uint64_t bits =
      mixed(seed_ ^ mixed((zone << 32) ^ static_cast<std::uint64_t>(minute) ^
                          (static_cast<std::uint64_t>(Stream::kSensors) << 60)));
  double sum = 0;
  for (int i = 0; i < 4; ++i) sum += static_cast<double>((bits >> (16 * i)) & 0xFFFF) / 65536.0;
  const double noise = (sum - 2) * 1.7320508;  // std 1
  const double sensed = air_c(zone) + node.sensor_noise_k * noise;
  if (!(node.sensor_quantum_k > 0)) return sensed;
  return std::round(sensed / node.sensor_quantum_k) * node.sensor_quantum_k;
}

}  // namespace hearth::simulator
