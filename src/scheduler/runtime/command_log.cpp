#include "scheduler/runtime/command_log.h"

#include "common/log.h"

namespace hearth::scheduler {
namespace {

std::string text(std::string_view view) {
  return std::string{view};
}

// True where the fact was notable enough for a line of its own.
struct LogFact {
  bool operator()(const JobAccepted& fact) const {
    log::info("job_accepted", {{"job", fact.job},
                               {"tenant", fact.spec.tenant},
                               {"name", fact.spec.name},
                               {"tasks", fact.spec.task_count},
                               {"request_id", fact.request.request_id}});
    return true;
  }
  bool operator()(const JobCancelled& fact) const {
    log::info("job_cancelled",
              {{"job", fact.job}, {"cause", text(to_string(fact.cause))}, {"reason", fact.reason}});
    return true;
  }
  bool operator()(const JobUpdated& fact) const {
    log::info("job_updated",
              {{"job", fact.job},
               {"held", fact.control.held ? "yes" : "no"},
               {"priority", fact.control.priority},
               {"deadline", fact.control.deadline ? hearth::to_string(*fact.control.deadline) : ""},
               {"reason", fact.reason}});
    return true;
  }
  bool operator()(const JobEnded& fact) const {
    log::info("job_ended", {{"job", fact.job},
                            {"state", text(to_string(fact.state))},
                            {"succeeded", fact.counts.succeeded},
                            {"failed", fact.counts.failed},
                            {"cancelled", fact.counts.cancelled},
                            {"attempts", fact.totals.attempts_ended},
                            {"cpu_s", fact.totals.cpu_s},
                            {"energy_j", fact.totals.energy.value}});
    return true;
  }
  bool operator()(const TaskEnded& fact) const {
    if (fact.state == protocol::TaskState::kSucceeded) return false;
    log::info("task_ended", {{"task", fact.task},
                             {"state", text(protocol::to_string(fact.state))},
                             {"node", fact.node},
                             {"attempt", fact.report.attempt},
                             {"failure", text(protocol::to_string(fact.report.failure))},
                             {"message", fact.report.message}});
    return true;
  }
  bool operator()(const TaskRequeued& fact) const {
    log::info("attempt_failed", {{"task", fact.task},
                                 {"node", fact.node},
                                 {"attempt", fact.report.attempt},
                                 {"failure", text(protocol::to_string(fact.report.failure))},
                                 {"message", fact.report.message},
                                 {"user_failures", fact.user_failures},
                                 {"infrastructure_failures", fact.infrastructure_failures}});
    return true;
  }
  bool operator()(const NodeJoined& fact) const {
    log::info("node_joined", {{"node", fact.facts.node},
                              {"zone", fact.facts.zone},
                              {"cores", fact.facts.cores},
                              {"isolated", fact.facts.isolated ? "yes" : "no"},
                              {"agent_version", fact.facts.agent_version}});
    return true;
  }
  bool operator()(const NodeGivenUp& fact) const {
    log::warn("node_lost", {{"node", fact.node}});
    return true;
  }
  bool operator()(const NodeDrainSet& fact) const {
    log::info("node_drain_set", {{"node", fact.node}, {"draining", fact.draining ? "yes" : "no"}});
    return true;
  }
  bool operator()(const ZoneSetpointOrdered& fact) const {
    log::info("setpoint_ordered", {{"zone", fact.zone},
                                   {"mode", text(protocol::to_string(fact.setpoint.mode))},
                                   {"setpoint_c", fact.setpoint.value.value},
                                   {"revision", fact.setpoint.revision.counter}});
    return true;
  }
  bool operator()(const ZoneModelLearned& fact) const {
    log::info("zone_model_learned", {{"zone", fact.zone},
                                     {"kind", fact.learned.kind},
                                     {"ua_w_per_k", fact.learned.ua_w_per_k},
                                     {"rmse_24h_k", fact.learned.rmse_24h_k},
                                     {"accepted", fact.learned.accepted ? "yes" : "no"}});
    return true;
  }
  bool operator()(const SiteCapSet& fact) const {
    log::info("site_cap_set", {{"site", fact.site},
                               {"cap_w", fact.cap ? fact.cap->power.value : -1},
                               {"reason", fact.cap ? fact.cap->reason : ""}});
    return true;
  }
  bool operator()(const JobForgotten& fact) const {
    log::info("job_forgotten", {{"job", fact.job}});
    return true;
  }
  bool operator()(const QueuePauseSet& fact) const {
    log::info(fact.pause ? "queue_paused" : "queue_resumed",
              {{"class", text(to_string(fact.service_class))},
               {"reason", fact.pause ? fact.pause->reason : ""}});
    return true;
  }
  bool operator()(const NodeQuarantineSet& fact) const {
    log::info(fact.quarantine ? "node_quarantined" : "node_released",
              {{"node", fact.node}, {"reason", fact.quarantine ? fact.quarantine->reason : ""}});
    return true;
  }
  bool operator()(const NodeLabelsSet& fact) const {
    log::info("node_labelled", {{"node", fact.node}, {"labels", fact.labels.size()}});
    return true;
  }
  bool operator()(const RequestsForgotten&) const { return false; }
  bool operator()(const DispatchMarkRaised&) const { return false; }
  bool operator()(const RequeueConsumed&) const { return false; }
};

bool log_notable(const Command& command) {
  if (const auto* commit = std::get_if<Commit>(&command)) {
    return std::visit(LogFact{}, commit->fact);
  }
  if (const auto* close = std::get_if<CloseSession>(&command)) {
    log::info("session_closed", {{"session", close->session}, {"reason", close->error.message}});
    return true;
  }
  if (const auto* alarm = std::get_if<Alarm>(&command)) {
    log::warn(alarm->raised ? "zone_alarm" : "zone_alarm_over",
              {{"zone", alarm->zone}, {"why", alarm->text}});
    return true;
  }
  return false;
}

}  // namespace

void log_command(const Command& command) {
  if (log_notable(command) || !log::is_debug_enabled()) return;
  log::debug("command", {{"what", to_string(command)}});
}

}  // namespace hearth::scheduler
