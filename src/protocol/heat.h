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

// For who chooses none: inside HEAT section 3's 8-16 degC (choice).
inline constexpr Celsius kAwayDefault{12.0};

// Nobody is at home: `away` instead of what the setpoint says otherwise, from `from` until `until`,
// and after that what it says again. The room is to be warm at `until`.
struct Holiday {
  Celsius away = kAwayDefault;
  UtcTime from{};
  UtcTime until{};

  [[nodiscard]] bool covers(UtcTime utc) const { return utc >= from && utc < until; }
  friend bool operator==(const Holiday&, const Holiday&) = default;
};

inline constexpr Duration kHolidayMax = std::chrono::hours{24 * 366};

// What the resident wants of a zone. The agent is the authority for what is in force: a local OFF
// is lifted only locally.
struct Setpoint {
  SetpointMode mode = SetpointMode::kConstant;
  Celsius value{20.0};                   // kConstant
  std::vector<ProgrammeStep> programme;  // kProgramme: ordered, first step at minute 0
  SetpointRevision revision;
  std::optional<Holiday> holiday;  // never with kOff; one that is over means nothing any more

  [[nodiscard]] bool on_holiday(UtcTime utc) const { return holiday && holiday->covers(utc); }
  friend bool operator==(const Setpoint&, const Setpoint&) = default;
};

// Every problem at once, each naming field and value; empty if sound.
std::vector<std::string> problems_of(const Setpoint& setpoint);

// Why nobody may begin this holiday at `now`: one that is over or ends more than a year ahead, or
// what problems_of() a setpoint with it would say.
std::vector<std::string> problems_of(const Holiday& holiday, UtcTime now);

// The programme's setpoint at a minute of the week, holidays aside. Requires a sound kProgramme or
// kConstant.
Celsius setpoint_at(const Setpoint& setpoint, int minute_of_week);

// What holds at an instant, holidays included, which is that minute of the week at its site.
Celsius setpoint_at(const Setpoint& setpoint, int minute_of_week, UtcTime utc);

// A node that follows another one's sensor: what the zone's leading node reads and wants of it.
struct Follow {
  Celsius air;
  Watts wanted;  // this node's share of what the zone needs

  friend bool operator==(const Follow&, const Follow&) = default;
};

// How long a zone will stay too warm for a class to go on, though nothing heats it, as foreseen
// from now; zero where it is not too warm, or nobody knows.
struct ClosedFor {
  Duration reserved{};
  Duration on_demand{};
  Duration flex{};  // FILLER too

  friend bool operator==(const ClosedFor&, const ClosedFor&) = default;
};

// What the scheduler allows and wants of one node. Valid for `valid_for` from receipt; a node whose
// limits expired finishes what runs, starts nothing, and falls to its static share of the breaker.
struct Limits {
  std::uint64_t revision = 0;  // per session, rising
  Celsius t_ref;               // absolute; the agent clamps it to its own copy of the band
  Watts p_min;                 // what the node should draw at least, comfort and safety permitting
  Watts p_max;
  Duration valid_for{};
  std::optional<Celsius> outdoor;  // now, by the site's weather; for nodes without such a sensor
  bool may_sleep = false;          // no work is coming for a while: the boards may go off
  std::optional<Follow> follow;
  ClosedFor closed_for;

  friend bool operator==(const Limits&, const Limits&) = default;
};

// What the scheduler has learned of a zone (HEAT section 1), for the agent's own control law and
// optimum start. 3R2C: air and mass, joined to each other and to outdoors.
struct ZoneModel {
  double air_capacity_j_per_k = 0;
  double mass_capacity_j_per_k = 0;
  double air_mass_k_per_w = 0;
  double air_outdoor_k_per_w = 0;
  double mass_outdoor_k_per_w = 0;
  double air_aperture_m2 = 0;  // of the sun, on the horizontal irradiance
  double mass_aperture_m2 = 0;

  friend bool operator==(const ZoneModel&, const ZoneModel&) = default;
};

// One hour of a plan.
struct PlanHour {
  Celsius t_ref;
  Celsius outdoor;  // forecast
  Watts hold;       // power that holds t_ref then, as forecast

  friend bool operator==(const PlanHour&, const PlanHour&) = default;
};

// What a node follows when it hears no more of us: hour i holds over [from + i h, from + (i + 1)
// h).
struct ZonePlan {
  UtcTime from{};
  std::vector<PlanHour> hours;     // 48, or fewer
  std::optional<ZoneModel> model;  // unset: none was accepted yet

  friend bool operator==(const ZonePlan&, const ZonePlan&) = default;
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

// A tank's thermometers and what hygiene asks of it.
struct TankReading {
  Reading top_c;
  Reading middle_c;
  Reading bottom_c;             // near the return of the compute loop
  Duration hygiene_due_in{};    // until the next lift must have ended; 0: due now
  Joules hygiene_energy;        // that the lift still needs from here
  bool hygiene_active = false;  // the lift runs
  std::uint64_t hygiene_done = 0;

  friend bool operator==(const TankReading&, const TankReading&) = default;
};

// What an agent knows of its node and its zone right now.
struct Telemetry {
  Reading air_temperature_c;  // of a tank: its mean
  Reading power_w;
  Watts power_wanted;                 // P_req of the control law, after all clamps
  std::optional<Celsius> setpoint;    // in force now; unset while OFF
  Celsius t_ref;                      // in force now, after clamping
  std::uint64_t limits_revision = 0;  // in force; 0: none, or expired
  bool safe_mode = false;             // sensor lost or implausible
  bool tripped = false;               // a latched trip inhibits heat
  bool window_open = false;
  bool asleep = false;      // boards off; wakes when its limits or its zone ask for it
  bool quiet = false;       // quiet hours hold the power down
  int minute_of_week = -1;  // civil time of the site, 0 = Monday 00:00; -1: not known
  std::optional<TankReading> tank;
  EnergyLedger energy;

  friend bool operator==(const Telemetry&, const Telemetry&) = default;
};

// Backstops of one service class, in kelvin above t_ref (DESIGN section 6).
struct ClassBand {
  Kelvins may_start_below;
  Kelvins must_stop_above;

  friend bool operator==(const ClassBand&, const ClassBand&) = default;
};

// Backstops of work that heats a tank, in kelvin of its mean above what the computers' loop can
// reach (TankFacts.compute_max; the return's bound counts alike): DESIGN section 6, tanks have
// their own table (choice).
struct TankBand {
  ClassBand reserved{Kelvins{-0.3}, Kelvins{0}};
  ClassBand on_demand{Kelvins{-0.8}, Kelvins{-0.2}};
  ClassBand flex{Kelvins{-2.5}, Kelvins{-1}};
  ClassBand filler{Kelvins{-8.5}, Kelvins{-7}};

  friend bool operator==(const TankBand&, const TankBand&) = default;
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
  TankBand tank;

  friend bool operator==(const HeatBand&, const HeatBand&) = default;
};

// "RADIATOR", "OFF", "GOOD", ...
std::string_view to_string(NodeKind kind);
std::string_view to_string(SetpointMode mode);
std::string_view to_string(SetpointOrigin origin);
std::string_view to_string(Quality quality);
std::optional<NodeKind> parse_node_kind(std::string_view text);

}  // namespace hearth::protocol
