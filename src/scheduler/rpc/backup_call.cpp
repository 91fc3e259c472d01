#include <filesystem>
#include <fstream>

#include "scheduler/rpc/admin_service.h"
#include "scheduler/rpc/ownership.h"

namespace hearth::scheduler {
namespace {

constexpr std::size_t kChunkBytes = 256 * 1024;

// Copies the store to a file of its own, then sends that, a chunk as the client takes one. The file
// goes with the call. Deletes itself.
class BackupCall final : public grpc::ServerWriteReactor<admin::v1::BackupResponse> {
 public:
  BackupCall(Backend& backend, IoPool& pool, std::atomic<bool>& busy)
      : backend_(backend), pool_(pool), busy_(busy) {
    if (const auto& why = backend_.loop.degraded(); !why.empty()) {
      Finish(wire::to_status({ErrorCode::kResourceExhausted, why}));
      return;
    }
    if (busy_.exchange(true)) {
      Finish(wire::to_status(
          {ErrorCode::kFailedPrecondition, "another backup or check is under way"}));
      return;
    }
    holds_ = true;
    pool_.post([this] { copy(); });
  }

 private:
  void copy() {
    const auto path = backend_.keeping.state_dir + "/hearth.db.backup";
    std::error_code error;
    std::filesystem::remove(path, error);  // of an earlier run that was killed
    if (auto copied = backend_.store.backup(path); !copied) {
      return Finish(wire::to_status(copied.error()));
    }
    file_.open(path, std::ios::binary);
    const auto size = std::filesystem::file_size(path, error);
    std::filesystem::remove(path, error);  // what is open stays until it is closed
    if (!file_) {
      return Finish(wire::to_status({ErrorCode::kUnavailable, path + ": cannot be read"}));
    }
    response_.set_size_bytes(size);
    send_chunk();
  }

  void send_chunk() {
    auto& data = *response_.mutable_data();
    data.resize(kChunkBytes);
    file_.read(data.data(), kChunkBytes);
    data.resize(static_cast<std::size_t>(file_.gcount()));
    if (file_.bad()) {
      return Finish(wire::to_status({ErrorCode::kUnavailable, "the copy cannot be read"}));
    }
    if (data.empty()) return Finish(grpc::Status::OK);
    StartWrite(&response_);
  }

  void OnWriteDone(bool ok) override {
    pool_.post([this, ok] {
      if (!ok || cancelled_) return Finish(grpc::Status::CANCELLED);
      response_.Clear();
      send_chunk();
    });
  }
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override {
    if (holds_) busy_ = false;
    backend_.io.post([this] { delete this; });
  }

  Backend& backend_;
  IoPool& pool_;
  std::atomic<bool>& busy_;
  bool holds_ = false;
  std::ifstream file_;
  admin::v1::BackupResponse response_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace

grpc::ServerWriteReactor<admin::v1::BackupResponse>* AdminService::Backup(
    grpc::CallbackServerContext* context, const admin::v1::BackupRequest*) {
  audit(backend_, *context, "Backup", "");
  return new BackupCall(backend_, slow_, busy_);
}

}  // namespace hearth::scheduler
