// The hot-water tank that the simulator simulates: layers, losses, draw-offs, a loop through the
// computer, a resistance. Structurally richer on purpose than what is learned (tank_model.h).
//
// Pure numerics: no clock, no randomness. It conserves energy exactly: what is stored is what came
// in less what was lost and drawn (TankBook). Not thread-safe.
#pragma once

#include <array>
#include <cstddef>

#include "common/time.h"
#include "common/units.h"

namespace hearth::thermal {

inline constexpr double kWaterJPerKLitre = 4186;  // J/(K l), 1 kg a litre
inline constexpr std::size_t kTankLayersMax = 12;

struct TankParameters {
  double volume_l = 200;
  std::size_t layers = 6;         // 4 to kTankLayersMax, of equal size
  double loss_w_per_k = 1.8;      // UA of the whole surface; about 60 W at 55 degC inside
  double conduction_w_per_k = 1;  // between neighbouring layers, wall and pipes included; ours
  Celsius compute_max{58};        // T_max_compute: the loop returns no hotter
  double loop_l_per_s = 0.05;     // the loop's pump at most
  Watts resistance{1500};         // rated; sits a third of the way down
};

struct TankInputs {
  Watts compute;           // heat that the computer wants to give off
  Watts resistance;        // 0 to rated
  bool circulate = false;  // the pump stirs the tank, for a hygiene lift that reaches the bottom
  Celsius ambient{18};
};

// Sums since the start, J and litres.
struct TankBook {
  double compute_j = 0;  // taken in
  double refused_j = 0;  // offered by the computer, but the tank was too hot
  double resistance_j = 0;
  double lost_j = 0;       // to the room around; negative where that is warmer
  double drawn_j = 0;      // over the cold water's temperature
  double delivered_l = 0;  // at the tap
  double unmet_l = 0;      // of those, colder than useful
};

// Water at a tap: mixed with cold water to `tap`; as hot as the tank has it where that is less.
struct TapDraw {
  double litres = 0;
  Celsius tap{40};
  Celsius useful{40};  // colder litres are unmet; <= tap
};
struct Delivered {
  double litres = 0;
  double unmet_l = 0;
  double energy_j = 0;  // over the cold water
  Celsius peak{};       // the hottest that came
};

class SimulatedTank {
 public:
  // Requires 4 <= layers <= kTankLayersMax, a volume, losses and flows >= 0.
  SimulatedTank(TankParameters tank, Celsius start);

  // Advances with constant inputs in steps of at most 60 s. The loop takes water from the bottom
  // and returns it to the top at T_max_compute, as fast as the heat asks for up to the pump's
  // rate; what it cannot take is refused (the computer must slow down). Returns the mean compute
  // power taken in. Layers that would lie upside down mix.
  Watts step(const TankInputs& inputs, Duration elapsed);

  // Takes hot water from the top; cold water follows at the bottom. Requires litres >= 0.
  Delivered draw(const TapDraw& draw, Celsius cold);

  std::size_t layers() const { return tank_.layers; }
  Celsius layer(std::size_t i) const { return Celsius{t_[i]}; }  // 0 is the top
  Celsius top() const { return Celsius{t_[0]}; }
  // The coldest of three sensors (top, middle, bottom): what disinfection is judged on (HEAT 2).
  Celsius coldest_of_three() const;
  double stored_j(Celsius above) const;  // of the whole tank
  const TankBook& book() const { return book_; }

 private:
  double layer_j_per_k() const;
  double loop(const TankInputs& inputs, double dt_s);  // returns J taken in
  void mix_inversions();

  TankParameters tank_;
  std::array<double, kTankLayersMax> t_{};
  TankBook book_;
};

// Cold water from the mains, 12 degC on average, 4 K colder in mid February and warmer in mid
// August: our choice for Western Europe. EU 814/2013 tests with 10 degC.
Celsius cold_water(UtcTime time);

}  // namespace hearth::thermal
