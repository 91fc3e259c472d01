// What the services work with.
#pragma once

#include <string>

#include "scheduler/runtime/reader.h"

namespace hearth {
class BlobStore;
class IoPool;
}  // namespace hearth

namespace hearth::scheduler {

class TelemetryStore;

struct Backend {
  EventLoop& loop;
  Store& store;
  Reader reader;
  BlobStore& blobs;
  IoPool& io;
  std::string store_id;
  std::uint64_t epoch = 0;
  TelemetryStore* telemetry = nullptr;  // none: not kept
};

}  // namespace hearth::scheduler
