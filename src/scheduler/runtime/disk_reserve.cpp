#include "scheduler/runtime/disk_reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/blob_store.h"

namespace hearth::scheduler {
namespace {

constexpr Duration kProbePeriod{2000};

tl::unexpected<Error> system_error(const std::string& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return fail(full ? ErrorCode::kResourceExhausted : ErrorCode::kUnavailable,
              path + ": " + std::strerror(error));
}

// Whether it is worth to ask for more: what is taken in vain is not there for others meanwhile.
bool has_room(int file, std::uint64_t bytes) {
  struct statvfs disk {};
  struct stat held {};
  if (::fstatvfs(file, &disk) != 0 || ::fstat(file, &held) != 0) return true;
  return disk.f_bavail * disk.f_frsize + static_cast<std::uint64_t>(held.st_blocks) * 512 >= bytes;
}

}  // namespace

// Asks the disk itself in the end: its count of free blocks knows nothing of quotas.
Result<> DiskReserve::take() const {
  const Descriptor file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.value() < 0) return system_error(path_, errno);
  const auto size = static_cast<off_t>(bytes_);
  const int error =
      has_room(file.value(), 2 * bytes_) ? ::posix_fallocate(file.value(), 0, 2 * size) : ENOSPC;
  if (error != 0) {
    release();
    return system_error(path_, error);
  }
  if (::ftruncate(file.value(), size) != 0) return system_error(path_, errno);
  return {};
}

void DiskReserve::release() const {
  ::unlink(path_.c_str());
}

RoomWatch::RoomWatch(DiskReserve reserve, std::function<void()> on_room)
    : reserve_(std::move(reserve)), on_room_(std::move(on_room)) {
  boost::asio::post(thread_.context(), [this] { wait(); });
}

void RoomWatch::wait() {
  timer_.expires_after(kProbePeriod);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    reserve_.take() ? on_room_() : wait();
  });
}

}  // namespace hearth::scheduler
