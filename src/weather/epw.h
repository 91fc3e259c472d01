// EnergyPlus weather files: a typical year, hour by hour, at one place. Parses text; reading the
// file is the adapter's job.
//
// Hour h of a day (1 to 24) is the mean over [h-1, h] in local standard time.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "common/result.h"
#include "weather/series.h"

namespace hearth::weather {

struct Epw {
  std::string place;
  Site site;
  double utc_offset_h = 0;  // of local standard time
  double elevation_m = 0;
  std::vector<Hour> hours;  // 8760, from 1 January 00:00 local standard time
};

// kInvalidArgument names line and field: too few fields, not a number, out of range, missing
// (EPW's 99.9, 9999), hours out of order, not a year of 8760 hours.
Result<Epw> parse_epw(std::string_view text);

// The typical year laid over the calendar: `hours` hours from `start` (UTC, on the hour). 29
// February repeats the 28th. Where the offset is no whole hour, hours are mixed by their shares.
Record record_of(const Epw& epw, UtcTime start, int hours);

}  // namespace hearth::weather
