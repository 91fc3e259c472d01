#include "scheduler/core/capacity.h"

#include <algorithm>
#include <cmath>

#include "common/normal.h"
#include "common/random.h"

namespace hearth::scheduler {
namespace {

constexpr double kHourS = 3600;
constexpr double kOutdoorMemory = 0.97;  // of the error from one hour to the next (choice)
constexpr double kSunErrorShare = 0.3;   // relative (choice)
constexpr double kSunMemory = 0.9;
constexpr double kDemandError = 0.1;  // of one zone, relative: HEAT section 1 measured 7.5-11 %

double normal(Random& random) {
  constexpr std::uint64_t kSteps = 1ULL << 52;
  return normal_quantile((static_cast<double>(random.below(kSteps)) + 0.5) /
                         static_cast<double>(kSteps));
}

struct WeatherHour {
  double outdoor_c = 0;
  double irradiance = 0;
};
using WeatherPath = std::array<WeatherHour, kHorizonHours>;

WeatherPath drawn_weather(const weather::Series& series, UtcTime from, Random& random) {
  WeatherPath path;
  double outdoor = normal(random);
  double sun = normal(random);
  for (int h = 0; h < kHorizonHours; ++h) {
    const auto sample =
        weather::at(series, from + std::chrono::hours{h} + std::chrono::minutes{30});
    const auto hour = static_cast<std::size_t>(h);
    path[hour].outdoor_c =
        sample.outdoor.value + thermal::ForecastError{}.outdoor_k(h + 0.5) * outdoor;
    path[hour].irradiance = sample.irradiance_w_per_m2 * std::max(0.0, 1 + kSunErrorShare * sun);
    outdoor =
        kOutdoorMemory * outdoor + std::sqrt(1 - kOutdoorMemory * kOutdoorMemory) * normal(random);
    sun = kSunMemory * sun + std::sqrt(1 - kSunMemory * kSunMemory) * normal(random);
  }
  return path;
}

// What of a zone is the same in every draw.
struct Prepared {
  explicit Prepared(const CapacityZone& of)
      : zone(of), speed(of.speed), dynamic_w(static_cast<double>(of.max_w - of.idle_w)) {
    const auto& m = zone.model;
    mass_w_per_k = 1 / m.rim_k_per_w;
    outdoor_w_per_k = 1 / m.rio_k_per_w;
    air_w_per_k = m.ci_j_per_k / kHourS;
    const double g = mass_w_per_k + 1 / m.rmo_k_per_w;
    decay = std::exp(-kHourS * g / m.cm_j_per_k);
    from_air = mass_w_per_k / g;
    from_outdoor = 1 / m.rmo_k_per_w / g;
    from_sun = m.am_m2 / g;
  }

  const CapacityZone& zone;
  protocol::SpeedCurve speed;
  double dynamic_w;
  double mass_w_per_k = 0;  // that air and mass exchange
  double outdoor_w_per_k = 0;
  double air_w_per_k = 0;  // to warm the air within an hour
  double decay = 0;        // of the mass, in an hour, towards these shares
  double from_air = 0;
  double from_outdoor = 0;
  double from_sun = 0;
};

// What is left of the unmeasured gain in the middle of each hour: it fades in six.
using GainLeft = std::array<double, kHorizonHours>;
GainLeft gain_left() {
  GainLeft left{};
  for (std::size_t h = 0; h < left.size(); ++h) {
    left[h] = std::exp(-(static_cast<double>(h) + 0.5) / 6.0);
  }
  return left;
}

// The power that keeps the air on its reference, hour by hour: with the air given, only the mass
// is left to follow (HEAT section 1).
class HoldPath {
 public:
  HoldPath(const Prepared& prepared, const GainLeft& gain_left)
      : of_(prepared),
        gain_left_(gain_left),
        mass_c_(prepared.zone.now.mass_c),
        air_c_(prepared.zone.now.air_c) {}

