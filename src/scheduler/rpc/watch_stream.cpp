#include "scheduler/rpc/watch_stream.h"

#include <algorithm>

#include "scheduler/rpc/cursor.h"
#include "scheduler/rpc/ownership.h"
#include "scheduler/rpc/views.h"
#include "scheduler/runtime/clock.h"
#include "wire/checks.h"

namespace hearth::scheduler {
namespace {

constexpr std::size_t kEventsPerRead = 200;
constexpr std::size_t kResultsPerRead = 1000;
constexpr Duration kProgressPeriod{200};

Result<JobId> parse_job(const std::string& text) {
  if (text.empty()) return JobId{};
  return parse_job_id(text);
}

}  // namespace

Position::Position(const std::string& job_id, std::string cursor, bool earliest_if_unset,
                   std::string tenant)
    : parsed_(parse_job(job_id)),
      cursor_(std::move(cursor)),
      earliest_if_unset_(earliest_if_unset),
      tenant_(std::move(tenant)) {
  if (parsed_) job_ = *parsed_;
}

Result<> Position::settle(StoreReader& reader, const std::string& store_id, Sequence newest) {
  if (std::exchange(settled_, true)) return {};
  if (!parsed_) return tl::unexpected(parsed_.error());
  if (job_.value != 0) {
    HEARTH_TRY(row, reader.job(job_));
    if (!row) return tl::unexpected(no_such_job(reader, job_));
    if (auto own = check_own_job(reader, tenant_, job_); !own) return own;
  }
  if (cursor_.empty() && !earliest_if_unset_) return {};
  HEARTH_TRY(earliest, reader.earliest());
  if (cursor_.empty()) {
    after = earliest;
    return {};
  }
  HEARTH_TRY(seq, parse_cursor(cursor_, store_id, newest));
  // The results of a job that is kept are all there, however old the cursor is.
  if (seq < earliest && earliest_if_unset_) {
    return fail(ErrorCode::kOutOfRange, "cursor: " + cursor_ + " is older than what is kept; " +
                                            "the earliest is " + to_cursor(store_id, earliest));
  }
  after = seq;
  return {};
}

Result<bool> Position::is_complete(StoreReader& reader) const {
  if (job_.value == 0) return false;
  HEARTH_TRY(row, reader.job(job_));
  return !row || row->state != JobState::kActive;
}

// ---- WatchJobs

std::vector<JobView> WatchStream::views(const Scheduler& scheduler) const {
  if (position_.job().value == 0) return scheduler.jobs();
  const auto view = scheduler.job(position_.job());
  return view ? std::vector{*view} : std::vector<JobView>{};
}

bool WatchStream::has_news(const Scheduler& scheduler) {
  if (monotonic_now() - progress_at_ < kProgressPeriod) return false;
  for (const auto& view : views(scheduler)) {
    const auto sent = sent_.find(view.job);
    if (sent == sent_.end() || sent->second != view.counts) return true;
  }
  return false;
}

bool WatchStream::prepare(const Scheduler& scheduler) {
  changed_.clear();
  if (!has_news(scheduler)) return false;
  for (auto& view : views(scheduler)) {
    const auto sent = sent_.find(view.job);
    if (sent == sent_.end() || sent->second != view.counts) changed_.push_back(std::move(view));
  }
  progress_at_ = monotonic_now();
  return true;
}

Result<bool> WatchStream::load(StoreReader& reader,
                               std::deque<job::v1::WatchJobsResponse>& pending) {
  const auto& store_id = backend().store_id;
  if (auto ok = position_.settle(reader, store_id, newest()); !ok) {
    return tl::unexpected(ok.error());
  }
  // In this order: an end that comes between the two reads is only seen with its event.
  HEARTH_TRY(complete, position_.is_complete(reader));
  HEARTH_TRY(events, reader.events(position_.job(), position_.after, kEventsPerRead));
  for (const auto& event : events) {
    position_.after = event.seq;
    HEARTH_TRY(own, is_own(reader, event.job));
    if (!own) {
      sent_.erase(event.job);
      continue;
    }
    if (auto ok = add_event(reader, event, pending); !ok) return tl::unexpected(ok.error());
  }
  const bool all_read = events.size() < kEventsPerRead;
  if (all_read) {
    // All before was looked at: its cursor grows no older than what is kept while it follows.
    position_.after = std::max(position_.after, newest());
    if (auto ok = add_progress(reader, pending); !ok) return tl::unexpected(ok.error());
  } else {
    progress_at_ = {};  // it comes behind the facts
  }
  return complete && all_read;
}

Result<bool> WatchStream::is_own(StoreReader& reader, JobId job) {
  if (tenant_.empty()) return true;
  const auto known = own_.find(job);
  if (known != own_.end()) return known->second;
  HEARTH_TRY(row, reader.job(job));
  return own_[job] = row && row->spec.tenant.value == tenant_;
}

Result<> WatchStream::add_event(StoreReader& reader, const EventRow& row,
                                std::deque<job::v1::WatchJobsResponse>& pending) {
  job::v1::WatchJobsResponse response;
  response.set_cursor(to_cursor(backend().store_id, row.seq));
  to_wire(row, &response);
  if (response.kind() == job::v1::JOB_EVENT_KIND_ENDED) {
    HEARTH_TRY(ended, reader.job(row.job));
    if (ended) to_wire(*ended, std::nullopt, response.mutable_job());
    sent_.erase(row.job);
  }
  pending.push_back(std::move(response));
  return {};
}

Result<> WatchStream::add_progress(StoreReader& reader,
                                   std::deque<job::v1::WatchJobsResponse>& pending) {
  for (const auto& view : changed_) {
    HEARTH_TRY(own, is_own(reader, view.job));
    if (!own) {
      sent_[view.job] = view.counts;
      continue;
    }
    HEARTH_TRY(row, reader.job(view.job));
    if (!row || row->state != JobState::kActive) continue;  // its end says it all
    job::v1::WatchJobsResponse response;
    response.set_cursor(to_cursor(backend().store_id, position_.after));
    response.set_kind(job::v1::JOB_EVENT_KIND_PROGRESS);
    response.set_job_id(to_string(view.job));
    wire::to_wire(utc_now(), response.mutable_at());
    to_wire(*row, view, response.mutable_job());
    sent_[view.job] = view.counts;
    pending.push_back(std::move(response));
  }
  return {};
}

// ---- StreamResults

Result<bool> ResultStream::load(StoreReader& reader,
                                std::deque<job::v1::StreamResultsResponse>& pending) {
  const auto& store_id = backend().store_id;
  if (auto ok = position_.settle(reader, store_id, newest()); !ok) {
    return tl::unexpected(ok.error());
  }
  HEARTH_TRY(complete, position_.is_complete(reader));
  HEARTH_TRY(rows, reader.results(position_.job(), position_.after, kResultsPerRead));
  if (rows.empty()) return complete;
  job::v1::StreamResultsResponse response;
  if (!indices_) {
    HEARTH_TRY(job, reader.job(position_.job()));
    indices_.emplace(job ? job->spec.indices : std::string{});
  }
  for (const auto& row : rows) {
    auto* result = response.add_results();
    to_wire(row, result);
    if (!indices_->empty()) result->set_stands_for(indices_->at(row.index));
  }
  position_.after = rows.back().seq;
  response.set_cursor(to_cursor(store_id, position_.after));
  pending.push_back(std::move(response));
  return false;
}

}  // namespace hearth::scheduler
