// Following one job to its end, with progress for whoever watches.
#pragma once

#include <string>

#include "cli/progress.h"
#include "cli/session.h"

namespace hearth::cli {

// "j7", "7" or "last" (the newest job) as "j7".
Result<std::string> resolve_job(Session& session, const std::string& text);

Result<job::v1::Job> get_job(Session& session, const std::string& job_id);

// Shows counts on standard error: a bar on a terminal, elsewhere a line every few seconds.
class ProgressView {
 public:
  ProgressView(Session& session, std::string job_id)
      : session_(session), job_id_(std::move(job_id)) {}

  void show(const Counts& counts);
  void close();

 private:
  Session& session_;
  std::string job_id_;
  Progress progress_;
  std::optional<Duration> shown_at_;
  Counts shown_;
};

// Waits until the job has ended, however often the scheduler restarts. An empty cursor is allowed.
Result<job::v1::Job> wait_for_job(Session& session, const std::string& job_id,
                                  const std::string& cursor, bool quiet);

// j7/12; selection.h has how people name it.
struct TaskName {
  std::string job_id;
  std::uint64_t index = 0;

  [[nodiscard]] std::string text() const { return job_id + "/" + std::to_string(index); }
  friend bool operator==(const TaskName&, const TaskName&) = default;
};
}  // namespace hearth::cli
