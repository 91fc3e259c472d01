#include "wire/node.h"

#include "hearth/node/v1/node.pb.h"
#include "wire/checks.h"
#include "wire/fleet.h"
#include "wire/job.h"

namespace hearth::wire {
namespace {

constexpr std::size_t kInstallationIdBytesMax = 128;

template <class Repeated>
void attempts_to_wire(const std::vector<AttemptId>& attempts, Repeated* out) {
  out->Reserve(static_cast<int>(attempts.size()));
  for (const auto attempt : attempts) to_wire(attempt, out->Add());
}

template <class Message, class In>
Result<protocol::AgentMessage> attempts_from_wire(const In& in) {
  Message message;
  message.attempts.reserve(static_cast<std::size_t>(in.attempts_size()));
  for (const auto& attempt : in.attempts()) {
    HEARTH_TRY(id, from_wire(attempt));
    message.attempts.push_back(id);
  }
  return message;
}

template <class Repeated>
void held_to_wire(const std::vector<protocol::HeldAttempt>& attempts, Repeated* out) {
  for (const auto& held : attempts) {
    auto* added = out->Add();
    to_wire(held.attempt, added->mutable_attempt());
    added->set_job_id(held.task.job.value);
    added->set_index(held.task.index);
    added->set_started(held.started);
  }
}

template <class Message, class In>
Result<protocol::AgentMessage> held_from_wire(const In& in) {
  Message message;
  for (const auto& held : in.attempts()) {
    HEARTH_TRY(id, from_wire(held.attempt()));
    if (held.job_id() == 0) return fail(ErrorCode::kInvalidArgument, "attempts.job_id: 0");
    message.attempts.push_back({id, TaskId{JobId{held.job_id()}, held.index()}, held.started()});
  }
  return message;
}

Result<protocol::AgentMessage> hello_from_wire(const node::v1::Hello& in) {
  Checks checks("hello.");
  protocol::Hello hello;
  hello.protocol_version = checks.integer("protocol_version", in.protocol_version());
  hello.installation_id = in.installation_id();
  checks.require(
      !in.installation_id().empty() && in.installation_id().size() <= kInstallationIdBytesMax,
      "installation_id", "not 1 to 128 bytes: " + in.installation_id());
  hello.session_counter = in.session_counter();
  hello.highest_epoch = in.highest_epoch();
  hello.facts = checks.take(from_wire(in.facts()));
  hello.setpoint = checks.take(from_wire(in.setpoint()));
  hello.telemetry = checks.take(from_wire(in.telemetry()));
  hello.serves_output = in.serves_output();
  return checks.finish(std::move(hello));
}

Result<protocol::AgentMessage> result_from_wire(const node::v1::TaskResult& in) {
  HEARTH_TRY(attempt, from_wire(in.attempt()));
  if (in.job_id() == 0) {
    return fail(ErrorCode::kInvalidArgument, to_string(attempt) + ": job_id: 0");
  }
  HEARTH_TRY(report, from_wire(in));
  return protocol::TaskResult{std::move(report)};
}

struct AgentMessageWriter {
  node::v1::AgentMessage* out;

