#include "thermal/room_filter.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hearth::thermal {
namespace {

// HEAT section 1, "State": standard deviations per 600 s, scaled with the square root of time.
constexpr std::array<double, 3> kProcessVariance = {0.01 * 0.01, 0.01 * 0.01, 15.0 * 15.0};
constexpr std::array<double, 3> kStartVariance = {0.01, 9, 200.0 * 200.0};
constexpr std::array<double, 3> kReopenVariance = {1, 1, 200.0 * 200.0};
constexpr double kGateSigma = 5;
constexpr int kSkippedBeforeReopening = 3;

Matrix<3, 3> propagated(const Matrix<3, 3>& covariance, const RoomStep& step) {
  Matrix<3, 3> a;
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) a(r, c) = step.a()(r, c);
  }
  auto next = a * covariance * transposed(a);
  for (std::size_t i = 0; i < 3; ++i) {
    next(i, i) += kProcessVariance[i] * step.step_s() / kModelStepS;
  }
  return next;
}

void add_diagonal(Matrix<3, 3>& covariance, const std::array<double, 3>& variance) {
  for (std::size_t i = 0; i < 3; ++i) covariance(i, i) += variance[i];
}

}  // namespace

double sensor_std_k(double quantum_k) {
  return quantum_k > 0 ? std::max(0.03, quantum_k / std::sqrt(12.0)) : 0.03;
}

RoomFilter::RoomFilter(const RoomModel& model, FilterOptions options)
    : model_(model), options_(options), step_(model, kModelStepS, options.lag_s) {}

void RoomFilter::set_model(const RoomModel& model) {
  model_ = model;
  step_ = RoomStep(model, kModelStepS, options_.lag_s);
}

void RoomFilter::start(double reading_c, double heat_w) {
  started_ = true;
  skipped_in_a_row_ = 0;
  estimate_ = {reading_c, reading_c - 1, 0, heat_w};
  covariance_ = {};
  add_diagonal(covariance_, kStartVariance);
}

RoomInput RoomFilter::known(const RoomInput& during) {
  if (std::isfinite(during.outdoor_c)) last_known_.outdoor_c = during.outdoor_c;
  if (std::isfinite(during.heat_w)) last_known_.heat_w = during.heat_w;
  if (std::isfinite(during.irradiance_w_per_m2)) {
    last_known_.irradiance_w_per_m2 = during.irradiance_w_per_m2;
  }
  return last_known_;
}

void RoomFilter::advance(double elapsed_s, const RoomInput& during, double reading_c) {
  if (!(elapsed_s > 0)) return;
  const auto input = known(during);
  const bool has_reading = std::isfinite(reading_c);
  if (started_ && elapsed_s > options_.restart_after_s) {
    started_ = false;
    ++counts_.restarts;
  }
  if (!started_) {
    if (has_reading) {
      start(reading_c, input.heat_w);
      ++counts_.readings;
    } else {
      ++counts_.missing;
    }
    return;
  }
  if (elapsed_s == kModelStepS) {
    predict(step_, input);
  } else {
    predict(RoomStep(model_, elapsed_s, options_.lag_s), input);
  }
  if (has_reading) {
    correct(reading_c);
  } else {
    ++counts_.missing;
  }
}

void RoomFilter::predict(const RoomStep& step, const RoomInput& during) {
  estimate_ = step.advance(estimate_, during);
  covariance_ = propagated(covariance_, step);
}

void RoomFilter::correct(double reading_c) {
  const double sensor_variance = options_.sensor_std_k * options_.sensor_std_k;
  const double innovation = reading_c - estimate_.air_c;
  const auto beyond_gate = [&] {
    return std::abs(innovation) > kGateSigma * std::sqrt(covariance_(0, 0) + sensor_variance);
  };
  if (beyond_gate() && skipped_in_a_row_ < kSkippedBeforeReopening) {
    ++counts_.skipped;
    ++skipped_in_a_row_;
    return;
  }
  // Skipping for ever would lock the filter out: what keeps being said is true (HEAT section 1).
  if (beyond_gate()) {
    add_diagonal(covariance_, kReopenVariance);
    ++counts_.events;
  }
  skipped_in_a_row_ = 0;
  ++counts_.readings;
  const double variance = covariance_(0, 0) + sensor_variance;
  const std::array<double, 3> gain = {covariance_(0, 0) / variance, covariance_(1, 0) / variance,
                                      covariance_(2, 0) / variance};
  estimate_.air_c += gain[0] * innovation;
  estimate_.mass_c += gain[1] * innovation;
  estimate_.gain_w += gain[2] * innovation;
  // Joseph's form, (I - KH) P (I - KH)' + K r K': stays positive whatever the rounding.
  Matrix<3, 3> keep;
  for (std::size_t i = 0; i < 3; ++i) {
    keep(i, i) = 1;
    keep(i, 0) -= gain[i];
  }
  covariance_ = keep * covariance_ * transposed(keep);
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) covariance_(r, c) += gain[r] * gain[c] * sensor_variance;
  }
}

double RoomFilter::forecast_std_k(double ahead_s) const {
  auto covariance = covariance_;
  const auto steps = static_cast<int>(std::min(ahead_s, 48 * 3600.0) / kModelStepS + 0.5);
  for (int i = 0; i < steps; ++i) covariance = propagated(covariance, step_);
  return std::sqrt(covariance(0, 0));
}

}  // namespace hearth::thermal
