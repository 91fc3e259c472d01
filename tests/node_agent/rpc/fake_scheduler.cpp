#include "fake_scheduler.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include "common/digest.h"
#include "wire/node.h"
#include "wire/output.h"

namespace hearth::node_agent {
namespace {

constexpr std::chrono::seconds kPatience{30};

}  // namespace

FakeScheduler::FakeScheduler() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.RegisterService(static_cast<node::v1::NodeService::Service*>(this));
  builder.RegisterService(static_cast<artifact::v1::ArtifactService::Service*>(this));
  server_ = builder.BuildAndStart();
  address_ = "127.0.0.1:" + std::to_string(port);
}

FakeScheduler::~FakeScheduler() {
  {
    const std::lock_guard lock{mutex_};
    for (auto& session : sessions_) {
      if (session.context != nullptr) session.context->TryCancel();
    }
  }
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds{5});
}

void FakeScheduler::set_epoch(std::uint64_t epoch) {
  const std::lock_guard lock{mutex_};
  epoch_ = epoch;
}
void FakeScheduler::set_credit(std::uint64_t bytes) {
  const std::lock_guard lock{mutex_};
  credit_bytes_ = bytes;
}
void FakeScheduler::refuse_next(const grpc::Status& status) {
  const std::lock_guard lock{mutex_};
  refusals_.push_back(status);
}

void FakeScheduler::say(const protocol::SchedulerMessage& message, const std::string& payload) {
  const std::lock_guard lock{mutex_};
  auto& session = sessions_.back();
  if (session.stream == nullptr) return;
  node::v1::ConnectResponse response;
  response.set_epoch(session.epoch);
  auto* said = response.add_messages();
  wire::to_wire(message, said);
  if (!payload.empty()) said->mutable_start_attempt()->set_payload(payload);
  session.stream->Write(response);
}

void FakeScheduler::say(const protocol::ReadOutput& question) {
  const std::lock_guard lock{mutex_};
  auto& session = sessions_.back();
  if (session.stream == nullptr) return;
  node::v1::ConnectResponse response;
  response.set_epoch(session.epoch);
  wire::to_wire(question, response.add_messages()->mutable_read_output());
  session.stream->Write(response);
}

void FakeScheduler::hang_up(const grpc::Status& status) {
  const std::lock_guard lock{mutex_};
  sessions_.back().end = status;
  if (sessions_.back().context != nullptr) sessions_.back().context->TryCancel();
}

std::vector<node::v1::AgentMessage> FakeScheduler::heard(int stream) {
  const std::lock_guard lock{mutex_};
  const auto index = static_cast<std::size_t>(stream - 1);
  if (index >= sessions_.size()) return {};
  return sessions_[index].heard;
}

int FakeScheduler::streams_opened() {
  const std::lock_guard lock{mutex_};
  return static_cast<int>(sessions_.size());
}

bool FakeScheduler::wait_until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    std::unique_lock lock{mutex_};
    if (std::chrono::steady_clock::now() >= end) return false;
    changed_.wait_for(lock, std::chrono::milliseconds{20});
  }
  return true;
}

bool FakeScheduler::wait_for_hello(int stream) {
  return wait_until([&] {
    for (const auto& message : heard(stream)) {
      if (message.has_hello_end()) return true;
    }
    return false;
  });
}

std::optional<node::v1::TaskResult> FakeScheduler::wait_for_result(int stream, AttemptId attempt) {
  std::optional<node::v1::TaskResult> result;
  wait_until([&] {
    for (const auto& message : heard(stream)) {
      if (!message.has_task_result()) continue;
      if (wire::from_wire(message.task_result().attempt()) == attempt) {
        result = message.task_result();
      }
    }
    return result.has_value();
  });
  return result;
}

std::string FakeScheduler::add_artifact(const std::string& bytes) {
  const std::lock_guard lock{mutex_};
  const auto digest = sha256(bytes);
  artifacts_[digest] = bytes;
  return digest;
}

std::optional<std::string> FakeScheduler::artifact(const std::string& digest) {
  const std::lock_guard lock{mutex_};
  const auto found = artifacts_.find(digest);
  if (found == artifacts_.end()) return std::nullopt;
  return found->second;
}

int FakeScheduler::downloads() {
  const std::lock_guard lock{mutex_};
  return downloads_;
}

grpc::Status FakeScheduler::Connect(grpc::ServerContext* context, Stream* stream) {
  Session* session = nullptr;
  {
    const std::lock_guard lock{mutex_};
    session = &sessions_.emplace_back();
    changed_.notify_all();
    if (!refusals_.empty()) {
      const auto refusal = refusals_.front();
      refusals_.pop_front();
      return refusal;
    }
    session->stream = stream;
    session->context = context;
    session->epoch = epoch_;
    node::v1::ConnectResponse response;
    response.set_epoch(epoch_);
    wire::to_wire(protocol::SchedulerMessage{protocol::Welcome{"store", Duration{500}}},
                  response.add_messages());
    response.mutable_messages(0)->mutable_welcome()->set_result_credit_bytes(credit_bytes_);
    stream->Write(response);
  }
  node::v1::ConnectRequest request;
  while (stream->Read(&request)) {
    const std::lock_guard lock{mutex_};
    session->heard.insert(session->heard.end(), request.messages().begin(),
                          request.messages().end());
    changed_.notify_all();
  }
  const std::lock_guard lock{mutex_};
  session->stream = nullptr;
  session->context = nullptr;
  changed_.notify_all();
  return session->end;
}

grpc::Status FakeScheduler::FindMissing(grpc::ServerContext*,
                                        const artifact::v1::FindMissingRequest* request,
                                        artifact::v1::FindMissingResponse* response) {
  const std::lock_guard lock{mutex_};
  for (const auto& digest : request->digests()) {
    if (!artifacts_.contains(digest)) response->add_missing(digest);
  }
  return grpc::Status::OK;
}

grpc::Status FakeScheduler::Upload(grpc::ServerContext*,
                                   grpc::ServerReader<artifact::v1::UploadRequest>* reader,
                                   artifact::v1::UploadResponse*) {
  artifact::v1::UploadRequest request;
  std::string digest;
  std::string bytes;
  while (reader->Read(&request)) {
    if (digest.empty()) digest = request.digest();
    bytes += request.data();
  }
  if (sha256(bytes) != digest) return {grpc::StatusCode::INVALID_ARGUMENT, "other bytes"};
  const std::lock_guard lock{mutex_};
  artifacts_[digest] = bytes;
  changed_.notify_all();
  return grpc::Status::OK;
}

grpc::Status FakeScheduler::Download(grpc::ServerContext*,
                                     const artifact::v1::DownloadRequest* request,
                                     grpc::ServerWriter<artifact::v1::DownloadResponse>* writer) {
  const auto bytes = artifact(request->digest());
  {
    const std::lock_guard lock{mutex_};
    ++downloads_;
  }
  if (!bytes) return {grpc::StatusCode::NOT_FOUND, "no such artifact"};
  artifact::v1::DownloadResponse response;
  response.set_size_bytes(bytes->size());
  response.set_data(*bytes);
  writer->Write(response);
  return grpc::Status::OK;
}

}  // namespace hearth::node_agent
