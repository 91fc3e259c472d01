// WatchJobs and StreamResults: what happened since a cursor, then what happens.
#pragma once

#include <map>

#include "hearth/job/v1/job.pb.h"
#include "protocol/indices.h"
#include "scheduler/rpc/follow_stream.h"

namespace hearth::scheduler {

// Where a stream is: the job asked for (0: all) and what was sent.
class Position {
 public:
  // `earliest_if_unset`: whether an empty cursor stands for the earliest kept, or for 0.
  // A job of another tenant is none; empty tenant: all are looked at.
  Position(const std::string& job_id, std::string cursor, bool earliest_if_unset,
           std::string tenant);

  // Checks job and cursor on the first call; on the store's thread.
  Result<> settle(StoreReader& reader, const std::string& store_id, Sequence newest);

  // Whether the one job asked for has ended and all of it was sent.
  Result<bool> is_complete(StoreReader& reader) const;

  [[nodiscard]] JobId job() const { return job_; }
  Sequence after = 0;

 private:
  Result<JobId> parsed_;
  JobId job_;
  std::string cursor_;
  bool earliest_if_unset_;
  std::string tenant_;
  bool settled_ = false;
};

class WatchStream final : public FollowStream<job::v1::WatchJobsResponse> {
 public:
  // Empty tenant: sees everybody's.
  WatchStream(Backend& backend, const job::v1::WatchJobsRequest& request, std::string tenant)
      : FollowStream(backend),
        position_(request.job_id(), request.cursor(), true, tenant),
        tenant_(std::move(tenant)) {}

 private:
  bool prepare(const Scheduler& scheduler) override;
  Result<bool> load(StoreReader& reader, std::deque<job::v1::WatchJobsResponse>& pending) override;
  bool has_news(const Scheduler& scheduler) override;

  Result<> add_event(StoreReader& reader, const EventRow& row,
                     std::deque<job::v1::WatchJobsResponse>& pending);
  Result<> add_progress(StoreReader& reader, std::deque<job::v1::WatchJobsResponse>& pending);
  std::vector<JobView> views(const Scheduler& scheduler) const;

  Result<bool> is_own(StoreReader& reader, JobId job);

  Position position_;
  std::string tenant_;
  std::map<JobId, bool> own_;  // as far as asked, where only one tenant's are sent
  TimePoint progress_at_{};
  std::vector<JobView> changed_;      // of these PROGRESS is to be sent
  std::map<JobId, TaskCounts> sent_;  // with the last PROGRESS
};

class ResultStream final : public FollowStream<job::v1::StreamResultsResponse> {
 public:
  ResultStream(Backend& backend, const job::v1::StreamResultsRequest& request, std::string tenant)
      : FollowStream(backend),
        position_(request.job_id(), request.cursor(), false, std::move(tenant)) {}

 private:
  Result<bool> load(StoreReader& reader,
                    std::deque<job::v1::StreamResultsResponse>& pending) override;

  Position position_;
  std::optional<protocol::IndexList> indices_;  // of the job, once it was read
};

}  // namespace hearth::scheduler
