// Collects a Record while a run goes on.
#pragma once

#include "simulator/node_plant.h"
#include "simulator/record.h"
#include "simulator/rooms.h"
#include "simulator/tanks.h"

namespace hearth::simulator {

class Recorder {
 public:
  Recorder(const Scenario& scenario, const Fleet& fleet);

  [[nodiscard]] bool is_due(int minute) const { return (minute + 1) % every_min_ == 0; }
  struct Moment {
    int minute = 0;
    EnergyByCause energy;  // of the fleet, cumulative
    double waiting = 0, running = 0;
  };
  // `reference_c(zone, setpoint)` and `power_w(zone)` say what is so now.
  template <class Reference, class Power>
  void take(const Moment& moment, const Rooms& rooms, Reference reference_c, Power power_w) {
    begin(moment, rooms);
    for (std::size_t i = 0; i < record_.sample_zones.size(); ++i) {
      const std::size_t zone = record_.sample_zones[i];
      const double setpoint_c = rooms.people(zone).setpoint_c;
      record_.zones[i].push_back(
          {static_cast<float>(rooms.air_c(zone)), static_cast<float>(setpoint_c),
           static_cast<float>(reference_c(zone, setpoint_c)), static_cast<float>(power_w(zone))});
    }
  }
  void take_tanks(const Tanks& tanks);
  Record& record() { return record_; }

 private:
  void begin(const Moment& moment, const Rooms& rooms);

  int every_min_;
  std::vector<std::size_t> rooms_;  // zones that are rooms
  std::vector<thermal::TankBook> tanks_before_;
  double useful_c_, compute_max_c_;
  EnergyByCause last_;
  int last_minute_ = -1;
  Record record_;
};

// Sorted, thinned to at most `count` quantiles.
std::vector<double> thinned(std::vector<double> values, std::size_t count);

}  // namespace hearth::simulator
