#include "scheduler/rpc/artifact_service.h"

#include <atomic>

#include "common/blob_store.h"
#include "common/io_pool.h"
#include "scheduler/rpc/fleet_pages.h"
#include "scheduler/rpc/ownership.h"
#include "wire/checks.h"

namespace hearth::scheduler {
namespace {

constexpr std::size_t kMessageBytesMax = 1 << 20;
constexpr std::size_t kDownloadBytes = 256 * 1024;
constexpr int kDigestsMax = 10'000;

// Takes one message after another; the next is read when this one is written. Deletes itself.
class UploadCall final : public grpc::ServerReadReactor<artifact::v1::UploadRequest> {
 public:
  UploadCall(Backend& backend, grpc::CallbackServerContext& context,
             artifact::v1::UploadResponse& response)
      : backend_(backend),
        context_(context),
        response_(response),
        tenant_(tenant_of(caller_of(context))) {
    if (const auto& why = backend_.loop.degraded(); why.empty()) {
      StartRead(&request_);
    } else {
      refuse({ErrorCode::kUnavailable, why});
    }
  }

 private:
  void OnReadDone(bool ok) override {
    backend_.io.post([this, ok] { ok ? take() : complete(); });
  }
  // What was not finished is removed from the disk: not here.
  void OnDone() override {
    backend_.io.post([this] { delete this; });
  }

  void take() {
    if (request_.data().size() > kMessageBytesMax) {
      return refuse({ErrorCode::kInvalidArgument, "data: over 1 MiB in one message"});
    }
    if (!upload_) {
      digest_ = request_.digest();
      // A tenant shows that it has the bytes, or it could have those of others by their digest.
      const bool known = tenant_.empty() || backend_.uploads->has(tenant_, digest_);
      if (known && backend_.blobs.use(digest_)) {
        response_.set_already_stored(true);
        return Finish(grpc::Status::OK);
      }
      auto begun = backend_.blobs.begin_upload(request_.digest(), request_.size_bytes());
      if (!begun) {
        const bool too_large = request_.size_bytes() > backend_.blobs.blob_bytes_max();
        return refuse(too_large ? begun.error() : retriable(begun.error()));
      }
      upload_.emplace(std::move(*begun));
    }
    if (auto written = upload_->write(request_.data()); !written) {
      upload_.reset();  // its room is for others, at once
      return refuse(retriable(written.error()));
    }
    StartRead(&request_);
  }

  void complete() {
    if (context_.IsCancelled()) return Finish(grpc::Status::CANCELLED);
    if (!upload_) return refuse({ErrorCode::kInvalidArgument, "the stream ended before a digest"});
    if (auto stored = upload_->finish(); !stored) return refuse(retriable(stored.error()));
    if (!tenant_.empty()) backend_.uploads->add(tenant_, digest_);
    Finish(grpc::Status::OK);
  }

  void refuse(const Error& error) { Finish(wire::to_status(error)); }

  Backend& backend_;
  grpc::CallbackServerContext& context_;
  artifact::v1::UploadResponse& response_;
  artifact::v1::UploadRequest request_;
  std::string tenant_;  // empty: an operator's or agent's
  std::string digest_;
  std::optional<hearth::Upload> upload_;
};

// Reads one chunk after another as the client takes them. Deletes itself.
class DownloadCall final : public grpc::ServerWriteReactor<artifact::v1::DownloadResponse> {
 public:
  DownloadCall(Backend& backend, const artifact::v1::DownloadRequest& request,
               const std::string& tenant)
      : backend_(backend) {
    if (tenant.empty()) {
      open(request.digest(), request.offset());
      return;
    }
    backend_.store.read(
        [this, tenant, digest = request.digest(), offset = request.offset()](StoreReader& reader) {
          const auto foreign = foreign_artifacts(reader, *backend_.uploads, tenant, {digest});
          if (!foreign) return Finish(wire::to_status(foreign.error()));
          // As if it were not there: the store's own words.
          open(foreign->empty() ? digest : std::string(64, '0'), offset);
        });
  }

 private:
  void open(const std::string& digest, std::uint64_t offset) {
    backend_.io.post([this, digest, offset] {
      auto opened = backend_.blobs.open(digest, offset);
      if (!opened) return Finish(wire::to_status(opened.error()));
      reader_.emplace(std::move(*opened));
      response_.set_size_bytes(reader_->size());
      send_chunk(/*is_first=*/true);
    });
  }

