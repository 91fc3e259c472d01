// What the exit codes of `hearth` mean; docs/CLI.md promises them.
#pragma once

#include "common/result.h"
#include "hearth/job/v1/job.pb.h"

namespace hearth::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;       // the job, or some of its tasks, failed
inline constexpr int kExitRefused = 2;      // wrong usage, or the scheduler refused
inline constexpr int kExitUnreachable = 3;  // for longer than --timeout
inline constexpr int kExitCancelled = 4;    // the job was cancelled
inline constexpr int kExitNotFound = 5;
inline constexpr int kExitInterrupted = 130;

inline int exit_code_of(const Error& error) {
  if (error.code == ErrorCode::kUnavailable) return kExitUnreachable;
  if (error.code == ErrorCode::kNotFound) return kExitNotFound;
  return kExitRefused;
}

inline int exit_code_of(job::v1::JobState state) {
  if (state == job::v1::JOB_STATE_FAILED) return kExitFailed;
  if (state == job::v1::JOB_STATE_CANCELLED) return kExitCancelled;
  return kExitOk;
}

}  // namespace hearth::cli
