#include "scheduler/rpc/enrolment_server.h"

#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "common/io_pool.h"
#include "common/log.h"
#include "hearth/trust/v1/trust.grpc.pb.h"
#include "scheduler/rpc/audit.h"
#include "scheduler/rpc/calls.h"
#include "scheduler/runtime/clock.h"
#include "scheduler/trust/trust.h"
#include "tls/channel.h"

namespace hearth::scheduler {
namespace {

// Strangers may come here: what they can make us hold is small.
constexpr int kMessageBytesMax = 64 << 10;
constexpr std::size_t kQuotaBytes = 32 << 20;
constexpr int kConnectionMs = 60'000;
constexpr int kStreamsMax = 4;
constexpr Duration kGrace{1000};

class EnrolmentService final : public trust::v1::EnrolmentService::CallbackService {
 public:
  EnrolmentService(Trust& trust, std::shared_ptr<AuditLog> audit)
      : trust_(trust), audit_(std::move(audit)) {}

  grpc::ServerUnaryReactor* Enrol(grpc::CallbackServerContext* context,
                                  const trust::v1::EnrolRequest* request,
                                  trust::v1::EnrolResponse* response) override {
    auto* reactor = context->DefaultReactor();
    if (request->token().empty() == request->certificate().empty()) {
      return refuse(reactor, {ErrorCode::kInvalidArgument, "exactly one of token and certificate"});
    }
    slow_.post([this, reactor, request, response, peer = context->peer()] {
      answer(*request, peer, reactor, response);
    });
    return reactor;
  }

 private:
  void answer(const trust::v1::EnrolRequest& request, const std::string& peer,
              grpc::ServerUnaryReactor* reactor, trust::v1::EnrolResponse* response) {
    const auto issued = request.token().empty()
                            ? trust_.renew_late(request.certificate(), request.request(), utc_now())
                            : trust_.enrol(request.token(), request.request(), utc_now());
    AuditEntry entry{.who = peer, .call = "Enrol"};
    if (issued) {
      entry.object = issued->node;
      entry.reason =
          (request.token().empty() ? "late renewal, serial " : "token, serial ") + issued->serial;
    } else {
      entry.refused = issued.error().message;
      log::warn("enrolment_refused", {{"peer", peer}, {"error", issued.error().message}});
    }
    if (audit_) audit_->write(entry);
    if (!issued) return void(refuse(reactor, issued.error()));
    response->set_certificate(issued->certificate);
    response->set_authorities(issued->authorities);
    response->set_node_id(issued->node);
    reactor->Finish(grpc::Status::OK);
  }

  Trust& trust_;
  std::shared_ptr<AuditLog> audit_;
  IoPool slow_{1};
};

}  // namespace

struct EnrolmentServer::Impl {
  Impl(Trust& trust, std::shared_ptr<AuditLog> audit) : service(trust, std::move(audit)) {}

  EnrolmentService service;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

EnrolmentServer::EnrolmentServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

EnrolmentServer::~EnrolmentServer() {
  impl_->server->Shutdown(std::chrono::system_clock::now() + kGrace);
}

Result<std::unique_ptr<EnrolmentServer>> EnrolmentServer::start(const std::string& listen,
                                                                const tls::CredentialPaths& staged,
                                                                Trust& trust,
                                                                std::shared_ptr<AuditLog> audit) {
  auto impl = std::make_unique<Impl>(trust, std::move(audit));
  grpc::ServerBuilder builder;
  builder.AddListeningPort(listen, tls::credentials_for_strangers(staged), &impl->port);
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetResourceQuota(grpc::ResourceQuota{"enrolment"}.Resize(kQuotaBytes));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, kConnectionMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kConnectionMs);
  builder.RegisterService(&impl->service);
  impl->server = builder.BuildAndStart();
  if (!impl->server) return fail(ErrorCode::kUnavailable, "cannot listen on " + listen);
  return std::unique_ptr<EnrolmentServer>{new EnrolmentServer{std::move(impl)}};
}

int EnrolmentServer::port() const {
  return impl_->port;
}

}  // namespace hearth::scheduler
