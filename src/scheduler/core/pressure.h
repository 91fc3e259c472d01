// How much work there is for the heat that is wanted: -1 none in sight, 0 enough, 1 it queues.
//
// The planner bends every zone's reference by it. It moves slowly, so that references do not flap:
// up within 20 minutes, down within two hours (choice).
#pragma once

#include "common/time.h"

namespace hearth::scheduler {

class Pressure {
 public:
  // `queued`: work waits that no node may take now. `paid_share`: of the power that the fleet's
  // zones want, how much customers' work gives; 0..1 or more.
  void take(TimePoint now, bool queued, double paid_share);

  [[nodiscard]] double value() const { return value_; }

 private:
  double value_ = 0;
  bool started_ = false;
  TimePoint last_{};
};

}  // namespace hearth::scheduler
