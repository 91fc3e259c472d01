// What the weather service says: the coming days, wrong as forecasts are (HEAT section 1,
// "Uncertainty"). Every policy that asks gets the same.
#pragma once

#include "simulator/world.h"
#include "weather/series.h"

namespace hearth::simulator {

inline constexpr int kForecastEveryMinutes = 6 * 60;

// The forecast issued at this minute: an hour back, three days ahead. The outdoor temperature errs
// by an AR(1) process whose std grows from 0.5 K at 1 h to 2 K at 48 h, the sun by a share of 30 %
// (our choice), both scaled with the scenario's forecast_error_k.
weather::Series forecast_at(const World& world, int minute);

}  // namespace hearth::simulator