  void operator()(const protocol::Hello& m) const {
    auto* hello = out->mutable_hello();
    hello->set_protocol_version(static_cast<unsigned>(m.protocol_version));
    hello->set_installation_id(m.installation_id);
    hello->set_session_counter(m.session_counter);
    hello->set_highest_epoch(m.highest_epoch);
    to_wire(m.facts, hello->mutable_facts());
    to_wire(m.setpoint, hello->mutable_setpoint());
    to_wire(m.telemetry, hello->mutable_telemetry());
    hello->set_serves_output(m.serves_output);
  }
  void operator()(const protocol::HelloAttempts& m) const {
    held_to_wire(m.attempts, out->mutable_hello_attempts()->mutable_attempts());
  }
  void operator()(const protocol::HelloResults& m) const {
    held_to_wire(m.attempts, out->mutable_hello_results()->mutable_attempts());
  }
  void operator()(const protocol::HelloEnd&) const { out->mutable_hello_end(); }
  void operator()(const protocol::Report& m) const {
    to_wire(m.telemetry, out->mutable_report()->mutable_telemetry());
  }
  void operator()(const protocol::AttemptsStarted& m) const {
    attempts_to_wire(m.attempts, out->mutable_attempts_started()->mutable_attempts());
  }
  void operator()(const protocol::TaskResult& m) const {
    to_wire(m.report, out->mutable_task_result());
  }
  void operator()(const protocol::AttemptsReturned& m) const {
    attempts_to_wire(m.attempts, out->mutable_attempts_returned()->mutable_attempts());
  }
  void operator()(const protocol::SetpointInForce& m) const {
    to_wire(m.setpoint, out->mutable_setpoint_in_force()->mutable_setpoint());
  }
};

}  // namespace

void to_wire(const protocol::AgentMessage& message, node::v1::AgentMessage* out) {
  out->Clear();
  std::visit(AgentMessageWriter{out}, message);
}

Result<protocol::AgentMessage> from_wire(const node::v1::AgentMessage& in) {
  using Case = node::v1::AgentMessage::MessageCase;
  switch (in.message_case()) {
    case Case::kHello:
      return hello_from_wire(in.hello());
    case Case::kHelloAttempts:
      return held_from_wire<protocol::HelloAttempts>(in.hello_attempts());
    case Case::kHelloResults:
      return held_from_wire<protocol::HelloResults>(in.hello_results());
    case Case::kHelloEnd:
      return protocol::HelloEnd{};
    case Case::kReport: {
      HEARTH_TRY(telemetry, from_wire(in.report().telemetry()));
      return protocol::Report{std::move(telemetry)};
    }
    case Case::kAttemptsStarted:
      return attempts_from_wire<protocol::AttemptsStarted>(in.attempts_started());
    case Case::kTaskResult:
      return result_from_wire(in.task_result());
    case Case::kAttemptsReturned:
      return attempts_from_wire<protocol::AttemptsReturned>(in.attempts_returned());
    case Case::kSetpointInForce: {
      HEARTH_TRY(setpoint, from_wire(in.setpoint_in_force().setpoint()));
      return protocol::SetpointInForce{std::move(setpoint)};
    }
    case Case::kOutputRead:  // the adapters' own, see wire/output.h
    case Case::MESSAGE_NOT_SET:
      break;
  }
  return fail(ErrorCode::kInvalidArgument, "message: not set, or of a kind unknown here");
}

void to_wire(const protocol::AttemptReport& report, node::v1::TaskResult* out) {
  out->Clear();
  to_wire(report.attempt, out->mutable_attempt());
  out->set_job_id(report.task.job.value);
  out->set_index(report.task.index);
  out->set_failure(to_wire(report.failure));
  if (report.exit_code) out->set_exit_code(*report.exit_code);
  out->set_message(to_utf8(report.message));
  if (report.started_at != UtcTime{}) to_wire(report.started_at, out->mutable_started_at());
  if (report.finished_at != UtcTime{}) to_wire(report.finished_at, out->mutable_ended_at());
  to_wire(report.nominal_run_time, out->mutable_nominal_run_time());
  out->set_cpu_s(report.usage.cpu_s);
  out->set_peak_memory_bytes(report.usage.peak_memory_bytes);
  out->set_energy_j(report.usage.energy.value);
  for (const auto& artifact : report.outputs) to_wire(artifact, out->add_outputs());
}

Result<protocol::AttemptReport> from_wire(const node::v1::TaskResult& in) {
  const AttemptId attempt{in.attempt().epoch(), in.attempt().counter()};
  Checks checks(to_string(attempt) + ": ");
  protocol::AttemptReport report;
  report.attempt = attempt;
  report.task = TaskId{JobId{in.job_id()}, in.index()};
  report.failure = checks.take(from_wire(in.failure()));
  if (in.has_exit_code()) report.exit_code = in.exit_code();
  report.message = in.message();
  report.started_at = checks.time("started_at", in.started_at());
  report.finished_at = checks.time("ended_at", in.ended_at());
  report.nominal_run_time = checks.duration("nominal_run_time", in.nominal_run_time());
  report.usage.cpu_s = checks.finite("cpu_s", in.cpu_s());
  report.usage.peak_memory_bytes = in.peak_memory_bytes();
  report.usage.energy = Joules{checks.finite("energy_j", in.energy_j())};
  for (const auto& artifact : in.outputs()) {
    report.outputs.push_back(checks.take(from_wire(artifact)));
  }
  return checks.finish(std::move(report));
}

void to_wire(AttemptId attempt, node::v1::AttemptId* out) {
  out->set_epoch(attempt.epoch);
  out->set_counter(attempt.counter);
}

Result<AttemptId> from_wire(const node::v1::AttemptId& in) {
  const AttemptId attempt{in.epoch(), in.counter()};
  if (attempt.epoch == 0) {
    return fail(ErrorCode::kInvalidArgument, "attempt: no attempt id: " + to_string(attempt));
  }
  return attempt;
}

}  // namespace hearth::wire
