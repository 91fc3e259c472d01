// Serves hearth.trust.v1's TrustService, for operators, and RenewalService, for agents.
#pragma once

#include "common/io_pool.h"
#include "hearth/trust/v1/trust.grpc.pb.h"
#include "scheduler/rpc/calls.h"

namespace hearth::scheduler {

class TrustService final : public trust::v1::TrustService::CallbackService {
 public:
  explicit TrustService(Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* CreateEnrolment(grpc::CallbackServerContext* context,
                                            const trust::v1::CreateEnrolmentRequest* request,
                                            trust::v1::CreateEnrolmentResponse* response) override;
  grpc::ServerUnaryReactor* ListEnrolments(grpc::CallbackServerContext* context,
                                           const trust::v1::ListEnrolmentsRequest* request,
                                           trust::v1::ListEnrolmentsResponse* response) override;
  grpc::ServerUnaryReactor* CancelEnrolment(grpc::CallbackServerContext* context,
                                            const trust::v1::CancelEnrolmentRequest* request,
                                            trust::v1::CancelEnrolmentResponse* response) override;
  grpc::ServerUnaryReactor* RevokeCertificates(
      grpc::CallbackServerContext* context, const trust::v1::RevokeCertificatesRequest* request,
      trust::v1::RevokeCertificatesResponse* response) override;
  grpc::ServerUnaryReactor* DeleteRevocation(
      grpc::CallbackServerContext* context, const trust::v1::DeleteRevocationRequest* request,
      trust::v1::DeleteRevocationResponse* response) override;
  grpc::ServerUnaryReactor* ListRevocations(grpc::CallbackServerContext* context,
                                            const trust::v1::ListRevocationsRequest* request,
                                            trust::v1::ListRevocationsResponse* response) override;

 private:
  grpc::ServerUnaryReactor* slowly(grpc::CallbackServerContext* context,
                                   std::function<Result<>(Trust&)> work);

  Backend& backend_;
  IoPool slow_{1};
};

class RenewalService final : public trust::v1::RenewalService::CallbackService {
 public:
  explicit RenewalService(Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* RenewCertificate(
      grpc::CallbackServerContext* context, const trust::v1::RenewCertificateRequest* request,
      trust::v1::RenewCertificateResponse* response) override;

 private:
  Backend& backend_;
  IoPool slow_{1};
};

}  // namespace hearth::scheduler
