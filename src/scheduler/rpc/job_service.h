// Serves hearth.job.v1.JobService: turns calls into events and answers with what is durable.
#pragma once

#include <atomic>

#include "hearth/job/v1/job.grpc.pb.h"
#include "scheduler/rpc/calls.h"
#include "scheduler/rpc/session_table.h"

namespace hearth::scheduler {

class JobService final : public job::v1::JobService::CallbackService {
 public:
  JobService(Backend& backend, SessionTable& sessions) : backend_(backend), sessions_(sessions) {}

  grpc::ServerReadReactor<job::v1::SubmitJobRequest>* SubmitJob(
      grpc::CallbackServerContext* context, job::v1::SubmitJobResponse* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const job::v1::GetJobRequest* request,
                                   job::v1::GetJobResponse* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const job::v1::ListJobsRequest* request,
                                     job::v1::ListJobsResponse* response) override;
  grpc::ServerUnaryReactor* ListTasks(grpc::CallbackServerContext* context,
                                      const job::v1::ListTasksRequest* request,
                                      job::v1::ListTasksResponse* response) override;
  grpc::ServerWriteReactor<job::v1::WatchJobsResponse>* WatchJobs(
      grpc::CallbackServerContext* context, const job::v1::WatchJobsRequest* request) override;
  grpc::ServerWriteReactor<job::v1::StreamResultsResponse>* StreamResults(
      grpc::CallbackServerContext* context, const job::v1::StreamResultsRequest* request) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const job::v1::CancelJobRequest* request,
                                      job::v1::CancelJobResponse* response) override;
  // job_control.cpp
  grpc::ServerUnaryReactor* HoldJob(grpc::CallbackServerContext* context,
                                    const job::v1::HoldJobRequest* request,
                                    job::v1::HoldJobResponse* response) override;
  grpc::ServerUnaryReactor* ReleaseJob(grpc::CallbackServerContext* context,
                                       const job::v1::ReleaseJobRequest* request,
                                       job::v1::ReleaseJobResponse* response) override;
  grpc::ServerUnaryReactor* UpdateJob(grpc::CallbackServerContext* context,
                                      const job::v1::UpdateJobRequest* request,
                                      job::v1::UpdateJobResponse* response) override;
  grpc::ServerUnaryReactor* RetryTasks(grpc::CallbackServerContext* context,
                                       const job::v1::RetryTasksRequest* request,
                                       job::v1::RetryTasksResponse* response) override;
  grpc::ServerUnaryReactor* ExplainTask(grpc::CallbackServerContext* context,
                                        const job::v1::ExplainTaskRequest* request,
                                        job::v1::ExplainTaskResponse* response) override;
  grpc::ServerWriteReactor<job::v1::GetLogsResponse>* GetLogs(
      grpc::CallbackServerContext* context, const job::v1::GetLogsRequest* request) override;
  grpc::ServerUnaryReactor* QuoteJob(grpc::CallbackServerContext* context,
                                     const job::v1::QuoteJobRequest* request,
                                     job::v1::QuoteJobResponse* response) override;
  grpc::ServerUnaryReactor* ListTenants(grpc::CallbackServerContext* context,
                                        const job::v1::ListTenantsRequest* request,
                                        job::v1::ListTenantsResponse* response) override;

 private:
  void get_job(grpc::ServerUnaryReactor* reactor, const std::string& job_id,
               job::v1::GetJobResponse* response);
  void list_tasks(grpc::ServerUnaryReactor* reactor, const job::v1::ListTasksRequest* request,
                  job::v1::ListTasksResponse* response);
  void cancel_job(grpc::ServerUnaryReactor* reactor, const job::v1::CancelJobRequest* request,
                  job::v1::CancelJobResponse* response);
  void explain_task(grpc::ServerUnaryReactor* reactor, const job::v1::ExplainTaskRequest* request,
                    job::v1::ExplainTaskResponse* response);
  void retry_tasks(grpc::ServerUnaryReactor* reactor, const job::v1::RetryTasksRequest* request,
                   job::v1::RetryTasksResponse* response);
  // Makes the change and answers with the job as it is then.
  void update(grpc::ServerUnaryReactor* reactor, const std::string& job_id, UpdateRequested event,
              job::v1::Job* out);
  void tell_task_count(grpc::ServerUnaryReactor* reactor, JobId id,
                       job::v1::RetryTasksResponse* response);

  Backend& backend_;
  SessionTable& sessions_;
  std::atomic<std::uint32_t> last_staging_{0};  // of this epoch
};

}  // namespace hearth::scheduler
