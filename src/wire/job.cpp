#include "wire/job.h"

#include "common/digest.h"
#include "hearth/job/v1/job.pb.h"
#include "wire/checks.h"

namespace hearth::wire {
namespace {

constexpr unsigned kDefaultPriority = 50;
constexpr unsigned kDefaultInfrastructureRetries = 10;

void inputs_from_wire(const job::v1::JobSpec& in, protocol::JobSpec& spec) {
  for (const auto& input : in.inputs()) {
    spec.inputs.push_back({input.digest(), input.path(), input.executable()});
  }
}

void order_from_wire(Checks& checks, const job::v1::JobSpec& in, protocol::JobSpec& spec) {
  for (const auto& dependency : in.after()) {
    const auto id = parse_job_id(dependency.job_id());
    checks.require(id.has_value(), "after", "not a job: " + dependency.job_id());
    if (!id) continue;
    auto& added = spec.after.emplace_back();
    added.job = *id;
    if (dependency.condition() != job::v1::AFTER_CONDITION_UNSPECIFIED) {
      added.condition = checks.enumerator("after.condition", dependency.condition(),
                                          protocol::AfterCondition::kAny);
    }
  }
  spec.held = in.held();
  if (in.has_maximum_failed_tasks()) spec.maximum_failed_tasks = in.maximum_failed_tasks();
  if (in.has_maximum_failed_percent()) {
    spec.maximum_failed_percent =
        checks.integer("maximum_failed_percent", in.maximum_failed_percent());
  }
  if (in.deadline_action() != job::v1::DEADLINE_ACTION_UNSPECIFIED) {
    spec.deadline_action = checks.enumerator("deadline_action", in.deadline_action(),
                                             protocol::DeadlineAction::kCancel);
  }
  spec.indices = in.indices();
  if (in.logs() != job::v1::LOGS_KEPT_UNSPECIFIED) {
    spec.logs = checks.enumerator("logs", in.logs(), protocol::LogsKept::kNone);
  }
}

protocol::ServiceClass service_class_from_wire(Checks& checks, job::v1::ServiceClass value) {
  if (value == job::v1::SERVICE_CLASS_UNSPECIFIED) return protocol::ServiceClass::kOnDemand;
  return checks.enumerator("service_class", value, protocol::ServiceClass::kFiller);
}

}  // namespace

void to_wire(const protocol::JobSpec& spec, job::v1::JobSpec* out) {
  out->Clear();
  out->set_name(spec.name);
  out->set_tenant(spec.tenant.value);
  out->set_service_class(to_wire(spec.service_class));
  out->set_priority(static_cast<unsigned>(spec.priority));
  out->set_task_count(spec.task_count);
  out->mutable_command()->Add(spec.command.begin(), spec.command.end());
  out->mutable_environment()->insert(spec.environment.begin(), spec.environment.end());
  for (const auto& input : spec.inputs) {
    auto* added = out->add_inputs();
    added->set_digest(input.digest);
    added->set_path(input.path);
    added->set_executable(input.executable);
  }
  out->mutable_outputs()->Add(spec.outputs.begin(), spec.outputs.end());
  out->mutable_resources()->set_cores(static_cast<unsigned>(spec.resources.cores));
  out->mutable_resources()->set_memory_bytes(spec.resources.memory_bytes);
  if (spec.expected_run_time != Duration::zero())
    to_wire(spec.expected_run_time, out->mutable_expected_run_time());
  if (spec.maximum_run_time != Duration::zero())
    to_wire(spec.maximum_run_time, out->mutable_maximum_run_time());
  out->mutable_retries()->set_user(static_cast<unsigned>(spec.user_retries));
  out->mutable_retries()->set_infrastructure(static_cast<unsigned>(spec.infrastructure_retries));
  if (spec.deadline) to_wire(*spec.deadline, out->mutable_deadline());
  out->mutable_labels()->insert(spec.labels.begin(), spec.labels.end());
  out->set_needs_isolation(spec.needs_isolation);
  for (const auto& dependency : spec.after) {
    auto* added = out->add_after();
    added->set_job_id(to_string(dependency.job));
    added->set_condition(
        static_cast<job::v1::AfterCondition>(static_cast<int>(dependency.condition) + 1));
  }
  out->set_held(spec.held);
  if (spec.maximum_failed_tasks) out->set_maximum_failed_tasks(*spec.maximum_failed_tasks);
  if (spec.maximum_failed_percent) {
    out->set_maximum_failed_percent(static_cast<unsigned>(*spec.maximum_failed_percent));
  }
  out->set_deadline_action(
      static_cast<job::v1::DeadlineAction>(static_cast<int>(spec.deadline_action) + 1));
  out->set_indices(spec.indices);
  out->set_logs(static_cast<job::v1::LogsKept>(static_cast<int>(spec.logs) + 1));
  out->set_no_residential(spec.no_residential);
  out->set_needs_network(spec.needs_network);
  for (const auto& [name, secret] : spec.secrets) {
    out->mutable_secrets()->insert({name, secret.reveal()});
  }
}

Result<protocol::JobSpec> from_wire(const job::v1::JobSpec& in) {
  Checks checks;
  protocol::JobSpec spec;
  spec.name = in.name();
  if (!in.tenant().empty()) spec.tenant.value = in.tenant();
  spec.service_class = service_class_from_wire(checks, in.service_class());
  spec.priority = checks.integer("priority", in.has_priority() ? in.priority() : kDefaultPriority);
  spec.task_count = in.task_count();
  spec.command.assign(in.command().begin(), in.command().end());
  spec.environment.insert(in.environment().begin(), in.environment().end());
  inputs_from_wire(in, spec);
  spec.outputs.assign(in.outputs().begin(), in.outputs().end());
  const auto cores = in.resources().cores();
  spec.resources.cores = checks.integer("resources.cores", cores == 0 ? 1 : cores);
  spec.resources.memory_bytes = in.resources().memory_bytes();
  spec.expected_run_time = checks.duration("expected_run_time", in.expected_run_time());
  spec.maximum_run_time = checks.duration("maximum_run_time", in.maximum_run_time());
  const auto& retries = in.retries();
  spec.user_retries = checks.integer("retries.user", retries.user());
  spec.infrastructure_retries = checks.integer(
      "retries.infrastructure",
      retries.has_infrastructure() ? retries.infrastructure() : kDefaultInfrastructureRetries);
  if (in.has_deadline()) spec.deadline = checks.time("deadline", in.deadline());
  spec.labels.insert(in.labels().begin(), in.labels().end());
  spec.needs_isolation = in.needs_isolation();
  spec.no_residential = in.no_residential();
  spec.needs_network = in.needs_network();
  for (const auto& [name, value] : in.secrets()) {
    spec.secrets.emplace(name, protocol::Secret{value});
  }
  order_from_wire(checks, in, spec);
  checks.add(problems_of(spec));
  return checks.finish(std::move(spec));
}

void to_wire(const protocol::OutputArtifact& artifact, job::v1::OutputArtifact* out) {
  out->set_path(to_utf8(artifact.path));
  out->set_digest(artifact.digest);
  out->set_size_bytes(artifact.size_bytes);
}

Result<protocol::OutputArtifact> from_wire(const job::v1::OutputArtifact& in) {
  Checks checks("outputs.");
  checks.require(protocol::is_safe_relative_path(in.path()), "path",
                 "leaves the task's directory: " + in.path());
  checks.require(is_valid_digest(in.digest()), "digest",
                 "not 64 lower-case hex digits: " + in.digest());
  return checks.finish(protocol::OutputArtifact{in.path(), in.digest(), in.size_bytes()});
}

void to_wire(const protocol::AttemptReport& report, const NodeId& node, job::v1::Attempt* out) {
  out->Clear();
  out->set_attempt_id(to_string(report.attempt));
  out->set_node_id(node.value);
  if (report.started_at != UtcTime{}) to_wire(report.started_at, out->mutable_started_at());
  if (report.finished_at != UtcTime{}) to_wire(report.finished_at, out->mutable_ended_at());
  out->set_failure(to_wire(report.failure));
  if (report.exit_code) out->set_exit_code(*report.exit_code);
  out->set_message(to_utf8(report.message));
  out->set_cpu_s(report.usage.cpu_s);
  out->set_peak_memory_bytes(report.usage.peak_memory_bytes);
  out->set_energy_j(report.usage.energy.value);
  if (report.nominal_run_time != Duration::zero())
    to_wire(report.nominal_run_time, out->mutable_nominal_run_time());
}

job::v1::ServiceClass to_wire(protocol::ServiceClass service_class) {
  return static_cast<job::v1::ServiceClass>(static_cast<int>(service_class) + 1);
}

job::v1::TaskState to_wire(protocol::TaskState state) {
  return static_cast<job::v1::TaskState>(static_cast<int>(state) + 1);
}

// Here 0 has a meaning on both sides: the attempt succeeded.
job::v1::FailureClass to_wire(protocol::FailureClass failure) {
  return static_cast<job::v1::FailureClass>(failure);
}

Result<protocol::FailureClass> from_wire(job::v1::FailureClass failure) {
  if (failure < 0 || failure > static_cast<int>(protocol::FailureClass::kCancelled)) {
    return fail(ErrorCode::kInvalidArgument,
                "failure: unknown value " + std::to_string(static_cast<int>(failure)));
  }
  return static_cast<protocol::FailureClass>(failure);
}

Result<std::optional<protocol::TaskState>> from_wire(job::v1::TaskState state) {
  if (state == job::v1::TASK_STATE_UNSPECIFIED) return std::nullopt;
  Checks checks;
  const auto known = checks.enumerator("state", state, protocol::TaskState::kCancelled);
  return checks.finish(known);
}

}  // namespace hearth::wire
