// The stream: Hello, epochs, what is reported when.
#include <algorithm>
#include <cmath>

#include "node_agent/core/agent_impl.h"

namespace hearth::node_agent {
namespace {

constexpr std::size_t kPerMessage = 500;
constexpr std::chrono::milliseconds kStartedBatch{200};
constexpr std::chrono::seconds kReportDistance{1};

// The wire refuses what is no number; a core does not rely on it.
bool sound(const protocol::Limits& limits) {
  const auto finite = [](double value) { return std::isfinite(value); };
  const bool follows =
      !limits.follow || (finite(limits.follow->air.value) && finite(limits.follow->wanted.value));
  return finite(limits.t_ref.value) && finite(limits.p_min.value) && finite(limits.p_max.value) &&
         (!limits.outdoor || finite(limits.outdoor->value)) && follows;
}

}  // namespace

void Agent::Impl::send(protocol::AgentMessage message) {
  if (connected) order(Send{std::move(message)});
}

void Agent::Impl::see_epoch(std::uint64_t epoch) {
  if (epoch <= highest_epoch) return;
  highest_epoch = epoch;
  order(StoreEpoch{epoch});
}

void Agent::Impl::refuse_stream(std::uint64_t epoch) {
  connected = false;
  started_unreported.clear();
  order(CloseStream{"epoch " + std::to_string(epoch) + " is below " +
                    std::to_string(highest_epoch) + ", the highest seen"});
}

void Agent::Impl::update(const StreamOpened& event) {
  started_unreported.clear();  // Hello states what runs
  if (event.epoch < highest_epoch) return refuse_stream(event.epoch);
  see_epoch(event.epoch);
  connected = true;
  opened_at = now;
  work.forget_unused_details();
  say_hello(event.session_counter);
}

void Agent::Impl::say_hello(std::uint64_t session_counter) {
  refresh_telemetry();
  protocol::Hello hello;
  hello.installation_id = installation_id;
  hello.session_counter = session_counter;
  hello.highest_epoch = highest_epoch;
  hello.facts = config.facts;
  hello.setpoint = setpoints.in_force();
  hello.telemetry = telemetry;
  send(std::move(hello));
  reported = telemetry;
  last_report = now;

  const auto in_parts = [](const std::vector<protocol::HeldAttempt>& all, auto use) {
    for (std::size_t from = 0; from < all.size(); from += kPerMessage) {
      const auto end = std::min(all.size(), from + kPerMessage);
      use(std::vector(all.begin() + static_cast<std::ptrdiff_t>(from),
                      all.begin() + static_cast<std::ptrdiff_t>(end)));
    }
  };
  in_parts(work.held(), [this](auto part) { send(protocol::HelloAttempts{std::move(part)}); });
  in_parts(work.results(), [this](auto part) { send(protocol::HelloResults{std::move(part)}); });
  send(protocol::HelloEnd{});
  for (const auto& [attempt, task] : work.spooled()) order(OfferResult{attempt});
}

void Agent::Impl::update(const StreamClosed&) {
  connected = false;
  started_unreported.clear();
}

void Agent::Impl::update(const SchedulerSaid& event) {
  if (event.epoch < highest_epoch) {
    if (connected) refuse_stream(event.epoch);
    return;
  }
  see_epoch(event.epoch);
  std::visit([this](const auto& message) { said(message); }, event.message);
}

void Agent::Impl::said(const protocol::Welcome& message) {
  if (message.report_period > Duration::zero()) report_period = message.report_period;
}

void Agent::Impl::said(const protocol::LimitsChanged& message) {
  if (!sound(message.limits)) return;
  limits = LimitsInForce{message.limits, now + message.limits.valid_for};
  if (message.limits.valid_for <= Duration::zero()) {
    limits.reset();
    limits_ended = now;
  }
}

void Agent::Impl::said(const protocol::SetpointOrdered& message) {
  if (setpoints.ordered(message.setpoint)) {
    announce_setpoint();
  } else {
    send(protocol::SetpointInForce{setpoints.in_force()});
  }
}

void Agent::Impl::announce_setpoint() {
  order(StoreSetpoint{setpoints.to_store()});
  send(protocol::SetpointInForce{setpoints.in_force()});
}

void Agent::Impl::report_started() {
  if (started_unreported.empty() || now < *started_since + kStartedBatch) return;
  send(protocol::AttemptsStarted{std::move(started_unreported)});
  started_unreported.clear();
}

void Agent::Impl::refresh_telemetry() {
  const bool silent =
      !tank && air_reading.quality == protocol::Quality::kGood && air_sensor.lost(now);
  const auto& energy = book.ledger();
  telemetry.energy.attempts = energy.attempts;  // its boot id never changes
  telemetry.energy.filler = energy.filler;
  telemetry.energy.idle = energy.idle;
  telemetry.energy.resistance = energy.resistance;
  telemetry.energy.meter = energy.meter;
  telemetry.air_temperature_c = air_reading;
  if (config.facts.follows) {
    telemetry.air_temperature_c = {};
    if (const auto air = zone_air()) {
      telemetry.air_temperature_c = {air->value, protocol::Quality::kGood};
    }
  }
  if (silent) telemetry.air_temperature_c.quality = protocol::Quality::kStale;
  telemetry.power_w = power_reading;
  telemetry.power_wanted = heat.wanted;
  // A tank takes work's heat as long as it has a place for it, not only what it lacks.
  if (tank && heat.excess && *heat.excess < class_band.flex.may_start_below) {
    telemetry.power_wanted = heat.allowed;
  }
  telemetry.setpoint = setpoints.value(now);
  telemetry.t_ref = reference;
  telemetry.limits_revision = limits ? limits->limits.revision : 0;
  telemetry.safe_mode = heat.safe_mode;
  telemetry.tripped = protection.tripped();
  telemetry.window_open = window.open(now);
  telemetry.quiet = quiet;
  telemetry.asleep = boards.asleep();
  if (tank) refresh_tank();
  telemetry.minute_of_week = setpoints.minute_of_week(now).value_or(-1);
}

// Something the scheduler plans with is no longer as reported.
bool Agent::Impl::telemetry_matters() const {
  const double standby_w = config.facts.idle.value * 1.05 + 1.0;
  const bool reached_standby = !telemetry.setpoint && telemetry.power_w.value <= standby_w &&
                               reported.power_w.value > standby_w;
  return reached_standby || telemetry.limits_revision != reported.limits_revision ||
         telemetry.setpoint != reported.setpoint || telemetry.t_ref != reported.t_ref ||
         telemetry.asleep != reported.asleep || telemetry.safe_mode != reported.safe_mode ||
         telemetry.tripped != reported.tripped ||
         telemetry.air_temperature_c.quality != reported.air_temperature_c.quality;
}

void Agent::Impl::report_telemetry() {
  if (!connected) return;
  const Duration distance =
      telemetry_matters() ? std::min<Duration>(kReportDistance, report_period) : report_period;
  if (now < last_report + distance) return;
  report_now();
}

void Agent::Impl::report_now() {
  send(protocol::Report{telemetry});
  reported = telemetry;
  last_report = now;
}

std::optional<TimePoint> Agent::Impl::next_deadline() const {
  TimePoint earliest = next_control;
  const auto consider = [&](std::optional<TimePoint> time) {
    if (time && *time > now) earliest = std::min(earliest, *time);
  };
  consider(setpoints.boost_end());
  consider(give_up_due);
  consider(boards.due());
  consider(starts_at);
  if (limits) consider(limits->end);
  if (config.facts.kind != protocol::NodeKind::kNone) consider(air_sensor.silent_at());
  if (!connected) return earliest;
  if (!started_unreported.empty()) consider(*started_since + kStartedBatch);
  const Duration distance =
      telemetry_matters() ? std::min<Duration>(kReportDistance, report_period) : report_period;
  consider(last_report + distance);
  if (!work.queue().empty() && !limits) {
    consider(std::max(opened_at, limits_ended) + std::chrono::seconds{10});
  }
  return earliest;
}

}  // namespace hearth::node_agent
