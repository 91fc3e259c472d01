#include "simulator/core_config.h"

#include <algorithm>

namespace hearth::simulator {
namespace {

constexpr int kDay = 1440;

SiteId site_of(int building) {
  return SiteId{"site-" + std::to_string(building)};
}

}  // namespace

scheduler::SchedulerConfig scheduler_config(const World& world, Learning learning) {
  const auto& scenario = world.scenario;
  scheduler::SchedulerConfig config;
  config.report_period = from_seconds(scenario.cores.report_period_s);
  config.plan_period = from_seconds(scenario.cores.plan_period_s);
  config.limits_valid_for = from_seconds(scenario.cores.limits_valid_s);
  config.silent_after = std::max(config.silent_after, config.report_period * 5 / 2);
  config.lost_after = std::max(config.lost_after, config.report_period * 4);
  config.heat.prediction = learning == Learning::kOn;
  config.heat.learning = scenario.cores.fit_period_h > 0;
  if (config.heat.learning) {
    config.heat.fit_period = from_seconds(3600 * scenario.cores.fit_period_h);
  }
  config.heat.capacity_period = std::chrono::hours{24};  // what is judged is made once a day
  if (scenario.site.breaker_w > 0) {
    for (int b = 0; b < world.fleet.buildings; ++b) {
      config.sites[site_of(b)] = {Watts{scenario.site.breaker_w}, Watts{scenario.site.reserve_w}};
    }
  }
  return config;
}

protocol::Setpoint setpoint_of(const Scenario& scenario) {
  protocol::Setpoint setpoint;
  const auto& comfort = scenario.comfort;
  setpoint.value = Celsius{comfort.setpoint_c};
  if (comfort.programme == "constant") return setpoint;
  setpoint.mode = protocol::SetpointMode::kProgramme;
  for (int day = 0; day < 7; ++day) {  // as Occupants::setpoint_c has it
    setpoint.programme.push_back({day * kDay, Celsius{comfort.setback_c}});
    setpoint.programme.push_back({day * kDay + 6 * 60, Celsius{comfort.setpoint_c}});
    setpoint.programme.push_back({day * kDay + 22 * 60, Celsius{comfort.setback_c}});
  }
  return setpoint;
}

bool agent_corrects_case(const World& world, std::size_t node) {
  const auto& zone = world.fleet.zones[node];
  return zone.case_share > 0 && !zone.tank && world.scenario.cores.near_case > 0;
}

node_agent::AgentConfig agent_config(const World& world, std::size_t node) {
  const auto& scenario = world.scenario;
  const auto& spec = world.fleet.nodes[node];
  const auto& zone = world.fleet.zones[node];
  node_agent::AgentConfig config;
  auto& facts = config.facts;
  const std::string number = std::to_string(node);
  facts.node = NodeId{"n" + number};
  facts.zone = ZoneId{"z" + number};
  facts.site = site_of(zone.building);
  facts.cores = scenario.node.cores;
  facts.off = Watts{scenario.node.off_w};
  facts.idle = Watts{spec.idle_w};
  facts.min_run = Watts{scenario.node.min_run_w};
  facts.max = Watts{spec.max_w};
  facts.speed = {2, scenario.node.speed_min};
  facts.can_sleep = true;
  facts.cpu_model = "model-" + std::to_string(spec.cpu_model);
  facts.boot = from_seconds(scenario.node.boot_s);
  facts.static_share = facts.max;
  if (scenario.site.breaker_w > 0) {
    const double share_w =
        (scenario.site.breaker_w - scenario.site.reserve_w) / scenario.site.nodes_per_building;
    facts.static_share = std::min(facts.max, Watts{std::max(share_w, spec.idle_w)});
  }
  config.default_setpoint = setpoint_of(scenario);
  config.sensor_near_case = agent_corrects_case(world, node);
  if (zone.tank) {
    facts.kind = protocol::NodeKind::kBoiler;
    facts.resistance = Watts{scenario.tanks.resistance_w};
    auto& tank = facts.tank.emplace();
    tank.volume_l = zone.tank->tank.volume_l;
    tank.useful = Celsius{scenario.tanks.useful_c};
    tank.compute_max = Celsius{scenario.tanks.compute_max_c};
    tank.return_max = Celsius{scenario.tanks.return_max_c};
    config.default_setpoint = {};  // no programme: a tank has no night
  }
  config.report_period = from_seconds(scenario.cores.report_period_s);
  return config;
}

std::optional<node_agent::HygieneHistory> hygiene_history(const World& world, std::size_t node) {
  const auto& tank = world.fleet.zones[node].tank;
  if (!tank) return std::nullopt;
  return node_agent::HygieneHistory{world.scenario.start - from_seconds(3600 * tank->lift_age_h),
                                    1};
}

protocol::JobSpec spec_of(const World& world, const Job& job) {
  protocol::JobSpec spec;
  spec.service_class = job.service_class;
  spec.task_count = job.task_count;
  spec.command = {"work"};
  spec.infrastructure_retries = 1'000'000;
  spec.expected_run_time = from_seconds(job.estimate_s);
  if (job.deadline > Duration::zero()) spec.deadline = world.scenario.start + job.deadline;
  return spec;
}

int minute_of_week(UtcTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const auto of_day = std::chrono::duration_cast<std::chrono::minutes>(time - day).count();
  const auto weekday = static_cast<int>(std::chrono::weekday{day}.iso_encoding()) - 1;
  return weekday * kDay + static_cast<int>(of_day);
}

}  // namespace hearth::simulator
