// Who asked for which change, and who was refused: one JSON object a line, in a file that is only
// ever appended to.
//
// Written when a call that changes something has passed the check of its caller, before it is
// carried out; for a submit once it was accepted, with the job's id. A line that cannot be written
// is an error in the log; work goes on. Functions may be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "common/result.h"

namespace hearth::scheduler {

struct AuditEntry {
  std::string who;      // the identity's URI; empty: nobody of ours
  std::string call;     // the method's name, "CancelJob"
  std::string object;   // "j7", "n1", "kitchen"
  std::string reason;   // as the caller gave it
  std::string refused;  // why; empty: it was let through
};

class AuditLog {
 public:
  // Readable by its owner alone. kUnavailable: it cannot be opened.
  static Result<std::shared_ptr<AuditLog>> open(const std::string& path);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  void write(const AuditEntry& entry);

 private:
  explicit AuditLog(int file) : file_(file) {}

  std::mutex mutex_;
  int file_;
  bool failed_ = false;  // and said so
};

}  // namespace hearth::scheduler
