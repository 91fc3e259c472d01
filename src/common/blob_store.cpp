#include "common/blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

#include "common/check.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUnfinished = "unfinished";

tl::unexpected<Error> system_error(const fs::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return fail(full ? ErrorCode::kResourceExhausted : ErrorCode::kUnavailable,
              path.string() + ": " + std::strerror(error));
}

tl::unexpected<Error> not_a_digest(std::string_view text) {
  return fail(ErrorCode::kInvalidArgument, "not a SHA-256 digest: " + std::string(text));
}

Result<> sync_directory(const fs::path& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.value() < 0 || ::fsync(directory.value()) != 0) return system_error(path, errno);
  return {};
}

struct StoredBlob {
  fs::path path;
  std::string digest;
  std::uint64_t size = 0;
  timespec used{};
};

// What vanishes while we look is left out.
Result<std::vector<StoredBlob>> list_blobs(const fs::path& directory) {
  std::vector<StoredBlob> blobs;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string digest =
        entry->path().parent_path().filename().string() + entry->path().filename().string();
    struct stat status {};
    if (!is_valid_digest(digest) || ::stat(entry->path().c_str(), &status) != 0) continue;
    blobs.push_back(
        {entry->path(), digest, static_cast<std::uint64_t>(status.st_size), status.st_mtim});
  }
  if (error) return system_error(directory, error.value());
  return blobs;
}

UtcTime to_utc(const timespec& time) {
  return UtcTime{std::chrono::seconds{time.tv_sec} +
                 std::chrono::duration_cast<Duration>(std::chrono::nanoseconds{time.tv_nsec})};
}

}  // namespace

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}

Upload::Upload(fs::path temporary, fs::path final_path, Descriptor file, std::string digest,
               std::uint64_t size)
    : temporary_(std::move(temporary)),
      final_path_(std::move(final_path)),
      file_(std::move(file)),
      digest_(std::move(digest)),
      size_(size) {}

Upload::Upload(Upload&& other) noexcept
    : temporary_(std::exchange(other.temporary_, {})),
      final_path_(std::move(other.final_path_)),
      file_(std::move(other.file_)),
      digest_(std::move(other.digest_)),
      size_(other.size_),
      written_(other.written_),
      hash_(std::move(other.hash_)) {}

