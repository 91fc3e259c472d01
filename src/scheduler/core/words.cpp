// How facts, events and commands are written out, for logs and scenario files.
#include <array>

#include "scheduler/core/command.h"
#include "scheduler/core/view.h"

namespace hearth::scheduler {
namespace {

constexpr std::array<std::string_view, 3> kNodeStateNames = {"ONLINE", "SILENT", "LOST"};

std::string number(auto value) {
  return std::to_string(value);
}

std::string cap_words(const std::optional<SiteCap>& cap) {
  if (!cap) return " off";
  return " " + number(cap->power.value) + " W" + (cap->reason.empty() ? "" : ", " + cap->reason);
}

struct PrintFact {
  std::string operator()(const JobAccepted& f) const {
    return "accept " + to_string(f.job) + " tasks=" + number(f.spec.task_count) +
           " mark=" + number(f.dispatched_below);
  }
  std::string operator()(const DispatchMarkRaised& f) const {
    return "mark " + to_string(f.job) + " below=" + number(f.below);
  }
  std::string operator()(const TaskEnded& f) const {
    return "end " + to_string(f.task) + " " + std::string(to_string(f.state)) + " by " +
           to_string(f.report.attempt) + " on " + f.node.value;
  }
  std::string operator()(const TaskRequeued& f) const {
    return "requeue " + to_string(f.task) + " after " + std::string(to_string(f.report.failure)) +
           " user=" + number(f.user_failures) +
           " infrastructure=" + number(f.infrastructure_failures);
  }
  std::string operator()(const RequeueConsumed& f) const { return "consume " + to_string(f.task); }
  std::string operator()(const JobUpdated& f) const {
    return "update " + to_string(f.job) + (f.control.held ? " held" : "") +
           " priority=" + number(f.control.priority) +
           (f.control.deadline ? " deadline=" + hearth::to_string(*f.control.deadline) : "");
  }
  std::string operator()(const JobCancelled& f) const {
    return "cancel " + to_string(f.job) +
           (f.cause == CancelCause::kRequest ? ""
                                             : " because of " + std::string(to_string(f.cause)));
  }
  std::string operator()(const JobEnded& f) const {
    return "end " + to_string(f.job) + " " + std::string(to_string(f.state));
  }
  std::string operator()(const NodeJoined& f) const { return "joined " + f.facts.node.value; }
  std::string operator()(const NodeGivenUp& f) const { return "given up " + f.node.value; }
  std::string operator()(const NodeDrainSet& f) const {
    return "drain " + f.node.value + (f.draining ? " on" : " off");
  }
  std::string operator()(const ZoneSetpointOrdered& f) const {
    return "setpoint of " + f.zone.value + " " + std::string(to_string(f.setpoint.mode));
  }
  std::string operator()(const ZoneModelLearned& f) const {
    return "learned " + f.zone.value + " " + f.learned.kind +
           " ua=" + number(round_to_milli(f.learned.ua_w_per_k));
  }
  std::string operator()(const SiteCapSet& f) const {
    return "cap " + f.site.value + cap_words(f.cap);
  }
  std::string operator()(const JobForgotten& f) const { return "forget " + to_string(f.job); }
  std::string operator()(const RequestsForgotten& f) const {
    return "forget requests below " + to_string(f.below);
  }
  std::string operator()(const QueuePauseSet& f) const {
    return (f.pause ? "pause " : "resume ") + std::string(to_string(f.service_class)) +
           (f.pause ? ": " + f.pause->reason : "");
  }
  std::string operator()(const NodeQuarantineSet& f) const {
    return (f.quarantine ? "quarantine " : "release ") + f.node.value +
           (f.quarantine ? ": " + f.quarantine->reason : "");
  }
  std::string operator()(const NodeLabelsSet& f) const {
    std::string text = "label " + f.node.value;
    for (const auto& [key, value] : f.labels) text += " " + key + "=" + value;
    return text;
  }
};

struct PrintEvent {
  std::string operator()(const WallClockRead& e) const {
    return "clock " + hearth::to_string(e.utc);
  }
  std::string operator()(const SubmitRequested& e) const {
    return "submit " + e.request.request_id + " tasks=" + number(e.spec.task_count);
  }
  std::string operator()(const CancelRequested& e) const { return "cancel " + to_string(e.job); }
  std::string operator()(const UpdateRequested& e) const { return "update " + to_string(e.job); }
  std::string operator()(const SetpointRequested& e) const { return "set " + e.zone.value; }
  std::string operator()(const HolidayRequested& e) const {
    return (e.holiday ? "holiday of " : "end holiday of ") + e.zone.value;
  }
  std::string operator()(const DrainRequested& e) const { return "drain " + e.node.value; }
  std::string operator()(const AgentSaid& e) const {
    return to_string(e.session) + " " + protocol::to_string(e.message);
  }
  std::string operator()(const SessionClosed& e) const { return to_string(e.session) + " closed"; }
  std::string operator()(const CommitDurable& e) const { return "durable " + number(e.seq); }
  std::string operator()(const WeatherRead& e) const {
    return "weather of " + (e.site.value.empty() ? "all" : e.site.value) + ", " +
           number(e.series.hours.size()) + " h";
  }
  std::string operator()(const TelemetryRestored& e) const {
    return "telemetry restored: " + number(e.sites.size()) + " sites, " + number(e.zones.size()) +
           " zones, " + number(e.nodes.size()) + " nodes, " + number(e.run_times.size()) +
           " run times";
  }
  std::string operator()(const ModelFitted& e) const {
    return "fitted " + e.zone.value + (e.fit.accepted ? " accepted" : " refused");
  }
  std::string operator()(const CapacityForecasted& e) const {
    return "capacity of " + number(e.forecast.zones) + " zones";
  }
  std::string operator()(const SiteCapRequested& e) const {
    return "cap " + e.site.value + cap_words(e.cap);
  }
  std::string operator()(const JobsExpired& e) const {
    std::string text = "expired";
    for (const auto job : e.jobs) text += " " + to_string(job);
    return text;
  }
  std::string operator()(const QueueRequested& e) const {
    return std::string(e.pause ? "pause" : "resume") + " " +
           (e.service_class ? std::string(to_string(*e.service_class)) : "all");
  }
  std::string operator()(const QuarantineRequested& e) const {
    return (e.quarantine ? "quarantine " : "release ") + e.node.value;
  }
  std::string operator()(const LabelsRequested& e) const { return "label " + e.node.value; }
  std::string operator()(const TimePassed&) const { return "tick"; }
};

struct PrintCommand {
  std::string operator()(const Commit& c) const {
    return "commit " + number(c.seq) + ": " + to_string(c.fact);
  }
  std::string operator()(const Send& c) const {
    return "send " + to_string(c.session) + ": " + protocol::to_string(c.message);
  }
  std::string operator()(const CloseSession& c) const {
    return "close " + to_string(c.session) + ": " + c.error.message;
  }
  std::string operator()(const Reply& c) const {
    return "reply " + number(c.call) + ": " +
           (c.result ? to_string(c.result->job) + (c.result->already_submitted ? " again" : "")
                     : c.result.error().message);
  }
  std::string operator()(const FitModel& c) const {
    return "fit " + c.zone.value + " from " + number(c.history.size()) + " slots";
  }
  std::string operator()(const ForecastCapacity& c) const {
    return "forecast capacity of " + number(c.snapshot.zones.size()) + " zones";
  }
  std::string operator()(const Alarm& c) const {
    return (c.raised ? "alarm " : "alarm over ") + c.zone.value + ": " + c.text;
  }
};

}  // namespace

std::string_view to_string(NodeState state) {
  return kNodeStateNames[static_cast<std::size_t>(state)];
}
std::string to_string(const Fact& fact) {
  return std::visit(PrintFact{}, fact);
}
std::string to_string(const Event& event) {
  return std::visit(PrintEvent{}, event);
}
std::string to_string(const Command& command) {
  return std::visit(PrintCommand{}, command);
}

}  // namespace hearth::scheduler
