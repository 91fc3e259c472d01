// What the services work with.
#pragma once

#include <memory>
#include <string>

#include "scheduler/rpc/upload_owners.h"
#include "scheduler/runtime/reader.h"
#include "scheduler/runtime/retention.h"

namespace hearth {
class BlobStore;
class IoPool;
}  // namespace hearth

namespace hearth::scheduler {

class AuditLog;
class OpenCalls;
class Trust;
class TelemetryStore;

// What is kept for how long, and where, as GetRetention tells.
struct Keeping {
  std::string state_dir;
  RetentionConfig retention;
  Duration request_keep{};
  std::size_t request_ids_max = 0;
  Duration telemetry_fine_keep{};  // zero: no telemetry is kept
  Duration telemetry_keep{};
  std::uint64_t telemetry_size_max_bytes = 0;
  std::function<RetentionStats()> stats;  // on the loop's thread
};

struct Backend {
  EventLoop& loop;
  Store& store;
  Reader reader;
  BlobStore& blobs;
  IoPool& io;
  std::string store_id;
  std::uint64_t epoch = 0;
  TelemetryStore* telemetry = nullptr;  // none: not kept
  Keeping keeping{};
  std::shared_ptr<AuditLog> audit{};                // none: not kept
  Trust* trust = nullptr;                           // none: in the clear
  int enrolment_port = 0;                           // 0: nodes cannot be enrolled
  Duration connection_age = std::chrono::hours{1};  // over TLS
  std::shared_ptr<OpenCalls> open_calls{};          // none: in the clear
  std::shared_ptr<UploadOwners> uploads = std::make_shared<UploadOwners>();
};

}  // namespace hearth::scheduler
