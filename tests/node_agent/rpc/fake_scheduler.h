// A scheduler of the test's own: serves NodeService and ArtifactService on a free port, keeps what
// agents say, says what the test wants. Functions that wait do so for an event, with a deadline.
#pragma once

#include <grpcpp/server.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hearth/artifact/v1/artifact.grpc.pb.h"
#include "hearth/node/v1/node.grpc.pb.h"
#include "protocol/output.h"
#include "protocol/stream.h"

namespace hearth::node_agent {

class FakeScheduler final : public node::v1::NodeService::Service,
                            public artifact::v1::ArtifactService::Service {
 public:
  FakeScheduler();
  ~FakeScheduler() override;

  const std::string& address() const { return address_; }

  // For the streams that open from now on.
  void set_epoch(std::uint64_t epoch);
  void set_credit(std::uint64_t bytes);
  void refuse_next(const grpc::Status& status);  // instead of a Welcome

  // Says something on the newest stream.
  void say(const protocol::SchedulerMessage& message, const std::string& payload = {});
  void say(const protocol::ReadOutput& question);
  // Ends the newest stream.
  void hang_up(const grpc::Status& status);

  // Everything agents said on the stream with this number (from 1), in order.
  std::vector<node::v1::AgentMessage> heard(int stream);
  int streams_opened();

  // Whether it came to be within a generous time.
  bool wait_until(const std::function<bool()>& condition);
  bool wait_for_hello(int stream);
  std::optional<node::v1::TaskResult> wait_for_result(int stream, AttemptId attempt);

  std::string add_artifact(const std::string& bytes);  // returns its digest
  std::optional<std::string> artifact(const std::string& digest);
  int downloads();

  grpc::Status Connect(grpc::ServerContext* context,
                       grpc::ServerReaderWriter<node::v1::ConnectResponse,
                                                node::v1::ConnectRequest>* stream) override;
  grpc::Status FindMissing(grpc::ServerContext* context,
                           const artifact::v1::FindMissingRequest* request,
                           artifact::v1::FindMissingResponse* response) override;
  grpc::Status Upload(grpc::ServerContext* context,
                      grpc::ServerReader<artifact::v1::UploadRequest>* reader,
                      artifact::v1::UploadResponse* response) override;
  grpc::Status Download(grpc::ServerContext* context, const artifact::v1::DownloadRequest* request,
                        grpc::ServerWriter<artifact::v1::DownloadResponse>* writer) override;

 private:
  using Stream = grpc::ServerReaderWriter<node::v1::ConnectResponse, node::v1::ConnectRequest>;
  struct Session {
    Stream* stream = nullptr;  // null once it has ended
    grpc::ServerContext* context = nullptr;
    std::uint64_t epoch = 1;
    grpc::Status end = grpc::Status::OK;
    std::vector<node::v1::AgentMessage> heard;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t epoch_ = 1;
  std::uint64_t credit_bytes_ = 1 << 20;
  std::deque<grpc::Status> refusals_;
  std::deque<Session> sessions_;
  std::map<std::string, std::string> artifacts_;
  int downloads_ = 0;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace hearth::node_agent
