// What the services work with.
#pragma once

#include <string>

#include "scheduler/runtime/reader.h"

namespace hearth {
class BlobStore;
class IoPool;
}  // namespace hearth

namespace hearth::scheduler {

struct Backend {
  EventLoop& loop;
  Store& store;
  Reader reader;
  BlobStore& blobs;
  IoPool& io;
  std::string store_id;
  std::uint64_t epoch = 0;
};

}  // namespace hearth::scheduler
