// What a computed node draws: its tasks' real CPU use, filler, the resistance.
//
// power = idle + (CPU seconds used / nominal CPU seconds) (max - idle) + filler, at most `max` and
// the cap in force (HEAT section 6). Filler burns no real CPU. With its boards off it draws `off`
// and the resistance.
#pragma once

#include "node_agent/core/event.h"

namespace hearth::node_agent {

struct SimulatedPowerConfig {
  double cores = 1;  // CPU seconds per second that count as full power
  Watts off{2};      // with its boards switched off
  Watts idle{30};
  Watts max{500};
  Watts resistance_max{0};
};

class SimulatedPower {
 public:
  // Requires cores above 0 and max not below idle.
  explicit SimulatedPower(const SimulatedPowerConfig& config);

  struct Drawn {
    Watts computer;
    Watts resistance;
  };
  // The mean over `elapsed`, which is above 0, and counted.
  Drawn draw(double task_cpu_s, Duration elapsed);
  // The counters, all cumulative.
  void tell(SensorsRead& sensors) const;

  void set_cap(Watts cap) { cap_ = cap; }
  void set_filler(Watts filler, Watts resistance);
  void power_boards(bool on) { on_ = on; }

 private:
  SimulatedPowerConfig config_;
  bool on_ = true;
  Watts cap_;
  Watts filler_;
  Watts resistance_;
  Joules meter_;
  Joules filler_used_;
  Joules resistance_used_;
};

}  // namespace hearth::node_agent
