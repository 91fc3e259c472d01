// Holds a file locked against other processes, and other holders in this one, while it lives.
#pragma once

#include <string>

#include "common/result.h"

namespace hearth::scheduler {

class FileLock {
 public:
  // Creates the file if needed; the system frees the lock when the process ends, however it ends.
  // kFailedPrecondition: somebody else holds it.
  static Result<FileLock> acquire(const std::string& path);

  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace hearth::scheduler
