// How long a frozen attempt is kept before it is given up, so that it can run elsewhere.
//
// To wait costs the customer time, to give up costs the work done: the ski-rental problem. Waiting
// k times as long as what would be lost costs at most k + 1 times the best choice, made with
// hindsight (Karlin, Manasse, Rudolph, Sleator: Competitive snoopy caching, Algorithmica 3, 1988),
// and the least lost work goes first by construction. k = 3: lost work is heat that was given
// already and must find a room again. Our choice: at least half an hour, for a room cools no faster
// than it warms, and at most a day: what the sun warmed has cooled by then.
#pragma once

#include <optional>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "protocol/job.h"

namespace hearth::node_agent {

// How fast an attempt was let run so far.
class Progress {
 public:
  Progress(int permille, TimePoint now) : permille_(permille), since_(now) {}

  void set_speed(int permille, TimePoint now);

  // Run time at full speed so far; frozen time adds nothing.
  Duration nominal(TimePoint now) const;
  // In sum since it last ran freely: at full speed for 10 min on end.
  Duration frozen(TimePoint now) const;
  bool is_frozen() const { return permille_ == 0; }

 private:
  int permille_;
  TimePoint since_;
  Duration nominal_{};
  Duration frozen_{};
};

struct FrozenAttempt {
  AttemptId attempt;
  protocol::ServiceClass service_class{};
  Duration nominal{};
  Duration frozen{};
  Duration closed_for{};
};

// `closed_for`: how long the zone will stay too warm anyway, as foreseen; zero where nobody knows.
// Where that is twice as long, patience would end in vain (a forecast errs): zero then.
Duration patience_for(Duration nominal, Duration closed_for);

// Of those whose patience is over: the class that yields first, then the least lost work.
std::optional<AttemptId> attempt_to_give_up(const std::vector<FrozenAttempt>& frozen);

// Never more than one in this time (our choice): a room that cools takes the others up again.
inline constexpr Duration kGiveUpDistance = std::chrono::minutes{5};

}  // namespace hearth::node_agent
