// Blobs between this node and the scheduler's artifact service. rpc/ implements it over gRPC.
//
// Every call blocks, on a pool thread, and may be made from several at once. kUnavailable: try
// again later.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace hearth::node_agent {

class ArtifactTransfer {
 public:
  virtual ~ArtifactTransfer() = default;

  // The size of the whole blob, and its next bytes.
  using Sink = std::function<Result<>(std::uint64_t size_bytes, std::string_view bytes)>;

  // Gives the blob's bytes in order, an empty blob's once; an error of the sink ends the call with
  // it. kNotFound.
  virtual Result<> download(const std::string& digest, const Sink& sink) = 0;

  // Which of these are not stored there.
  virtual Result<std::vector<std::string>> find_missing(
      const std::vector<std::string>& digests) = 0;

  // Sends a file as the blob of this digest. kInvalidArgument: it is not; kNotFound: no such file.
  virtual Result<> upload(const std::string& digest, const std::string& path) = 0;
};

}  // namespace hearth::node_agent
