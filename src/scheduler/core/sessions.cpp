#include <algorithm>

#include "scheduler/core/impl.h"
#include "scheduler/core/score.h"

namespace hearth::scheduler {
namespace {

// A node that gave work back unasked knows better for a while: without a rest the same task would
// go to and fro as fast as messages travel.
constexpr Duration kGaveBackRest = std::chrono::minutes{1};

}  // namespace

using protocol::StopReason;

NodeIndex Scheduler::Impl::node_named(const NodeId& name) {
  const auto [found, is_new] = node_names.emplace(name, static_cast<NodeIndex>(nodes.size()));
  if (is_new) nodes.emplace_back().facts.node = name;
  return found->second;
}

void Scheduler::Impl::on(const AgentSaid& event) {
  if (const auto* message = std::get_if<protocol::Hello>(&event.message)) {
    return hello(event.session, *message);
  }
  const auto found = sessions.find(event.session);
  if (found == sessions.end()) {
    // Replaced or refused: its stream is being closed, its words no longer count.
    return;
  }
  const NodeIndex index = found->second;
  saw(index);
  std::visit(
      [&](const auto& message) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(message)>, protocol::Hello>) {
          say(index, message);
        }
      },
      event.message);
}

void Scheduler::Impl::hello(SessionId session, const protocol::Hello& message) {
  const auto refuse = [&](ErrorCode code, std::string why) {
    out.emplace_back(CloseSession{session, {code, std::move(why)}});
  };
  if (sessions.contains(session)) {
    return refuse(ErrorCode::kInvalidArgument, "a second Hello on one stream");
  }
  const NodeIndex index = node_named(message.facts.node);
  auto& node = nodes[index];
  if (node.session && node.installation_id != message.installation_id) {
    return refuse(ErrorCode::kAlreadyExists, "node " + node.facts.node.value +
                                                 ": another installation is online by this name");
  }
  if (node.session && node.session_counter >= message.session_counter) {
    return refuse(ErrorCode::kAborted,
                  "node " + node.facts.node.value + ": a newer stream is open");
  }
  if (node.session) {
    drop_session(index, Error{ErrorCode::kAborted, "replaced by a newer stream"});
  }

  if (!node.joined || node.installation_id != message.installation_id ||
      !(node.facts == message.facts)) {
    commit(NodeJoined{message.facts, message.installation_id});
    if (const auto zone = zones.find(node.facts.zone); zone != zones.end()) {
      zone->second.nodes.erase(index);
    }
    sites[node.facts.site].nodes.erase(index);
  }
  node.facts = message.facts;
  node.installation_id = message.installation_id;
  node.joined = true;
  node.session = session;
  node.session_counter = message.session_counter;
  node.hello_complete = false;
  node.stated.clear();
  node.details_sent.clear();
  node.telemetry = message.telemetry;
  node.setpoint = message.setpoint;
  node.limits = {};
  auto& zone = zones[node.facts.zone];
  zone.site = node.facts.site;
  zone.nodes.insert(index);
  sites[node.facts.site].nodes.insert(index);
  sessions[session] = index;
  node.state = NodeState::kOnline;
  saw(index);
}

void Scheduler::Impl::saw(NodeIndex index) {
  auto& node = nodes[index];
  node.last_seen = now;
  node.last_seen_at = utc_now();
  node.state = NodeState::kOnline;
}

void Scheduler::Impl::say(NodeIndex index, const protocol::HelloAttempts& message) {
  for (const auto& held : message.attempts) adopt(index, held);
}

void Scheduler::Impl::say(NodeIndex index, const protocol::HelloResults& message) {
  // Their results follow; until then nobody else gets these tasks.
  for (auto held : message.attempts) {
    held.started = true;
    adopt(index, held);
  }
}

void Scheduler::Impl::adopt(NodeIndex index, const protocol::HeldAttempt& held) {
  auto& node = nodes[index];
  node.stated.insert(held.attempt);
  const auto known = attempt_nodes.find(held.attempt);
  if (known != attempt_nodes.end() && known->second == index) {
    auto& attempt = node.attempts.at(held.attempt);
    attempt.started = attempt.started || held.started;
    return;
  }
  const auto supersede = [&] {
    send(node, protocol::StopAttempt{held.attempt, StopReason::kSuperseded});
  };
  const auto found = jobs.find(held.task.job);
  if (found == jobs.end()) return supersede();
  auto& job = found->second;
  if (!job.was_dispatched(held.task.index) || is_final(job.state(held.task.index))) {
    return supersede();
  }
  if (const auto other = job.open_attempt(held.task.index)) {
    if (*other > held.attempt) return supersede();  // of two claimants the higher stays
    stop_attempt(*other, StopReason::kSuperseded);
    forget_attempt(*other);
  }
  record_attempt(index, held.attempt, job, held.task, held.started);
  list_job(job);
  if (job.cancelled()) stop_attempt(held.attempt, StopReason::kJobCancelled);
}

void Scheduler::Impl::say(NodeIndex index, const protocol::HelloEnd&) {
  auto& node = nodes[index];
  node.hello_complete = true;
  const auto attempts = node.attempts;
  for (const auto& [id, attempt] : attempts) {
    if (node.stated.contains(id)) continue;
    if (attempt.started) {
      attempt_lost(id, "the node came back without it");
    } else {
      const TaskId task = attempt.task;
      forget_attempt(id);
      auto& job = jobs.at(task.job);
      job.release(task.index, false);
      list_job(job);
      end_job_if_done(job);
    }
  }
  node.stated.clear();
  const auto& ordered = zones[node.facts.zone].ordered;
  if (ordered && ordered->revision > node.setpoint.revision) {
    send(node, protocol::SetpointOrdered{*ordered});
  }
  stop_waiting_for(index);
  rerank(index);
  plan_soon(index);
  dirty_nodes.insert(index);
}

