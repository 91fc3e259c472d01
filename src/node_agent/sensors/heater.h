// The node's body: what its sensors see, and how much heat it is told to give.
//
// One object per node, used from the loop's thread only. Reads no clock: the caller says how much
// time went by. A sensor that cannot be read is marked in its Reading, it is never an Error.
#pragma once

#include "common/result.h"
#include "node_agent/core/event.h"

namespace hearth::node_agent {

class Heater {
 public:
  virtual ~Heater() = default;

  // One pass over the sensors, `elapsed` after the last one, in which the tasks of this node used
  // `task_cpu_s` seconds of CPU in all. Energy counters begin at 0 with this object.
  virtual SensorsRead read(double task_cpu_s, Duration elapsed) = 0;

  // The most electric power the node may draw. kFailedPrecondition where the hardware cannot cap.
  virtual Result<> set_power_cap(Watts cap) = 0;

  // Heat to add beside tasks. kFailedPrecondition where there is no way to give any.
  virtual Result<> set_filler(Watts filler, Watts resistance) = 0;

  // Switches the computers off, or on again. kFailedPrecondition where nothing here can.
  virtual Result<> power_boards(bool) {
    return fail(ErrorCode::kFailedPrecondition, "this heater cannot switch its computers");
  }

  // Stirs a tank. kFailedPrecondition where there is no pump.
  virtual Result<> circulate(bool on) {
    if (!on) return {};
    return fail(ErrorCode::kFailedPrecondition, "this heater has no circulation pump");
  }

  // What was found, for the log at start: "simulated room 20 m2", "hwmon k10temp, powercap".
  virtual std::string description() const = 0;
};

}  // namespace hearth::node_agent
