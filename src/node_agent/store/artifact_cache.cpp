#include "node_agent/store/artifact_cache.h"

#include <optional>

#include "common/log.h"

namespace hearth::node_agent {

Result<ArtifactCache> ArtifactCache::open(const std::string& directory, std::uint64_t bytes_max) {
  BlobStoreConfig config;
  config.directory = directory;
  auto blobs = BlobStore::make(config);
  if (!blobs) return tl::unexpected(blobs.error());
  return ArtifactCache{std::move(*blobs), bytes_max};
}

bool ArtifactCache::contains(const std::string& digest) const {
  if (!blobs_.has(digest)) return false;
  blobs_.touch(digest);
  return true;
}

std::string ArtifactCache::path_of(const std::string& digest) const {
  return blobs_.path(digest);
}

void ArtifactCache::pin(AttemptId attempt, const std::vector<std::string>& digests) {
  pins_[attempt] = digests;
}

void ArtifactCache::unpin(AttemptId attempt) {
  pins_.erase(attempt);
}

std::set<std::string> ArtifactCache::pinned() const {
  std::set<std::string> digests;
  for (const auto& [attempt, wanted] : pins_) digests.insert(wanted.begin(), wanted.end());
  return digests;
}

Result<> ArtifactCache::download(const std::string& digest, ArtifactTransfer& transfer) {
  std::optional<Upload> blob;
  const auto taken =
      transfer.download(digest, [&](std::uint64_t size_bytes, std::string_view bytes) -> Result<> {
        if (!blob) {
          auto begun = blobs_.begin_upload(digest, size_bytes);
          if (!begun) return tl::unexpected(begun.error());
          blob.emplace(std::move(*begun));
        }
        return blob->write(bytes);
      });
  if (!taken) return taken;
  if (!blob) return fail(ErrorCode::kUnavailable, "nothing came");
  return blob->finish();
}

void ArtifactCache::drop_surplus(const std::set<std::string>& pinned) {
  const auto total = blobs_.total_bytes();
  if (!total || *total <= bytes_max_) return;
  const auto rest = blobs_.evict_to(bytes_max_, pinned);
  if (rest) {
    log::info("cache_reduced", {{"from_bytes", *total}, {"to_bytes", *rest}});
  } else {
    log::warn("cache_not_reduced", {{"reason", rest.error().message}});
  }
}

}  // namespace hearth::node_agent
