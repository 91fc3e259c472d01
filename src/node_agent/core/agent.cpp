#include "node_agent/core/agent.h"

#include <algorithm>

#include "common/check.h"
#include "common/random.h"
#include "node_agent/core/agent_impl.h"

namespace hearth::node_agent {
namespace {

constexpr Duration kStartWithin = std::chrono::minutes{10};

PowerModel power_model_of(const protocol::NodeFacts& facts) {
  CHECK(facts.cores >= 1 && facts.max >= facts.idle);
  return {facts.idle, facts.max, Watts{(facts.max - facts.idle).value / facts.cores}, facts.speed};
}

protocol::HeatBand band_of_zone(const AgentConfig& config) {
  auto band = config.band;
  if (config.facts.kind != protocol::NodeKind::kBoiler || !config.facts.tank) return band;
  band.reserved = band.tank.reserved;
  band.on_demand = band.tank.on_demand;
  band.flex = band.tank.flex;
  band.filler = band.tank.filler;
  return band;
}

}  // namespace

Agent::Impl::Impl(AgentConfig configuration, AgentState state)
    : config(std::move(configuration)),
      installation_id(state.installation_id),
      power(power_model_of(config.facts)),
      setpoints(state.setpoint ? *state.setpoint : config.default_setpoint),
      air_sensor(config.air_step_max, config.sensor_timeout, config.gain_time * 2 / 5),
      emitted(time_scale_of(config)),
      window(config),
      rise_check(config),
      protection(config.cpu_trip, config.case_trip),
      law(gains_of(config)),
      book(state.installation_id + "-" + state.boot_id, power.per_core.value),
      boards(config.facts.can_sleep, config.facts.boot),
      backup(config.facts.resistance),
      class_band(band_of_zone(config)),
      highest_epoch(state.highest_epoch),
      report_period(config.report_period) {
  telemetry.energy = book.ledger();
  if (state.plan) use_plan(*state.plan);
  if (config.facts.kind == protocol::NodeKind::kBoiler && config.facts.tank) {
    tank.emplace(*config.facts.tank, config.sensor_timeout, state.draws);
    hygiene.emplace(*config.facts.tank, state.hygiene);
  }
  if (config.sensor_near_case && !config.facts.follows && !tank) {
    near_case.emplace(config, state.near_case);
  }
  if (state.power_cut_seed) {
    Random random{*state.power_cut_seed};
    start_delay = Duration{random.below(static_cast<std::uint64_t>(kStartWithin.count()))};
  }
}

std::vector<Command> Agent::Impl::apply(const Event& event, TimePoint time) {
  CHECK(time >= now);
  now = time;
  commands.clear();
  end_what_is_over();
  std::visit([this](const auto& e) { update(e); }, event);

  follow_reference();
  judge_heat();
  power_boards();
  return_waiting();
  start_waiting();
  shed_work();
  heat_the_rest();
  refresh_telemetry();
  report_started();
  report_telemetry();
  return std::move(commands);
}

Agent::Agent(AgentConfig config, AgentState state)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(state))) {}
Agent::~Agent() = default;

std::vector<Command> Agent::apply(const Event& event, TimePoint now) {
  return impl_->apply(event, now);
}
std::optional<TimePoint> Agent::next_deadline() const {
  return impl_->next_deadline();
}
const protocol::Telemetry& Agent::telemetry() const {
  return impl_->telemetry;
}
thermal::LearnedDraws Agent::learned_draws() const {
  return impl_->tank ? impl_->tank->learned() : thermal::LearnedDraws{};
}
std::optional<Agent::NearCaseNow> Agent::near_case() const {
  if (!impl_->near_case) return std::nullopt;
  return NearCaseNow{impl_->near_case->bias(), impl_->near_case->correction()};
}
protocol::Setpoint Agent::setpoint() const {
  return impl_->setpoints.in_force();
}
bool Agent::window_open() const {
  return impl_->window.open(impl_->now);
}
std::size_t Agent::running_count() const {
  return impl_->work.started().size();
}
std::size_t Agent::waiting_count() const {
  return impl_->work.waiting().size();
}

}  // namespace hearth::node_agent
