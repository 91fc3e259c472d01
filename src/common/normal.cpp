#include "common/normal.h"

#include <algorithm>
#include <cmath>

namespace hearth {

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

double normal_quantile(double p) {
  constexpr double kA[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                           1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr double kB[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                           6.680131188771972e+01, -1.328068155288572e+01};
  constexpr double kC[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                           -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
  constexpr double kD[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                           3.754408661907416e+00};
  constexpr double kTail = 0.02425;
  const double q = std::clamp(p, 1e-9, 1 - 1e-9);
  const auto tail = [&](double share) {
    const double t = std::sqrt(-2 * std::log(share));
    return (((((kC[0] * t + kC[1]) * t + kC[2]) * t + kC[3]) * t + kC[4]) * t + kC[5]) /
           ((((kD[0] * t + kD[1]) * t + kD[2]) * t + kD[3]) * t + 1);
  };
  if (q < kTail) return tail(q);
  if (q > 1 - kTail) return -tail(1 - q);
  const double c = q - 0.5;
  const double r = c * c;
  return (((((kA[0] * r + kA[1]) * r + kA[2]) * r + kA[3]) * r + kA[4]) * r + kA[5]) * c /
         (((((kB[0] * r + kB[1]) * r + kB[2]) * r + kB[3]) * r + kB[4]) * r + 1);
}

}  // namespace hearth
