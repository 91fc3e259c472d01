#include "node_agent/rpc/artifact_client.h"

#include <filesystem>
#include <fstream>

#include "wire/status.h"

namespace hearth::node_agent {
namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;
constexpr std::chrono::seconds kQuestionPatience{30};

Result<> to_result(const grpc::Status& status) {
  if (status.ok()) return {};
  return tl::unexpected(wire::from_status(status));
}

}  // namespace

// A call's context, which cancel() can reach while it lives.
class ArtifactClient::Call {
 public:
  explicit Call(ArtifactClient& client) : client_(client) {
    const std::lock_guard lock{client_.mutex_};
    client_.under_way_.insert(&context);
    if (client_.cancelled_) context.TryCancel();
  }
  ~Call() {
    const std::lock_guard lock{client_.mutex_};
    client_.under_way_.erase(&context);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  grpc::ClientContext context;

 private:
  ArtifactClient& client_;
};

ArtifactClient::ArtifactClient(const std::shared_ptr<grpc::Channel>& channel)
    : stub_(artifact::v1::ArtifactService::NewStub(channel)) {}

void ArtifactClient::cancel() {
  const std::lock_guard lock{mutex_};
  cancelled_ = true;
  for (auto* context : under_way_) context->TryCancel();
}

Result<> ArtifactClient::download(const std::string& digest, const Sink& sink) {
  artifact::v1::DownloadRequest request;
  request.set_digest(digest);
  Call call{*this};
  const auto reader = stub_->Download(&call.context, request);
  artifact::v1::DownloadResponse response;
  Result<> taken;
  std::uint64_t size = 0;
  for (bool first = true; taken && reader->Read(&response); first = false) {
    if (first) size = response.size_bytes();
    taken = sink(size, response.data());
  }
  if (!taken) call.context.TryCancel();
  const auto status = reader->Finish();
  return taken ? to_result(status) : taken;
}

Result<std::vector<std::string>> ArtifactClient::find_missing(
    const std::vector<std::string>& digests) {
  artifact::v1::FindMissingRequest request;
  for (const auto& digest : digests) request.add_digests(digest);
  artifact::v1::FindMissingResponse response;
  Call call{*this};
  call.context.set_deadline(std::chrono::system_clock::now() + kQuestionPatience);
  const auto answered = to_result(stub_->FindMissing(&call.context, request, &response));
  if (!answered) return tl::unexpected(answered.error());
  return std::vector<std::string>(response.missing().begin(), response.missing().end());
}

Result<> ArtifactClient::upload(const std::string& digest, const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream file{path, std::ios::binary};
  if (error || !file) return fail(ErrorCode::kNotFound, path + ": cannot be read");
  artifact::v1::UploadResponse response;
  Call call{*this};
  const auto writer = stub_->Upload(&call.context, &response);
  artifact::v1::UploadRequest request;
  request.set_digest(digest);
  request.set_size_bytes(size);
  std::uintmax_t sent = 0;
  do {
    auto& data = *request.mutable_data();
    data.resize(std::min<std::uintmax_t>(kChunkBytes, size - sent));
    file.read(data.data(), static_cast<std::streamsize>(data.size()));
    if (!file && !data.empty()) {
      call.context.TryCancel();
      (void)writer->Finish();
      return fail(ErrorCode::kNotFound, path + ": became shorter");
    }
    sent += data.size();
    if (!writer->Write(request)) break;  // Finish says why
    request.clear_digest();
    request.clear_size_bytes();
  } while (sent < size);
  writer->WritesDone();
  return to_result(writer->Finish());
}

}  // namespace hearth::node_agent
