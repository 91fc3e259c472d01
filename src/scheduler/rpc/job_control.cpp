// Calls that change a live job, and the one that submits tasks of an ended one again.
#include "common/blob_store.h"
#include "common/digest.h"
#include "common/io_pool.h"
#include "protocol/indices.h"
#include "scheduler/rpc/cursor.h"
#include "scheduler/rpc/job_service.h"
#include "scheduler/rpc/ownership.h"
#include "scheduler/rpc/submit_call.h"
#include "scheduler/rpc/views.h"
#include "scheduler/runtime/clock.h"
#include "wire/checks.h"
#include "wire/job.h"

namespace hearth::scheduler {
namespace {

using protocol::TaskState;

Result<> ended_error(StoreReader& reader, JobId id) {
  job::v1::Job job;
  if (auto found = read_job(reader, id, std::nullopt, &job); !found) return found;
  return fail(ErrorCode::kFailedPrecondition,
              to_string(id) + ": has ended, " + job::v1::JobState_Name(job.state()));
}

Result<UpdateRequested> parse(const job::v1::UpdateJobRequest& request) {
  wire::Checks checks;
  UpdateRequested event;
  if (request.has_priority()) {
    event.priority = checks.integer("priority", request.priority());
    checks.require(*event.priority >= 0 && *event.priority <= 100, "priority",
                   "not in 0..100: " + std::to_string(*event.priority));
  }
  if (request.has_deadline()) {
    const auto deadline = checks.time("deadline", request.deadline());
    checks.require(deadline > utc_now(), "deadline", "in the past: " + hearth::to_string(deadline));
    event.deadline = std::optional{deadline};
  }
  checks.require(!(request.has_deadline() && request.clear_deadline()), "clear_deadline",
                 "together with a deadline");
  if (request.clear_deadline()) event.deadline = std::optional<UtcTime>{};
  checks.require(event.priority || event.deadline, "",
                 "nothing to change: no priority, no deadline");
  return checks.finish(std::move(event));
}

// What is submitted again, and under which staging its payloads are.
Result<SubmitRequested> retry_of(const JobRow& row, protocol::Secrets secrets,
                                 std::vector<std::uint64_t> indices,
                                 const job::v1::RetryTasksRequest& request) {
  SubmitRequested event;
  event.request = {row.spec.tenant, request.request_id()};
  Sha256 hash;
  hash.update("retry " + request.SerializeAsString());
  event.request_hash = hash.finish();
  event.staging = row.staging;
  event.retries = row.job;
  auto& spec = event.spec = row.spec;
  spec.secrets = std::move(secrets);
  for (auto& index : indices) index = protocol::index_at(row.spec.indices, index);
  spec.indices = protocol::to_index_list(indices);
  spec.task_count = indices.size();
  spec.after.clear();
  spec.held = false;
  if (spec.deadline && *spec.deadline <= utc_now()) spec.deadline.reset();
  if (!spec.deadline) spec.deadline_action = protocol::DeadlineAction::kContinue;
  if (spec.indices.size() > protocol::kIndicesBytesMax) {
    return fail(ErrorCode::kFailedPrecondition,
                to_string(row.job) + ": its tasks are too scattered for one job");
  }
  return event;
}

Result<std::vector<TaskState>> states_of(const job::v1::RetryTasksRequest& request) {
  std::vector<TaskState> states;
  for (const auto value : request.states()) {
    HEARTH_TRY(state, wire::from_wire(static_cast<job::v1::TaskState>(value)));
    if (!state || !is_final(*state)) {
      return fail(ErrorCode::kInvalidArgument, "states: not SUCCEEDED, FAILED or CANCELLED");
    }
    states.push_back(*state);
  }
  if (states.empty()) states = {TaskState::kFailed, TaskState::kCancelled};
  return states;
}

Result<SubmitRequested> read_retry(StoreReader& reader, JobId id,
                                   const std::vector<TaskState>& states,
                                   const job::v1::RetryTasksRequest& request) {
  HEARTH_TRY(row, reader.job(id));
  if (!row) return tl::unexpected(no_such_job(reader, id));
  HEARTH_TRY(indices, reader.indices(id, states));
  if (indices.empty()) {
    std::string names;
    for (const auto state : states) {
      names += (names.empty() ? "" : " or ") + std::string(to_string(state));
    }
    return fail(ErrorCode::kFailedPrecondition,
                to_string(id) + ": no task of it has ended " + names);
  }
  HEARTH_TRY(secrets, reader.secrets(id));
  return retry_of(*row, std::move(secrets), std::move(indices), request);
}

}  // namespace

void JobService::update(grpc::ServerUnaryReactor* reactor, const std::string& job_id,
                        UpdateRequested event, job::v1::Job* out) {
  const auto id = parse_job_id(job_id);
  if (!id) return void(refuse(reactor, id.error()));
  if (event.reason.size() > kReasonBytesMax) {
    return void(refuse(reactor, {ErrorCode::kInvalidArgument, "reason: longer than 256 bytes"}));
  }
  event.job = *id;
  const auto answer = [=, this, id = *id](bool changed) {
    backend_.reader.read<std::optional<JobView>>(
        [id](const Scheduler& scheduler) { return scheduler.job(id); },
        [=](StoreReader& reader, const std::optional<JobView>& view) {
          finish(reactor, changed ? read_job(reader, id, view, out) : ended_error(reader, id));
        },
        refusal(reactor));
  };
  backend_.loop.request(kCallBytes, std::move(event), [=](const Result<JobReply>& reply) {
    if (reply || reply.error().code == ErrorCode::kNotFound) return answer(reply.has_value());
    reactor->Finish(wire::to_status(reply.error()));
  });
}

grpc::ServerUnaryReactor* JobService::HoldJob(grpc::CallbackServerContext* context,
                                              const job::v1::HoldJobRequest* request,
                                              job::v1::HoldJobResponse* response) {
  audit(backend_, *context, "HoldJob", request->job_id(), request->reason());
  return with_own_job(backend_, *context, request->job_id(), [=, this](auto* reactor) {
    UpdateRequested event;
    event.held = true;
    event.reason = request->reason();
    update(reactor, request->job_id(), std::move(event), response->mutable_job());
  });
}

grpc::ServerUnaryReactor* JobService::ReleaseJob(grpc::CallbackServerContext* context,
                                                 const job::v1::ReleaseJobRequest* request,
                                                 job::v1::ReleaseJobResponse* response) {
  audit(backend_, *context, "ReleaseJob", request->job_id(), request->reason());
  return with_own_job(backend_, *context, request->job_id(), [=, this](auto* reactor) {
    UpdateRequested event;
    event.held = false;
    event.reason = request->reason();
    update(reactor, request->job_id(), std::move(event), response->mutable_job());
  });
}

grpc::ServerUnaryReactor* JobService::UpdateJob(grpc::CallbackServerContext* context,
                                                const job::v1::UpdateJobRequest* request,
                                                job::v1::UpdateJobResponse* response) {
  audit(backend_, *context, "UpdateJob", request->job_id(), request->reason());
  return with_own_job(backend_, *context, request->job_id(), [=, this](auto* reactor) {
    auto event = parse(*request);
    if (!event) return void(refuse(reactor, event.error()));
    event->reason = request->reason();
    update(reactor, request->job_id(), std::move(*event), response->mutable_job());
  });
}

// Of the job as it was submitted, this time or before: more tasks may have failed since.
void JobService::tell_task_count(grpc::ServerUnaryReactor* reactor, JobId id,
                                 job::v1::RetryTasksResponse* response) {
  backend_.reader.read<std::optional<JobView>>(
      [id](const Scheduler& scheduler) { return scheduler.job(id); },
      [=, this](StoreReader& reader, const std::optional<JobView>& view) {
        job::v1::Job job;
        const auto found = read_job(reader, id, view, &job);
        if (found) response->set_task_count(job.spec().task_count());
        finish(reactor, found);
      },
      refusal(reactor));
}

grpc::ServerUnaryReactor* JobService::RetryTasks(grpc::CallbackServerContext* context,
                                                 const job::v1::RetryTasksRequest* request,
                                                 job::v1::RetryTasksResponse* response) {
  audit(backend_, *context, "RetryTasks", request->job_id());
  return with_own_job(backend_, *context, request->job_id(),
                      [=, this](auto* reactor) { retry_tasks(reactor, request, response); });
}

void JobService::retry_tasks(grpc::ServerUnaryReactor* reactor,
                             const job::v1::RetryTasksRequest* request,
                             job::v1::RetryTasksResponse* response) {
  const auto id = parse_job_id(request->job_id());
  if (!id) return void(refuse(reactor, id.error()));
  const auto states = states_of(*request);
  if (!states) return void(refuse(reactor, states.error()));
  if (request->request_id().empty() || request->request_id().size() > kRequestIdBytesMax) {
    return void(refuse(reactor, {ErrorCode::kInvalidArgument, "request_id: not 1 to 128 bytes"}));
  }
  const auto answer = [=, this](const Result<JobReply>& reply) {
    if (!reply) return void(refuse(reactor, reply.error()));
    response->set_job_id(to_string(reply->job));
    response->set_cursor(to_cursor(backend_.store_id, reply->seq - 1));
    response->set_already_submitted(reply->already_submitted);
    tell_task_count(reactor, reply->job, response);
  };
  struct Nothing {};
  backend_.reader.read<Nothing>(
      [](const Scheduler&) { return Nothing{}; },
      [=, this, id = *id, states = *states](StoreReader& reader, Nothing) {
        const auto event = read_retry(reader, id, states, *request);
        if (!event) return void(refuse(reactor, event.error()));
        backend_.io.post([=, this, event = *event] {
          hand_over(backend_, kCallBytes + event.spec.indices.size(), event,
                    check_inputs(backend_.blobs, event.spec), answer);
        });
      },
      refusal(reactor));
}

}  // namespace hearth::scheduler
