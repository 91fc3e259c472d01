#include "simulator/rooms.h"

#include <algorithm>
#include <cmath>

#include "simulator/draws.h"

namespace hearth::simulator {
namespace {

constexpr Duration kMinute = std::chrono::minutes{1};

}  // namespace

Rooms::Rooms(const Scenario& scenario, std::uint64_t seed, const Fleet& fleet,
             const SiteWeather& weather, Heater heater, const IdealTrace* ideal)
    : scenario_(scenario),
      fleet_(fleet),
      weather_(weather),
      ideal_(ideal),
      seed_(seed),
      occupants_(scenario, seed),
      people_(fleet.zones.size()),
      ventilation_(fleet.zones.size(), -1) {
  for (const auto& zone : fleet.zones) {
    auto body = zone.radiator;
    if (heater == Heater::kIdeal) body.rated = 0_W;
    rooms_.emplace_back(zone.room, body, Celsius{scenario.comfort.setpoint_c});
  }
}

void Rooms::begin_minute(int minute) {
  conditions_ = weather_.at(minute + 0.5);
  for (std::size_t i = 0; i < rooms_.size(); ++i) {
    const auto& zone = fleet_.zones[i];
    if (zone.tank) continue;
    people_[i] = occupants_.at(i, minute, noticed_c(i, minute),
                               conditions_.facade_w_per_m2[static_cast<std::size_t>(zone.facade)]);
    const double ventilation = zone.room.ventilation_w_per_k + people_[i].window_w_per_k;
    if (ventilation != ventilation_[i]) rooms_[i].set_ventilation(ventilation);
    ventilation_[i] = ventilation;
  }
}

double Rooms::noticed_c(std::size_t zone, int minute) const {
  if (ideal_ != nullptr && minute > 0 && ideal_->has(minute - 1)) {
    return ideal_->air_c(zone, minute - 1);
  }
  return IdealTrace::rounded_c(air_c(zone));
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
  const auto weather = weather_of(zone);
  const Watts power = rooms_[zone].power_to_reach(Celsius{people_[zone].setpoint_c}, weather,
                                                  kMinute, 0_W, Watts{fleet_.zones[zone].rated_w});
  rooms_[zone].step(power, weather, kMinute);
  return power.value;
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
  double sensed = air_c(zone) + node.sensor_noise_k * noise;
  const double share = fleet_.zones[zone].case_share;
  if (share > 0) sensed += share * (case_c(zone) - air_c(zone));
  if (!(node.sensor_quantum_k > 0)) return sensed;
  return std::round(sensed / node.sensor_quantum_k) * node.sensor_quantum_k;
}

}  // namespace hearth::simulator
