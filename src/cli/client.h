// A scheduler as its clients see it: calls that outlast a restart.
//
// Unary calls and submits are repeated with backoff while the scheduler is unreachable, streams are
// resumed from their last cursor, so that nothing is missed and nothing seen twice. Blocking; one
// thread per object. Knows nothing of terminals: later the base of a client library.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/random.h"
#include "common/result.h"
#include "common/time.h"
#include "hearth/admin/v1/admin.grpc.pb.h"
#include "hearth/artifact/v1/artifact.grpc.pb.h"
#include "hearth/fleet/v1/fleet.grpc.pb.h"
#include "hearth/job/v1/job.grpc.pb.h"
#include "tls/certificate.h"
#include "wire/status.h"

namespace hearth::cli {

class Client {
 public:
  struct Options {
    std::string server = "127.0.0.1:7400";
    // For mutual TLS; none: in the clear.
    std::optional<tls::Credentials> credentials{};
    // How long the scheduler may stay unreachable. Unset: 30 s, but streams, once the scheduler
    // was reached, go on trying for ever: a batch outlives any restart.
    std::optional<Duration> timeout{};
    // Told once per outage, and again when a scheduler that is there says why it does not serve us.
    std::function<void(const std::string&)> notice = [](const std::string&) {};
  };

  explicit Client(Options options);

  job::v1::JobService::Stub& jobs() { return *jobs_; }
  fleet::v1::FleetService::Stub& fleet() { return *fleet_; }
  admin::v1::AdminService::Stub& admin() { return *admin_; }
  artifact::v1::ArtifactService::Stub& artifacts() { return *artifacts_; }

  // For stubs of rarer services.
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // One unary call: client.call(client.jobs(), &JobService::Stub::GetJob, request).
  template <class Stub, class Request, class Response>
  Result<Response> call(Stub& stub,
                        grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                     Response*),
                        const Request& request) {
    Response response;
    const auto done = retry([&](grpc::ClientContext& context) {
      context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
      return (stub.*method)(&context, request, &response);
    });
    if (!done) return tl::unexpected(done.error());
    return response;
  }

  // Submits under the header's request_id, however often it takes.
  Result<job::v1::SubmitJobResponse> submit(const job::v1::SubmitHeader& header,
                                            const std::vector<std::string>& payloads);

  // Each is called with every message after the request's cursor, in order, once; false ends the
  // stream. Returns when the scheduler or the callback ends it.
  using OnEvent = std::function<Result<bool>(const job::v1::WatchJobsResponse&)>;
  using OnResults = std::function<Result<bool>(const job::v1::StreamResultsResponse&)>;
  Result<> watch(job::v1::WatchJobsRequest request, const OnEvent& on_event);
  Result<> results(job::v1::StreamResultsRequest request, const OnResults& on_results);

  // What a task printed. Has no cursor: what comes after an outage begins anew, of pieces whose
  // offsets tell what was seen.
  using OnLogs = std::function<Result<bool>(const job::v1::GetLogsResponse&)>;
  Result<> logs(job::v1::GetLogsRequest request, const OnLogs& on_logs);

  // Calls `attempt` with a fresh context until it is anything but unavailable.
  using Attempt = std::function<grpc::Status(grpc::ClientContext&)>;
  Result<> retry(const Attempt& attempt);

 private:
  static constexpr std::chrono::seconds kCallTimeout{30};

  // How long we bear with one outage.
  struct Outage {
    std::optional<std::chrono::steady_clock::time_point> since;
    Duration pause{};
    bool told_why = false;  // as the scheduler itself said it
  };

  template <class Request, class Response, class Open>
  Result<> follow(Request& request, const std::function<Result<bool>(const Response&)>& on_message,
                  const Open& open);

  void reached(Outage& outage);
  // Sleeps before the next try; the error where there is to be none.
  Result<> endure(Outage& outage, const Error& error, bool streaming);

  Options options_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<job::v1::JobService::Stub> jobs_;
  std::unique_ptr<fleet::v1::FleetService::Stub> fleet_;
  std::unique_ptr<artifact::v1::ArtifactService::Stub> artifacts_;
  std::unique_ptr<admin::v1::AdminService::Stub> admin_;
  Random random_;
  bool reached_before_ = false;
};

}  // namespace hearth::cli