Upload::~Upload() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<> Upload::write(std::string_view bytes) {
  if (bytes.size() > size_ - written_) {
    return fail(ErrorCode::kInvalidArgument, "blob " + digest_ + ": more than the " +
                                                 std::to_string(size_) + " bytes announced");
  }
  hash_.update(bytes);
  written_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.value(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(temporary_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<> Upload::finish() {
  CHECK(!temporary_.empty());
  if (written_ != size_) {
    return fail(ErrorCode::kInvalidArgument, "blob " + digest_ + ": " + std::to_string(written_) +
                                                 " bytes came of the " + std::to_string(size_) +
                                                 " announced");
  }
  if (const auto actual = hash_.finish(); actual != digest_) {
    return fail(ErrorCode::kInvalidArgument,
                "blob announced as " + digest_ + " has the digest " + actual);
  }
  if (::fsync(file_.value()) != 0) return system_error(temporary_, errno);
  if (::rename(temporary_.c_str(), final_path_.c_str()) != 0) {
    return system_error(final_path_, errno);
  }
  temporary_.clear();
  return sync_directory(final_path_.parent_path());
}

Result<std::string> BlobReader::read(std::size_t max) {
  const auto left = size_ - offset_;
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(max, left)), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t count = ::pread(file_.value(), bytes.data() + filled, bytes.size() - filled,
                                  static_cast<off_t>(offset_ + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("blob", errno);
    if (count == 0) return fail(ErrorCode::kInternal, "a stored blob was cut short");
    filled += static_cast<std::size_t>(count);
  }
  offset_ += filled;
  return bytes;
}

// All directories are made here, once, so that an upload has one directory to sync. Those that are
// there stay: a full disk may have no room for a new one.
Result<BlobStore> BlobStore::make(BlobStoreConfig config) {
  std::error_code error;
  const fs::path unfinished = config.directory / kUnfinished;
  fs::create_directories(unfinished, error);
  for (const auto& left : fs::directory_iterator(unfinished, error)) {
    fs::remove_all(left.path(), error);
  }
  for (int i = 0; i < 256 && !error; ++i) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto high = static_cast<std::size_t>(i / 16);
    const auto low = static_cast<std::size_t>(i % 16);
    fs::create_directory(config.directory / std::string{kHex[high], kHex[low]}, error);
  }
  if (error) return system_error(config.directory, error.value());
  for (const auto& made : {config.directory, fs::absolute(config.directory).parent_path()}) {
    if (auto synced = sync_directory(made); !synced) {
      return tl::unexpected(std::move(synced.error()));
    }
  }
  return BlobStore(std::move(config));
}

fs::path BlobStore::path(std::string_view digest) const {
  CHECK(is_valid_digest(digest));
  return config_.directory / digest.substr(0, 2) / digest.substr(2);
}

bool BlobStore::has(std::string_view digest) const {
  return is_valid_digest(digest) && ::access(path(digest).c_str(), F_OK) == 0;
}

Result<std::vector<std::string>> BlobStore::find_missing(
    const std::vector<std::string>& digests) const {
  std::vector<std::string> missing;
  std::set<std::string_view> seen;
  for (const auto& digest : digests) {
    if (!is_valid_digest(digest)) return not_a_digest(digest);
    if (seen.insert(digest).second && !use(digest)) missing.push_back(digest);
  }
  return missing;
}

Result<Upload> BlobStore::begin_upload(const std::string& digest, std::uint64_t size_bytes) {
  if (!is_valid_digest(digest)) return not_a_digest(digest);
  if (size_bytes > config_.blob_bytes_max) {
    return fail(ErrorCode::kResourceExhausted,
                "blob " + digest + ": " + std::to_string(size_bytes) +
                    " bytes are over the limit of " + std::to_string(config_.blob_bytes_max));
  }
  std::string temporary = (config_.directory / kUnfinished / (digest + ".XXXXXX")).string();
  Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.value() < 0) return system_error(temporary, errno);
  // Programs are placed by their path: readable by the task's user, written by nobody any more.
  Upload upload(temporary, path(digest), std::move(file), digest, size_bytes);
  if (::fchmod(upload.file_.value(), 0444) != 0) return system_error(temporary, errno);
  return upload;
}

Result<std::string> BlobStore::put(std::string_view bytes) {
  auto digest = sha256(bytes);
  if (has(digest)) return digest;
  HEARTH_TRY(upload, begin_upload(digest, bytes.size()));
  auto done = upload.write(bytes);
  if (done) done = upload.finish();
  if (!done) return tl::unexpected(std::move(done.error()));
  return digest;
}

Result<BlobReader> BlobStore::open(const std::string& digest, std::uint64_t offset) const {
  if (!is_valid_digest(digest)) return not_a_digest(digest);
  Descriptor file(::open(path(digest).c_str(), O_RDONLY | O_CLOEXEC));
  if (file.value() < 0 && errno == ENOENT) {
    return fail(ErrorCode::kNotFound, "blob " + digest + " is not stored");
  }
  struct stat status {};
  if (file.value() < 0 || ::fstat(file.value(), &status) != 0) {
    return system_error(path(digest), errno);
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (offset > size) {
    return fail(ErrorCode::kOutOfRange, "blob " + digest + ": offset " + std::to_string(offset) +
                                            " is beyond its " + std::to_string(size) + " bytes");
  }
  touch(digest);
  return BlobReader(std::move(file), size, offset);
}

void BlobStore::touch(std::string_view digest) const {
  // Fails where the blob was evicted just now; nothing depends on it.
  (void)::utimensat(AT_FDCWD, path(digest).c_str(), nullptr, 0);
}

bool BlobStore::use(std::string_view digest) const {
  return is_valid_digest(digest) && ::utimensat(AT_FDCWD, path(digest).c_str(), nullptr, 0) == 0;
}

Result<std::vector<BlobStore::Stored>> BlobStore::list() const {
  HEARTH_TRY(blobs, list_blobs(config_.directory));
  std::vector<Stored> stored;
  stored.reserve(blobs.size());
  for (auto& blob : blobs) {
    stored.push_back({std::move(blob.digest), blob.size, to_utc(blob.used)});
  }
  std::ranges::sort(stored, {}, &Stored::digest);
  return stored;
}

// Set aside first: whoever marks it as used before that is seen, whoever comes later misses it.
Result<bool> BlobStore::remove_unused(const std::string& digest, UtcTime before) {
  if (!is_valid_digest(digest)) return not_a_digest(digest);
  const auto place = path(digest);
  const auto aside = config_.directory / kUnfinished / (digest + ".unused");
  struct stat seen {};
  if (::stat(place.c_str(), &seen) != 0 || to_utc(seen.st_mtim) >= before) return false;
  if (::rename(place.c_str(), aside.c_str()) != 0) {
    if (errno == ENOENT) return false;
    return system_error(place, errno);
  }
  struct stat status {};
  const bool known = ::stat(aside.c_str(), &status) == 0;
  if (known && to_utc(status.st_mtim) < before) {
    if (::unlink(aside.c_str()) != 0) return system_error(aside, errno);
    return true;
  }
  if (::rename(aside.c_str(), place.c_str()) != 0) return system_error(aside, errno);
  return false;
}

Result<std::uint64_t> BlobStore::total_bytes() const {
  HEARTH_TRY(blobs, list_blobs(config_.directory));
  std::uint64_t total = 0;
  for (const auto& blob : blobs) total += blob.size;
  return total;
}

Result<std::uint64_t> BlobStore::evict_to(std::uint64_t bytes_max,
                                          const std::set<std::string>& pinned) {
  HEARTH_TRY(blobs, list_blobs(config_.directory));
  std::ranges::sort(blobs, {}, [](const StoredBlob& blob) {
    return std::tuple(blob.used.tv_sec, blob.used.tv_nsec, blob.digest);
  });
  std::uint64_t total = 0;
  for (const auto& blob : blobs) total += blob.size;
  for (const auto& blob : blobs) {
    if (total <= bytes_max) break;
    if (pinned.contains(blob.digest)) continue;
    if (::unlink(blob.path.c_str()) != 0 && errno != ENOENT) return system_error(blob.path, errno);
    total -= blob.size;
  }
  return total;
}

}  // namespace hearth
