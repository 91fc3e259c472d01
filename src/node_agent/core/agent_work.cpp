// Which attempts start, slow down, stop or go back.
#include <algorithm>
#include <cstdlib>

#include "node_agent/core/agent_impl.h"

namespace hearth::node_agent {
namespace {

using protocol::FailureClass;
using protocol::StopReason;
constexpr std::chrono::milliseconds kGraceWhenOff{500};  // standby within a second
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
    if (nothing_starts) returned.push_back(attempt);
  }
  give_back(returned);
}

void Agent::Impl::start_waiting() {
  if (!limits || heat.halted || work.spooled().size() >= config.spool_results_max) return;
  int cores_free = config.facts.cores - work.cores_used();
  if (cores_free <= 0 || work.queue().empty()) return;
  auto running = loads();
  std::vector<AttemptId> starting;
  std::uint64_t memory_used = work.memory_used();
  for (const auto& [order, attempt] : work.queue()) {
    const auto& waiting = work.waiting().at(attempt);
    const auto& spec = *work.spec_of(waiting.task.job);
    if (!waiting.inputs_ready) continue;
    const Newcomer newcomer{spec.service_class, double(spec.resources.cores) * power.per_core};
    if (!may_start(newcomer, running, config.band, power, heat, config.facts.min_run)) continue;
    // In order: a wide task is not overtaken for ever by narrow ones.
    memory_used += spec.resources.memory_bytes;
    if (spec.resources.cores > cores_free) break;
    if (config.facts.memory_bytes > 0 && memory_used > config.facts.memory_bytes) break;
    cores_free -= spec.resources.cores;
    running.push_back({attempt, spec.service_class, newcomer.full, newcomer.full});
    starting.push_back(attempt);
    if (cores_free == 0) break;
  }
  for (const auto attempt : starting) {
    const auto task = work.start(attempt).task;
    book.begin(attempt, false);
    order(StartTask{attempt, task, *work.spec_of(task.job)});
  }
}

std::vector<Load> Agent::Impl::loads() const {
  std::vector<Load> all;
  for (const auto& [attempt, held] : work.started()) {
    Load load;
    load.attempt = attempt;
    load.service_class = held.service_class;
    load.full = double(held.resources.cores) * power.per_core;
    const auto busy = book.busy_cores(attempt);
    load.drawn = busy ? std::min(load.full, *busy * power.per_core) : load.full;
    load.order = held.order;
    load.stopping = held.stopping.has_value();
    load.speed_permille = held.speed_permille == kSpeedUnknown ? 1000 : held.speed_permille;
    all.push_back(load);
  }
  return all;
}

void Agent::Impl::shed_work() {
  const auto decision = shed(loads(), config.band, power, heat);
  expected = decision.expected;
  const Duration grace = setpoints.is_off() ? Duration{kGraceWhenOff} : Duration{kGrace};
  for (const auto attempt : decision.stop) stop_started(attempt, FailureClass::kHeat, grace);
  for (const auto& [attempt, permille] : decision.speeds) {
    auto& in_force = work.started().at(attempt).speed_permille;
    const bool end_of_scale = permille == 0 || permille == 1000;
    const bool noticeable = std::abs(permille - in_force) >= kNoticeablePermille;
    if (permille == in_force || !(noticeable || end_of_scale)) continue;
    in_force = permille;
    order(SetSpeed{attempt, permille});
  }
}

}  // namespace hearth::node_agent
