// Which attempts start, slow down, stop or go back.
#include <algorithm>
#include <cstdlib>

#include "node_agent/core/agent_impl.h"

namespace hearth::node_agent {
namespace {

using protocol::FailureClass;
using protocol::StopReason;
constexpr std::chrono::milliseconds kGraceWhenHalted{500};
constexpr std::chrono::seconds kOffGrace{60};  // a finger on the wrong button loses nothing
constexpr std::chrono::seconds kGrace{10};
constexpr std::chrono::seconds kLimitsGrace{
    10};  // after a reconnection new limits are on their way
constexpr int kNoticeablePermille = 20;

FailureClass failure_of(StopReason reason) {
  switch (reason) {
    case StopReason::kJobCancelled:
      return FailureClass::kCancelled;
    case StopReason::kSuperseded:
      return FailureClass::kCancelled;
    case StopReason::kDrained:
      return FailureClass::kDrained;
    case StopReason::kHeat:
      return FailureClass::kHeat;
  }
  return FailureClass::kCancelled;
}

}  // namespace

void Agent::Impl::said(const protocol::JobDetails& message) {
  work.remember(message);
}

void Agent::Impl::said(const protocol::StartAttempt& message) {
  if (work.holds(message.attempt)) return;
  if (!can_ever_run(message.task)) return give_back({message.attempt});
  work.add_waiting(message.attempt, message.task);
  const auto& spec = *work.spec_of(message.task.job);
  if (!spec.inputs.empty()) order(FetchInputs{message.attempt, message.task, spec});
}

void Agent::Impl::said(const protocol::StopAttempt& message) {
  if (work.waiting().contains(message.attempt)) {
    // The scheduler has forgotten a superseded attempt; of any other it waits to hear.
    if (message.reason == StopReason::kSuperseded) return leave(message.attempt);
    return give_back({message.attempt});
  }
  const auto found = work.started().find(message.attempt);
  if (found == work.started().end()) return;
  // The scheduler takes back what waits in a warm room. What began before the word came goes on:
  // when it is frozen, and for how long, is decided here.
  if (message.reason == StopReason::kHeat) return;
  if (message.reason == StopReason::kSuperseded) found->second.unwanted = true;
  stop_started(message.attempt, failure_of(message.reason), kGrace);
}

void Agent::Impl::said(const protocol::ResultsAcknowledged& message) {
  for (const auto attempt : message.attempts) {
    if (work.spooled().erase(attempt) > 0) order(ForgetResult{attempt});
  }
}

bool Agent::Impl::can_ever_run(TaskId task) const {
  const auto* spec = work.spec_of(task.job);
  if (!spec || spec->resources.cores > config.facts.cores) return false;
  if (spec->no_residential && config.facts.residential) return false;
  if (spec->needs_network && !config.facts.grants_network) return false;
  return config.facts.memory_bytes == 0 ||
         spec->resources.memory_bytes <= config.facts.memory_bytes;
}

void Agent::Impl::stop_started(AttemptId attempt, FailureClass failure, Duration grace) {
  auto& started = work.started().at(attempt);
  if (started.stopping) return;
  started.stopping = failure;
  order(StopTask{attempt, failure, grace});
}

void Agent::Impl::finish(protocol::AttemptReport report) {
  const auto attempt = report.attempt;
  report.usage.energy = book.end(attempt, report.usage.cpu_s);
  work.remove(attempt);
  std::erase(started_unreported, attempt);
  work.spooled()[attempt] = report.task;
  order(SpoolResult{std::move(report)});
  if (connected) order(OfferResult{attempt});
}

void Agent::Impl::leave(AttemptId attempt) {
  work.remove(attempt);
  std::erase(started_unreported, attempt);
  order(DiscardAttempt{attempt});
}

void Agent::Impl::give_back(const std::vector<AttemptId>& attempts) {
  if (attempts.empty()) return;
  send(protocol::AttemptsReturned{attempts});
  for (const auto attempt : attempts) leave(attempt);
}

void Agent::Impl::return_waiting() {
  if (!connected || work.queue().empty()) return;
  const bool without_limits = !limits && now >= std::max(opened_at, limits_ended) + kLimitsGrace;
  const bool nothing_starts = setpoints.is_off() || protection.tripped() || without_limits;
  std::vector<AttemptId> returned;
  for (const auto& [order, attempt] : work.queue()) {
    const auto& spec = *work.spec_of(work.waiting().at(attempt).task.job);
    if (nothing_starts || starts_elsewhere(spec.service_class, class_band, heat)) {
      returned.push_back(attempt);
    }
  }
  if (!returned.empty() && !nothing_starts) {
    // Why it comes back must be known before it is placed again.
    refresh_telemetry();
    report_now();
  }
  give_back(returned);
}

void Agent::Impl::start_waiting() {
  if (!limits || heat.halted || !boards.ready() ||
      work.spooled().size() >= config.spool_results_max)
    return;
  if (work.queue().empty()) return;
  int cores_free = config.facts.cores - work.cores_used();
  if (cores_free <= 0) return;
  auto running = loads();
  std::vector<AttemptId> starting;
  std::uint64_t memory_used = work.memory_used();
  for (const auto& [order, attempt] : work.queue()) {
    const auto& waiting = work.waiting().at(attempt);
    const auto& spec = *work.spec_of(waiting.task.job);
    if (!waiting.inputs_ready) continue;
    const Newcomer newcomer{spec.service_class, double(spec.resources.cores) * power.per_core};
    if (!may_start(newcomer, running, class_band, power, heat, config.facts.min_run)) continue;
    // In order: a wide task is not overtaken for ever by narrow ones.
    memory_used += spec.resources.memory_bytes;
    if (spec.resources.cores > cores_free) break;
    if (config.facts.memory_bytes > 0 && memory_used > config.facts.memory_bytes) break;
    cores_free -= spec.resources.cores;
    running.add(newcomer.service_class, newcomer.full);
    starting.push_back(attempt);
    if (cores_free == 0) break;
  }
  for (const auto attempt : starting) {
    const auto task = work.start(attempt, now).task;
    book.begin(attempt, false);
    order(StartTask{attempt, task, *work.spec_of(task.job)});
  }
}

// A pass in which the speed changed says nothing.
void Agent::Impl::see_use() {
  for (auto& [attempt, started] : work.started()) {
    const auto busy = book.busy_cores(attempt);
    if (!busy || started.speed_permille <= 0 || started.speed_since > sensed_at) continue;
    const double cores = started.resources.cores * (started.speed_permille / 1000.0);
    started.busy_share = std::clamp(*busy / cores, 0.0, 1.0);
  }
  sensed_at = now;
}

Loads Agent::Impl::loads() const {
  Loads all;
  for (const auto& [attempt, started] : work.started()) {
    const Watts full = double(started.resources.cores) * power.per_core;
    if (!started.stopping) {
      all.add(started.service_class, full, started.busy_share);
      continue;
    }
    const double speed = std::abs(started.speed_permille) / 1000.0;
    const Watts drawn = protocol::power_share(power.law, speed) * full;
    all.ending += drawn;
    all.ending_likely += started.busy_share * drawn;
    ++all.count;
  }
  return all;
}

void Agent::Impl::shed_work() {
  give_up_due.reset();
  expected = power.idle;
  if (work.started().empty()) return;
  stop_halted();
  const auto decision = shed(loads(), class_band, power, heat);
  expected = decision.expected;
  for (auto& [attempt, started] : work.started()) {
    if (!started.stopping) set_speed(attempt, started, decision.permille[started.service_class]);
  }
  give_up_frozen();
}

void Agent::Impl::set_speed(AttemptId attempt, StartedAttempt& started, int permille) {
  const bool end_of_scale = permille == 0 || permille == 1000;
  const bool noticeable = std::abs(permille - started.speed_permille) >= kNoticeablePermille;
  if (permille == started.speed_permille || !(noticeable || end_of_scale)) return;
  started.speed_permille = permille;
  started.speed_since = now;
  started.progress.set_speed(permille, now);
  if (permille > 0) {
    const double speed = permille / 1000.0;
    book.set_cost(attempt, protocol::power_share(power.law, speed) / speed);
  }
  order(SetSpeed{attempt, permille});
}

// Trips end everything at once, OFF after a while.
void Agent::Impl::stop_halted() {
  const bool off_for_good = off_since && now >= *off_since + kOffGrace;
  if (off_since && !off_for_good) give_up_due = *off_since + kOffGrace;
  if (!protection.tripped() && !off_for_good) return;
  for (auto& [attempt, started] : work.started()) {
    stop_started(attempt, FailureClass::kHeat, kGraceWhenHalted);
  }
}

Duration Agent::Impl::closed_for(protocol::ServiceClass c) const {
  if (!limits) return {};
  const auto& closed = limits->limits.closed_for;
  const Duration foreseen = c == protocol::ServiceClass::kReserved   ? closed.reserved
                            : c == protocol::ServiceClass::kOnDemand ? closed.on_demand
                                                                     : closed.flex;
  const Duration since = now - (limits->end - limits->limits.valid_for);
  return std::max(Duration{}, foreseen - since);
}

// What was frozen too long goes, one by one.
void Agent::Impl::give_up_frozen() {
  std::vector<FrozenAttempt> frozen;
  for (const auto& [attempt, started] : work.started()) {
    if (started.stopping || !started.progress.is_frozen()) continue;
    // One found running at start has done more than we have seen.
    const Duration computed = from_seconds(book.cpu_s(attempt) / started.resources.cores);
    frozen.push_back({attempt, started.service_class,
                      std::max(started.progress.nominal(now), computed),
                      started.progress.frozen(now), closed_for(started.service_class)});
    const auto& last = frozen.back();
    const TimePoint due =
        now + std::max(Duration{}, patience_for(last.nominal, last.closed_for) - last.frozen);
    give_up_due = std::min(give_up_due.value_or(due), due);
  }
  if (given_up_at && give_up_due) {
    give_up_due = std::max(*give_up_due, *given_up_at + kGiveUpDistance);
  }
  if (frozen.empty() || (given_up_at && now < *given_up_at + kGiveUpDistance)) return;
  const auto attempt = attempt_to_give_up(frozen);
  if (!attempt) return;
  given_up_at = now;
  give_up_due = now + kGiveUpDistance;
  stop_started(*attempt, FailureClass::kHeat, kGrace);
}

}  // namespace hearth::node_agent
