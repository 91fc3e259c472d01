#include "thermal/room_model.h"

#include <cmath>

#include "common/check.h"

namespace hearth::thermal {
namespace {

// So far from everything that it neither stores nor loses anything that matters.
constexpr double kCutOffKPerW = 1e6;

bool in(double value, double low, double high) {
  return value >= low && value <= high;
}

// Without lag the last state is not integrated: it only remembers the heat.
Matrix<7, 7> rates(const RoomModel& m, double lag_s) {
  Matrix<7, 7> f;  // air, mass, gain, emitted | outdoors, heat, irradiance
  f(0, 0) = -(1 / m.rim_k_per_w + 1 / m.rio_k_per_w) / m.ci_j_per_k;
  f(0, 1) = 1 / (m.rim_k_per_w * m.ci_j_per_k);
  f(0, 2) = 1 / m.ci_j_per_k;
  f(0, 4) = 1 / (m.rio_k_per_w * m.ci_j_per_k);
  f(0, 6) = m.ai_m2 / m.ci_j_per_k;
  f(1, 0) = 1 / (m.rim_k_per_w * m.cm_j_per_k);
  f(1, 1) = -(1 / m.rim_k_per_w + 1 / m.rmo_k_per_w) / m.cm_j_per_k;
  f(1, 4) = 1 / (m.rmo_k_per_w * m.cm_j_per_k);
  f(1, 6) = m.am_m2 / m.cm_j_per_k;
  f(2, 2) = -1 / kGainFadeS;
  if (lag_s > 0) {
    f(0, 3) = 1 / m.ci_j_per_k;
    f(3, 3) = -1 / lag_s;
    f(3, 5) = 1 / lag_s;
  } else {
    f(0, 5) = 1 / m.ci_j_per_k;
  }
  return f;
}

}  // namespace

RoomModel prior_room(double ua0) {
  CHECK(ua0 > 0);
  const double capacity = ua0 * 40 * 3600;
  return {0.12 * capacity, capacity, 1 / (6 * ua0), 2.5 / ua0, 1.7 / ua0, 1, 1};
}

RoomModel single_capacity_room(double ua, double c, double aperture_m2) {
  CHECK(ua > 0 && c > 0 && aperture_m2 >= 0);
  return {c, 1e6, kCutOffKPerW, 1 / ua, kCutOffKPerW, aperture_m2, 0};
}

double prior_ua_w_per_k(double floor_area_m2, Insulation insulation) {
  switch (insulation) {
    case Insulation::kNew:
      return 0.8 * floor_area_m2;
    case Insulation::kAverage:
      return 1.5 * floor_area_m2;
    case Insulation::kPoor:
      return 2.5 * floor_area_m2;
  }
  return 1.5 * floor_area_m2;
}

bool within_bounds(const RoomModel& m) {
  const bool resistances =
      in(m.rim_k_per_w, 1e-9, 1e9) && in(m.rio_k_per_w, 1e-9, 1e9) && in(m.rmo_k_per_w, 1e-9, 1e9);
  return resistances && in(m.ci_j_per_k, 0.05e6, 20e6) && in(m.cm_j_per_k, 0.5e6, 300e6) &&
         in(m.ua_w_per_k(), 3, 500) && in(m.ai_m2, 0, 1000) && in(m.am_m2, 0, 1000);
}

RoomStep::RoomStep(const RoomModel& model, double step_s, double lag_s) : step_s_(step_s) {
  CHECK(step_s > 0 && lag_s >= 0);
  CHECK(model.ci_j_per_k > 0 && model.cm_j_per_k > 0 && model.rim_k_per_w > 0 &&
        model.rio_k_per_w > 0 && model.rmo_k_per_w > 0);
  auto f = rates(model, lag_s);
  for (auto& row : f.rows) {
    for (double& value : row) value *= step_s;
  }
  const auto e = exponential(f);
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t c = 0; c < 4; ++c) a_(r, c) = e(r, c);
    for (std::size_t c = 0; c < 3; ++c) b_(r, c) = e(r, 4 + c);
  }
  if (!(lag_s > 0)) {
    a_(3, 3) = 0;
    b_(3, 1) = 1;
  }
}

}  // namespace hearth::thermal
