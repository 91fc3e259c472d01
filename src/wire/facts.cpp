// What an agent tells of its node: facts and telemetry.
#include <algorithm>

#include "hearth/node/v1/node.pb.h"
#include "wire/checks.h"
#include "wire/fleet.h"
#include "wire/node.h"

namespace hearth::wire {
namespace {

constexpr int kQuietHoursMax = 16;
constexpr int kMinutesPerDay = 24 * 60;
constexpr int kMinutesPerWeek = 7 * kMinutesPerDay;
constexpr double kSpeedExponentMax = 4;

protocol::SpeedLaw speed_from_wire(const node::v1::SpeedLaw& in, Checks& checks) {
  const protocol::SpeedLaw law{in.exponent(), in.speed_min()};
  checks.require(law.exponent >= 1 && law.exponent <= kSpeedExponentMax, "speed.exponent",
                 "not in 1..4: " + std::to_string(law.exponent));
  checks.require(law.speed_min > 0 && law.speed_min <= 1, "speed.speed_min",
                 "not above 0, up to 1: " + std::to_string(law.speed_min));
  return law;
}

protocol::QuietHours quiet_from_wire(const node::v1::QuietHours& in, Checks& checks) {
  protocol::QuietHours quiet;
  quiet.from_minute = checks.integer_to("quiet.from_minute", in.from_minute(), kMinutesPerDay - 1);
  quiet.to_minute = checks.integer_to("quiet.to_minute", in.to_minute(), kMinutesPerDay - 1);
  quiet.p_max = Watts{checks.not_negative("quiet.p_max_w", in.p_max_w())};
  return quiet;
}

void tank_to_wire(const protocol::TankFacts& tank, node::v1::TankFacts* out) {
  out->set_volume_l(tank.volume_l);
  out->set_useful_c(tank.useful.value);
  out->set_compute_max_c(tank.compute_max.value);
  out->set_return_max_c(tank.return_max.value);
  out->set_hygiene_c(tank.hygiene.value);
  to_wire(tank.hygiene_every, out->mutable_hygiene_every());
}

protocol::TankFacts tank_from_wire(const node::v1::TankFacts& in, Checks& checks) {
  protocol::TankFacts tank;
  tank.volume_l = checks.positive("tank.volume_l", in.volume_l());
  tank.useful = Celsius{checks.finite("tank.useful_c", in.useful_c())};
  tank.compute_max = Celsius{checks.finite("tank.compute_max_c", in.compute_max_c())};
  tank.return_max = Celsius{checks.finite("tank.return_max_c", in.return_max_c())};
  tank.hygiene = Celsius{checks.finite("tank.hygiene_c", in.hygiene_c())};
  tank.hygiene_every = checks.duration("tank.hygiene_every", in.hygiene_every());
  checks.require(tank.hygiene_every > Duration::zero(), "tank.hygiene_every", "0");
  return tank;
}

void tank_to_wire(const protocol::TankReading& tank, node::v1::TankReading* out) {
  to_wire(tank.top_c, out->mutable_top_c());
  to_wire(tank.middle_c, out->mutable_middle_c());
  to_wire(tank.bottom_c, out->mutable_bottom_c());
  to_wire(tank.hygiene_due_in, out->mutable_hygiene_due_in());
  out->set_hygiene_energy_j(tank.hygiene_energy.value);
  out->set_hygiene_active(tank.hygiene_active);
  out->set_hygiene_done(tank.hygiene_done);
}

protocol::TankReading tank_from_wire(const node::v1::TankReading& in, Checks& checks) {
  protocol::TankReading tank;
  tank.top_c = checks.take("tank.top_c.", from_wire(in.top_c()));
  tank.middle_c = checks.take("tank.middle_c.", from_wire(in.middle_c()));
  tank.bottom_c = checks.take("tank.bottom_c.", from_wire(in.bottom_c()));
  tank.hygiene_due_in = checks.duration("tank.hygiene_due_in", in.hygiene_due_in());
  tank.hygiene_energy = Joules{checks.not_negative("tank.hygiene_energy_j", in.hygiene_energy_j())};
  tank.hygiene_active = in.hygiene_active();
  tank.hygiene_done = in.hygiene_done();
  return tank;
}

}  // namespace

void to_wire(const protocol::NodeFacts& facts, node::v1::NodeFacts* out) {
  out->Clear();
  out->set_node_id(facts.node.value);
  out->set_site_id(facts.site.value);
  out->set_zone_id(facts.zone.value);
  out->set_kind(to_wire(facts.kind));
  out->set_cores(static_cast<unsigned>(facts.cores));
  out->set_memory_bytes(facts.memory_bytes);
  out->set_off_w(facts.off.value);
  out->set_idle_w(facts.idle.value);
  out->set_min_run_w(facts.min_run.value);
  out->set_max_w(facts.max.value);
  to_wire(facts.boot, out->mutable_boot());
  out->set_static_share_w(facts.static_share.value);
  out->set_isolated(facts.isolated);
  out->set_isolation_note(to_utf8(facts.isolation_note));
  out->set_agent_version(facts.agent_version);
  out->mutable_speed()->set_exponent(facts.speed.exponent);
  out->mutable_speed()->set_speed_min(facts.speed.speed_min);
  out->set_resistance_w(facts.resistance.value);
  out->set_can_sleep(facts.can_sleep);
  out->set_follows(facts.follows);
  for (const auto& quiet : facts.quiet) {
    auto* added = out->add_quiet();
    added->set_from_minute(static_cast<unsigned>(quiet.from_minute));
    added->set_to_minute(static_cast<unsigned>(quiet.to_minute));
    added->set_p_max_w(quiet.p_max.value);
  }
  if (facts.tank) tank_to_wire(*facts.tank, out->mutable_tank());
  out->set_cpu_model(to_utf8(facts.cpu_model));
  out->set_residential(facts.residential);
  out->set_takes_secrets(facts.takes_secrets);
  out->set_grants_network(facts.grants_network);
}

Result<protocol::NodeFacts> from_wire(const node::v1::NodeFacts& in) {
  Checks checks("facts.");
  protocol::NodeFacts facts;
  facts.node = NodeId{checks.name("node_id", in.node_id())};
  facts.site = SiteId{checks.name("site_id", in.site_id())};
  facts.zone = ZoneId{checks.name("zone_id", in.zone_id())};
  facts.kind = checks.take(from_wire(in.kind()));
  facts.cores = checks.integer("cores", in.cores());
  checks.require(in.cores() >= 1, "cores", "0");
  facts.memory_bytes = in.memory_bytes();
  facts.off = Watts{checks.not_negative("off_w", in.off_w())};
  facts.idle = Watts{checks.not_negative("idle_w", in.idle_w())};
  facts.min_run = Watts{checks.not_negative("min_run_w", in.min_run_w())};
  facts.max = Watts{checks.not_negative("max_w", in.max_w())};
  facts.boot = checks.duration("boot", in.boot());
  facts.static_share = Watts{checks.not_negative("static_share_w", in.static_share_w())};
  facts.isolated = in.isolated();
  facts.isolation_note = in.isolation_note();
  facts.agent_version = in.agent_version();
  if (in.has_speed()) facts.speed = speed_from_wire(in.speed(), checks);
  facts.resistance = Watts{checks.not_negative("resistance_w", in.resistance_w())};
  facts.can_sleep = in.can_sleep();
  facts.follows = in.follows();
  checks.require(in.quiet_size() <= kQuietHoursMax, "quiet",
                 "more than 16: " + std::to_string(in.quiet_size()));
  for (int i = 0; i < std::min(in.quiet_size(), kQuietHoursMax); ++i) {
    facts.quiet.push_back(quiet_from_wire(in.quiet(i), checks));
  }
  if (in.has_tank()) facts.tank = tank_from_wire(in.tank(), checks);
  facts.cpu_model = in.cpu_model();
  facts.residential = !in.has_residential() || in.residential();
  facts.takes_secrets = in.takes_secrets();
  facts.grants_network = in.grants_network();
  return checks.finish(std::move(facts));
}

void to_wire(const protocol::Telemetry& telemetry, node::v1::Telemetry* out) {
  out->Clear();
  to_wire(telemetry.air_temperature_c, out->mutable_air_temperature_c());
  to_wire(telemetry.power_w, out->mutable_power_w());
  out->set_power_wanted_w(telemetry.power_wanted.value);
  if (telemetry.setpoint) out->set_setpoint_c(telemetry.setpoint->value);
  out->set_t_ref_c(telemetry.t_ref.value);
  out->set_limits_revision(telemetry.limits_revision);
  out->set_safe_mode(telemetry.safe_mode);
  out->set_tripped(telemetry.tripped);
  to_wire(telemetry.energy, out->mutable_energy());
  out->set_window_open(telemetry.window_open);
  out->set_asleep(telemetry.asleep);
  out->set_quiet(telemetry.quiet);
  if (telemetry.minute_of_week >= 0) {
    out->set_minute_of_week(static_cast<unsigned>(telemetry.minute_of_week));
  }
  if (telemetry.tank) tank_to_wire(*telemetry.tank, out->mutable_tank());
}

Result<protocol::Telemetry> from_wire(const node::v1::Telemetry& in) {
  Checks checks("telemetry.");
  protocol::Telemetry telemetry;
  telemetry.air_temperature_c =
      checks.take("air_temperature_c.", from_wire(in.air_temperature_c()));
  telemetry.power_w = checks.take("power_w.", from_wire(in.power_w()));
  telemetry.power_wanted = Watts{checks.finite("power_wanted_w", in.power_wanted_w())};
  if (in.has_setpoint_c()) {
    telemetry.setpoint = Celsius{checks.finite("setpoint_c", in.setpoint_c())};
  }
  telemetry.t_ref = Celsius{checks.finite("t_ref_c", in.t_ref_c())};
  telemetry.limits_revision = in.limits_revision();
  telemetry.safe_mode = in.safe_mode();
  telemetry.tripped = in.tripped();
  telemetry.energy = checks.take(from_wire(in.energy()));
  telemetry.window_open = in.window_open();
  telemetry.asleep = in.asleep();
  telemetry.quiet = in.quiet();
  if (in.has_minute_of_week()) {
    telemetry.minute_of_week =
        checks.integer_to("minute_of_week", in.minute_of_week(), kMinutesPerWeek - 1);
  }
  if (in.has_tank()) telemetry.tank = tank_from_wire(in.tank(), checks);
  return checks.finish(std::move(telemetry));
}

}  // namespace hearth::wire
