// The legionella lift of a tank and its audit (HEAT section 3): the agent owns the cycle.
//
// A lift is done when the coldest of three layers was, without a break, 2 min at 70 degC or more,
// 4 min at 65, or 60 min at 60; one that happens by itself counts. The next must have ended
// `hygiene_every` after the last one, and may begin before it must at a good time (daily from 400 L
// on in France; weekly below is our choice). Nothing is known of the water before the first: that
// one is due within a day. Times are UTC, so that restarts lose none. Pure state.
#pragma once

#include <array>
#include <optional>

#include "common/time.h"
#include "common/units.h"
#include "protocol/stream.h"

namespace hearth::node_agent {

struct HygieneHistory {
  UtcTime last_done{};
  std::uint64_t done = 0;

  friend bool operator==(const HygieneHistory&, const HygieneHistory&) = default;
};

enum class HygieneResult { kDone, kMissed };

// One line of the audit.
struct HygieneRecord {
  UtcTime started{};
  UtcTime ended{};
  Celsius coldest;  // the coldest layer's highest temperature held
  HygieneResult result{};
};
std::string_view to_string(HygieneResult result);

class Hygiene {
 public:
  Hygiene(const protocol::TankFacts& facts, std::optional<HygieneHistory> history)
      : facts_(facts), history_(history) {}

  struct Inputs {
    std::optional<Celsius> coldest;  // of three layers that can all be believed
    Joules missing;                  // heat until every layer is at the lift's temperature
    Watts power;                     // that the lift can count on
    bool allowed = true;             // nobody above hygiene forbids heat
    bool good_time = false;          // nobody is expected to draw until a lift begun now is over
  };
  // One pass. A record where a lift ended, or was missed (once for each deadline).
  std::optional<HygieneRecord> step(const Inputs& inputs, UtcTime now);

  bool active() const { return active_since_.has_value(); }
  Duration due_in(UtcTime now) const;  // 0: due now
  std::uint64_t done() const { return history_ ? history_->done : 0; }

 private:
  std::optional<HygieneRecord> watch(const Inputs& inputs, UtcTime now);
  UtcTime due() const;

  static constexpr std::size_t kHolds = 3;
  protocol::TankFacts facts_;
  std::optional<HygieneHistory> history_;
  std::optional<UtcTime> first_seen_;
  std::optional<UtcTime> active_since_;
  std::array<std::optional<UtcTime>, kHolds> held_since_;
  std::optional<UtcTime> missed_;  // the deadline that was told
  UtcTime last_step_{};
};

}  // namespace hearth::node_agent
