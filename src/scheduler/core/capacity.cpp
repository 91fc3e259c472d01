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

// The power that keeps the air on its reference, hour by hour: with the air given, only the mass
// is left to follow (HEAT section 1).
class HoldPath {
 public:
  explicit HoldPath(const CapacityZone& zone) : zone_(zone), mass_c_(zone.now.mass_c) {
    const auto& m = zone.model;
    const double g = 1 / m.rim_k_per_w + 1 / m.rmo_k_per_w;
    decay_ = std::exp(-kHourS * g / m.cm_j_per_k);
    from_air_ = 1 / m.rim_k_per_w / g;
    from_outdoor_ = 1 / m.rmo_k_per_w / g;
    from_sun_ = m.am_m2 / g;
    air_c_ = zone.now.air_c;
  }

  double next(int hour, const WeatherHour& weather) {
    const auto& m = zone_.model;
    const double reference = zone_.reference_c[static_cast<std::size_t>(hour)];
    const double gain = zone_.now.gain_w * std::exp(-(hour + 0.5) / 6.0);
    const double target = std::isnan(reference) ? air_c_ : reference;
    const double equilibrium =
        from_air_ * target + from_outdoor_ * weather.outdoor_c + from_sun_ * weather.irradiance;
    const double mass_after = equilibrium + decay_ * (mass_c_ - equilibrium);
    const double mass = 0.5 * (mass_c_ + mass_after);
    mass_c_ = mass_after;
    if (std::isnan(reference)) return 0;
    const double power =
        (target - mass) / m.rim_k_per_w + (target - weather.outdoor_c) / m.rio_k_per_w -
        m.ai_m2 * weather.irradiance - gain + m.ci_j_per_k * (target - air_c_) / kHourS;
    air_c_ = target;
    return power;
  }

 private:
  const CapacityZone& zone_;
  double mass_c_;
  double air_c_ = 0;
  double decay_, from_air_, from_outdoor_, from_sun_;
};

struct Draw {
  std::array<double, kHorizonHours> power_w{};
  std::array<double, kHorizonHours> cores{};
  double day_j = 0;
};

void add_zone(const CapacityZone& zone, const WeatherPath& weather, Random& random, Draw& draw) {
  HoldPath hold{zone};
  const double own = std::max(0.0, 1 + kDemandError * normal(random));
  const double dynamic_w = static_cast<double>(zone.max_w - zone.idle_w);
  for (int h = 0; h < kHorizonHours; ++h) {
    const auto hour = static_cast<std::size_t>(h);
    const double wanted = own * hold.next(h, weather[hour]);
    const double power = std::clamp(wanted, 0.0, static_cast<double>(zone.max_w));
    draw.power_w[hour] += power;
    const double share = dynamic_w > 0 ? (power - static_cast<double>(zone.idle_w)) / dynamic_w : 0;
    if (share > 0) {
      draw.cores[hour] += static_cast<double>(zone.cores) * protocol::speed_at(zone.speed, share);
    }
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
  for (auto& draw : draws) {
    std::vector<WeatherPath> weather;
    for (const auto& site : snapshot.sites) {
      weather.push_back(drawn_weather(site, snapshot.from, random));
    }
    draw.power_w.fill(static_cast<double>(snapshot.roomless_w));
    draw.cores.fill(static_cast<double>(snapshot.roomless_cores));
    for (const auto& zone : snapshot.zones) {
      add_zone(zone, weather[zone.site], random, draw);
    }
    for (int h = 0; h < 24; ++h) draw.day_j += draw.power_w[static_cast<std::size_t>(h)] * kHourS;
  }
  CapacityForecast forecast{snapshot.from, {}, {}, snapshot.zones.size()};
  for (std::size_t h = 0; h < kHorizonHours; ++h) {
    forecast.hours.push_back({quantiles(draws, [h](const Draw& d) { return d.power_w[h]; }),
                              quantiles(draws, [h](const Draw& d) { return d.cores[h]; })});
  }
  forecast.day_energy_j = quantiles(draws, [](const Draw& d) { return d.day_j; });
  return forecast;
}

}  // namespace hearth::scheduler
