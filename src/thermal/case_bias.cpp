#include "thermal/case_bias.h"

#include <algorithm>
#include <cmath>

namespace hearth::thermal {
namespace {

constexpr double kStopS = 1800;
constexpr double kGapS = 600;
constexpr double kHotterMinK = 5;
constexpr double kNoiseK = 0.05;
constexpr double kPriorSigma = 0.05;
constexpr int kSamplesMin = 4;
constexpr int kStopsRemembered = 32;

bool usable(const CaseSample& s) {
  return std::isfinite(s.time_s) && std::isfinite(s.reading_c) && std::isfinite(s.heatsink_c) &&
         std::isfinite(s.power_w);
}

double excess_k(const CaseSample& s) {
  return s.heatsink_c - s.reading_c;
}

}  // namespace

double CaseBias::k() const {
  if (stops == 0) return kCaseSharePrior;
  constexpr double kPriorKappa = kCaseSharePrior / (1 - kCaseSharePrior);
  constexpr double kPriorPrecision = 1 / (kPriorSigma * kPriorSigma);
  const double fitted = (kPriorPrecision * kPriorKappa + right) / (kPriorPrecision + matrix);
  const double kappa = std::max(0.0, fitted);
  return std::min(kCaseShareMax, kappa / (1 + kappa));
}

bool CaseStops::take(const CaseSample& sample) {
  if (!usable(sample)) return false;
  const double passed_s = before_ ? sample.time_s - before_->time_s : 0;
  bool learned = false;
  if (before_ && !(passed_s > 0 && passed_s < kGapS)) learned = interrupt();
  const bool still = sample.power_w <= 0.1 * full_power_w_;
  if (stop_) {
    if (still && sample.time_s - stop_->first.time_s <= kStopS) {
      add(*stop_, sample);
    } else {
      learned = end_stop();
    }
  }
  const bool falls = still && before_ && before_->power_w >= 0.5 * full_power_w_;
  if (falls && excess_k(sample) >= kHotterMinK) {
    stop_.emplace();
    stop_->first = sample;
    add(*stop_, sample);
  }
  before_ = sample;
  return learned;
}

bool CaseStops::interrupt() {
  before_.reset();
  return end_stop();
}

void CaseStops::add(Stop& stop, const CaseSample& sample) {
  const double cooling_k = excess_k(sample) - excess_k(stop.first);
  const double change_k = sample.reading_c - stop.first.reading_c;
  stop.lasted_s = sample.time_s - stop.first.time_s;
  const double time = stop.lasted_s / kStopS;
  stop.cooling_squares += cooling_k * cooling_k;
  stop.cooling_time += cooling_k * time;
  stop.time_squares += time * time;
  stop.cooling_reading += cooling_k * change_k;
  stop.time_reading += time * change_k;
  ++stop.samples;
}

bool CaseStops::end_stop() {
  if (!stop_) return false;
  const Stop stop = *stop_;
  stop_.reset();
  return stop.samples >= kSamplesMin && stop.lasted_s >= 0.9 * kStopS && learn(stop);
}

// Each stop's own slope is eliminated, so that one equation in kappa is left. False if the samples
// cannot tell the two courses apart.
bool CaseStops::learn(const Stop& stop) {
  if (!(stop.time_squares > 0)) return false;
  const double per_time = stop.cooling_time / stop.time_squares;
  const double matrix = stop.cooling_squares - stop.cooling_time * per_time;
  const double right = stop.cooling_reading - stop.time_reading * per_time;
  if (!(matrix > 0) || !std::isfinite(matrix) || !std::isfinite(right)) return false;
  constexpr double kPrecision = 1 / (kNoiseK * kNoiseK);
  if (bias_.stops >= kStopsRemembered) {
    constexpr double kKept = 1 - 1.0 / kStopsRemembered;
    bias_.matrix *= kKept;
    bias_.right *= kKept;
  }
  ++bias_.stops;
  bias_.matrix += kPrecision * matrix;
  bias_.right += kPrecision * right;
  return true;
}

CaseBias fit_case_bias(std::span<const CaseSample> samples) {
  double largest_w = 0;
  for (const auto& s : samples) {
    if (usable(s)) largest_w = std::max(largest_w, s.power_w);
  }
  if (!(largest_w > 0)) return {};
  CaseStops stops(largest_w);
  for (const auto& sample : samples) (void)stops.take(sample);
  (void)stops.interrupt();
  return stops.bias();
}

}  // namespace hearth::thermal
