// Heat for a tank: work while the tank can take it, filler for what will be drawn, hygiene in time,
// resistance last.
#include <algorithm>

#include "node_agent/core/agent_impl.h"

namespace hearth::node_agent {
namespace {

constexpr double kEnough = 1.15;  // of the most needed: heat is wanted until then
constexpr double kUrgent = 0.5;   // of the likely need: the computers were too slow
constexpr Kelvins kLiftOver{2};   // of the lift's temperature, so that it holds
constexpr double kSlower = 1.3;   // draws take heat meanwhile
constexpr Duration kHoldAndReserve = std::chrono::minutes{80};
constexpr Duration kPressed = std::chrono::hours{5};
constexpr Celsius kQuickLift{65};
constexpr Kelvins kStirsOver{8};          // of the useful temperature: draws go on meanwhile
constexpr Kelvins kComputeReaches{-0.5};  // of its bound: from here on the resistance lifts

}  // namespace

void Agent::Impl::sense_tank(const SensorsRead& event, Joules given) {
  if (!tank) return;
  tank->take(event.tank.value_or(TankLayers{}), given, setpoints.minute_of_week(now), now);
  if (tank->worth_keeping()) order(StoreDraws{tank->learned().half_hours});
  if (const auto layers = tank->layers(now)) {
    air_reading = {TankStore::mean(*layers).value, protocol::Quality::kGood};
  } else {
    air_reading = {};
  }
  if (clock) watch_hygiene();
}

void Agent::Impl::watch_hygiene() {
  Hygiene::Inputs inputs;
  if (const auto layers = tank->layers(now)) {
    inputs.coldest = TankStore::coldest(*layers);
    inputs.missing = tank->missing(*layers, lift_target());
    inputs.good_time = tank->calm(setpoints.minute_of_week(now), lift_time(*layers));
  }
  // The computers lift first, the resistance what they do not reach: the slower one counts.
  inputs.power = config.facts.max - config.facts.idle;
  if (config.facts.resistance > 0_W) inputs.power = std::min(inputs.power, config.facts.resistance);
  inputs.allowed = !setpoints.is_off() && !protection.tripped();
  const UtcTime utc = clock->utc + (now - clock->read_at);
  if (const auto record = hygiene->step(inputs, utc)) order(RecordHygiene{*record});
}

// Near the deadline the lift aims at a hold of four minutes: no draw breaks that, as it may break
// an hour's.
Celsius Agent::Impl::lift_target() const {
  const UtcTime utc = clock->utc + (now - clock->read_at);
  const auto& facts = *config.facts.tank;
  const bool pressed = hygiene->active() && hygiene->due_in(utc) < kPressed;
  return (pressed ? std::max(facts.hygiene, kQuickLift) : facts.hygiene) + kLiftOver;
}

// Of a lift that began now: the computers first, the resistance for what they do not reach, and
// the hold.
Duration Agent::Impl::lift_time(const TankStore::Layers& layers) const {
  const Watts compute = config.facts.max - config.facts.idle;
  const Watts rest = config.facts.resistance > 0_W ? config.facts.resistance : compute;
  const Joules all = tank->missing(layers, config.facts.tank->hygiene + kLiftOver);
  const Joules first = tank->missing(layers, config.facts.tank->compute_max);
  return from_seconds(first.value / compute.value + (all - first).value / rest.value) +
         kHoldAndReserve;
}

void Agent::Impl::judge_tank(Watts most) {
  const auto layers = tank->layers(now);
  heat.safe_mode = !layers;
  // A tank that nobody sees takes no heat: unlike a room it does not lose what is too much.
  if (!layers || heat.halted) return;
  if (hygiene->active()) {
    quiet = false;
    most = breaker();
  }
  heat.excess = tank->excess(*layers);
  heat.allowed = *heat.excess < 0_K ? most : 0_W;
  const Joules usable = tank->usable(*layers);
  const auto [likely, most_needed] = tank->need(setpoints.minute_of_week(now));
  tank_wants = usable < most_needed || (tank_wants && usable < kEnough * most_needed);
  tank_urgent = tank_wants && (usable < kUrgent * likely || (tank_urgent && usable < likely));
  const Watts low = limits ? std::clamp(limits->limits.p_min, 0_W, heat.allowed) : 0_W;
  heat.wanted = tank_wants || hygiene->active() ? heat.allowed : low;
}

// A lift stirs the tank, but not while that would make the water at the top lukewarm.
bool Agent::Impl::stirs() const {
  if (!hygiene || !hygiene->active()) return false;
  const auto layers = tank->layers(now);
  return layers && TankStore::mean(*layers) >= config.facts.tank->useful + kStirsOver;
}

// Whether only both together can still end the lift in time.
bool Agent::Impl::lift_presses(const TankStore::Layers& layers) const {
  const UtcTime utc = clock->utc + (now - clock->read_at);
  const Joules missing = tank->missing(layers, lift_target());
  const double lift_s = kSlower * missing.value / config.facts.resistance.value;
  return hygiene->due_in(utc) < from_seconds(lift_s) + kHoldAndReserve;
}

BackupHeat::Inputs Agent::Impl::tank_backup() const {
  BackupHeat::Inputs inputs;
  const auto layers = tank->layers(now);
  if (!layers || heat.halted) return inputs;
  inputs.possible = tank_wants || hygiene->active();
  inputs.missing = config.facts.resistance;
  const Celsius lifted = lift_target();
  const bool lift_left = hygiene->active() && TankStore::coldest(*layers) < lifted;
  inputs.at_once = lift_left && (*heat.excess >= kComputeReaches || lift_presses(*layers));
  if (hygiene->active() && !lift_left) inputs.possible = false;
  // Below zero: in need of nothing that the computers cannot give in time.
  inputs.full = tank_urgent;
  inputs.below = tank_urgent ? Kelvins{1} : Kelvins{-1};
  return inputs;
}

void Agent::Impl::refresh_tank() {
  auto& reading = telemetry.tank ? *telemetry.tank : telemetry.tank.emplace();
  reading.top_c = tank->readings()[0];
  reading.middle_c = tank->readings()[1];
  reading.bottom_c = tank->readings()[2];
  if (clock) reading.hygiene_due_in = hygiene->due_in(clock->utc + (now - clock->read_at));
  reading.hygiene_active = hygiene->active();
  reading.hygiene_done = hygiene->done();
  if (const auto layers = tank->layers(now)) {
    reading.hygiene_energy = tank->missing(*layers, config.facts.tank->hygiene);
  }
}

}  // namespace hearth::node_agent
