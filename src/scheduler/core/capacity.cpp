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

double normal(Random& random) {
  constexpr std::uint64_t kSteps = 1ULL << 52;
  return normal_quantile((static_cast<double>(random.below(kSteps)) + 0.5) /
                         static_cast<double>(kSteps));
}

double drawn(const NormalError& error, Random& random) {
  return static_cast<double>(error.bias) + static_cast<double>(error.std) * normal(random);
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

// The power that keeps the air on its reference, hour by hour, as far as the heater reaches: the
// room goes its own way where it wants less than nothing or more than there is (HEAT section 1,
// discretised exactly). An error of demand is heat that comes in or is lost besides.
class HoldLaw {
 public:
  explicit HoldLaw(const CapacityZone& zone)
      : step_(zone.model, kHourS, 0),
        max_w_(static_cast<double>(zone.max_w)),
        idle_w_(static_cast<double>(zone.idle_w)),
        speed_(zone.speed) {}

  // Moves the room on by an hour and returns the power, W; NaN as reference: OFF.
  double next(thermal::RoomEstimate& room, double reference_c, const WeatherHour& weather,
              double error_w) const {
    const thermal::RoomInput input{weather.outdoor_c, 0, weather.irradiance};
    const auto without = step_.advance(room, input);
    const double wanted_w = (reference_c - without.air_c) / step_.b()(0, 1) + error_w;
    const double power_w = std::isnan(wanted_w) ? 0 : std::clamp(wanted_w, 0.0, max_w_);
    room = step_.heated(without, power_w - error_w);
    return power_w;
  }

  // Of full speed, at this power.
  [[nodiscard]] double speed(double power_w) const {
    const double share = max_w_ > idle_w_ ? (power_w - idle_w_) / (max_w_ - idle_w_) : 0;
    return share > 0 ? speed_(share) : 0;
  }

 private:
  thermal::RoomStep step_;
  double max_w_;
  double idle_w_;
  protocol::SpeedCurve speed_;
};

struct Draw {
  std::array<double, kHorizonHours> power_w{};
  std::array<double, kHorizonHours> cores{};
  double day_j = 0;
  double rooms_day_j = 0;
};

// What the zone takes in this future; returns its energy of the first day, J.
double add_zone(const CapacityZone& zone, const HoldLaw& hold, const WeatherPath& weather,
                double error_w, Draw& draw) {
  auto room = zone.now;
  double day_j = 0;
  for (std::size_t h = 0; h < kHorizonHours; ++h) {
    const double reference_c = static_cast<double>(zone.reference_c[h]);
    const double power = hold.next(room, reference_c, weather[h], error_w);
    draw.power_w[h] += power;
    if (h < 24) day_j += kHourS * power;
    draw.cores[h] += static_cast<double>(zone.cores) * hold.speed(power);
  }
  return day_j;
}

void add_tank(const TankDraw& tank, Draw& draw) {
  for (std::size_t h = 0; h < draw.power_w.size(); ++h) {
    draw.power_w[h] += tank.power_w[h];
    draw.cores[h] += tank.cores[h];
  }
}

CapacityQuantiles quantiles(std::vector<double> values) {
  std::ranges::sort(values);
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const auto high = std::min(low + 1, values.size() - 1);
    return std::lerp(values[low], values[high], place - std::floor(place));
  };
  return {at(0.05), at(0.5), at(0.95)};
}

template <class Get>
CapacityQuantiles quantiles(const std::vector<Draw>& draws, const BandWidening& widening, Get get) {
  std::vector<double> values;
  values.reserve(draws.size());
  for (const auto& draw : draws) values.push_back(get(draw));
  const auto wide = widened(quantiles(std::move(values)), widening);
  return {round_to_milli(wide.p5), round_to_milli(wide.p50), round_to_milli(wide.p95)};
}

}  // namespace

CapacityForecast forecast_capacity(const CapacitySnapshot& snapshot) {
  std::vector<Draw> draws(kCapacityDraws);
  std::vector<HoldLaw> laws(snapshot.zones.begin(), snapshot.zones.end());
  std::vector<std::vector<double>> by_zone(snapshot.by_zone ? laws.size() : 0);
  Random random{snapshot.seed};
  for (auto& draw : draws) {
    std::vector<WeatherPath> weather;
    for (const auto& site : snapshot.sites) {
      weather.push_back(drawn_weather(site, snapshot.from, random));
    }
    draw.power_w.fill(static_cast<double>(snapshot.roomless_w));
    draw.cores.fill(static_cast<double>(snapshot.roomless_cores));
    const double shared = drawn(snapshot.shared_error, random);
    for (std::size_t z = 0; z < laws.size(); ++z) {
      const auto& zone = snapshot.zones[z];
      const double error = shared + drawn(zone.error, random);
      const double error_w = error * static_cast<double>(zone.max_w);
      const double day_j = add_zone(zone, laws[z], weather[zone.site], error_w, draw);
      if (snapshot.by_zone) by_zone[z].push_back(day_j);
    }
    for (int h = 0; h < 24; ++h)
      draw.rooms_day_j += draw.power_w[static_cast<std::size_t>(h)] * kHourS;
    draw.rooms_day_j -= 24 * kHourS * static_cast<double>(snapshot.roomless_w);
    for (const auto& tank : snapshot.tanks) add_tank(drawn_tank(tank, random), draw);
    for (std::size_t h = 0; h < 24; ++h) draw.day_j += draw.power_w[h] * kHourS;
  }
  CapacityForecast forecast{
      snapshot.from, {}, {}, snapshot.zones.size() + snapshot.tanks.size(), {}, {}};
  const auto& widening = snapshot.widening;
  for (std::size_t h = 0; h < kHorizonHours; ++h) {
    forecast.hours.push_back(
        {quantiles(draws, widening, [h](const Draw& d) { return d.power_w[h]; }),
         quantiles(draws, widening, [h](const Draw& d) { return d.cores[h]; })});
  }
  forecast.day_energy_j = quantiles(draws, widening, [](const Draw& d) { return d.day_j; });
  forecast.rooms_day_energy_j =
      quantiles(draws, widening, [](const Draw& d) { return d.rooms_day_j; });
  for (auto& days : by_zone) forecast.zone_day_energy_j.push_back(quantiles(std::move(days)));
  return forecast;
}

}  // namespace hearth::scheduler
