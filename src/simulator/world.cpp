#include "simulator/world.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "simulator/recorder.h"
#include "simulator/rooms.h"
#include "simulator/stopwatch.h"
#include "simulator/tank_judge.h"
#include "simulator/tank_rules.h"

namespace hearth::simulator {
namespace {

// Policy `ideal` for tanks: at every moment all the compute heat that the loop takes, up to
// P_rated; resistance and weekly lift by the rules of tank_rules.h. What it gives is what the
// draw-offs and losses allow.
class IdealTanks {
 public:
  explicit IdealTanks(const World& world)
      : world_(world),
        tanks_(world.scenario, world.seed, world.fleet),
        judge_(world.scenario, world.fleet),
        rules_(world.fleet.zones.size()),
        energy_(world.fleet.zones.size()) {}

  [[nodiscard]] bool has(std::size_t zone) const { return tanks_.has(zone); }
  void begin_minute(int minute) { tanks_.begin_minute(minute); }
  // Returns the compute power, W.
  double step(std::size_t zone, int minute) {
    const auto& tank = tanks_.tank(zone);
    const auto orders = rules_[zone].step(world_.scenario, *world_.fleet.zones[zone].tank,
                                          tank.top(), tank.coldest_of_three(), minute);
    tanks_.circulate(zone, orders.circulates);
    const double compute_w = std::min(world_.fleet.nodes[zone].max_w, tanks_.cooling_w(zone));
    tanks_.step(zone, compute_w, orders.resistance_w);
    energy_[zone].attempts_j += 60 * compute_w;
    energy_[zone].resistance_j += 60 * orders.resistance_w;
    judge_.add(zone, minute, tanks_, energy_[zone]);
    return compute_w;
  }
  [[nodiscard]] const Tanks& tanks() const { return tanks_; }
  void fill(Metrics& metrics) const { judge_.fill(metrics, judge_.compute_j(), 0); }

 private:
  const World& world_;
  Tanks tanks_;
  TankJudge judge_;
  std::vector<TankRules> rules_;
  std::vector<EnergyByCause> energy_;
};

// Policy `ideal` (HEAT section 4): continuous power, heat always available, a perfect thermostat.
void run_ideal(World& world) {
  const auto& scenario = world.scenario;
  const auto zones = world.fleet.zones.size();
  Rooms rooms{world.scenario, world.seed, world.fleet, world.weather, Rooms::Heater::kIdeal};
  ComfortBook comfort{world.scenario, world.fleet, nullptr};
  Recorder recorder{world.scenario, world.fleet};
  world.ideal_trace = IdealTrace{zones};
  world.ideal_trace.reserve(scenario.minutes_of_work());
  std::vector<double> heat_w(zones);
  IdealTanks tanks{world};
  double sum_j = 0;
  double tank_j = 0, tank_core_s = 0;
  for (int minute = 0; minute < scenario.minutes_of_work(); ++minute) {
    rooms.begin_minute(minute);
    tanks.begin_minute(minute);
    for (std::size_t zone = 0; zone < zones; ++zone) {
      if (tanks.has(zone)) {
        heat_w[zone] = tanks.step(zone, minute);
        tank_j += 60 * heat_w[zone];
        tank_core_s += 60 * heat_w[zone] / world.fleet.nodes[zone].per_core_w;
        world.ideal_trace.add(0);  // judged apart
        continue;
      }
      heat_w[zone] = rooms.step_ideal(zone);
      sum_j += 60 * heat_w[zone];
      world.ideal_trace.add(rooms.air_c(zone));
      const auto& people = rooms.people(zone);
      comfort.add(
          zone, minute,
          {rooms.air_c(zone), people.setpoint_c, people.setpoint_c, heat_w[zone], people.occupied});
    }
    if (recorder.is_due(minute)) {
      recorder.take(
          {minute, {.filler_j = sum_j + tank_j}, 0, 0}, rooms,
          [](std::size_t, double setpoint_c) { return setpoint_c; },
          [&](std::size_t zone) { return heat_w[zone]; });
      recorder.take_tanks(tanks.tanks());
    }
  }
  const double seconds = 60.0 * scenario.minutes_of_work();
  world.room_capacity_w = sum_j / seconds;
  world.tank_core_seconds = tank_core_s;
  world.heat_capacity_w = (sum_j + tank_j) / seconds;
  auto& metrics = world.ideal.metrics;
  comfort.fill(metrics);
  metrics.set("heat_delivered_j", sum_j + tank_j);
  metrics.set("heat_capacity_w", world.heat_capacity_w);
  tanks.fill(metrics);
  world.ideal.policy = "ideal";
  world.ideal.seed = world.seed;
  world.ideal.record = std::move(recorder.record());
  world.ideal.record.discomfort = comfort.histogram();
}

Result<Workload> make_work(const World& world, double core_seconds) {
  switch (world.scenario.work.kind) {
    case WorkKind::kNone:
      return Workload{};
    case WorkKind::kGenerator:
      return generate_work(world.scenario, world.seed, core_seconds);
    case WorkKind::kSwf:
      break;
  }
  const auto& path = world.scenario.work.swf;
  std::ifstream file{path};
  if (!file) return fail(ErrorCode::kNotFound, path + ": cannot be read");
  std::stringstream text;
  text << file.rdbuf();
  auto work = work_of_trace(text.str(), world.scenario, world.seed, core_seconds);
  if (!work) return fail(work.error().code, path + ": " + work.error().message);
  return work;
}

}  // namespace

Result<World> make_world(const Scenario& scenario, std::uint64_t seed) {
  World world;
  world.scenario = scenario;
  world.seed = seed;
  world.fleet = draw_fleet(scenario, seed);
  HEARTH_TRY(weather, SiteWeather::make(scenario, seed));
  world.weather = std::move(weather);
  const Stopwatch watch;
  run_ideal(world);
  world.ideal_wall_s = watch.seconds();
  // What a watt of heat is in core-seconds, over the rooms; tanks each for itself.
  double per_core_w = 0, rooms = 0;
  for (std::size_t i = 0; i < world.fleet.nodes.size(); ++i) {
    if (world.fleet.zones[i].tank) continue;
    per_core_w += world.fleet.nodes[i].per_core_w;
    ++rooms;
  }
  per_core_w /= std::max(1.0, rooms);
  const double seconds = 60.0 * scenario.minutes_of_work();
  double core_seconds = scenario.work.load * world.tank_core_seconds;
  if (rooms > 0) {
    core_seconds += scenario.work.load * world.room_capacity_w * seconds / per_core_w;
  }
  HEARTH_TRY(work, make_work(world, core_seconds));
  world.work = std::move(work);
  return world;
}

}  // namespace hearth::simulator
