// A room sensor near the heater's case reads part of the case (HEAT section 1): takes that out.
//
// The share k is the prior until the heater's stops say more (thermal/case_bias.h). Where the case
// is not read, what it last read serves until it is too old; then nothing is taken out. At most 4 K
// are (our choice), and never less than none: a heater does not cool its case below the air. What
// judges over-temperature keeps to the raw reading.
#pragma once

#include <optional>

#include "node_agent/core/agent_config.h"
#include "protocol/heat.h"
#include "thermal/case_bias.h"

namespace hearth::node_agent {

class NearCase {
 public:
  // `learned`: by an agent before us, if any.
  NearCase(const AgentConfig& config, const std::optional<thermal::CaseBias>& learned);

  // One pass: what the sensors say of room and case, and what the node draws; a case that is not
  // good, or not from -30 to 150 degC, is not read. Returns the air behind the reading; a reading
  // that is not good as it is.
  protocol::Reading take(protocol::Reading air, protocol::Reading enclosure,
                         protocol::Reading power, TimePoint now);

  // Something was learned that is not kept yet, and what was kept last is six hours old: storage of
  // small computers wears out.
  bool worth_keeping() const { return worth_keeping_; }
  // Corrects otherwise than at the pass before: a step of the air that is none of the room's.
  bool stepped() const { return stepped_; }
  Kelvins correction() const { return correction_; }
  const thermal::CaseBias& bias() const { return stops_.bias(); }

 private:
  bool learn(Celsius air, Celsius enclosure, Watts power, TimePoint now);
  std::optional<Celsius> enclosure(TimePoint now) const;

  double time_scale_;
  Duration timeout_;
  thermal::CaseStops stops_;
  struct Seen {
    TimePoint at;
    Celsius enclosure;
  };
  std::optional<Seen> seen_;
  std::optional<TimePoint> sampled_at_;
  std::optional<TimePoint> kept_at_;
  bool corrects_ = false;
  bool stepped_ = false;
  bool unkept_ = false;
  bool worth_keeping_ = false;
  Kelvins correction_;
};

}  // namespace hearth::node_agent
