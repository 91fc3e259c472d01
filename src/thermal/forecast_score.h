// How good forecasts of a recorded room are, by the definitions of HEAT section 1.
//
// The filter runs from the start of the history with frozen parameters to each origin, then the
// model goes on alone with the measured weather and power. Pure; one pass over the history.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "thermal/forecast_error.h"
#include "thermal/room_filter.h"
#include "thermal/room_history.h"

namespace hearth::thermal {

// Origins every hour: first_origin, first_origin + 6, ...; a forecast counts while its instant lies
// in [first_judged, last_judged], its inputs are known and both temperatures were measured.
struct ScoreWindow {
  std::size_t first_origin = 0;
  std::size_t first_judged = 0;
  std::size_t last_judged = 0;
};

struct ForecastScore {
  std::array<std::optional<double>, 6> rmse_k;  // at kErrorHorizonsH; none without a forecast
  std::array<std::optional<double>, 6> persistence_k;
  std::array<std::size_t, 6> n{};
  FilterCounts filter;  // over the whole run
};

ForecastScore score_forecasts(const RoomModel& model, const FilterOptions& options,
                              const PreparedHistory& history, const ScoreWindow& window);

// Energy over 24 h, from origins whose measured temperature stays within 0.3 K of T(t0) for 24 h:
// measured against what holds T(t0) exactly. `cv_rmse` and `bias` (both over the mean measured
// energy) are none if n < 24.
struct DemandScore {
  std::optional<double> cv_rmse;
  std::optional<double> bias;
  std::size_t n = 0;
};

DemandScore score_demand(const RoomModel& model, const FilterOptions& options,
                         const PreparedHistory& history, const ScoreWindow& window);

// Every forecast of one horizon in the window, for plots: where it points and what it said.
struct ForecastPoint {
  std::size_t at = 0;
  double air_c = 0;
};
std::vector<ForecastPoint> forecasts_ahead(const RoomModel& model, const FilterOptions& options,
                                           const PreparedHistory& history,
                                           const ScoreWindow& window, std::size_t steps);

// The filter's estimate at every step from 0 to `last`, both included; what is not yet started is
// none. Shared by fits, scores and plots.
struct FilterRun {
  std::vector<std::optional<RoomEstimate>> estimates;
  FilterCounts counts;
};
FilterRun run_filter(const RoomModel& model, const FilterOptions& options,
                     const PreparedHistory& history, std::size_t last);

}  // namespace hearth::thermal
