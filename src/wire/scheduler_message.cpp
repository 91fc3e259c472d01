#include "hearth/node/v1/node.pb.h"
#include "wire/checks.h"
#include "wire/fleet.h"
#include "wire/job.h"
#include "wire/node.h"

namespace hearth::wire {
namespace {

struct SchedulerMessageWriter {
  node::v1::SchedulerMessage* out;

  void operator()(const protocol::Welcome& m) const {
    out->mutable_welcome()->set_store_id(m.store_id);
    to_wire(m.report_period, out->mutable_welcome()->mutable_report_period());
  }
  void operator()(const protocol::JobDetails& m) const {
    auto* details = out->mutable_job_details();
    details->set_job_id(m.job.value);
    to_wire(m.spec, details->mutable_spec());
    details->set_has_payloads(m.has_payloads);
  }
  void operator()(const protocol::StartAttempt& m) const {
    auto* start = out->mutable_start_attempt();
    to_wire(m.attempt, start->mutable_attempt());
    start->set_job_id(m.task.job.value);
    start->set_index(m.task.index);
  }
  void operator()(const protocol::StopAttempt& m) const {
    auto* stop = out->mutable_stop_attempt();
    to_wire(m.attempt, stop->mutable_attempt());
    stop->set_reason(static_cast<node::v1::StopReason>(static_cast<int>(m.reason) + 1));
  }
  void operator()(const protocol::ResultsAcknowledged& m) const {
    auto* acknowledged = out->mutable_results_acknowledged();
    for (const auto attempt : m.attempts) to_wire(attempt, acknowledged->add_attempts());
  }
  void operator()(const protocol::LimitsChanged& m) const {
    auto* limits = out->mutable_limits();
    limits->set_revision(m.limits.revision);
    limits->set_t_ref_c(m.limits.t_ref.value);
    limits->set_p_min_w(m.limits.p_min.value);
    limits->set_p_max_w(m.limits.p_max.value);
    to_wire(m.limits.valid_for, limits->mutable_valid_for());
    if (m.limits.outdoor) limits->set_outdoor_c(m.limits.outdoor->value);
    limits->set_may_sleep(m.limits.may_sleep);
    if (const auto& closed = m.limits.closed_for; closed != protocol::ClosedFor{}) {
      to_wire(closed.reserved, limits->mutable_closed_for()->mutable_reserved());
      to_wire(closed.on_demand, limits->mutable_closed_for()->mutable_on_demand());
      to_wire(closed.flex, limits->mutable_closed_for()->mutable_flex());
    }
    if (m.limits.follow) {
      limits->mutable_follow()->set_air_c(m.limits.follow->air.value);
      limits->mutable_follow()->set_wanted_w(m.limits.follow->wanted.value);
    }
  }
  void operator()(const protocol::SetpointOrdered& m) const {
    to_wire(m.setpoint, out->mutable_setpoint_ordered()->mutable_setpoint());
  }
  void operator()(const protocol::PlanChanged& m) const {
    to_wire(m.plan, out->mutable_plan_changed()->mutable_plan());
  }
};

using Message = Result<protocol::SchedulerMessage>;

Message welcome_from_wire(const node::v1::Welcome& in) {
  Checks checks("welcome.");
  protocol::Welcome welcome{in.store_id(), checks.duration("report_period", in.report_period())};
  checks.require(welcome.report_period > Duration::zero(), "report_period", "0");
  return checks.finish(std::move(welcome));
}

Message details_from_wire(const node::v1::JobDetails& in) {
  const JobId job{in.job_id()};
  Checks checks("job " + to_string(job) + ": ");
  checks.require(job.value != 0, "job_id", "0");
  protocol::JobDetails details{job, checks.take(from_wire(in.spec())), in.has_payloads()};
  return checks.finish(std::move(details));
}

Message start_from_wire(const node::v1::StartAttempt& in) {
  HEARTH_TRY(attempt, from_wire(in.attempt()));
  if (in.job_id() == 0) {
    return fail(ErrorCode::kInvalidArgument, to_string(attempt) + ": job_id: 0");
  }
  return protocol::StartAttempt{attempt, TaskId{JobId{in.job_id()}, in.index()}};
}

Message stop_from_wire(const node::v1::StopAttempt& in) {
  HEARTH_TRY(attempt, from_wire(in.attempt()));
  Checks checks(to_string(attempt) + ": ");
  const auto reason = checks.enumerator("reason", in.reason(), protocol::StopReason::kHeat);
  return checks.finish(protocol::StopAttempt{attempt, reason});
}

Message acknowledged_from_wire(const node::v1::ResultsAcknowledged& in) {
  protocol::ResultsAcknowledged acknowledged;
  for (const auto& attempt : in.attempts()) {
    HEARTH_TRY(id, from_wire(attempt));
    acknowledged.attempts.push_back(id);
  }
  return acknowledged;
}

Message limits_from_wire(const node::v1::Limits& in) {
  Checks checks("limits.");
  protocol::Limits limits;
  limits.revision = in.revision();
  limits.t_ref = Celsius{checks.finite("t_ref_c", in.t_ref_c())};
  limits.p_min = Watts{checks.not_negative("p_min_w", in.p_min_w())};
  limits.p_max = Watts{checks.not_negative("p_max_w", in.p_max_w())};
  limits.valid_for = checks.duration("valid_for", in.valid_for());
  if (in.has_outdoor_c()) limits.outdoor = Celsius{checks.finite("outdoor_c", in.outdoor_c())};
  limits.may_sleep = in.may_sleep();
  const auto& closed = in.closed_for();
  limits.closed_for = {checks.duration("closed_for.reserved", closed.reserved()),
                       checks.duration("closed_for.on_demand", closed.on_demand()),
                       checks.duration("closed_for.flex", closed.flex())};
  if (in.has_follow()) {
    limits.follow =
        protocol::Follow{Celsius{checks.finite("follow.air_c", in.follow().air_c())},
                         Watts{checks.not_negative("follow.wanted_w", in.follow().wanted_w())}};
  }
  return checks.finish(protocol::LimitsChanged{limits});
}

Message setpoint_from_wire(const node::v1::SetpointOrdered& in) {
  HEARTH_TRY(setpoint, from_wire(in.setpoint()));
  return protocol::SetpointOrdered{std::move(setpoint)};
}

}  // namespace

void to_wire(const protocol::SchedulerMessage& message, node::v1::SchedulerMessage* out) {
  out->Clear();
  std::visit(SchedulerMessageWriter{out}, message);
}

Result<protocol::SchedulerMessage> from_wire(const node::v1::SchedulerMessage& in) {
  using Case = node::v1::SchedulerMessage::MessageCase;
  switch (in.message_case()) {
    case Case::kWelcome:
      return welcome_from_wire(in.welcome());
    case Case::kJobDetails:
      return details_from_wire(in.job_details());
    case Case::kStartAttempt:
      return start_from_wire(in.start_attempt());
    case Case::kStopAttempt:
      return stop_from_wire(in.stop_attempt());
    case Case::kResultsAcknowledged:
      return acknowledged_from_wire(in.results_acknowledged());
    case Case::kLimits:
      return limits_from_wire(in.limits());
    case Case::kSetpointOrdered:
      return setpoint_from_wire(in.setpoint_ordered());
    case Case::kPlanChanged: {
      HEARTH_TRY(plan, from_wire(in.plan_changed().plan()));
      return protocol::PlanChanged{std::move(plan)};
    }
    case Case::kReadOutput:  // the adapters' own, see wire/output.h
    case Case::MESSAGE_NOT_SET:
      break;
  }
  return fail(ErrorCode::kInvalidArgument, "message: not set, or of a kind unknown here");
}

}  // namespace hearth::wire
