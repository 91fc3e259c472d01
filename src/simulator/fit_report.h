// What hearth-sim fit finds out: the model from the training days, its scores on the test days.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "simulator/fit_csv.h"
#include "thermal/room_fit.h"

namespace hearth::simulator {

struct FitRequest {
  std::string name;                      // of the file, for messages
  std::pair<double, double> train_days;  // since the first line
  std::pair<double, double> test_days;
  double ua0_w_per_k = 0;  // 0: from the first day of training
};

struct FitReport {
  thermal::RoomFit fit;
  thermal::ForecastScore score;
  thermal::DemandScore demand;
  double fit_wall_s = 0;
  // For the plot, from the first test step on: measured (NaN: missing) and 24 h ahead.
  double first_day = 0;
  std::vector<double> measured_c;
  std::vector<thermal::ForecastPoint> day_ahead;  // `at` counts from first_day
};

// HEAT section 1, "Definitions". kInvalidArgument where the days do not fit the recording.
Result<FitReport> make_fit_report(const RecordedRoom& room, const FitRequest& request);

std::string fit_json(const FitReport& report);
std::string fit_text(const FitReport& report);
// A page of its own: measured against 24 h ahead, and the errors by horizon.
std::string fit_svg(const FitReport& report);

}  // namespace hearth::simulator