void Scheduler::Impl::say(NodeIndex index, const protocol::Report& message) {
  auto& node = nodes[index];
  const bool setpoint_moved = node.telemetry.setpoint != message.telemetry.setpoint;
  node.telemetry = message.telemetry;
  const auto& power = node.telemetry.power_w;
  const bool obeys = power.quality != protocol::Quality::kGood ||
                     power.value <= node.limits.p_max.value * 1.02 + 5.0;
  if (node.limits.revision != 0 && node.telemetry.limits_revision >= node.limits.revision &&
      obeys) {
    node.committed = node.limits.p_max;  // the cut is acknowledged and seen
  }
  learn_from_report(index);
  rerank(index);
  take_back_waiting(index);
  if (setpoint_moved) plan_soon(index);
  dirty_nodes.insert(index);
}

void Scheduler::Impl::say(NodeIndex index, const protocol::AttemptsStarted& message) {
  for (const auto id : message.attempts) {
    const auto found = nodes[index].attempts.find(id);
    if (found == nodes[index].attempts.end()) continue;
    auto& attempt = found->second;
    if (!attempt.started && attempt.granted_at) {
      stats.dispatch.observe(to_seconds(now - *attempt.granted_at));
    }
    attempt.started = true;
    attempt.started_at = utc_now();
  }
}

void Scheduler::Impl::say(NodeIndex index, const protocol::AttemptsReturned& message) {
  for (const auto id : message.attempts) {
    const auto found = nodes[index].attempts.find(id);
    if (found == nodes[index].attempts.end()) continue;
    const TaskId task = found->second.task;
    if (!found->second.stopping) {
      const auto which = static_cast<std::size_t>(found->second.service_class);
      nodes[index].gave_back_until[which] = now + kGaveBackRest;
    }
    forget_attempt(id);
    auto& job = jobs.at(task.job);
    job.release(task.index, false);
    list_job(job);
    end_job_if_done(job);
  }
  dirty_nodes.insert(index);
}

void Scheduler::Impl::say(NodeIndex index, const protocol::SetpointInForce& message) {
  auto& node = nodes[index];
  node.setpoint = message.setpoint;
  // The telemetry at hand is older than this; a programme's value comes with the next.
  if (message.setpoint.mode == protocol::SetpointMode::kOff) node.telemetry.setpoint.reset();
  if (message.setpoint.mode == protocol::SetpointMode::kConstant) {
    node.telemetry.setpoint = setpoint_at(message.setpoint, 0, utc_now());
  }
  plan_soon(index);
  dirty_nodes.insert(index);
}

void Scheduler::Impl::on(const SessionClosed& event) {
  const auto found = sessions.find(event.session);
  if (found == sessions.end()) return;
  const NodeIndex index = found->second;
  drop_session(index, std::nullopt);
  fall_silent(index);
}

void Scheduler::Impl::drop_session(NodeIndex index, std::optional<Error> error) {
  auto& node = nodes[index];
  if (error) out.emplace_back(CloseSession{*node.session, std::move(*error)});
  sessions.erase(*node.session);
  node.session.reset();
  node.hello_complete = false;
}

void Scheduler::Impl::fall_silent(NodeIndex index) {
  auto& node = nodes[index];
  node.state = NodeState::kSilent;
  rerank(index);
  recent_silences.push_back(now);
  while (now - recent_silences.front() > std::chrono::minutes{1}) recent_silences.pop_front();
  const auto alive = static_cast<std::size_t>(std::ranges::count_if(
      nodes, [](const auto& other) { return other.state != NodeState::kLost; }));
  if (recent_silences.size() >= config.mass_silence_nodes && 2 * recent_silences.size() > alive) {
    expiry_suspended_until = now + config.mass_silence_hold;
  }
}

void Scheduler::Impl::expire_silent_nodes() {
  constexpr int kLooksPerTimeout = 10;
  if (now < silence_check_at) return;
  silence_check_at =
      now + std::max<Duration>(Duration{10},
                               std::min(config.silent_after, config.lost_after) / kLooksPerTimeout);
  for (NodeIndex index = 0; index < nodes.size(); ++index) {
    auto& node = nodes[index];
    if (node.state == NodeState::kOnline && now - node.last_seen >= config.silent_after) {
      fall_silent(index);
    }
    if (node.state == NodeState::kSilent && now - node.last_seen >= config.lost_after &&
        now >= expiry_suspended_until) {
      give_up(index);
    }
  }
}

void Scheduler::Impl::give_up(NodeIndex index) {
  auto& node = nodes[index];
  node.state = NodeState::kLost;
  if (node.session) {
    drop_session(index, Error{ErrorCode::kUnavailable, "silent for too long"});
  }
  if (node.joined) commit(NodeGivenUp{node.facts.node});
  node.joined = false;
  rerank(index);
  const auto attempts = node.attempts;
  for (const auto& [id, attempt] : attempts) attempt_lost(id, "the node fell silent");
  stop_waiting_for(index);
}

void Scheduler::Impl::stop_waiting_for(NodeIndex index) {
  if (awaited.erase(index) == 0 || !awaited.empty()) return;
  // Everybody who may hold something has spoken, or is given up: what nobody claims is free.
  for (auto it = jobs.begin(); it != jobs.end();) {
    auto& job = (it++)->second;
    job.free_unknown();
    list_job(job);
    end_job_if_done(job);
  }
}

}  // namespace hearth::scheduler
