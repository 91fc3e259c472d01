#include "thermal/simulated_tank.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "common/check.h"

namespace hearth::thermal {
namespace {

constexpr double kStepMaxS = 60;
constexpr double kShareMax = 0.25;  // of a layer that moves on at once

}  // namespace

SimulatedTank::SimulatedTank(TankParameters tank, Celsius start) : tank_(tank) {
  CHECK(tank_.layers >= 4 && tank_.layers <= kTankLayersMax && tank_.volume_l > 0);
  CHECK(tank_.loss_w_per_k >= 0 && tank_.conduction_w_per_k >= 0 && tank_.loop_l_per_s >= 0);
  t_.fill(start.value);
}

double SimulatedTank::layer_j_per_k() const {
  return tank_.volume_l * kWaterJPerKLitre / static_cast<double>(tank_.layers);
}

Watts SimulatedTank::step(const TankInputs& inputs, Duration elapsed) {
  const double total_s = to_seconds(elapsed);
  if (!(total_s > 0)) return {};
  const double layer_l = tank_.volume_l / static_cast<double>(tank_.layers);
  const double moved_l = tank_.loop_l_per_s * total_s;
  const auto steps = static_cast<int>(
      std::max(std::ceil(total_s / kStepMaxS), std::ceil(moved_l / (kShareMax * layer_l))));
  const double dt_s = total_s / steps;
  const double c = layer_j_per_k();
  double taken_j = 0;
  for (int i = 0; i < steps; ++i) {
    taken_j += loop(inputs, dt_s);
    const double resistance_w = std::clamp(inputs.resistance.value, 0.0, tank_.resistance.value);
    t_[tank_.layers / 3] += resistance_w * dt_s / c;
    book_.resistance_j += resistance_w * dt_s;
    for (std::size_t n = 0; n + 1 < tank_.layers; ++n) {
      const double flow_k = tank_.conduction_w_per_k * (t_[n] - t_[n + 1]) * dt_s / c;
      t_[n] -= flow_k;
      t_[n + 1] += flow_k;
    }
    // Exact for a layer by itself, so that no step is too long.
    const double ua = tank_.loss_w_per_k / static_cast<double>(tank_.layers);
    const double share = -std::expm1(-ua * dt_s / c);
    for (std::size_t n = 0; n < tank_.layers; ++n) {
      const double lost_k = share * (t_[n] - inputs.ambient.value);
      t_[n] -= lost_k;
      book_.lost_j += c * lost_k;
    }
    mix_inversions();
  }
  book_.compute_j += taken_j;
  book_.refused_j += std::max(0.0, inputs.compute.value * total_s - taken_j);
  return Watts{taken_j / total_s};
}

double SimulatedTank::loop(const TankInputs& inputs, double dt_s) {
  const std::size_t bottom = tank_.layers - 1;
  const double lift_k = tank_.compute_max.value - t_[bottom];
  const double offered_j = std::max(0.0, inputs.compute.value) * dt_s;
  const double litres_max = tank_.loop_l_per_s * dt_s;
  double litres = inputs.circulate ? litres_max : 0;
  double taken_j = 0;
  if (lift_k > 0 && offered_j > 0) {
    taken_j = std::min(offered_j, litres_max * kWaterJPerKLitre * lift_k);
    if (!inputs.circulate) litres = taken_j / (kWaterJPerKLitre * lift_k);
  }
  if (!(litres > 0)) return 0;
  const double returned_c = t_[bottom] + taken_j / (litres * kWaterJPerKLitre);
  const double share = litres / (tank_.volume_l / static_cast<double>(tank_.layers));
  // Downwards through all layers, from the bottom up so that each reads its neighbour's old value.
  for (std::size_t n = bottom; n > 0; --n) t_[n] += share * (t_[n - 1] - t_[n]);
  t_[0] += share * (returned_c - t_[0]);
  return taken_j;
}

Delivered SimulatedTank::draw(const TapDraw& draw, Celsius cold) {
  CHECK(draw.litres >= 0);
  const double layer_l = tank_.volume_l / static_cast<double>(tank_.layers);
  Delivered delivered;
  delivered.peak = cold;
  double left_l = draw.litres;
  while (left_l > 0) {
    const double litres = std::min(left_l, kShareMax * layer_l);
    left_l = litres < left_l ? left_l - litres : 0;
    const double hot = t_[0];
    const bool mixes = hot > draw.tap.value && draw.tap > cold;
    const double from_tank = mixes ? litres * (draw.tap - cold).value / (hot - cold.value) : litres;
    const Celsius at_tap = mixes ? draw.tap : Celsius{hot};
    const double share = from_tank / layer_l;
    for (std::size_t n = 0; n + 1 < tank_.layers; ++n) t_[n] += share * (t_[n + 1] - t_[n]);
    t_[tank_.layers - 1] += share * (cold.value - t_[tank_.layers - 1]);
    delivered.litres += litres;
    delivered.energy_j += from_tank * kWaterJPerKLitre * (hot - cold.value);
    if (at_tap < draw.useful) delivered.unmet_l += litres;
    delivered.peak = std::max(delivered.peak, at_tap);
  }
  mix_inversions();  // a tank colder than the mains
  book_.drawn_j += delivered.energy_j;
  book_.delivered_l += delivered.litres;
  book_.unmet_l += delivered.unmet_l;
  return delivered;
}

// Pools neighbours that lie upside down to their mean, as buoyancy does within minutes.
void SimulatedTank::mix_inversions() {
  std::array<double, kTankLayersMax> mean{};
  std::array<std::size_t, kTankLayersMax> size{};
  std::size_t pools = 0;
  for (std::size_t n = 0; n < tank_.layers; ++n) {
    mean[pools] = t_[n];
    size[pools++] = 1;
    while (pools > 1 && mean[pools - 2] < mean[pools - 1]) {
      const auto a = static_cast<double>(size[pools - 2]);
      const auto b = static_cast<double>(size[pools - 1]);
      mean[pools - 2] = (a * mean[pools - 2] + b * mean[pools - 1]) / (a + b);
      size[pools - 2] += size[pools - 1];
      --pools;
    }
  }
  std::size_t n = 0;
  for (std::size_t p = 0; p < pools; ++p) {
    for (std::size_t i = 0; i < size[p]; ++i) t_[n++] = mean[p];
  }
}

Celsius SimulatedTank::coldest_of_three() const {
  return Celsius{std::min({t_[0], t_[tank_.layers / 2], t_[tank_.layers - 1]})};
}

double SimulatedTank::stored_j(Celsius above) const {
  double sum_k = 0;
  for (std::size_t n = 0; n < tank_.layers; ++n) sum_k += t_[n] - above.value;
  return sum_k * layer_j_per_k();
}

Celsius cold_water(UtcTime time) {
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
  const double day = to_seconds(time - std::chrono::sys_days{date.year() / 1 / 1}) / 86'400;
  return Celsius{12 - 4 * std::cos(2 * std::numbers::pi * (day - 45) / 365.25)};
}

}  // namespace hearth::thermal
