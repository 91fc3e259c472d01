// The words in which scheduler and agent speak of heat: setpoints, limits, telemetry, energy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "common/units.h"

namespace hearth::protocol {

enum class NodeKind { kNone, kRadiator, kBoiler };

// Setpoints people may choose (HEAT section 3); frost protection works below, the ceiling above.
inline constexpr Celsius kSetpointMin{5.0};
inline constexpr Celsius kSetpointMax{30.0};

enum class SetpointMode { kOff, kConstant, kProgramme };

// From `minute` of the week (0 = Monday 00:00, civil time of the site) on, `setpoint` holds.
struct ProgrammeStep {
  int minute_of_week = 0;
  Celsius setpoint;

  friend bool operator==(const ProgrammeStep&, const ProgrammeStep&) = default;
};

enum class SetpointOrigin { kDefault, kApi, kLocal };

// Newest wins: the higher counter; of equal counters the later origin in the list above.
struct SetpointRevision {
  std::uint64_t counter = 0;
  SetpointOrigin origin = SetpointOrigin::kDefault;

  friend auto operator<=>(const SetpointRevision&, const SetpointRevision&) = default;
};

// What the resident wants of a zone. The agent is the authority for what is in force: a local OFF
// is lifted only locally.
struct Setpoint {
  SetpointMode mode = SetpointMode::kConstant;
  Celsius value{20.0};                   // kConstant
  std::vector<ProgrammeStep> programme;  // kProgramme: ordered, first step at minute 0
  SetpointRevision revision;

  friend bool operator==(const Setpoint&, const Setpoint&) = default;
};

// Every problem at once, each naming field and value; empty if sound.
std::vector<std::string> problems_of(const Setpoint& setpoint);

// The programme's setpoint at a minute of the week. Requires a sound kProgramme or kConstant.
Celsius setpoint_at(const Setpoint& setpoint, int minute_of_week);

// What the scheduler allows and wants of one node. Valid for `valid_for` from receipt; a node whose
// limits expired finishes what runs, starts nothing, and falls to its static share of the breaker.
struct Limits {
  std::uint64_t revision = 0;  // per session, rising
  Celsius t_ref;               // absolute; the agent clamps it to its own copy of the band
  Watts p_min;
  Watts p_max;
  Duration valid_for{};

  friend bool operator==(const Limits&, const Limits&) = default;
};

// How far a reading may be trusted.
enum class Quality { kMissing, kStale, kImplausible, kGood };

struct Reading {
  double value = 0;  // in the unit of the field's name
  Quality quality = Quality::kMissing;

  friend bool operator==(const Reading&, const Reading&) = default;
};

// Cumulative since `boot_id` began; every joule is in exactly one field, and they add up to the
// meter.
struct EnergyLedger {
  std::string boot_id;
  Joules attempts;    // customers' work
  Joules filler;      // run only to keep a home warm
  Joules idle;        // the computer itself, and what no attempt used
  Joules resistance;  // backup heating element
  Joules meter;       // what the node's own counter says

  friend bool operator==(const EnergyLedger&, const EnergyLedger&) = default;
};

// What an agent knows of its node and its zone right now.
struct Telemetry {
  Reading air_temperature_c;
  Reading power_w;
  Watts power_wanted;                 // P_req of the control law, after all clamps
  std::optional<Celsius> setpoint;    // in force now; unset while OFF
  Celsius t_ref;                      // in force now, after clamping
  std::uint64_t limits_revision = 0;  // in force; 0: none, or expired
  bool safe_mode = false;             // sensor lost or implausible
  bool tripped = false;               // a latched trip inhibits heat
  EnergyLedger energy;

  friend bool operator==(const Telemetry&, const Telemetry&) = default;
};

// Backstops of one service class, in kelvin above t_ref (DESIGN section 6).
struct ClassBand {
  Kelvins may_start_below;
  Kelvins must_stop_above;

  friend bool operator==(const ClassBand&, const ClassBand&) = default;
};

// The comfort band around the setpoint and the backstops. Scheduler and agent each have a copy.
struct HeatBand {
  Kelvins below{0.5};    // t_lo = setpoint - below
  Kelvins above{0.5};    // t_hi = setpoint + above: how far a zone may be charged while occupied
  Kelvins ceiling{2.0};  // over t_ref: no compute heats a zone beyond
  ClassBand reserved{Kelvins{1.5}, Kelvins{2.0}};
  ClassBand on_demand{Kelvins{1.0}, Kelvins{1.5}};
  ClassBand flex{Kelvins{0.5}, Kelvins{1.0}};
  ClassBand filler{Kelvins{-0.2}, Kelvins{0.25}};

  friend bool operator==(const HeatBand&, const HeatBand&) = default;
};

// "RADIATOR", "OFF", "GOOD", ...
std::string_view to_string(NodeKind kind);
std::string_view to_string(SetpointMode mode);
std::string_view to_string(SetpointOrigin origin);
std::string_view to_string(Quality quality);
std::optional<NodeKind> parse_node_kind(std::string_view text);

}  // namespace hearth::protocol
