#include "simulator/bestest.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "thermal/simulated_room.h"
#include "weather/sun.h"

namespace hearth::simulator {
namespace {

using thermal::SimulatedRoom;

// Everything here that has no other source: HEAT section 2, "External check", and the standard.
constexpr double kFloorM2 = 48;
constexpr double kVolumeM3 = 8 * 6 * 2.7;
constexpr double kWindowM2 = 12;
constexpr double kWindowU = 3.1;
constexpr double kExternalResistance = 0.04;  // Rse, m2 K/W
constexpr double kAbsorptance = 0.6;
constexpr double kAlbedo = 0.2;
constexpr double kSkyLossWPerM2 = 5 * 0.9 * 11;  // full view of the sky; a wall sees half of it
constexpr Watts kInternal{200};
constexpr Celsius kCoolingAbove{27};
constexpr int kHoursOfJanuary = 31 * 24;

struct Construction {
  double wall_u, roof_u, floor_u;
  double mass_j_per_k_m2, mass_area_per_floor_area;
};
constexpr Construction kLight{0.534, 0.327, 0.038, 42'167, 2.95};
constexpr Construction kHeavy{0.556, 0.327, 0.0375, 307'750, 2.43};

enum class Control { kConstant, kSetback, kNone };

struct Case {
  const char* name;
  const Construction& construction;
  Control control;
};
constexpr std::array<Case, 6> kCases = {{{"600", kLight, Control::kConstant},
                                         {"640", kLight, Control::kSetback},
                                         {"900", kHeavy, Control::kConstant},
                                         {"940", kHeavy, Control::kSetback},
                                         {"600FF", kLight, Control::kNone},
                                         {"900FF", kHeavy, Control::kNone}}};

struct Opaque {
  weather::Surface surface;
  double area_m2;
};
constexpr std::array<Opaque, 4> kWalls = {
    {{{0, 90}, 21.6}, {{90, 90}, 16.2}, {{270, 90}, 16.2}, {{180, 90}, 9.6}}};

double wall_area() {
  double sum = 0;
  for (const auto& wall : kWalls) sum += wall.area_m2;
  return sum;
}

// Of sun that meets the double glazing at an angle of incidence.
double glass(double cos_angle) {
  const double a = std::acos(std::clamp(cos_angle, 0.0, 1.0));
  return std::max(0.0, 0.789 * (1 - 0.189 * a + 0.644 * a * a - 0.596 * a * a * a));
}

// Of light that comes evenly from a hemisphere: the integral of 2 g(a) sin a cos a.
double diffuse_glass() {
  constexpr int kParts = 1000;
  double sum = 0;
  for (int i = 0; i < kParts; ++i) {
    const double cosine = (i + 0.5) / kParts;
    sum += 2 * cosine * glass(cosine) / kParts;
  }
  return sum;
}

thermal::RoomParameters room_of(const Construction& construction) {
  thermal::RoomParameters room;
  room.floor_area_m2 = kFloorM2;
  room.mass_area_per_floor_area = construction.mass_area_per_floor_area;
  room.mass_j_per_k_m2 = construction.mass_j_per_k_m2;
  room.air_j_per_k_m2 = 0;
  room.surface_to_air_w_per_k_m2 = 2.1;
  room.opaque_w_per_k =
      construction.wall_u * wall_area() + (construction.roof_u + construction.floor_u) * kFloorM2;
  room.window_w_per_k = kWindowU * kWindowM2;
  room.ventilation_w_per_k = 1200 * kVolumeM3 * 0.414 / 3600;
  return room;
}

// What the hour's weather does to the room: ISO 13790 11.3, façade by façade. The sky takes from
// walls and roof; what it takes from the windows is in HEAT's window U, which was matched with it.
thermal::Weather weather_of(const weather::Hour& hour, const weather::SunPosition& sun,
                            const Construction& construction, double diffuse_g) {
  const auto on = [&](const weather::Surface& surface) {
    return weather::on_surface(hour.irradiance, sun, surface, kAlbedo);
  };
  constexpr weather::Surface kSouth{180, 90};
  const auto window = on(kSouth);
  const double solar = kWindowM2 * (glass(weather::cos_incidence(sun, kSouth)) * window.beam +
                                    diffuse_g * (window.sky + window.ground));
  double opaque = 0;
  for (const auto& wall : kWalls) {
    opaque += construction.wall_u * kExternalResistance * wall.area_m2 *
              (kAbsorptance * on(wall.surface).total() - 0.5 * kSkyLossWPerM2);
  }
  opaque += construction.roof_u * kExternalResistance * kFloorM2 *
            (kAbsorptance * on({0, 0}).total() - kSkyLossWPerM2);
  return {hour.outdoor, Watts{solar}, kInternal, Watts{opaque}};
}

// At the end of a minute of the day: constant, or 10 degC from 23 h, rising linearly to 20 degC
// from 7 to 8 h.
Celsius heating_below(Control control, int minute) {
  constexpr Celsius kDay{20};
  constexpr Celsius kNight{10};
  if (control == Control::kConstant) return kDay;
  if (minute > 23 * 60 || minute <= 7 * 60) return kNight;
  if (minute >= 8 * 60) return kDay;
  return kNight + (minute - 7 * 60) / 60.0 * (kDay - kNight);
}

struct HourMeans {
  double heating_w = 0;
  double cooling_w = 0;
  double air_c = 0;
};

HourMeans simulate_hour(SimulatedRoom& room, const thermal::Weather& weather, Control control,
                        int hour_of_day) {
  constexpr auto kStep = std::chrono::minutes{1};
  constexpr Watts kUnlimited{1e6};
  HourMeans means;
  for (int minute = 1; minute <= 60; ++minute) {
    Watts power{};
    if (control != Control::kNone) {
      const auto target = heating_below(control, 60 * hour_of_day + minute);
      power = room.power_to_reach(target, weather, kStep, 0_W, kUnlimited);
      if (power == 0_W) {
        power = room.power_to_reach(kCoolingAbove, weather, kStep, -kUnlimited, 0_W);
      }
    }
    room.step(power, weather, kStep);
    means.heating_w += std::max(0.0, power.value) / 60;
    means.cooling_w += std::max(0.0, -power.value) / 60;
    means.air_c += room.state().air.value / 60;
  }
  return means;
}

BestestResult summary(const Case& which, const std::vector<HourMeans>& hours) {
  BestestResult result{which.name, std::nullopt, std::nullopt};
  if (which.control == Control::kNone) {
    BestestResult::FreeFloat air{-1e9, 1e9, 0};
    for (const auto& hour : hours) {
      air.max_c = std::max(air.max_c, hour.air_c);
      air.min_c = std::min(air.min_c, hour.air_c);
      air.mean_c += hour.air_c / static_cast<double>(hours.size());
    }
    result.free_float = air;
    return result;
  }
  BestestResult::Conditioned load;
  for (const auto& hour : hours) {
    load.annual_heating_mwh += hour.heating_w / 1e6;
    load.annual_cooling_mwh += hour.cooling_w / 1e6;
    load.peak_heating_kw = std::max(load.peak_heating_kw, hour.heating_w / 1e3);
    load.peak_cooling_kw = std::max(load.peak_cooling_kw, hour.cooling_w / 1e3);
  }
  result.conditioned = load;
  return result;
}

}  // namespace

std::vector<std::string> bestest_cases() {
  std::vector<std::string> names;
  for (const auto& which : kCases) names.emplace_back(which.name);
  return names;
}

Result<BestestResult> run_bestest(std::string_view name, const weather::Epw& epw) {
  const auto which =
      std::find_if(kCases.begin(), kCases.end(), [name](const Case& c) { return c.name == name; });
  if (which == kCases.end()) {
    return fail(ErrorCode::kInvalidArgument, "no BESTEST case \"" + std::string(name) + "\"");
  }
  thermal::RadiatorParameters none;
  none.rated = 0_W;
  none.radiative_share = 0;
  SimulatedRoom room(room_of(which->construction), none, 20_degC);
  const double diffuse_g = diffuse_glass();
  // Any year without a 29 February; local standard time begins it.
  const UtcTime start = UtcTime{std::chrono::sys_days{std::chrono::year{2025} / 1 / 1}} -
                        from_seconds(3600 * epw.utc_offset_h);
  std::vector<HourMeans> hours;
  hours.reserve(epw.hours.size());
  const auto simulate = [&](std::size_t i) {
    const UtcTime middle = start + std::chrono::minutes{60 * static_cast<std::int64_t>(i) + 30};
    const auto weather = weather_of(epw.hours[i], weather::sun_position(epw.site, middle),
                                    which->construction, diffuse_g);
    return simulate_hour(room, weather, which->control, static_cast<int>(i % 24));
  };
  for (std::size_t i = 0; i < kHoursOfJanuary; ++i) simulate(i);
  for (std::size_t i = 0; i < epw.hours.size(); ++i) hours.push_back(simulate(i));
  return summary(*which, hours);
}

}  // namespace hearth::simulator