  void OnWriteDone(bool ok) override {
    backend_.io.post([this, ok] {
      if (!ok || cancelled_) return Finish(grpc::Status::CANCELLED);
      response_.Clear();
      send_chunk(/*is_first=*/false);
    });
  }
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override {
    backend_.io.post([this] { delete this; });
  }

  void send_chunk(bool is_first) {
    auto bytes = reader_->read(kDownloadBytes);
    if (!bytes) return Finish(wire::to_status(bytes.error()));
    if (bytes->empty() && !is_first) return Finish(grpc::Status::OK);
    response_.set_data(std::move(*bytes));
    StartWrite(&response_);
  }

  Backend& backend_;
  std::optional<BlobReader> reader_;
  artifact::v1::DownloadResponse response_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace

grpc::ServerUnaryReactor* ArtifactService::FindMissing(
    grpc::CallbackServerContext* context, const artifact::v1::FindMissingRequest* request,
    artifact::v1::FindMissingResponse* response) {
  auto* reactor = context->DefaultReactor();
  if (request->digests_size() > kDigestsMax) {
    return refuse(reactor, {ErrorCode::kInvalidArgument,
                            "digests: over 10000: " + std::to_string(request->digests_size())});
  }
  const auto tenant = tenant_of(caller_of(*context));
  backend_.io.post([this, request, response, reactor, tenant] {
    auto missing =
        backend_.blobs.find_missing({request->digests().begin(), request->digests().end()});
    if (!missing) return void(refuse(reactor, missing.error()));
    if (tenant.empty()) {
      for (auto& digest : *missing) response->add_missing(std::move(digest));
      return reactor->Finish(grpc::Status::OK);
    }
    // What is not the tenant's is missing, too.
    backend_.store.read(
        [=, this,
         missing = std::set<std::string>{missing->begin(), missing->end()}](StoreReader& reader) {
          const auto foreign =
              foreign_artifacts(reader, *backend_.uploads, tenant,
                                {request->digests().begin(), request->digests().end()});
          if (!foreign) return void(refuse(reactor, foreign.error()));
          auto all = missing;
          all.insert(foreign->begin(), foreign->end());
          for (const auto& digest : all) response->add_missing(digest);
          reactor->Finish(grpc::Status::OK);
        });
  });
  return reactor;
}

grpc::ServerReadReactor<artifact::v1::UploadRequest>* ArtifactService::Upload(
    grpc::CallbackServerContext* context, artifact::v1::UploadResponse* response) {
  return new UploadCall(backend_, *context, *response);
}

grpc::ServerWriteReactor<artifact::v1::DownloadResponse>* ArtifactService::Download(
    grpc::CallbackServerContext* context, const artifact::v1::DownloadRequest* request) {
  return new DownloadCall(backend_, *request, tenant_of(caller_of(*context)));
}

// Looks the disk over on the I/O pool, then asks the store who refers to what is on the page.
grpc::ServerUnaryReactor* ArtifactService::ListArtifacts(
    grpc::CallbackServerContext* context, const artifact::v1::ListArtifactsRequest* request,
    artifact::v1::ListArtifactsResponse* response) {
  auto* reactor = context->DefaultReactor();
  const auto page = parse_name_page(*request);
  if (!page) return refuse(reactor, page.error());
  backend_.io.post([this, page = *page, response, reactor] {
    auto stored = backend_.blobs.list();
    if (!stored) return void(refuse(reactor, stored.error()));
    response->set_next_page_token(cut(*stored, page));
    for (const auto& blob : *stored) {
      auto* out = response->add_artifacts();
      out->set_digest(blob.digest);
      out->set_size_bytes(blob.size_bytes);
      wire::to_wire(blob.used_at, out->mutable_used_at());
    }
    backend_.store.read([response, reactor](StoreReader& reader) {
      for (auto& artifact : *response->mutable_artifacts()) {
        const auto reference = reader.reference(artifact.digest());
        if (!reference) return void(refuse(reactor, reference.error()));
        artifact.set_jobs(reference->jobs);
        if (reference->jobs > 0) artifact.set_newest_job_id(to_string(reference->newest_job));
      }
      reactor->Finish(grpc::Status::OK);
    });
  });
  return reactor;
}

}  // namespace hearth::scheduler
