// What happened on this node is taken in; only ends of attempts are answered at once.
#include "node_agent/core/agent_impl.h"

namespace hearth::node_agent {

using protocol::FailureClass;
using protocol::Quality;

void Agent::Impl::update(const WallClockRead& event) {
  clock = Clock{event.utc, now};
  setpoints.clock_read(event.utc, event.minute_of_week, now);
}

void Agent::Impl::update(const SensorsRead& event) {
  const Joules metered = book.ledger().meter;
  book.sensors_read(event, now);
  see_use();
  const bool measured = event.meter || event.power_w.quality == Quality::kGood;
  const Joules drawn = book.ledger().meter - metered;
  emitted.take(measured ? std::optional(drawn) : std::nullopt, now);

  auto said = event.air_temperature_c;
  std::optional<Celsius> raw;
  if (said.quality == Quality::kGood && in_range(Celsius{said.value})) raw = Celsius{said.value};
  rise_check.take(raw, emitted, now);
  auto value = raw;
  if (near_case) {
    const auto behind = near_case->take(raw ? said : protocol::Reading{}, event.case_temperature_c,
                                        event.power_w, now);
    if (raw) {
      said = behind;
      value = Celsius{said.value};
    }
    if (near_case->worth_keeping()) order(StoreNearCase{near_case->bias()});
  }
  const bool doubted = value && rise_check.implausible(now);
  if (doubted) said.quality = Quality::kImplausible;
  air_reading = air_sensor.take(said, now);
  power_reading = event.power_w;
  outdoor_sensed.reset();
  if (event.outdoor_temperature_c.quality == Quality::kGood) {
    outdoor_sensed = rounded(Celsius{event.outdoor_temperature_c.value});
  }
  if (outdoor_sensed) outdoor = outdoor_sensed;
  const auto air = air_sensor.air(now);
  window.take(near_case && near_case->stepped() ? std::nullopt : air, outdoor, emitted, now);
  // Doubt about a rise must not hide an overheated room.
  const auto zone = config.facts.follows ? zone_air() : doubted ? value : air;
  protection.observe(tank ? std::nullopt : zone, near_case ? raw : std::nullopt,
                     event.cpu_temperature_c, event.case_temperature_c);
  sense_tank(event, drawn);
}

void Agent::Impl::update(const RunnersFound& event) {
  for (const auto& found : event.running) {
    if (work.holds(found.attempt)) continue;
    work.remember({found.task.job, found.spec});
    if (found.started) {
      work.add_started(found.attempt, found.task, kSpeedUnknown, now);  // so it is ordered anew
      book.begin(found.attempt, true);
    } else {
      work.add_waiting(found.attempt, found.task);
      if (!found.spec.inputs.empty()) {
        order(FetchInputs{found.attempt, found.task, found.spec});
      }
    }
  }
  for (const auto& held : event.spooled) work.spooled()[held.attempt] = held.task;
}

void Agent::Impl::update(const InputsReady& event) {
  const auto found = work.waiting().find(event.attempt);
  if (found != work.waiting().end()) found->second.inputs_ready = true;
}

void Agent::Impl::update(const InputsFailed& event) {
  const auto found = work.waiting().find(event.attempt);
  if (found == work.waiting().end()) return;
  protocol::AttemptReport report;
  report.attempt = event.attempt;
  report.task = found->second.task;
  report.failure = event.failure;
  report.message = event.message;
  if (clock) report.finished_at = clock->utc + (now - clock->read_at);
  finish(std::move(report));
}

void Agent::Impl::update(const AttemptStarted& event) {
  if (!connected || !work.started().contains(event.attempt)) return;
  if (started_unreported.empty()) started_since = now;
  started_unreported.push_back(event.attempt);
}

void Agent::Impl::update(const AttemptEnded& event) {
  const auto attempt = event.report.attempt;
  if (work.spooled().contains(attempt)) return;  // said twice
  const auto found = work.started().find(attempt);
  if (found == work.started().end() || found->second.unwanted) {
    // What the superseded one used is still somebody's energy: its account ends like any other.
    (void)book.end(attempt, event.report.usage.cpu_s);
    leave(attempt);
    return;
  }
  finish(event.report);
}

void Agent::Impl::update(const CpuTimeRead& event) {
  book.cpu_read(event);
}

void Agent::Impl::update(const LocalSetpointChosen& event) {
  if (setpoints.chosen(event.setpoint, event.boost_for, now)) announce_setpoint();
}

void Agent::Impl::update(const LocalHolidayChosen& event) {
  if (setpoints.holiday_chosen(event.holiday)) announce_setpoint();
}

void Agent::Impl::update(const TripReset&) {
  protection.reset();
}

void Agent::Impl::update(const TimePassed&) {}

}  // namespace hearth::node_agent
