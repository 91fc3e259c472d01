#include "thermal/simulated_room.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "common/check.h"

namespace hearth::thermal {
namespace {

// ISO 13790, 7.2.2 and 12.2.2, W/K per m2.
constexpr double kMassToSurface = 9.1;
constexpr double kTotalPerFloorArea = 4.5;  // Atot / Af
constexpr double kRadiatorExponent = 1.24;
constexpr double kStepMaxS = 60;

struct MassRow {
  double area_per_floor_area;
  double j_per_k_m2;
};
constexpr std::array<MassRow, 5> kMass = {
    {{2.5, 80'000}, {2.5, 110'000}, {2.5, 165'000}, {3.0, 260'000}, {3.5, 370'000}}};

// x^0.24 without a call of pow: x = m 2^e, a table of 2^(0.24 e) and one of m^0.24, linear between
// 256 points of [1, 2): relative error below 4e-7.
class FilmPower {
 public:
  FilmPower() {
    for (std::size_t i = 0; i <= kParts; ++i) {
      mantissa_[i] =
          std::pow(1 + static_cast<double>(i) / static_cast<double>(kParts), kRadiatorExponent - 1);
    }
    for (int e = kLowest; e <= kHighest; ++e) {
      scale_[static_cast<std::size_t>(e - kLowest)] = std::exp2((kRadiatorExponent - 1) * e);
    }
  }

  double operator()(double x) const {  // x >= 0; clamped to what a radiator can have
    const auto bits = std::bit_cast<std::uint64_t>(x);
    const int exponent = static_cast<int>(bits >> 52) - 1023;
    if (exponent < kLowest) return 0;
    if (exponent > kHighest) return scale_.back();
    const std::uint64_t part = (bits >> (52 - kPartBits)) & (kParts - 1);
    const std::uint64_t rest = bits & ((std::uint64_t{1} << (52 - kPartBits)) - 1);
    const double share = static_cast<double>(static_cast<std::int64_t>(rest)) * kRestScale;
    const double low = mantissa_[part];
    return scale_[static_cast<std::size_t>(exponent - kLowest)] *
           (low + share * (mantissa_[part + 1] - low));
  }

 private:
  static constexpr int kPartBits = 8;
  static constexpr std::uint64_t kParts = 1u << kPartBits;
  static constexpr double kRestScale =
      1.0 / static_cast<double>(std::uint64_t{1} << (52 - kPartBits));
  static constexpr int kLowest = -64;  // below 1e-19 K nothing flows
  static constexpr int kHighest = 16;

  std::array<double, kParts + 1> mantissa_{};
  std::array<double, kHighest - kLowest + 1> scale_{};
};
const FilmPower kFilmPower;

double steady_ua(const RoomParameters& room) {
  // Air to outdoors: ventilation beside (air-surface in series with window beside walls).
  const double is = room.surface_to_air_w_per_k_m2 * kTotalPerFloorArea * room.floor_area_m2;
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
  const double is = room.surface_to_air_w_per_k_m2 * kTotalPerFloorArea * floor_area_m2;
  const double envelope = 1 / (1 / (0.7 * ua_w_per_k) - 1 / is);
  room.opaque_w_per_k = envelope * 4 / 7;
  room.window_w_per_k = envelope * 3 / 7;
  return room;
}

SimulatedRoom::SimulatedRoom(RoomParameters room, RadiatorParameters radiator, Celsius start)
    : room_(room), radiator_(radiator), state_{start, start, start, start} {
  CHECK(room_.floor_area_m2 > 0 && room_.capacity_scale > 0 && radiator_.rated >= 0_W);
  CHECK(room_.surface_to_air_w_per_k_m2 > 0);
  CHECK(room_.air_j_per_k_m2 >= 0 && room_.ventilation_w_per_k >= 0);
  CHECK(room_.opaque_w_per_k <
        kMassToSurface * room_.mass_area_per_floor_area * room_.floor_area_m2);
}

void SimulatedRoom::set_ventilation(double w_per_k) {
  if (w_per_k == room_.ventilation_w_per_k) return;
  room_.ventilation_w_per_k = w_per_k;
  prepared_for_ = Duration{};
}

void SimulatedRoom::step(Watts power, const Weather& weather, Duration elapsed) {
  if (elapsed <= Duration{}) return;
  if (elapsed != prepared_for_) prepare(elapsed);
  for (int i = 0; i < steps_; ++i) inner_step(power.value, weather);
}

Watts SimulatedRoom::power_to_reach(Celsius target, const Weather& weather, Duration elapsed,
                                    Watts lowest, Watts highest) {
  CHECK(radiator_.rated == 0_W && lowest <= highest);
  constexpr Watts kProbe{1000};
  const auto state = state_;
  const auto emitted = emitted_;
  const auto air_after = [&](Watts power) {
    step(power, weather, elapsed);
    const double air = state_.air.value;
    state_ = state;
    emitted_ = emitted;
    return air;
  };
  const double without = air_after(0_W);
  const double per_probe = air_after(kProbe) - without;
  if (!(per_probe > 0)) return std::clamp(0_W, lowest, highest);
  return std::clamp((target.value - without) / per_probe * kProbe, lowest, highest);
}

void SimulatedRoom::prepare(Duration elapsed) {
  const double total_s = to_seconds(elapsed);
  steps_ = static_cast<int>(std::ceil(total_s / (kStepMaxS * std::min(1.0, room_.capacity_scale))));
  prepared_for_ = elapsed;
  const double dt_s = total_s / steps_;
  const double area = room_.floor_area_m2;
  const double total_area = kTotalPerFloorArea * area;
  const double mass_area = room_.mass_area_per_floor_area * area;

  auto& h = at_step_;
  h.is = room_.surface_to_air_w_per_k_m2 * total_area;
  h.ms = kMassToSurface * mass_area;
  h.em = room_.opaque_w_per_k > 0 ? 1 / (1 / room_.opaque_w_per_k - 1 / h.ms) : 0;
  h.w = room_.window_w_per_k;
  // The air's capacity, taken implicitly, is one more supply: C/dt at the old air temperature.
  h.supply_outdoor = room_.ventilation_w_per_k;
  h.supply_air = room_.air_j_per_k_m2 * area * room_.capacity_scale / dt_s;
  const double ve = h.supply_outdoor + h.supply_air;
  h.surface_part = h.is / (ve + h.is);  // Htr_1 / Hve
  const double h1 = ve * h.surface_part;
  const double h2 = h1 + h.w;
  h.total_part = h.ms / (h2 + h.ms);  // Htr_3 / Htr_2
  const double mass_loss = 0.5 * (h2 * h.total_part + h.em);
  const double mass_rate = room_.mass_j_per_k_m2 * area * room_.capacity_scale / dt_s;
  h.mass_keep = (mass_rate - mass_loss) / (mass_rate + mass_loss);
  h.mass_gain = 1 / (mass_rate + mass_loss);
  h.surfaces_gain = 1 / (h.ms + h2);
  h.air_gain = 1 / (h.is + ve);
  h.gains_to_mass = mass_area / total_area;
  h.gains_to_surfaces = 1 - h.gains_to_mass - h.w / (kMassToSurface * total_area);

  const double capacity =
      radiator_.j_per_k_per_rated_w * radiator_.rated.value * room_.capacity_scale;
  h.radiator_rate = capacity / dt_s;
  h.radiator_gain = capacity > 0 ? dt_s / capacity : 0;
  h.radiator_film =
      radiator_.rated.value / std::pow(radiator_.excess_at_rated.value, kRadiatorExponent);
}

// ISO 13790 C.3 with everything that does not change worked out before.
void SimulatedRoom::inner_step(double power_w, const Weather& weather) {
  const auto& h = at_step_;
  double emitted_w = power_w;
  double radiator_c = state_.air.value;
  if (h.radiator_rate > 0) {
    // Implicit with the film coefficient of the old state: it conserves energy exactly.
    const double before_k = state_.radiator.value - state_.air.value;
    const double film = h.radiator_film * kFilmPower(std::abs(before_k));
    emitted_w = film * (h.radiator_rate * before_k + power_w) / (h.radiator_rate + film);
    // The excess was over the air of before; what the body holds is energy, so its own temperature.
    radiator_c = state_.radiator.value + (power_w - emitted_w) * h.radiator_gain;
  }
  const double radiative_w = radiator_.radiative_share * emitted_w;
  const double shared_w =
      0.5 * weather.internal.value + weather.solar.value + weather.opaque.value + radiative_w;
  const double outdoor = weather.outdoor.value;
  const double air_w = 0.5 * weather.internal.value + emitted_w - radiative_w +
                       h.supply_outdoor * outdoor + h.supply_air * state_.air.value;
  const double surfaces_w = h.gains_to_surfaces * shared_w + h.w * outdoor + h.surface_part * air_w;
  const double total_w = h.gains_to_mass * shared_w + h.em * outdoor + h.total_part * surfaces_w;
  const double mass = h.mass_keep * state_.mass.value + h.mass_gain * total_w;
  const double mass_mean = 0.5 * (mass + state_.mass.value);
  const double surfaces = h.surfaces_gain * (h.ms * mass_mean + surfaces_w);
  const double air = h.air_gain * (h.is * surfaces + air_w);
  if (h.radiator_rate <= 0) radiator_c = air;
  state_ = {Celsius{air}, Celsius{surfaces}, Celsius{mass}, Celsius{radiator_c}};
  emitted_ = Watts{emitted_w};
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
