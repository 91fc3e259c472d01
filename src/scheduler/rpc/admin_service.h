// Serves hearth.admin.v1.AdminService: status, retention, backup and check of the store, the queue.
#pragma once

#include <atomic>

#include "common/io_pool.h"
#include "hearth/admin/v1/admin.grpc.pb.h"
#include "scheduler/rpc/calls.h"
#include "scheduler/runtime/clock.h"

namespace hearth::scheduler {

class AdminService final : public admin::v1::AdminService::CallbackService {
 public:
  explicit AdminService(Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const admin::v1::GetStatusRequest* request,
                                      admin::v1::GetStatusResponse* response) override;
  grpc::ServerUnaryReactor* GetRetention(grpc::CallbackServerContext* context,
                                         const admin::v1::GetRetentionRequest* request,
                                         admin::v1::GetRetentionResponse* response) override;
  grpc::ServerUnaryReactor* CheckStore(grpc::CallbackServerContext* context,
                                       const admin::v1::CheckStoreRequest* request,
                                       admin::v1::CheckStoreResponse* response) override;
  grpc::ServerUnaryReactor* ListQueue(grpc::CallbackServerContext* context,
                                      const admin::v1::ListQueueRequest* request,
                                      admin::v1::ListQueueResponse* response) override;
  grpc::ServerUnaryReactor* PauseQueue(grpc::CallbackServerContext* context,
                                       const admin::v1::PauseQueueRequest* request,
                                       admin::v1::PauseQueueResponse* response) override;
  grpc::ServerUnaryReactor* ResumeQueue(grpc::CallbackServerContext* context,
                                        const admin::v1::ResumeQueueRequest* request,
                                        admin::v1::ResumeQueueResponse* response) override;

  // backup_call.cpp
  grpc::ServerWriteReactor<admin::v1::BackupResponse>* Backup(
      grpc::CallbackServerContext* context, const admin::v1::BackupRequest* request) override;

 private:
  template <class Response>
  void suspend(grpc::ServerUnaryReactor* reactor, job::v1::ServiceClass service_class,
               QueueRequested event, Response* response);

  Backend& backend_;
  const UtcTime started_at_ = utc_now();
  std::atomic<bool> busy_{false};  // a backup or a check is under way
  IoPool slow_{1};                 // what takes minutes, apart from others' files
};

}  // namespace hearth::scheduler
