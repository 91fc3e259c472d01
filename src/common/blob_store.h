// Immutable blobs in a directory, named by their SHA-256 digest and stored once.
//
// A blob is there whole or not at all, and durable once stored. Methods block on the disk and may
// be called from any thread (see IoPool); one Upload or BlobReader belongs to one thread at a time.
// The scheduler keeps artifacts in it, the agent its cache.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/digest.h"
#include "common/result.h"
#include "common/time.h"

namespace hearth {

// An open file's descriptor, closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;

  [[nodiscard]] int value() const { return value_; }

 private:
  int value_;
};

// A blob being stored. Unless finish() succeeds, nothing of it stays.
class Upload {
 public:
  ~Upload();
  Upload(Upload&& other) noexcept;
  Upload& operator=(Upload&&) = delete;

  // Appends. kInvalidArgument: more bytes than announced; kResourceExhausted: the disk is full.
  Result<> write(std::string_view bytes);

  // Stores the blob durably. kInvalidArgument: the bytes are not those announced.
  // Called once, last.
  Result<> finish();

 private:
  friend class BlobStore;
  Upload(std::filesystem::path temporary, std::filesystem::path final_path, Descriptor file,
         std::string digest, std::uint64_t size);

  std::filesystem::path temporary_;  // empty once it is gone
  std::filesystem::path final_path_;
  Descriptor file_;
  std::string digest_;
  std::uint64_t size_;
  std::uint64_t written_ = 0;
  Sha256 hash_;
};

// Reads on even if the blob is evicted meanwhile.
class BlobReader {
 public:
  [[nodiscard]] std::uint64_t size() const { return size_; }  // of the whole blob

  // The next bytes, at most `max`; empty at the end.
  Result<std::string> read(std::size_t max);

 private:
  friend class BlobStore;
  BlobReader(Descriptor file, std::uint64_t size, std::uint64_t offset)
      : file_(std::move(file)), size_(size), offset_(offset) {}

  Descriptor file_;
  std::uint64_t size_;
  std::uint64_t offset_;
};

struct BlobStoreConfig {
  std::filesystem::path directory;  // made if missing; belongs to one process
  std::uint64_t blob_bytes_max = std::uint64_t{4} << 30;
};

class BlobStore {
 public:
  // Makes the directories and sweeps what uploads left behind. kUnavailable: the disk.
  static Result<BlobStore> make(BlobStoreConfig config);

  [[nodiscard]] std::uint64_t blob_bytes_max() const { return config_.blob_bytes_max; }

  [[nodiscard]] bool has(std::string_view digest) const;

  // Those not stored, in the order asked, each once; the others count as used now.
  // kInvalidArgument: one is no digest.
  [[nodiscard]] Result<std::vector<std::string>> find_missing(
      const std::vector<std::string>& digests) const;

  // Several uploads of one digest may go on at a time; whoever finishes first has stored it.
  // kInvalidArgument: not a digest; kResourceExhausted: over the size limit, or the disk is full.
  Result<Upload> begin_upload(const std::string& digest, std::uint64_t size_bytes);

  // Stores bytes at hand and returns their digest.
  Result<std::string> put(std::string_view bytes);

  // Marks the blob as used now. kNotFound: not stored; kOutOfRange: the offset is beyond the end;
  // kInvalidArgument: not a digest.
  [[nodiscard]] Result<BlobReader> open(const std::string& digest, std::uint64_t offset = 0) const;

  // Where the blob is, or would be; to be read only. Requires a digest.
  [[nodiscard]] std::filesystem::path path(std::string_view digest) const;

  // Marks the blob as used now, for those who read it by its path.
  void touch(std::string_view digest) const;

  // The same, and whether it is stored: what was true is true for as long as unused blobs are kept.
  [[nodiscard]] bool use(std::string_view digest) const;

  struct Stored {
    std::string digest;
    std::uint64_t size_bytes = 0;
    UtcTime used_at{};
  };
  // All blobs, by digest.
  [[nodiscard]] Result<std::vector<Stored>> list() const;

  // Removes a blob that was not used since `before`; whether it did. Who uses it meanwhile may find
  // it missing for an instant, and keeps it or not as it was told.
  Result<bool> remove_unused(const std::string& digest, UtcTime before);

  // Of all blobs stored.
  [[nodiscard]] Result<std::uint64_t> total_bytes() const;

  // Removes blobs, least recently used first, until the rest has at most `bytes_max`. Those pinned
  // stay, even beyond. Returns the bytes that remain.
  Result<std::uint64_t> evict_to(std::uint64_t bytes_max, const std::set<std::string>& pinned);

 private:
  explicit BlobStore(BlobStoreConfig config) : config_(std::move(config)) {}

  BlobStoreConfig config_;
};

}  // namespace hearth
