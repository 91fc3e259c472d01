// Inputs and programs on this node, in STATE/cache, the least recently used dropped first.
//
// Tasks share the files by hard link, so dropping one hurts none that runs; those of attempts that
// wait for their start are pinned. Made for the loop's thread, except download() and
// drop_surplus(), which block and run on a pool.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/blob_store.h"
#include "common/ids.h"
#include "node_agent/store/artifact_transfer.h"

namespace hearth::node_agent {

class ArtifactCache {
 public:
  // kUnavailable: the directory cannot be had.
  static Result<ArtifactCache> open(const std::string& directory, std::uint64_t bytes_max);

  // Whether its bytes are here; if so it counts as just used.
  bool contains(const std::string& digest) const;
  std::string path_of(const std::string& digest) const;

  void pin(AttemptId attempt, const std::vector<std::string>& digests);
  void unpin(AttemptId attempt);
  std::set<std::string> pinned() const;

  // kNotFound: there is no such artifact; kUnavailable: try later; kInvalidArgument: other bytes
  // came than its digest says; kResourceExhausted: the disk is full.
  Result<> download(const std::string& digest, ArtifactTransfer& transfer);

  // Deletes until the rest fits, but nothing of `pinned`.
  void drop_surplus(const std::set<std::string>& pinned);

 private:
  ArtifactCache(BlobStore blobs, std::uint64_t bytes_max)
      : blobs_(std::move(blobs)), bytes_max_(bytes_max) {}

  BlobStore blobs_;
  std::uint64_t bytes_max_;
  std::map<AttemptId, std::vector<std::string>> pins_;
};

}  // namespace hearth::node_agent
