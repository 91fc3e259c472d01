// Serves hearth.artifact.v1.ArtifactService: bytes to and from the disk, on the I/O pool.
#pragma once

#include "hearth/artifact/v1/artifact.grpc.pb.h"
#include "scheduler/rpc/calls.h"

namespace hearth::scheduler {

class ArtifactService final : public artifact::v1::ArtifactService::CallbackService {
 public:
  explicit ArtifactService(Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* FindMissing(grpc::CallbackServerContext* context,
                                        const artifact::v1::FindMissingRequest* request,
                                        artifact::v1::FindMissingResponse* response) override;
  grpc::ServerReadReactor<artifact::v1::UploadRequest>* Upload(
      grpc::CallbackServerContext* context, artifact::v1::UploadResponse* response) override;
  grpc::ServerWriteReactor<artifact::v1::DownloadResponse>* Download(
      grpc::CallbackServerContext* context, const artifact::v1::DownloadRequest* request) override;
  grpc::ServerUnaryReactor* ListArtifacts(grpc::CallbackServerContext* context,
                                          const artifact::v1::ListArtifactsRequest* request,
                                          artifact::v1::ListArtifactsResponse* response) override;

 private:
  Backend& backend_;
};

}  // namespace hearth::scheduler
