#include "simulator/building.h"

#include <algorithm>
#include <cmath>

#include "simulator/draws.h"

namespace hearth::simulator {
namespace {

constexpr double kSizingMargin = 1.2;  // HEAT section 2
constexpr double kComfortC = 20;

thermal::MassClass draw_mass(const std::vector<double>& shares, Random& random) {
  double total = 0;
  for (const double share : shares) total += share;
  double left = uniform(random) * total;
  for (std::size_t i = 0; i + 1 < shares.size(); ++i) {
    left -= shares[i];
    if (left < 0) return static_cast<thermal::MassClass>(i);
  }
  return static_cast<thermal::MassClass>(shares.size() - 1);
}

ZoneSpec draw_zone(const Scenario& scenario, double rated_w, Random& random) {
  const auto& sizing = scenario.sizing;
  const auto& buildings = scenario.buildings;
  const bool adequate = uniform(random) < sizing.adequate_share;
  const double ratio = adequate ? uniform(random, 1.001, std::max(1.002, sizing.ratio_max))
                                : uniform(random, sizing.ratio_min, 0.999);
  ZoneSpec zone;
  zone.rated_w = rated_w;
  zone.ua_w_per_k = rated_w / (kSizingMargin * (kComfortC - sizing.design_c) * ratio);
  const double per_m2 = uniform(random, buildings.ua_w_per_k_m2[0], buildings.ua_w_per_k_m2[1]);
  const double floor_m2 = std::max(6.0, zone.ua_w_per_k / per_m2);
  zone.room =
      thermal::room_with_loss(floor_m2, zone.ua_w_per_k, draw_mass(buildings.mass_shares, random));
  zone.radiator.rated = Watts{rated_w};
  const double window_m2 =
      floor_m2 * uniform(random, buildings.window_share[0], buildings.window_share[1]);
  zone.glass_m2 = window_m2 * buildings.solar_g;
  zone.facade = static_cast<weather::Orientation>(random.below(weather::kOrientationCount));
  zone.adequate = adequate;
  return zone;
}

// As an agent takes a tank to lose, 1.5 W/K at 200 L, and up to a third more.
constexpr double kLossPerThirdPower = 0.045;  // W/K per litre^(2/3)
constexpr double kLiftEveryH = 24 * 7;

TankSpec draw_tank(const Scenario& scenario, Random& random) {
  TankSpec spec;
  const auto& tanks = scenario.tanks;
  spec.tank.volume_l = tanks.volume_l * uniform(random, 0.9, 1.1);
  spec.tank.loss_w_per_k =
      kLossPerThirdPower * std::pow(spec.tank.volume_l, 2.0 / 3) * uniform(random, 0.85, 1.35);
  spec.tank.compute_max = Celsius{tanks.compute_max_c};
  spec.tank.resistance = Watts{tanks.resistance_w};
  spec.profile = tank_profile(tanks.profile).value_or(thermal::LoadProfile::kL);
  spec.household = std::clamp(lognormal(random, 0.95, 0.15), 0.65, 1.25);
  spec.shift_min = static_cast<int>(uniform(random, -60, 60));
  spec.weekend_shift_min = static_cast<int>(uniform(random, 0, 150));
  spec.lift_age_h = uniform(random, 0, kLiftEveryH - 24);
  spec.start = Celsius{uniform(random, tanks.useful_c + 5, tanks.compute_max_c - 2)};
  return spec;
}

// Spread evenly over the fleet, so that a smaller fleet is the beginning of a larger one.
bool is_tank(const Scenario& scenario, std::size_t i) {
  const double share = scenario.tanks.share;
  return std::floor(static_cast<double>(i + 1) * share + 1e-9) >
         std::floor(static_cast<double>(i) * share + 1e-9);
}

double draw_case_share(const Scenario& scenario, std::uint64_t seed, std::size_t i) {
  if (!(scenario.node.near_case_share > 0)) return 0;
  auto random = generator(seed, Stream::kNearCase, i);
  const bool near = uniform(random) < scenario.node.near_case_share;
  return near ? uniform(random, 0.03, 0.15) : 0;
}

}  // namespace

Fleet draw_fleet(const Scenario& scenario, std::uint64_t seed) {
  Fleet fleet;
  const auto count = static_cast<std::size_t>(scenario.nodes);
  for (std::size_t i = 0; i < count; ++i) {
    // A generator for each zone: a smaller fleet is the beginning of a larger one.
    auto random = generator(seed, Stream::kBuildings, i);
    NodeSpec node;
    node.cpu_model = static_cast<int>(random.below(3));
    node.idle_w = scenario.node.idle_w;
    const bool tank = is_tank(scenario, i);
    const double rated_w = tank ? scenario.tanks.rated_w : scenario.node.max_w;
    node.max_w = rated_w * (1 + scenario.node.model_spread * (node.cpu_model - 1));
    node.per_core_w = (node.max_w - node.idle_w) / scenario.node.cores;
    fleet.nodes.push_back(node);
    auto zone = draw_zone(scenario, node.max_w, random);
    if (tank) {
      auto household = generator(seed, Stream::kTanks, i);
      zone.tank = draw_tank(scenario, household);
      ++fleet.tanks;
    }
    zone.case_share = draw_case_share(scenario, seed, i);
    zone.building = static_cast<int>(i) / scenario.site.nodes_per_building;
    fleet.zones.push_back(zone);
    fleet.buildings = zone.building + 1;
  }
  return fleet;
}

double core_power_share(double speed, double speed_min) {
  return speed >= speed_min ? speed * speed : speed * speed_min;
}

}  // namespace hearth::simulator
