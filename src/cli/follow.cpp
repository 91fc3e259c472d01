#include "cli/follow.h"

#include <thread>

#include "cli/describe.h"
#include "common/ids.h"

namespace hearth::cli {
namespace {

using job::v1::JobService;

constexpr Duration kBarPeriod = std::chrono::milliseconds{200};
constexpr Duration kLinePeriod = std::chrono::seconds{5};

Duration monotonic_now() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

Result<std::string> resolve_job(Session& session, const std::string& text) {
  if (text != "last") {
    HEARTH_TRY(job, parse_job_id(text));
    return to_string(job);
  }
  job::v1::ListJobsRequest request;
  request.set_page_size(1);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.jobs(), &JobService::Stub::ListJobs, request));
  if (response.jobs().empty()) return fail(ErrorCode::kNotFound, "no job yet");
  return response.jobs(0).job_id();
}

Result<job::v1::Job> get_job(Session& session, const std::string& job_id) {
  job::v1::GetJobRequest request;
  request.set_job_id(job_id);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.jobs(), &JobService::Stub::GetJob, request));
  return response.job();
}

void ProgressView::show(const Counts& counts) {
  const auto now = monotonic_now();
  progress_.update(now, counts);
  const bool changed = !shown_at_ || counts != shown_;
  const bool ended = counts.pending + counts.running == 0;
  const auto period = session_.terminal() ? kBarPeriod : kLinePeriod;
  const bool due = !shown_at_ || now - *shown_at_ >= period || ended;
  if (!due || (!session_.terminal() && !changed)) return;
  shown_at_ = now;
  shown_ = counts;
  if (session_.terminal()) {
    session_.status(job_id_ + " " + progress_.bar(session_.status_width() - job_id_.size() - 1));
  } else {
    session_.note(job_id_ + ": " + progress_.text());
  }
}

void ProgressView::close() {
  session_.status("");
}

Result<job::v1::Job> wait_for_job(Session& session, const std::string& job_id,
                                  const std::string& cursor, bool quiet) {
  HEARTH_TRY(job, get_job(session, job_id));
  ProgressView view(session, job_id);
  job::v1::WatchJobsRequest request;
  request.set_job_id(job_id);
  request.set_cursor(cursor);
  while (job.state() == job::v1::JOB_STATE_ACTIVE) {
    if (!quiet) view.show(counts_of(job.counts()));
    const auto watched = session.client().watch(request, [&](const auto& event) -> Result<bool> {
      request.set_cursor(event.cursor());
      if (!event.has_job()) return true;
      job = event.job();
      if (!quiet) view.show(counts_of(job.counts()));
      return event.kind() != job::v1::JOB_EVENT_KIND_ENDED;
    });
    if (!watched) {
      view.close();
      return tl::unexpected(watched.error());
    }
    if (job.state() != job::v1::JOB_STATE_ACTIVE) break;
    // The stream ended without telling the end: it began after it, or the scheduler is stopping.
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
    HEARTH_TRY(again, get_job(session, job_id));
    job = again;
  }
  view.close();
  return job;
}

}  // namespace hearth::cli
