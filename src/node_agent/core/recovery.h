// How long full power takes to bring a zone back to a temperature: when a setback must end, and how
// deep it may go (HEAT section 3, optimum start).
//
// Forward simulation with the zone's learned model, through the radiator's lag, from the air of now
// and a mass that is followed from the air. Without a model: a rate that average rooms reach (our
// choice). Counts no gains. Pure state, no clock.
#pragma once

#include <optional>

#include "common/time.h"
#include "common/units.h"
#include "protocol/heat.h"
#include "thermal/room_model.h"

namespace hearth::node_agent {

// A model that a room can have (HEAT section 1, bounds); anything else is refused.
std::optional<thermal::RoomModel> plausible_model(const protocol::ZoneModel& model);

inline constexpr Duration kRecoveryMax = std::chrono::hours{6};  // HEAT section 3

class Recovery {
 public:
  void learn(const thermal::RoomModel& model);

  // One pass; the mass follows the air.
  void observe(Celsius air, std::optional<Celsius> outdoor, TimePoint now);

  struct Conditions {
    Celsius target;
    Duration left{};                   // until the target is due
    std::optional<Celsius> outdoor;    // the coldest to be expected meanwhile
    Watts power;                       // that is certain
    Watts emitted;                     // by the radiator now
    Duration earliest = kRecoveryMax;  // that full power begins ahead
  };

  // Whether full power must begin now: were it begun ten minutes later, it would be too late.
  // Never earlier than `earliest` ahead.
  bool is_due(Celsius air, const Conditions& conditions) const;

  // The lowest temperature from which full power reaches the target within `earliest`; the target
  // where none does.
  Celsius deepest(const Conditions& conditions) const;

 private:
  double air_after(double air_c, double mass_c, double emitted_w, int steps,
                   const Conditions& conditions) const;

  std::optional<thermal::RoomModel> model_;
  std::optional<thermal::RoomStep> step_;
  std::optional<double> mass_c_;
  TimePoint observed_at_{};
};

}  // namespace hearth::node_agent
