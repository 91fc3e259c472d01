#include "simulator/world.h"

#include <fstream>
#include <sstream>

#include "simulator/recorder.h"
#include "simulator/rooms.h"
#include "simulator/stopwatch.h"

namespace hearth::simulator {
namespace {

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
  double sum_j = 0;
  for (int minute = 0; minute < scenario.minutes_of_work(); ++minute) {
    rooms.begin_minute(minute);
    for (std::size_t zone = 0; zone < zones; ++zone) {
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
          {minute, {.filler_j = sum_j}, 0, 0}, rooms,
          [](std::size_t, double setpoint_c) { return setpoint_c; },
          [&](std::size_t zone) { return heat_w[zone]; });
    }
  }
  const double seconds = 60.0 * scenario.minutes_of_work();
  world.heat_capacity_w = sum_j / seconds;
  auto& metrics = world.ideal.metrics;
  comfort.fill(metrics);
  metrics.set("heat_delivered_j", sum_j);
  metrics.set("heat_capacity_w", world.heat_capacity_w);
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
  if (scenario.tanks.share > 0) {
    return fail(ErrorCode::kInvalidArgument, "tanks.share: tanks are not simulated yet");
  }
  World world;
  world.scenario = scenario;
  world.seed = seed;
  world.fleet = draw_fleet(scenario, seed);
  HEARTH_TRY(weather, SiteWeather::make(scenario, seed));
  world.weather = std::move(weather);
  const Stopwatch watch;
  run_ideal(world);
  world.ideal_wall_s = watch.seconds();
  // What a watt of heat is in core-seconds, over the fleet.
  double per_core_w = 0;
  for (const auto& node : world.fleet.nodes) per_core_w += node.per_core_w;
  per_core_w /= static_cast<double>(world.fleet.nodes.size());
  const double seconds = 60.0 * scenario.minutes_of_work();
  const double core_seconds = scenario.work.load * world.heat_capacity_w * seconds / per_core_w;
  HEARTH_TRY(work, make_work(world, core_seconds));
  world.work = std::move(work);
  return world;
}

}  // namespace hearth::simulator