  double next(std::size_t hour, const WeatherHour& weather) {
    const double reference = of_.zone.reference_c[hour];
    const double gain = of_.zone.now.gain_w * gain_left_[hour];
    const double target = std::isnan(reference) ? air_c_ : reference;
    const double equilibrium = of_.from_air * target + of_.from_outdoor * weather.outdoor_c +
                               of_.from_sun * weather.irradiance;
    const double mass_after = equilibrium + of_.decay * (mass_c_ - equilibrium);
    const double mass = 0.5 * (mass_c_ + mass_after);
    mass_c_ = mass_after;
    if (std::isnan(reference)) return 0;
    const double power =
        of_.mass_w_per_k * (target - mass) + of_.outdoor_w_per_k * (target - weather.outdoor_c) -
        of_.zone.model.ai_m2 * weather.irradiance - gain + of_.air_w_per_k * (target - air_c_);
    air_c_ = target;
    return power;
  }

 private:
  const Prepared& of_;
  const GainLeft& gain_left_;
  double mass_c_;
  double air_c_;
};

struct Draw {
  std::array<double, kHorizonHours> power_w{};
  std::array<double, kHorizonHours> cores{};
  double day_j = 0;
};

void add_zone(const Prepared& prepared, const GainLeft& gain_left, const WeatherPath& weather,
              Random& random, Draw& draw) {
  const auto& zone = prepared.zone;
  HoldPath hold{prepared, gain_left};
  const double own = std::max(0.0, 1 + kDemandError * normal(random));
  for (std::size_t hour = 0; hour < kHorizonHours; ++hour) {
    const double wanted = own * hold.next(hour, weather[hour]);
    const double power = std::clamp(wanted, 0.0, static_cast<double>(zone.max_w));
    draw.power_w[hour] += power;
    const double share = prepared.dynamic_w > 0
                             ? (power - static_cast<double>(zone.idle_w)) / prepared.dynamic_w
                             : 0;
    if (share > 0) {
      draw.cores[hour] += static_cast<double>(zone.cores) * prepared.speed(share);
    }
  }
}

void add_tank(const TankDraw& tank, Draw& draw) {
  for (std::size_t h = 0; h < draw.power_w.size(); ++h) {
    draw.power_w[h] += tank.power_w[h];
    draw.cores[h] += tank.cores[h];
  }
}

template <class Get>
CapacityQuantiles quantiles(const std::vector<Draw>& draws, Get get) {
  std::vector<double> values;
  values.reserve(draws.size());
  for (const auto& draw : draws) values.push_back(get(draw));
  std::ranges::sort(values);
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const auto high = std::min(low + 1, values.size() - 1);
    return round_to_milli(std::lerp(values[low], values[high], place - std::floor(place)));
  };
  return {at(0.05), at(0.5), at(0.95)};
}

}  // namespace

CapacityForecast forecast_capacity(const CapacitySnapshot& snapshot) {
  std::vector<Draw> draws(kCapacityDraws);
  Random random{snapshot.seed};
  const auto left = gain_left();
  const std::vector<Prepared> zones(snapshot.zones.begin(), snapshot.zones.end());
  for (auto& draw : draws) {
    std::vector<WeatherPath> weather;
    for (const auto& site : snapshot.sites) {
      weather.push_back(drawn_weather(site, snapshot.from, random));
    }
    draw.power_w.fill(static_cast<double>(snapshot.roomless_w));
    draw.cores.fill(static_cast<double>(snapshot.roomless_cores));
    for (const auto& prepared : zones) {
      add_zone(prepared, left, weather[prepared.zone.site], random, draw);
    }
    for (const auto& tank : snapshot.tanks) add_tank(drawn_tank(tank, random), draw);
    for (int h = 0; h < 24; ++h) draw.day_j += draw.power_w[static_cast<std::size_t>(h)] * kHourS;
  }
  CapacityForecast forecast{snapshot.from, {}, {}, snapshot.zones.size() + snapshot.tanks.size()};
  for (std::size_t h = 0; h < kHorizonHours; ++h) {
    forecast.hours.push_back({quantiles(draws, [h](const Draw& d) { return d.power_w[h]; }),
                              quantiles(draws, [h](const Draw& d) { return d.cores[h]; })});
  }
  forecast.day_energy_j = quantiles(draws, [](const Draw& d) { return d.day_j; });
  return forecast;
}

}  // namespace hearth::scheduler
