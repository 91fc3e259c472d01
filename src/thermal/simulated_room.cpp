#include "thermal/simulated_room.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "common/check.h"

namespace hearth::thermal {
namespace {

// ISO 13790, 7.2.2 and 12.2.2, W/K per m2.
constexpr double kMassToSurface = 9.1;
constexpr double kSurfaceToAir = 3.45;
constexpr double kTotalPerFloorArea = 4.5;  // Atot / Af
constexpr double kRadiatorExponent = 1.24;
constexpr double kStepMaxS = 60;

struct MassRow {
  double area_per_floor_area;
  double j_per_k_m2;
};
constexpr std::array<MassRow, 5> kMass = {
    {{2.5, 80'000}, {2.5, 110'000}, {2.5, 165'000}, {3.0, 260'000}, {3.5, 370'000}}};

struct Conductances {
  double total_area_m2, mass_area_m2;
  double is, ms, em, w;
};

Conductances conductances_of(const RoomParameters& room) {
  Conductances h{};
  h.total_area_m2 = kTotalPerFloorArea * room.floor_area_m2;
  h.mass_area_m2 = room.mass_area_per_floor_area * room.floor_area_m2;
  h.is = kSurfaceToAir * h.total_area_m2;
  h.ms = kMassToSurface * h.mass_area_m2;
  h.em = room.opaque_w_per_k > 0 ? 1 / (1 / room.opaque_w_per_k - 1 / h.ms) : 0;
  h.w = room.window_w_per_k;
  return h;
}

double steady_ua(const RoomParameters& room) {
  // Air to outdoors: ventilation beside (air-surface in series with window beside walls).
  const double is = kSurfaceToAir * kTotalPerFloorArea * room.floor_area_m2;
  return room.ventilation_w_per_k + 1 / (1 / is + 1 / (room.window_w_per_k + room.opaque_w_per_k));
}

}  // namespace

RoomParameters room_with_loss(double floor_area_m2, double ua_w_per_k, MassClass mass) {
  CHECK(floor_area_m2 > 0 && ua_w_per_k > 0 && ua_w_per_k < 6 * floor_area_m2);
  const auto& row = kMass[static_cast<std::size_t>(mass)];
  RoomParameters room;
  room.floor_area_m2 = floor_area_m2;
  room.mass_area_per_floor_area = row.area_per_floor_area;
  room.mass_j_per_k_m2 = row.j_per_k_m2;
  room.ventilation_w_per_k = 0.3 * ua_w_per_k;
  const double is = kSurfaceToAir * kTotalPerFloorArea * floor_area_m2;
  const double envelope = 1 / (1 / (0.7 * ua_w_per_k) - 1 / is);
  room.opaque_w_per_k = envelope * 4 / 7;
  room.window_w_per_k = envelope * 3 / 7;
  return room;
}

SimulatedRoom::SimulatedRoom(RoomParameters room, RadiatorParameters radiator, Celsius start)
    : room_(room), radiator_(radiator), state_{start, start, start, start} {
  CHECK(room_.floor_area_m2 > 0 && room_.capacity_scale > 0 && radiator_.rated > 0_W);
  CHECK(room_.air_j_per_k_m2 > 0 || room_.ventilation_w_per_k > 0);
  CHECK(room_.opaque_w_per_k <
        kMassToSurface * room_.mass_area_per_floor_area * room_.floor_area_m2);
}

void SimulatedRoom::step(Watts power, const Weather& weather, Duration elapsed) {
  const double total_s = to_seconds(elapsed);
  if (!(total_s > 0)) return;
  const double longest_s = kStepMaxS * std::min(1.0, room_.capacity_scale);
  const auto steps = static_cast<int>(std::ceil(total_s / longest_s));
  for (int i = 0; i < steps; ++i) inner_step(power, weather, total_s / steps);
}

SimulatedRoom::Gains SimulatedRoom::gains(const Weather& weather, Watts radiative,
                                          Watts convective) const {
  const auto h = conductances_of(room_);
  const Watts spread = 0.5 * weather.internal + weather.solar + radiative;
  const double to_mass = h.mass_area_m2 / h.total_area_m2;
  const double to_surfaces = 1 - to_mass - h.w / (kMassToSurface * h.total_area_m2);
  return {0.5 * weather.internal + convective, to_surfaces * spread, to_mass * spread};
}

void SimulatedRoom::inner_step(Watts power, const Weather& weather, double dt_s) {
  // Radiator, implicit with the film coefficient of the old state: it conserves energy exactly.
  const double capacity =
      radiator_.j_per_k_per_rated_w * radiator_.rated.value * room_.capacity_scale;
  const double ua_rated =
      radiator_.rated.value / std::pow(radiator_.excess_at_rated.value, kRadiatorExponent);
  const double excess_k = std::abs((state_.radiator - state_.air).value);
  const double film = ua_rated * std::pow(excess_k, kRadiatorExponent - 1);
  const double before_k = (state_.radiator - state_.air).value;
  const double after_k = (capacity / dt_s * before_k + power.value) / (capacity / dt_s + film);
  emitted_ = Watts{film * after_k};

  const auto h = conductances_of(room_);
  const auto phi = gains(weather, radiator_.radiative_share * emitted_,
                         (1 - radiator_.radiative_share) * emitted_);
  // The air's capacity, taken implicitly, is one more supply: C/dt at the old air temperature.
  const double storage = room_.air_j_per_k_m2 * room_.floor_area_m2 * room_.capacity_scale / dt_s;
  const double ve = room_.ventilation_w_per_k + storage;
  const double outdoor = weather.outdoor.value;
  const double supply = (room_.ventilation_w_per_k * outdoor + storage * state_.air.value) / ve;

  const double h1 = 1 / (1 / ve + 1 / h.is);
  const double h2 = h1 + h.w;
  const double h3 = 1 / (1 / h2 + 1 / h.ms);
  const double air_drive = supply + phi.air.value / ve;
  const double total = phi.mass.value + h.em * outdoor +
                       h3 * (phi.surfaces.value + h.w * outdoor + h1 * air_drive) / h2;
  const double mass_rate =
      room_.mass_j_per_k_m2 * room_.floor_area_m2 * room_.capacity_scale / dt_s;
  const double mass = (state_.mass.value * (mass_rate - 0.5 * (h3 + h.em)) + total) /
                      (mass_rate + 0.5 * (h3 + h.em));
  const double mass_mean = 0.5 * (mass + state_.mass.value);
  const double surfaces =
      (h.ms * mass_mean + phi.surfaces.value + h.w * outdoor + h1 * air_drive) / (h.ms + h.w + h1);
  const double air = (h.is * surfaces + ve * supply + phi.air.value) / (h.is + ve);
  state_ = {Celsius{air}, Celsius{surfaces}, Celsius{mass}, state_.radiator};
  // The excess was over the air of before; what the body holds is energy, so its own temperature.
  state_.radiator = Celsius{state_.radiator.value + (power - emitted_).value * dt_s / capacity};
}

Celsius SimulatedRoom::operative() const {
  return Celsius{0.3 * state_.air.value + 0.7 * state_.surfaces.value};
}

double SimulatedRoom::ua_w_per_k() const {
  return steady_ua(room_);
}

double SimulatedRoom::time_constant_s() const {
  return (room_.mass_j_per_k_m2 + room_.air_j_per_k_m2) * room_.floor_area_m2 *
         room_.capacity_scale / ua_w_per_k();
}

}  // namespace hearth::thermal
