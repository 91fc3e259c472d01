// What scheduler and agent know of a tank: heat in it, its losses, how its household draws, how
// long it can take a power. Structurally simpler on purpose than the simulated one.
//
// Pure and free of allocation. Half hours of the week are local time, 0 is Monday 00:00. Energies
// of draws are heat taken from the tank over the cold water, as a balance of the tank shows it.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "common/time.h"
#include "common/units.h"

namespace hearth::thermal {

inline constexpr int kHalfHoursOfDay = 48;
inline constexpr int kHalfHoursOfWeek = 7 * kHalfHoursOfDay;

struct TankModel {
  double j_per_k = 200 * 4186.0;
  double loss_w_per_k = 1.8;
  Celsius useful{45};       // colder water serves nobody
  Celsius compute_max{58};  // the bound on the return of the computer's loop
  Celsius ambient{18};

  // `layers`: readings of equal parts of the tank, from the top down; at least one.
  // Heat over `cold` in the parts that are useful: what draws can take before one goes unmet.
  Joules usable(std::span<const Celsius> layers, Celsius cold) const;
  // What it takes until every part is at compute_max; hotter parts count for nothing.
  Joules headroom(std::span<const Celsius> layers) const;
  // The power that keeps it as it is while nobody draws.
  Watts hold_power(std::span<const Celsius> layers) const;
};

// Half hours of working days and of weekend days: exponentially weighted mean and variance of what
// is drawn (the plain mean of the first days). One kind of day speaks for the other until that was
// seen; before any observation nothing is expected.
class DrawPattern {
 public:
  struct Slot {
    double mean_j = 0;
    double variance_j2 = 0;
    int count = 0;

    friend bool operator==(const Slot&, const Slot&) = default;
  };
  // Half hours of a working day, then of a weekend day.
  using Slots = std::array<Slot, 2 * kHalfHoursOfDay>;

  DrawPattern() = default;
  // Takes kept ones back; those that are no number, negative, or without a day count as not seen.
  explicit DrawPattern(const Slots& slots);
  [[nodiscard]] const Slots& slots() const { return slots_; }

  // What was drawn in one whole half hour. Ignores what is not finite or negative.
  void observe(int half_hour_of_week, Joules drawn);

  // Whether this kind of day was seen at this hour.
  bool seen(int half_hour_of_week) const { return slots_[index(half_hour_of_week)].count > 0; }
  Joules mean(int half_hour_of_week) const;
  Joules p90(int half_hour_of_week) const;  // mean + 1.2816 std: normal, our choice

  struct Need {
    Joules mean;
    Joules p90;  // of the sum, half hours taken as independent: P90s do not add
  };
  // Over `half_hours` (at most 96, 48 h) from `from`, which may run over the week's end.
  Need need(int from, int half_hours) const;

 private:
  const Slot& slot(int half_hour_of_week) const;
  static std::size_t index(int half_hour_of_week);

  Slots slots_{};
};

// All that was learned of a household, for whoever keeps it over a restart.
struct LearnedDraws {
  DrawPattern::Slots draws{};
  int half_hours = 0;  // that were observed

  friend bool operator==(const LearnedDraws&, const LearnedDraws&) = default;
};

// How long the tank can take `power` before its headroom is used up, the mean draws and losses of
// the next 48 h making room on the way; 48 h if longer. Cautious: draws count at `draw_share`.
Duration runway(const TankModel& tank, std::span<const Celsius> layers, const DrawPattern& pattern,
                int half_hour_of_week, Watts power, double draw_share = 0.8);

}  // namespace hearth::thermal
