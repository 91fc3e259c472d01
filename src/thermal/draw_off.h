// How households draw hot water over a day: the load profiles of EU regulation 814/2013, annex III,
// table 1 (those of EN 16147), and random days around them.
#pragma once

#include <span>
#include <vector>

#include "common/random.h"
#include "thermal/simulated_tank.h"

namespace hearth::thermal {

enum class LoadProfile { kS, kM, kL, kXl };

struct DrawOff {
  int minute = 0;        // of the day, local time
  double kwh = 0;        // useful energy, over the cold water
  double l_per_min = 0;  // least flow
  double useful_c = 0;   // Tm: water counts from this temperature on
  double peak_c = 0;     // Tp: to be reached; 0: none

  friend bool operator==(const DrawOff&, const DrawOff&) = default;
};

// In order of time.
std::span<const DrawOff> load_profile(LoadProfile profile);
// Qref of the same regulation, kWh a day: what a profile's draw-offs add up to.
double reference_kwh(LoadProfile profile);

struct DrawVariation {
  double amount_ln = 0.3;  // std of the logarithm of each draw-off's energy
  double day_ln = 0.2;     // of the whole day's
  double minutes = 15;     // std of the time of each
};

// One household's one day: each draw-off moved and scaled, in order of time, within the day. The
// mean over many days is the profile's energy times `household`, e.g. 1. The spread is our choice.
std::vector<DrawOff> random_day(LoadProfile profile, double household, Random& random,
                                const DrawVariation& variation = {});

// What is asked of the tank: litres at the tap that hold `kwh` over `cold`, at Tp where there is
// one, else at Tm (at least 10 K over the cold water, else a lukewarm draw would be endless).
TapDraw tap_draw(const DrawOff& draw_off, Celsius cold);

}  // namespace hearth::thermal
