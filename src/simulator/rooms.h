// The rooms of one run (a zone that has a tank is none of them, see tanks.h): physics, weather and
// people, minute by minute. What a policy controls is the power into each room, nothing else.
#pragma once

#include <cstdint>
#include <vector>

#include "simulator/building.h"
#include "simulator/ideal_trace.h"
#include "simulator/occupants.h"
#include "simulator/site_weather.h"
#include "thermal/simulated_room.h"

namespace hearth::simulator {

class Rooms {
 public:
  // People see to window and blinds when it is too warm under `ideal` (null: in these rooms), so
  // that every policy sees the same people. `heater`: what stands in the rooms; without its slow
  // body heat goes straight into the air.
  enum class Heater { kRadiator, kIdeal };
  Rooms(const Scenario& scenario, std::uint64_t seed, const Fleet& fleet,
        const SiteWeather& weather, Heater heater = Heater::kRadiator,
        const IdealTrace* ideal = nullptr);

  // People and weather of this minute, from the state at its beginning.
  void begin_minute(int minute);
  // One minute with this mean electric power into zone's radiator; returns heat emitted, W.
  double step(std::size_t zone, double power_w);
  // One minute of what an ideal heater does: exactly the power in [0, rated] that brings the air
  // to the setpoint. Returns that power, W.
  double step_ideal(std::size_t zone);

  double air_c(std::size_t zone) const { return rooms_[zone].state().air.value; }
  double case_c(std::size_t zone) const { return rooms_[zone].state().radiator.value; }
  const Occupants::Now& people(std::size_t zone) const { return people_[zone]; }
  const Conditions& conditions() const { return conditions_; }

  // What the zone's sensor says: noise and quantum of the scenario, the same dice for every policy.
  double sensed_c(std::size_t zone, int minute) const;

 private:
  double noticed_c(std::size_t zone, int minute) const;
  thermal::Weather weather_of(std::size_t zone) const;

  const Scenario& scenario_;
  const Fleet& fleet_;
  const SiteWeather& weather_;
  const IdealTrace* ideal_;
  std::uint64_t seed_;
  Occupants occupants_;
  Conditions conditions_;
  std::vector<thermal::SimulatedRoom> rooms_;
  std::vector<Occupants::Now> people_;
  std::vector<double> ventilation_;  // in force
};

}  // namespace hearth::simulator
