// The people of a zone: when they are in, what they give off, when they open a window.
//
// Habits are fixed by the seed; only whether it is too warm depends on the air that the caller
// shows (rooms.h: the ideal heater's), and there too the dice depend on zone and time alone.
#pragma once

#include <cstdint>
#include <vector>

#include "simulator/building.h"

namespace hearth::simulator {

class Occupants {
 public:
  Occupants(const Scenario& scenario, std::uint64_t seed);

  // What is so in minute `minute` of the run, in zone `zone` whose air is `air_c`. Call it once a
  // minute for each zone, in order of time.
  struct Now {
    bool occupied = false;
    double setpoint_c = 20;
    double gain_w = 0;
    double window_w_per_k = 0;  // more ventilation than usual
    double solar_share = 1;     // blinds
  };
  Now at(std::size_t zone, int minute, double air_c, double facade_w_per_m2);

  // Without side effects: what the programme asks and whether somebody is in.
  bool occupied(std::size_t zone, int minute);
  double setpoint_c(int minute_of_week, bool is_occupied) const;

 private:
  enum class Kind : std::uint8_t { kWorker, kHome, kOffice };
  struct Zone {
    Kind kind = Kind::kWorker;
    std::uint8_t people = 1;
    bool warm_window = false;
    bool blinds = false;
    std::int32_t day = -1;  // of the plan below; minutes of the day
    std::int16_t leave = 0, back = 0;
    std::int16_t airing[2] = {-1, -1};
  };
  void plan_day(std::size_t index, int day);
  bool in_now(const Zone& zone, int minute_of_day, int day_of_week) const;

  Scenario scenario_;
  std::uint64_t seed_;
  int first_day_of_week_ = 0;
  std::vector<Zone> zones_;
};

}  // namespace hearth::simulator
