// What a tank can take of its computers over the next 48 hours: how its household draws, learned
// from telemetry by a balance of the tank; the power that draws, losses and the place left admit;
// its runway. Pure.
//
// Learned by half hours of the week (thermal/tank_model.h). Until two days were seen, the prior is
// a household that uses four fifths of the volume a day between 6 and 22 h (our choice).
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "common/random.h"
#include "protocol/stream.h"
#include "thermal/tank_model.h"

namespace hearth::scheduler {

inline constexpr int kTankHalfHours = 96;

// The model that stands for a tank with these facts: 1.5 W/K at 200 L, cold water of 12 degC.
thermal::TankModel tank_model_of(const protocol::TankFacts& facts);

class TankLearning {
 public:
  using State = thermal::LearnedDraws;  // the half hour under way is not in it

  TankLearning() = default;
  explicit TankLearning(const State& state)
      : pattern_(state.draws), half_hours_(std::max(0, state.half_hours)) {}
  [[nodiscard]] State state() const { return {pattern_.slots(), half_hours_}; }

  // A report: `heat` is what the node has drawn in all, by any counter; times do not run backwards.
  void report(const protocol::TankFacts& facts, const protocol::Telemetry& telemetry, Joules heat,
              UtcTime utc);

  [[nodiscard]] bool learned() const { return half_hours_ >= 2 * thermal::kHalfHoursOfDay; }
  [[nodiscard]] const thermal::DrawPattern& pattern() const { return pattern_; }
  [[nodiscard]] double days_known() const { return half_hours_ / 48.0; }

 private:
  struct Balance {
    int half_hour = 0;
    Joules content;
    Joules heat;
    Joules lost;
    UtcTime last{};
  };
  thermal::DrawPattern pattern_;
  std::optional<Balance> balance_;
  Joules owed_;  // what three thermometers took for a draw, and gave back later: not above 0
  int half_hours_ = 0;
};

struct TankOutlook {
  std::array<float, kTankHalfHours> draw_j{};  // of each half hour from now on: mean,
  std::array<float, kTankHalfHours> draw_std_j{};
  double headroom_j = 0;  // until the computers may give no more
  double j_per_k = 0;
  double loss_w = 0;
  float idle_w = 0;
  float max_w = 0;
  float cores = 0;
  protocol::SpeedLaw speed;
  bool learned = false;

  // Mean power of each hour that the tank takes where work is always there: the place left first,
  // then what draws and losses make.
  [[nodiscard]] std::array<double, 48> absorbed_w() const { return absorbed_w(1, nullptr); }
  // The same in one possible future: draws `scale` times as large, each half hour with its own
  // departure where there are dice.
  [[nodiscard]] std::array<double, 48> absorbed_w(double scale, Random* dice) const;
  // How long it takes `power`, draws at four fifths of their mean, before its mean is `below` of
  // what the loop reaches; 48 h at most.
  [[nodiscard]] Duration runway(Watts power, Kelvins below) const;
};

// Nothing while a thermometer is not to be believed. Idle, max and speed as learned.
struct TankNode {
  const protocol::NodeFacts& facts;
  const protocol::Telemetry& telemetry;
  Watts idle;
  Watts max;
  protocol::SpeedLaw speed;
};
std::optional<TankOutlook> tank_outlook(const TankNode& node, const TankLearning& learning);

// One joint future of a tank, for the fleet's capacity: added to each hour's power and cores. The
// household departs from its mean by a fifth (choice).
struct TankDraw {
  std::array<double, 48> power_w{};
  std::array<double, 48> cores{};
};
TankDraw drawn_tank(const TankOutlook& tank, Random& random);

}  // namespace hearth::scheduler
