// Forecasts that somebody else made, given as a file's text: JSON
// {"hours": [{"time": "2026-01-03T06:00:00Z", "outdoor_temperature_c": 3.5,
// "irradiance_w_per_m2": 120}, ...]} or CSV with the header
// time,outdoor_temperature_c,irradiance_w_per_m2. A row is the mean over the hour that begins at
// its time.
#pragma once

#include <string_view>

#include "common/result.h"
#include "weather/series.h"

namespace hearth::weather {

// Takes what begins with "{" for JSON. kInvalidArgument names the line (CSV) or the entry (JSON)
// and the field: syntax, missing or unknown fields, not finite or outside -90..60 degC and
// 0..1500 W/m2, hours that are missing, double, out of order or not one hour apart; no hours.
Result<Series> parse_forecast(std::string_view text);

}  // namespace hearth::weather
