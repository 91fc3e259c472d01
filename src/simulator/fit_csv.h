// Reads a recorded room from a CSV file onto the model's grid of 600 s.
//
// One header line; columns by name; "," ";" or tab between them, whichever the header has most of;
// where it is not ",", numbers may be written 20,5. Empty, NaN, NA and null are missing. Times are
// seconds or RFC 3339 (a blank for the T will do, and none for the Z) and must rise.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "thermal/room_history.h"

namespace hearth::simulator {

struct FitColumns {
  std::string time;
  std::vector<std::string> zone;   // °C; the zone is their mean
  std::vector<std::string> power;  // W; the heat is their sum
  std::string outdoor;             // °C
  std::string irradiance;          // W/m2; empty: there is none
};

// As the file has it, one entry per line; NaN: missing.
struct RecordedRoom {
  std::vector<double> time_s;  // since the first line
  std::vector<double> zone_c;
  std::vector<double> power_w;
  std::vector<double> outdoor_c;
  std::vector<double> irradiance_w_per_m2;  // empty without such a column
  double sensor_std_k = 0.03;               // from the quanta that the zone columns show
};

// kInvalidArgument, naming `name` and the line or the column, for what cannot be read.
// A zone column that misses a value is stood in for by the others, shifted by how much it usually
// differs from them; a missing power makes the sum missing.
Result<RecordedRoom> parse_recorded_room(std::string_view text, const FitColumns& columns,
                                         const std::string& name);

// On the grid that starts at the first line. Inputs: each line holds until the next one, means over
// each step; missing where lines are missing for more than three of their usual periods. Air: the
// instant's reading; the mean of ten minutes around it where lines come every 300 s or more often;
// between neighbours where they come up to 20 minutes apart; else missing between them.
// kInvalidArgument for more than 20 years.
Result<thermal::RoomHistory> on_grid(const RecordedRoom& room);

}  // namespace hearth::simulator
