#include "scheduler/rpc/audit.h"

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "common/log.h"
#include "scheduler/runtime/clock.h"

namespace hearth::scheduler {

Result<std::shared_ptr<AuditLog>> AuditLog::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return fail(ErrorCode::kUnavailable, path + ": cannot be written");
  return std::shared_ptr<AuditLog>{new AuditLog{file}};
}

AuditLog::~AuditLog() {
  ::close(file_);
}

void AuditLog::write(const AuditEntry& entry) {
  nlohmann::ordered_json line{{"at", hearth::to_string(utc_now())},
                              {"who", entry.who.empty() ? "unknown" : entry.who},
                              {"call", entry.call}};
  if (!entry.object.empty()) line["object"] = entry.object;
  if (!entry.reason.empty()) line["reason"] = entry.reason;
  if (!entry.refused.empty()) line["refused"] = entry.refused;
  // What callers send need not be UTF-8.
  const auto text =
      line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  const std::lock_guard lock{mutex_};
  const auto written = ::write(file_, text.data(), text.size());
  const bool whole = written == static_cast<ssize_t>(text.size());
  if (!whole && written > 0) {  // the disk is full; the next line is not to follow half a one
    (void)!::ftruncate(file_, ::lseek(file_, 0, SEEK_END) - written);
  }
  if (!whole && !failed_) log::error("audit_not_written", {{"call", entry.call}});
  failed_ = !whole;
}

}  // namespace hearth::scheduler
