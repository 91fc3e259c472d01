// Downloads inputs from and uploads outputs to the scheduler's artifact service.
//
// Blocking, on the threads of an I/O pool; calls may run at once. cancel() ends those under way
// and refuses further ones, so that the pool can be joined.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <mutex>
#include <set>

#include "hearth/artifact/v1/artifact.grpc.pb.h"
#include "node_agent/store/artifact_transfer.h"

namespace hearth::node_agent {

class ArtifactClient final : public ArtifactTransfer {
 public:
  explicit ArtifactClient(const std::shared_ptr<grpc::Channel>& channel);

  Result<> download(const std::string& digest, const Sink& sink) override;
  Result<std::vector<std::string>> find_missing(const std::vector<std::string>& digests) override;
  Result<> upload(const std::string& digest, const std::string& path) override;

  void cancel();

 private:
  class Call;

  std::unique_ptr<artifact::v1::ArtifactService::Stub> stub_;
  std::mutex mutex_;
  bool cancelled_ = false;
  std::set<grpc::ClientContext*> under_way_;
};

}  // namespace hearth::node_agent
