#include "scheduler/rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <future>

#include "scheduler/rpc/access.h"
#include "scheduler/rpc/admin_service.h"
#include "scheduler/rpc/artifact_service.h"
#include "scheduler/rpc/fleet_service.h"
#include "scheduler/rpc/job_service.h"
#include "scheduler/rpc/node_service.h"
#include "scheduler/rpc/trust_service.h"
#include "tls/channel.h"

namespace hearth::scheduler {
namespace {

constexpr int kMessageBytesMax = 4 << 20;

// Agents sit behind routers that forget idle connections: both sides ping, and pings are welcome.
void set_keepalive(grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1'000);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // two schedulers on one port: refuse
}

// A connection keeps the certificate that it began with. After so long new calls go over another;
// streams that are open stay.
void set_connection_age(grpc::ServerBuilder& builder, Duration age) {
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, static_cast<int>(age.count()));
}

}  // namespace

struct RpcServer::Impl {
  Impl(Backend backend_in, SessionTable& sessions_in)
      : backend(std::move(backend_in)), sessions(sessions_in) {}

  Backend backend;
  SessionTable& sessions;
  JobService jobs{backend, sessions};
  ArtifactService artifacts{backend};
  FleetService fleet{backend};
  NodeService nodes{backend, sessions};
  AdminService admin{backend};
  TrustService trust{backend};
  RenewalService renewals{backend};
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

RpcServer::RpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RpcServer::~RpcServer() = default;

Result<std::unique_ptr<RpcServer>> RpcServer::start(
    const std::string& listen, Backend backend, SessionTable& sessions,
    const std::optional<tls::CredentialPaths>& staged) {
  auto impl = std::make_unique<Impl>(std::move(backend), sessions);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  const auto credentials =
      staged ? tls::server_credentials(*staged) : grpc::InsecureServerCredentials();
  if (staged) {
    const auto& inner = impl->backend;
    credentials->SetAuthMetadataProcessor(
        std::make_shared<AccessProcessor>(inner.audit, inner.trust));
    set_connection_age(builder, inner.connection_age);
  }
  builder.AddListeningPort(listen, credentials, &impl->port);
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.SetMaxSendMessageSize(kMessageBytesMax);
  set_keepalive(builder);
  builder.RegisterService(&impl->jobs);
  builder.RegisterService(&impl->artifacts);
  builder.RegisterService(&impl->fleet);
  builder.RegisterService(&impl->nodes);
  builder.RegisterService(&impl->admin);
  builder.RegisterService(&impl->trust);
  builder.RegisterService(&impl->renewals);
  impl->server = builder.BuildAndStart();
  if (!impl->server) return fail(ErrorCode::kUnavailable, "cannot listen on " + listen);
  return std::unique_ptr<RpcServer>{new RpcServer{std::move(impl)}};
}

int RpcServer::port() const {
  return impl_->port;
}

void RpcServer::stop(Duration grace) {
  if (!impl_->server) return;
  if (auto* health = impl_->server->GetHealthCheckService()) health->SetServingStatus(false);
  std::promise<void> streams_ended;
  impl_->backend.loop.stop_serving([&] {
    impl_->sessions.close_all();
    streams_ended.set_value();
  });
  streams_ended.get_future().wait();
  impl_->server->Shutdown(std::chrono::system_clock::now() + grace);
  impl_->server.reset();
}

}  // namespace hearth::scheduler
