#include "thermal/forecast_error.h"

#include <cmath>

namespace hearth::thermal {
namespace {

// Of kErrorHorizonsH.
constexpr std::array<double, 6> kRoots = {1,
                                          1.7320508075688772,
                                          2.4494897427831781,
                                          3.4641016151377546,
                                          4.8989794855663562,
                                          6.9282032302755092};

}  // namespace

double ForecastError::interpolated(const std::array<double, 6>& at_horizons, double hours) {
  if (!(hours > 0)) return 0;
  const double root = std::sqrt(hours);
  double root_before = 0;
  double value_before = 0;
  for (std::size_t i = 0; i < at_horizons.size(); ++i) {
    const double root_here = kRoots[i];
    if (root <= root_here) {
      const double share = (root - root_before) / (root_here - root_before);
      return value_before + share * (at_horizons[i] - value_before);
    }
    root_before = root_here;
    value_before = at_horizons[i];
  }
  return value_before;
}

}  // namespace hearth::thermal
