#include "thermal/case_bias.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hearth::thermal {
namespace {

constexpr double kStopS = 1800;
constexpr double kHotterMinK = 5;
constexpr double kNoiseK = 0.05;
constexpr std::size_t kSamplesMin = 4;

bool usable(const CaseSample& s) {
  return std::isfinite(s.time_s) && std::isfinite(s.reading_c) && std::isfinite(s.heatsink_c) &&
         std::isfinite(s.power_w);
}

// Normal equations in kappa alone, once a stop's own slope is eliminated.
struct Evidence {
  double matrix = 0;
  double right = 0;
};

// False if the samples cannot tell the two courses apart.
bool add_stop(std::span<const CaseSample> stop, Evidence& evidence) {
  const auto& first = stop.front();
  const double excess_first_k = first.heatsink_c - first.reading_c;
  double cooling_squares = 0;
  double cooling_time = 0;
  double time_squares = 0;
  double cooling_reading = 0;
  double time_reading = 0;
  for (const auto& sample : stop) {
    const double cooling_k = (sample.heatsink_c - sample.reading_c) - excess_first_k;
    const double time = (sample.time_s - first.time_s) / kStopS;
    const double change_k = sample.reading_c - first.reading_c;
    cooling_squares += cooling_k * cooling_k;
    cooling_time += cooling_k * time;
    time_squares += time * time;
    cooling_reading += cooling_k * change_k;
    time_reading += time * change_k;
  }
  if (!(time_squares > 0)) return false;
  const double matrix = cooling_squares - cooling_time * cooling_time / time_squares;
  const double value = cooling_reading - cooling_time * time_reading / time_squares;
  if (!(matrix > 0) || !std::isfinite(value)) return false;
  evidence.matrix += matrix / (kNoiseK * kNoiseK);
  evidence.right += value / (kNoiseK * kNoiseK);
  return true;
}

}  // namespace

CaseBias fit_case_bias(std::span<const CaseSample> samples) {
  std::vector<CaseSample> all(samples.begin(), samples.end());
  std::erase_if(all, [](const CaseSample& s) { return !usable(s); });
  double largest_w = 0;
  for (const auto& s : all) largest_w = std::max(largest_w, s.power_w);
  constexpr double kPriorKappa = kCaseSharePrior / (1 - kCaseSharePrior);
  constexpr double kPriorPrecision = 1 / (0.05 * 0.05);
  Evidence evidence{kPriorPrecision, kPriorPrecision * kPriorKappa};
  CaseBias bias;
  for (std::size_t i = 1; largest_w > 0 && i < all.size(); ++i) {
    const bool falls = all[i - 1].power_w >= 0.5 * largest_w && all[i].power_w <= 0.1 * largest_w;
    if (!falls || all[i].heatsink_c - all[i].reading_c < kHotterMinK) continue;
    auto end = i;
    while (end < all.size() && all[end].power_w <= 0.1 * largest_w &&
           all[end].time_s - all[i].time_s <= kStopS) {
      ++end;
    }
    const auto stop = std::span(all).subspan(i, end - i);
    const bool long_enough = stop.back().time_s - stop.front().time_s >= 0.9 * kStopS;
    if (stop.size() >= kSamplesMin && long_enough && add_stop(stop, evidence)) ++bias.stops;
  }
  if (bias.stops > 0) {
    const double kappa = std::max(0.0, evidence.right / evidence.matrix);
    bias.k = std::min(kCaseShareMax, kappa / (1 + kappa));
  }
  return bias;
}

}  // namespace hearth::thermal
