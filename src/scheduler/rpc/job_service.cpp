#include "scheduler/rpc/job_service.h"

#include <map>

#include "scheduler/rpc/cursor.h"
#include "scheduler/rpc/heat_views.h"
#include "scheduler/rpc/log_stream.h"
#include "scheduler/rpc/ownership.h"
#include "scheduler/rpc/submit_call.h"
#include "scheduler/rpc/task_pages.h"
#include "scheduler/rpc/views.h"
#include "scheduler/rpc/watch_stream.h"
#include "scheduler/runtime/clock.h"
#include "wire/checks.h"
#include "wire/job.h"

namespace hearth::scheduler {
namespace {

constexpr int kReadsPerPage = 10;  // of jobs, where a filter leaves most of them out

using Views = std::map<JobId, JobView>;

void add_estimate(const Quote& estimate, UtcTime at, job::v1::Job* out) {
  if (estimate.p50.finish) wire::to_wire(at + *estimate.p50.finish, out->mutable_end_p50());
  if (estimate.p90.finish) wire::to_wire(at + *estimate.p90.finish, out->mutable_end_p90());
}

Result<> read_cancelled(StoreReader& reader, JobId id, const std::optional<JobView>& view,
                        job::v1::Job* out) {
  if (auto found = read_job(reader, id, view, out); !found) return found;
  if (out->state() == job::v1::JOB_STATE_ACTIVE || out->state() == job::v1::JOB_STATE_CANCELLED) {
    return {};
  }
  return fail(ErrorCode::kFailedPrecondition,
              to_string(id) + ": has ended, " + job::v1::JobState_Name(out->state()));
}

std::string query_of(job::v1::ListJobsRequest request) {
  request.clear_page_size();
  request.clear_page_token();
  return "jobs" + request.SerializeAsString();
}
std::string query_of(job::v1::ListTasksRequest request) {
  request.clear_page_size();
  request.clear_page_token();
  return "tasks" + request.SerializeAsString();
}

struct JobQuery {
  std::string tenant;
  job::v1::JobState state = job::v1::JOB_STATE_UNSPECIFIED;
  JobId before;
  std::size_t limit = 0;
  std::string text;
};

Result<JobQuery> parse(const job::v1::ListJobsRequest& request) {
  JobQuery query{request.tenant(), request.state(), {}, 0, query_of(request)};
  if (!query.tenant.empty() && !is_valid_name(query.tenant)) {
    return fail(ErrorCode::kInvalidArgument, "tenant: not a name: " + query.tenant);
  }
  if (!job::v1::JobState_IsValid(query.state)) {
    return fail(ErrorCode::kInvalidArgument, "state: unknown: " + std::to_string(query.state));
  }
  HEARTH_TRY(limit, page_size(request.page_size()));
  HEARTH_TRY(before, parse_page_number(query.text, request.page_token(), 0));
  query.limit = limit;
  query.before = JobId{before};
  return query;
}

Result<> read_jobs(StoreReader& reader, const JobQuery& query, const Views& views,
                   job::v1::ListJobsResponse* response) {
  auto before = query.before;
  for (int reads = 0; reads < kReadsPerPage; ++reads) {
    HEARTH_TRY(rows, reader.jobs(before, query.tenant, query.limit + 1));
    for (const auto& row : rows) {
      if (static_cast<std::size_t>(response->jobs_size()) == query.limit) {
        response->set_next_page_token(to_page_token(query.text, std::to_string(before.value)));
        return {};
      }
      before = row.job;
      if (query.state != job::v1::JOB_STATE_UNSPECIFIED && to_wire(row.state) != query.state) {
        continue;
      }
      const auto view = views.find(row.job);
      to_wire(row, view == views.end() ? std::nullopt : std::optional{view->second},
              response->add_jobs());
    }
    if (rows.size() <= query.limit) return {};  // that was the oldest
  }
  response->set_next_page_token(to_page_token(query.text, std::to_string(before.value)));
  return {};
}

Result<TaskQuery> parse(const job::v1::ListTasksRequest& request) {
  HEARTH_TRY(job, parse_job_id(request.job_id()));
  HEARTH_TRY(state, wire::from_wire(request.state()));
  HEARTH_TRY(limit, page_size(request.page_size()));
  HEARTH_TRY(first, parse_page_number(query_of(request), request.page_token(), 0));
  TaskQuery query{job, state, first, limit, request.has_index()};
  if (request.has_index()) query.first = request.index();
  return query;
}

void fill(const TaskExplanation& explanation, job::v1::ExplainTaskResponse* response) {
  response->set_state(wire::to_wire(explanation.task.state));
  response->set_summary(explanation.summary);
  for (const auto& condition : explanation.conditions) {
    auto* out = response->add_conditions();
    out->set_name(condition.name);
    out->set_text(condition.text);
    out->set_nodes_failing(static_cast<std::uint32_t>(condition.nodes_failing));
    out->set_nodes_total(static_cast<std::uint32_t>(condition.nodes_total));
  }
  response->set_nodes_feasible(static_cast<std::uint32_t>(explanation.nodes_feasible));
}

std::string summary_of(const job::v1::Task& task) {
  switch (task.state()) {
    case job::v1::TASK_STATE_SUCCEEDED:
      return "it succeeded on node " + task.attempts().rbegin()->node_id();
    case job::v1::TASK_STATE_FAILED:
      return "it failed on node " + task.attempts().rbegin()->node_id() + ": " +
             task.attempts().rbegin()->message();
    case job::v1::TASK_STATE_CANCELLED:
      return "its job was cancelled";
    default:
      return "";
  }
}

}  // namespace

grpc::ServerReadReactor<job::v1::SubmitJobRequest>* JobService::SubmitJob(
    grpc::CallbackServerContext* context, job::v1::SubmitJobResponse* response) {
  const auto staging = (backend_.epoch << 32) + ++last_staging_;
  return new SubmitCall(backend_, *context, staging, *response);
}

grpc::ServerUnaryReactor* JobService::GetJob(grpc::CallbackServerContext* context,
                                             const job::v1::GetJobRequest* request,
                                             job::v1::GetJobResponse* response) {
  return with_own_job(backend_, *context, request->job_id(),
                      [=, this](auto* reactor) { get_job(reactor, request->job_id(), response); });
}

void JobService::get_job(grpc::ServerUnaryReactor* reactor, const std::string& job_id,
                         job::v1::GetJobResponse* response) {
  const auto id = parse_job_id(job_id);
  if (!id) return void(refuse(reactor, id.error()));
  struct Snapshot {
    std::optional<JobView> view;
    std::optional<Quote> estimate;
    UtcTime at{};
  };
  backend_.reader.read<Snapshot>(
      [id = *id](const Scheduler& scheduler) {
        return Snapshot{scheduler.job(id), scheduler.estimate(id), utc_now()};
      },
      [=, id = *id](StoreReader& reader, const Snapshot& snapshot) {
        auto* job = response->mutable_job();
        const auto found = read_job(reader, id, snapshot.view, job);
        if (found && snapshot.estimate && job->state() == job::v1::JOB_STATE_ACTIVE) {
          add_estimate(*snapshot.estimate, snapshot.at, job);
        }
        finish(reactor, found);
      },
      refusal(reactor));
}

grpc::ServerUnaryReactor* JobService::ListJobs(grpc::CallbackServerContext* context,
                                               const job::v1::ListJobsRequest* request,
                                               job::v1::ListJobsResponse* response) {
  auto* reactor = context->DefaultReactor();
  auto query = parse(*request);
  if (!query) return refuse(reactor, query.error());
  // Another tenant's jobs are an empty list.
  const auto tenant = tenant_of(caller_of(*context));
  if (!tenant.empty())
    query->tenant = query->tenant.empty() || query->tenant == tenant ? tenant : "none:";
  backend_.reader.read<Views>(
      [](const Scheduler& scheduler) {
        Views views;
        for (auto& view : scheduler.jobs()) views.emplace(view.job, std::move(view));
        return views;
      },
      [=, query = *query](StoreReader& reader, const Views& views) {
        finish(reactor, read_jobs(reader, query, views, response));
      },
      refusal(reactor));
  return reactor;
}

grpc::ServerUnaryReactor* JobService::ListTasks(grpc::CallbackServerContext* context,
                                                const job::v1::ListTasksRequest* request,
                                                job::v1::ListTasksResponse* response) {
  return with_own_job(backend_, *context, request->job_id(),
                      [=, this](auto* reactor) { list_tasks(reactor, request, response); });
}

void JobService::list_tasks(grpc::ServerUnaryReactor* reactor,
                            const job::v1::ListTasksRequest* request,
                            job::v1::ListTasksResponse* response) {
  const auto query = parse(*request);
  if (!query) return void(refuse(reactor, query.error()));
  backend_.reader.read<TaskSnapshot>(
      [query = *query](const Scheduler& scheduler) { return snapshot_of(scheduler, query); },
      [=, query = *query](StoreReader& reader, const TaskSnapshot& snapshot) {
        auto page = read_tasks(reader, query, snapshot);
        if (!page) return reactor->Finish(wire::to_status(page.error()));
        for (auto& task : page->tasks) *response->add_tasks() = std::move(task);
        if (page->more) {
          response->set_next_page_token(
              to_page_token(query_of(*request), std::to_string(page->next)));
        }
        reactor->Finish(grpc::Status::OK);
      },
      refusal(reactor));
}

grpc::ServerWriteReactor<job::v1::WatchJobsResponse>* JobService::WatchJobs(
    grpc::CallbackServerContext* context, const job::v1::WatchJobsRequest* request) {
  auto* stream = new WatchStream(backend_, *request, tenant_of(caller_of(*context)));
  stream->hold(entry_in(backend_.open_calls, *context));
  stream->begin();
  return stream;
}

grpc::ServerWriteReactor<job::v1::StreamResultsResponse>* JobService::StreamResults(
    grpc::CallbackServerContext* context, const job::v1::StreamResultsRequest* request) {
  auto* stream = new ResultStream(backend_, *request, tenant_of(caller_of(*context)));
  stream->hold(entry_in(backend_.open_calls, *context));
  stream->begin();
  return stream;
}

grpc::ServerUnaryReactor* JobService::CancelJob(grpc::CallbackServerContext* context,
                                                const job::v1::CancelJobRequest* request,
                                                job::v1::CancelJobResponse* response) {
  audit(backend_, *context, "CancelJob", request->job_id(), request->reason());
  return with_own_job(backend_, *context, request->job_id(),
                      [=, this](auto* reactor) { cancel_job(reactor, request, response); });
}

void JobService::cancel_job(grpc::ServerUnaryReactor* reactor,
                            const job::v1::CancelJobRequest* request,
                            job::v1::CancelJobResponse* response) {
  const auto id = parse_job_id(request->job_id());
  if (!id) return void(refuse(reactor, id.error()));
  if (request->reason().size() > kReasonBytesMax) {
    return void(refuse(reactor, {ErrorCode::kInvalidArgument, "reason: longer than 256 bytes"}));
  }
  // The core forgets jobs that have ended; the store tells how they did.
  const auto answer = [=, this, id = *id] {
    backend_.reader.read<std::optional<JobView>>(
        [id](const Scheduler& scheduler) { return scheduler.job(id); },
        [=](StoreReader& reader, const std::optional<JobView>& view) {
          finish(reactor, read_cancelled(reader, id, view, response->mutable_job()));
        },
        refusal(reactor));
  };
  backend_.loop.request(kCallBytes, CancelRequested{0, *id, request->reason()},
                        [=](const Result<JobReply>& reply) {
                          if (reply || reply.error().code == ErrorCode::kNotFound) {
                            answer();
                          } else {
                            reactor->Finish(wire::to_status(reply.error()));
                          }
                        });
}

grpc::ServerUnaryReactor* JobService::ExplainTask(grpc::CallbackServerContext* context,
                                                  const job::v1::ExplainTaskRequest* request,
                                                  job::v1::ExplainTaskResponse* response) {
  return with_own_job(backend_, *context, request->job_id(),
                      [=, this](auto* reactor) { explain_task(reactor, request, response); });
}

void JobService::explain_task(grpc::ServerUnaryReactor* reactor,
                              const job::v1::ExplainTaskRequest* request,
                              job::v1::ExplainTaskResponse* response) {
  struct Snapshot {
    std::optional<TaskExplanation> explanation;
    TaskSnapshot tasks;
  };
  const auto id = parse_job_id(request->job_id());
  if (!id) return void(refuse(reactor, id.error()));
  const TaskQuery query{*id, std::nullopt, request->index(), 1, true};
  backend_.reader.read<Snapshot>(
      [query](const Scheduler& scheduler) {
        Snapshot snapshot{std::nullopt, snapshot_of(scheduler, query)};
        auto explanation = scheduler.explain_task({query.job, query.first});
        if (explanation) snapshot.explanation = std::move(*explanation);
        return snapshot;
      },
      [=](StoreReader& reader, const Snapshot& snapshot) {
        const auto page = read_tasks(reader, query, snapshot.tasks);
        if (!page) return reactor->Finish(wire::to_status(page.error()));
        const auto& task = page->tasks.front();
        if (snapshot.explanation) fill(*snapshot.explanation, response);
        const auto summary = summary_of(task);
        if (!summary.empty()) response->set_summary(summary);
        response->set_state(task.state());
        *response->mutable_attempts() = task.attempts();
        reactor->Finish(grpc::Status::OK);
      },
      refusal(reactor));
}

grpc::ServerWriteReactor<job::v1::GetLogsResponse>* JobService::GetLogs(
    grpc::CallbackServerContext* context, const job::v1::GetLogsRequest* request) {
  auto* stream = new LogStream(backend_, sessions_, *request, tenant_of(caller_of(*context)));
  stream->hold(entry_in(backend_.open_calls, *context));
  stream->begin();
  return stream;
}

grpc::ServerUnaryReactor* JobService::QuoteJob(grpc::CallbackServerContext* context,
                                               const job::v1::QuoteJobRequest* request,
                                               job::v1::QuoteJobResponse* response) {
  auto* reactor = context->DefaultReactor();
  const auto spec = wire::from_wire(request->spec());
  if (!spec) return refuse(reactor, spec.error());
  // What the answer counts on may not be durable yet; that changes no figure of it.
  const auto taken = backend_.loop.try_post(
      request->ByteSizeLong() + kCallBytes, [this, reactor, response, spec = *spec] {
        if (!backend_.loop.serving()) {
          refuse(reactor, {ErrorCode::kUnavailable, "the scheduler is stopping: repeat the call"});
          return;
        }
        to_wire(backend_.loop.scheduler().quote(spec), utc_now(), response);
        reactor->Finish(grpc::Status::OK);
      });
  if (!taken) {
    refuse(reactor, {ErrorCode::kResourceExhausted, "the scheduler's inbox is full: repeat later"});
  }
  return reactor;
}

}  // namespace hearth::scheduler
