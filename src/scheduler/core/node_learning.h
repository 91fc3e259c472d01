// What a node really draws and how fast it computes, learned from its own telemetry and results.
//
// Starts from what the agent's configuration states and departs from it only where enough was seen;
// a statement far from what is seen is shown to the operator, never silently obeyed.
#pragma once

#include <optional>

#include "protocol/stream.h"

namespace hearth::scheduler {

class NodeLearning {
 public:
  struct Mean {
    double value = 0;
    int count = 0;
    void take(double sample);

    friend bool operator==(const Mean&, const Mean&) = default;
  };
  // All that was learned, for whoever keeps it over a restart.
  struct State {
    Mean idle_w;
    Mean max_w;
    // Weighted least squares of ln(share of dynamic power) over ln(speed), through the origin.
    double slope_top = 0;
    double slope_bottom = 0;
    int slope_count = 0;

    friend bool operator==(const State&, const State&) = default;
  };

  NodeLearning() = default;
  explicit NodeLearning(const State& state) : state_(state) {}
  [[nodiscard]] const State& state() const { return state_; }

  // One report: `busy_cores` attempts' cores started on the node of `cores`.
  void report(const protocol::NodeFacts& facts, const protocol::Telemetry& telemetry,
              int busy_cores);

  // One attempt ended well: its energy over its wall time at the speed it had.
  void result(const protocol::NodeFacts& facts, const protocol::AttemptReport& report, int cores);

  // Drawn with the boards on and nothing to do; what the agent states until seen 30 times.
  [[nodiscard]] Watts idle(const protocol::NodeFacts& facts) const;
  // Drawn with every core busy at full speed.
  [[nodiscard]] Watts max(const protocol::NodeFacts& facts) const;
  // Exponent of power over speed; the stated law until results at several speeds were seen.
  [[nodiscard]] protocol::SpeedLaw speed(const protocol::NodeFacts& facts) const;

 private:
  State state_;
};

}  // namespace hearth::scheduler
