// A tank as its agent sees it: layers that can be believed, heat in them, what its household will
// draw.
//
// Draws are learned by half hours of the week from the tank's own balance (thermal/tank_model.h);
// until two days were seen, a fixed share of the volume is kept (our choice). Pure state.
#pragma once

#include <array>
#include <optional>

#include "common/time.h"
#include "common/units.h"
#include "node_agent/core/event.h"
#include "protocol/stream.h"
#include "thermal/tank_model.h"

namespace hearth::node_agent {

class TankStore {
 public:
  static constexpr std::size_t kLayers = 3;
  using Layers = std::array<Celsius, kLayers>;  // from the top down

  // `learned`: by an agent before us, if any.
  TankStore(const protocol::TankFacts& facts, Duration sensor_timeout,
            const std::optional<thermal::LearnedDraws>& learned = {});

  // One pass; `given`: heat since the pass before.
  void take(const TankLayers& layers, Joules given, std::optional<int> minute_of_week,
            TimePoint now);

  // All three, as last believed; nothing while one is silent or impossible.
  std::optional<Layers> layers(TimePoint now) const;
  const std::array<protocol::Reading, kLayers>& readings() const { return readings_; }

  static Celsius mean(const Layers& layers);
  static Celsius coldest(const Layers& layers);
  // How far the tank is beyond what the computers may add to it, in kelvin of its mean: by the mean
  // itself, or by what its bottom sends back to them. The scheduler reckons alike.
  Kelvins excess(const Layers& layers) const;
  // In water well above `useful`; between two thermometers the temperature is taken to fall evenly,
  // since the one on top says nothing of how far down it is hot.
  Joules usable(const Layers& layers) const;
  Joules missing(const Layers& layers, Celsius to) const;  // until every layer is at `to`
  // What will be drawn in the next hours: at the 90 % quantile, and in all but one case of 200
  // (draws taken as normal).
  struct Need {
    Joules likely;
    Joules most;
  };
  Need need(std::optional<int> minute_of_week) const;
  // Whether, as far as was learned, next to nothing will be drawn for so long.
  bool calm(std::optional<int> minute_of_week, Duration ahead) const;
  const thermal::DrawPattern& pattern() const { return pattern_; }

  thermal::LearnedDraws learned() const { return {pattern_.slots(), half_hours_seen_}; }
  // Once each time that it grew by six hours: storage of small computers wears out.
  bool worth_keeping();

 private:
  void learn(const Layers& layers, Joules given, std::optional<int> minute_of_week, TimePoint now);
  Joules content(const Layers& layers) const;

  protocol::TankFacts facts_;
  Duration timeout_;
  thermal::TankModel model_;
  thermal::DrawPattern pattern_;
  std::array<protocol::Reading, kLayers> readings_;
  Layers believed_{};
  std::array<std::optional<TimePoint>, kLayers> believed_at_;
  struct Balance {
    int half_hour = 0;
    Joules before;
    Joules given;
    Joules lost;
    TimePoint last{};
  };
  std::optional<Balance> balance_;
  int half_hours_seen_ = 0;
  int half_hours_kept_ = 0;
};

}  // namespace hearth::node_agent
