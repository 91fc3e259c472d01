// The room that the simulator simulates: ISO 13790's 5R1C with an air capacity, and a radiator.
//
// Structurally different on purpose from the model the scheduler learns (HEAT sections 1 and 2).
// Pure numerics: no clock, no randomness. One room per object; not thread-safe.
#pragma once

#include "common/time.h"
#include "common/units.h"

namespace hearth::thermal {

// ISO 13790:2008 table 12, "very light" to "very heavy".
enum class MassClass { kVeryLight, kLight, kMedium, kHeavy, kVeryHeavy };

struct RoomParameters {
  double floor_area_m2 = 20;                // Af
  double mass_area_per_floor_area = 2.5;    // Am / Af
  double mass_j_per_k_m2 = 165'000;         // Cm / Af
  double air_j_per_k_m2 = 10'000;           // air and furniture, per m2 of floor; 0 as in BESTEST
  double surface_to_air_w_per_k_m2 = 3.45;  // h_is, ISO 13790 7.2.2.2
  double opaque_w_per_k = 8;                // Htr_op: walls, roof, floor
  double window_w_per_k = 6;                // Htr_w
  double ventilation_w_per_k = 6;           // Hve = 1200 V ach / 3600, V in m3
  // Shrinks every capacity, the radiator's too: at 1/60 a minute shows what an hour would.
  double capacity_scale = 1;
};

// A room of `floor_area_m2` that loses `ua_w_per_k` in all when steadily heated to its air, split
// 40 % opaque, 30 % windows, 30 % ventilation (our choice). Requires both > 0 and a loss that such
// a floor area can have: ua < 6 W/K per m2.
RoomParameters room_with_loss(double floor_area_m2, double ua_w_per_k, MassClass mass);

// A finned body between computer and room: Ch dTh/dt = P - UA_h |Th - Ta|^0.24 (Th - Ta).
// Rated 0: there is no body, the power is heat (cooling, if negative) given straight to the room.
struct RadiatorParameters {
  Watts rated{500};
  double j_per_k_per_rated_w = 37;
  double radiative_share = 0.35;  // to the surfaces; the rest to the air
  Kelvins excess_at_rated{40};    // so UA_h = rated / 40^1.24; time constant about 25 min
};

struct Weather {
  Celsius outdoor{5};  // also the supply air
  Watts solar;         // entering through the windows
  Watts internal;      // people and their devices: half to the air (ISO 13790 C.2)
  // Sun absorbed by walls and roof less what they lose to a sky colder than the air, as far as it
  // comes through (times U Rse): may be negative. It joins the solar gains (ISO 13790 11.3.2).
  Watts opaque;
};

struct RoomState {
  Celsius air{20};
  Celsius surfaces{20};
  Celsius mass{20};
  Celsius radiator{20};
};

class SimulatedRoom {
 public:
  SimulatedRoom(RoomParameters room, RadiatorParameters radiator, Celsius start);

  // Advances by `elapsed` with constant inputs; `power` is the electric power into the radiator.
  // Steps of at most 60 s (scaled with the capacities) are taken inside, Crank-Nicolson in the
  // mass as in ISO 13790 C.3, implicit in air and radiator: stable for any `elapsed`.
  void step(Watts power, const Weather& weather, Duration elapsed);

  // The power in [lowest, highest], constant over `elapsed`, that brings the air to `target` at its
  // end, or the bound nearest to it: exact, since the room is linear in power. Changes nothing.
  // Requires a room without a radiator (rated 0): BESTEST, and the policy that heats ideally.
  Watts power_to_reach(Celsius target, const Weather& weather, Duration elapsed, Watts lowest,
                       Watts highest);

  // A window is opened or closed. Cheap where nothing changes.
  void set_ventilation(double w_per_k);

  const RoomState& state() const { return state_; }
  Celsius operative() const;                  // 0.3 air + 0.7 surfaces, ISO 13790 C.3
  Watts emitted() const { return emitted_; }  // by the radiator, mean over the last inner step

  // The steady loss per kelvin between air and outdoors under purely convective heating, W/K.
  double ua_w_per_k() const;
  // Time constant of the room without heating, s: (Cm + C_air) / UA.
  double time_constant_s() const;

 private:
  // What one inner step needs, as long as its length and the ventilation stay: a fleet takes
  // tens of millions of steps.
  struct Coefficients {
    double supply_outdoor, supply_air;        // W/K: ventilation, and storage in the air over dt
    double surface_part, em, w, ms, is;       // of the air's drive into the surface node; W/K
    double total_part;                        // of the surface node's drive into the mass
    double mass_keep, mass_gain;              // Tm+ = keep Tm + gain total
    double surfaces_gain, air_gain;           // K/W
    double gains_to_mass, gains_to_surfaces;  // shares of what is spread
    double radiator_rate, radiator_film;      // C/dt, W/K; UA_h, W/K^1.24
    double radiator_gain;                     // K/W over dt
  };
  void prepare(Duration elapsed);
  void inner_step(double power_w, const Weather& weather);

  RoomParameters room_;
  RadiatorParameters radiator_;
  RoomState state_;
  Watts emitted_{};
  Duration prepared_for_{};  // 0: nothing is prepared
  int steps_ = 0;            // inner steps in prepared_for_
  Coefficients at_step_{};
};

}  // namespace hearth::thermal
