// Facts with every field set to something of its own, so that a field that is lost is noticed.
#pragma once

#include "scheduler/core/fact.h"

namespace hearth::scheduler {

inline UtcTime at_ms(std::int64_t ms) {
  return UtcTime{Duration{1'767'400'000'000 + ms}};
}

inline protocol::JobSpec full_spec() {
  protocol::JobSpec spec;
  spec.name = "risk \"eod\" \n ü";
  spec.tenant = TenantId{"bank"};
  spec.service_class = protocol::ServiceClass::kFlex;
  spec.priority = 70;
  spec.task_count = 10'000'000;
  spec.command = {"price", "--slice", "{index}", ""};
  spec.environment = {{"A", "1"}, {"B", "zwei"}};
  spec.inputs = {{std::string(64, 'a'), "bin/price", true},
                 {std::string(64, 'b'), "in.csv", false}};
  spec.outputs = {"out/*.csv", "log.txt"};
  spec.resources = {4, 3'000'000'000};
  spec.expected_run_time = Duration{1500};
  spec.maximum_run_time = Duration{60'000};
  spec.user_retries = 2;
  spec.infrastructure_retries = 7;
  spec.deadline = at_ms(5);
  spec.labels = {{"desk", "equity"}};
  spec.needs_isolation = true;
  spec.logs = protocol::LogsKept::kNone;
  spec.no_residential = true;
  spec.needs_network = true;
  spec.secrets = {{"DB_PASSWORD", protocol::Secret{"hunter2 \"ü\""}},
                  {"EMPTY", protocol::Secret{}}};
  return spec;
}

// As rows and events have it.
inline protocol::JobSpec shown(protocol::JobSpec spec) {
  spec.secrets = names_of(spec.secrets);
  return spec;
}

inline JobAccepted accepted(std::uint64_t job, std::string tenant = "bank",
                            std::uint64_t staging = 0) {
  JobAccepted fact;
  fact.job = JobId{job};
  fact.spec = full_spec();
  fact.spec.tenant = TenantId{tenant};
  fact.request = {TenantId{tenant}, "request-" + std::to_string(job)};
  fact.request_hash = std::string(64, 'c');
  fact.staging = staging;
  fact.dispatched_below = 4096;
  fact.at = at_ms(static_cast<std::int64_t>(job));
  return fact;
}

// Sums of such figures are exact in any order.
inline protocol::AttemptReport report(TaskId task, std::uint64_t counter) {
  protocol::AttemptReport report;
  report.attempt = {3, counter};
  report.task = task;
  report.exit_code = 0;
  report.started_at = at_ms(10);
  report.finished_at = at_ms(2010);
  report.nominal_run_time = Duration{1750};
  report.usage = {0.25 * static_cast<double>(counter), 1 << 20, Joules{12.5}};
  return report;
}

inline TaskEnded ended(std::uint64_t job, std::uint64_t index,
                       protocol::TaskState state = protocol::TaskState::kSucceeded) {
  const TaskId task{JobId{job}, index};
  TaskEnded fact{task, state, NodeId{"n7"}, report(task, index + 1)};
  if (state != protocol::TaskState::kSucceeded) {
    fact.report.failure = protocol::FailureClass::kTimeLimit;
    fact.report.exit_code.reset();
    fact.report.message = "killed after 60 s";
  }
  return fact;
}

inline TaskRequeued requeued(std::uint64_t job, std::uint64_t index, std::uint64_t counter = 1) {
  const TaskId task{JobId{job}, index};
  TaskRequeued fact{task, 1, 2, NodeId{"n8"}, report(task, counter), at_ms(77)};
  fact.report.failure = protocol::FailureClass::kNodeLost;
  fact.report.exit_code = -9;
  fact.report.message = "node n8 is lost";
  return fact;
}

inline JobEnded job_ended(std::uint64_t job) {
  return {JobId{job}, JobState::kFailed, {1, 2, 3, 4, 5}, {9, 1.25, Joules{77.5}}, at_ms(9000)};
}

inline NodeJoined joined(const std::string& node) {
  NodeJoined fact;
  auto& facts = fact.facts;
  facts.node = NodeId{node};
  facts.site = SiteId{"elm-street"};
  facts.zone = ZoneId{"kitchen"};
  facts.kind = protocol::NodeKind::kBoiler;
  facts.cores = 16;
  facts.memory_bytes = 64'000'000'000;
  facts.off = Watts{1.5};
  facts.idle = Watts{31};
  facts.min_run = Watts{61};
  facts.max = Watts{501};
  facts.boot = Duration{90'000};
  facts.static_share = Watts{250};
  facts.isolated = true;
  facts.isolation_note = "none";
  facts.agent_version = "0.1.0";
  facts.speed = {2, 0.5};
  facts.resistance = Watts{1500};
  facts.can_sleep = true;
  facts.follows = true;
  facts.quiet = {{1320, 360, Watts{150}}, {780, 840, Watts{200}}};
  facts.tank = protocol::TankFacts{300,         Celsius{41}, Celsius{56},
                                   Celsius{51}, Celsius{61}, std::chrono::hours{24}};
  facts.cpu_model = "Some CPU @ 3.4 GHz";
  facts.residential = false;
  facts.grants_network = true;
  facts.takes_secrets = true;
  fact.installation_id = "i-" + node;
  return fact;
}

inline protocol::Setpoint programme() {
  return {protocol::SetpointMode::kProgramme,
          Celsius{19.5},
          {{0, Celsius{18}}, {420, Celsius{20.5}}},
          {41, protocol::SetpointOrigin::kLocal},
          protocol::Holiday{Celsius{11.5}, at_ms(5000), at_ms(90'000)}};
}

}  // namespace hearth::scheduler
