// What a room's energy alone says about it: the loss UA, and whether there is more to learn.
//
// Good control starves learning: a room held at one temperature shows its loss, not its capacities
// (HEAT section 1). Pure functions of a history.
#pragma once

#include <optional>

#include "thermal/room_history.h"

namespace hearth::thermal {

// UA0: energy over degree-hours of the first day with known inputs, W/K within 3-500; none where
// the room was hardly heated or hardly warmer than outdoors. HEAT section 1, "Prior". Not steady:
// the air ended more than 1 K from where it began, and what was stored or given back misleads.
struct FirstDay {
  double ua_w_per_k = 0;
  bool steady = false;
};
std::optional<FirstDay> first_day_ua_w_per_k(const PreparedHistory& history);

// UA from daily means, P = UA (T - To) - A I + C dT/dt, least squares with wide priors around the
// answer itself, sought from `ua0` on; days count the less the more they warm or cool. None with
// fewer than three days of heating, or where they do not say (3 to 500 W/K). Uses the steps
// [0, last).
std::optional<double> signature_ua_w_per_k(const PreparedHistory& history, std::size_t last,
                                           double ua0_w_per_k);

// HEAT section 1, "Excitation": std(P) > 15 % of power_max_w, or the setpoint moved more than 1 K.
// power_max_w 0: the 99 % quantile of the power stands in for it. No setpoint known: the middle
// 90 % of the air temperatures stand in for it (our choices).
bool excited(const RoomHistory& history, double power_max_w);

// HEAT section 1, "Fall back", no data: P = UA0 (T_set - To, mean of 24 h), not below 0.
double fallback_hold_power_w(double ua0_w_per_k, double setpoint_c, double outdoor_24h_c);

}  // namespace hearth::thermal
