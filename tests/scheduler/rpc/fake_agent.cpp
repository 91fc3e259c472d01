#include "fake_agent.h"

#include "wire/node.h"

namespace hearth::scheduler {

FakeAgent::FakeAgent(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(node::v1::NodeService::NewStub(channel)), stream_(stub_->Connect(&context_)) {}

FakeAgent::~FakeAgent() {
  if (ended_) return;
  context_.TryCancel();
  stream_->Finish();
}

bool FakeAgent::read() {
  node::v1::ConnectResponse response;
  if (!stream_->Read(&response)) return false;
  epoch_ = response.epoch();
  for (auto& message : *response.mutable_messages()) inbox_.push_back(std::move(message));
  return true;
}

// Takes the first message out of the inbox of which `take` says that this was it.
template <class Take>
void FakeAgent::read_until(Take take) {
  std::size_t looked_at = 0;
  for (;;) {
    for (; looked_at < inbox_.size(); ++looked_at) {
      if (!take(inbox_[looked_at])) continue;
      inbox_.erase(inbox_.begin() + static_cast<std::ptrdiff_t>(looked_at));
      return;
    }
    if (!read()) {
      ADD_FAILURE() << "the stream ended while more was expected";
      return;
    }
  }
}

const node::v1::Welcome& FakeAgent::welcome() {
  if (!welcome_.store_id().empty()) return welcome_;
  read_until([&](const node::v1::SchedulerMessage& message) {
    if (message.has_welcome()) welcome_ = message.welcome();
    return message.has_welcome();
  });
  return welcome_;
}

void FakeAgent::say(const node::v1::AgentMessage& message) {
  node::v1::ConnectRequest request;
  *request.add_messages() = message;
  stream_->Write(request);
}

void FakeAgent::greet(const Greeting& greeting) {
  protocol::Hello hello;
  hello.protocol_version = greeting.protocol_version;
  hello.installation_id = greeting.installation;
  hello.session_counter = greeting.session_counter;
  hello.facts.node = NodeId{greeting.node};
  hello.facts.zone = ZoneId{"z-" + greeting.node};
  hello.facts.kind = greeting.kind;
  hello.facts.site = SiteId{greeting.site};
  hello.facts.cores = greeting.cores;
  hello.facts.agent_version = "test";
  hello.facts.residential = greeting.residential;
  hello.facts.takes_secrets = greeting.takes_secrets;
  hello.serves_output = greeting.serves_output;
  hello.telemetry.air_temperature_c = {19.0, protocol::Quality::kGood};
  hello.telemetry.power_w = {100.0, protocol::Quality::kGood};
  hello.telemetry.setpoint = Celsius{20.0};
  hello.telemetry.energy.boot_id = "boot-1";
  node::v1::ConnectRequest request;
  wire::to_wire(protocol::AgentMessage{hello}, request.add_messages());
  wire::to_wire(protocol::AgentMessage{protocol::HelloEnd{}}, request.add_messages());
  if (greeting.kind != protocol::NodeKind::kNone) {  // from its first report its room is forecast
    protocol::Report report;
    report.telemetry = hello.telemetry;
    wire::to_wire(protocol::AgentMessage{report}, request.add_messages());
  }
  stream_->Write(request);
}

node::v1::StartAttempt FakeAgent::next_start() {
  node::v1::StartAttempt start;
  read_until([&](const node::v1::SchedulerMessage& message) {
    if (message.has_start_attempt()) start = message.start_attempt();
    return message.has_start_attempt();
  });
  return start;
}

node::v1::JobDetails FakeAgent::next_details() {
  node::v1::JobDetails details;
  read_until([&](const node::v1::SchedulerMessage& message) {
    if (message.has_job_details()) details = message.job_details();
    return message.has_job_details();
  });
  return details;
}

node::v1::SetpointOrdered FakeAgent::next_setpoint() {
  node::v1::SetpointOrdered ordered;
  read_until([&](const node::v1::SchedulerMessage& message) {
    if (message.has_setpoint_ordered()) ordered = message.setpoint_ordered();
    return message.has_setpoint_ordered();
  });
  return ordered;
}

void FakeAgent::begin(const node::v1::StartAttempt& start) {
  node::v1::AgentMessage started;
  *started.mutable_attempts_started()->add_attempts() = start.attempt();
  say(started);
}

node::v1::ReadOutput FakeAgent::next_question() {
  node::v1::ReadOutput question;
  read_until([&](const node::v1::SchedulerMessage& message) {
    if (message.has_read_output()) question = message.read_output();
    return message.has_read_output();
  });
  return question;
}

void FakeAgent::answer(const node::v1::ReadOutput& question, const std::string& data,
                       std::uint64_t size_bytes, bool ended) {
  node::v1::AgentMessage message;
  auto& read = *message.mutable_output_read();
  read.set_request_id(question.request_id());
  read.set_offset(question.offset());
  read.set_data(data);
  read.set_size_bytes(size_bytes);
  read.set_ended(ended);
  say(message);
}

void FakeAgent::end(const node::v1::StartAttempt& start, int exit_code, const std::string& result,
                    const std::string& tail, std::uint64_t size_bytes) {
  begin(start);
  node::v1::AgentMessage message;
  auto& report = *message.mutable_task_result();
  *report.mutable_attempt() = start.attempt();
  report.set_job_id(start.job_id());
  report.set_index(start.index());
  report.set_exit_code(exit_code);
  if (exit_code != 0) {
    report.set_failure(job::v1::FAILURE_CLASS_USER_ERROR);
    report.set_message("exit code " + std::to_string(exit_code));
  }
  report.mutable_started_at()->set_seconds(1'800'000'000);
  report.mutable_ended_at()->set_seconds(1'800'000'001);
  report.set_cpu_s(1.0);
  report.set_energy_j(40);
  report.set_result(result);
  if (size_bytes > 0) {
    report.mutable_standard_output()->set_data(tail);
    report.mutable_standard_output()->set_size_bytes(size_bytes);
  }
  say(message);
}

void FakeAgent::succeed(const node::v1::StartAttempt& start, const std::string& result) {
  end(start, 0, result, "", 0);
}

void FakeAgent::fail(const node::v1::StartAttempt& start, int exit_code) {
  end(start, exit_code, "", "", 0);
}

void FakeAgent::await_acknowledgement(const node::v1::AttemptId& attempt) {
  read_until([&](const node::v1::SchedulerMessage& message) {
    for (const auto& acknowledged : message.results_acknowledged().attempts()) {
      if (acknowledged.SerializeAsString() == attempt.SerializeAsString()) return true;
    }
    return false;
  });
}

grpc::Status FakeAgent::await_end() {
  while (read()) {
  }
  ended_ = true;
  return stream_->Finish();
}

}  // namespace hearth::scheduler
