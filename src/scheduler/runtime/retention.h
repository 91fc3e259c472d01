// Forgets what was kept long enough: ended jobs with all that is theirs, events, artifacts that no
// kept job refers to. Keeps the store and the artifacts below their caps as well.
//
// An adapter with a thread of its own that asks the store, tells the core which jobs have expired
// (the core decides, and commits that they are forgotten) and has the store delete in small pieces
// between its commits. Nobody waits for it. DESIGN 4, "Retention".
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>

#include "common/blob_store.h"
#include "scheduler/runtime/event_loop.h"
#include "scheduler/runtime/io_thread.h"

namespace hearth::scheduler {

// Of each kind how long it is kept and how much of it. Request ids: SchedulerConfig.
struct RetentionConfig {
  Duration job_keep = std::chrono::days{30};         // after its end; results and logs with it
  std::uint64_t store_size_max_bytes = 64ULL << 30;  // beyond, the longest ended jobs go first
  Duration event_keep = std::chrono::days{7};
  std::uint64_t events_max = 10'000'000;
  Duration artifact_keep = std::chrono::days{7};          // after its last use, unless referred to
  std::uint64_t artifacts_size_max_bytes = 256ULL << 30;  // beyond, unreferred ones go earlier
  Duration sweep_period = std::chrono::minutes{1};

  friend bool operator==(const RetentionConfig&, const RetentionConfig&) = default;
};

// Since the start, and as it was found last.
struct RetentionStats {
  std::uint64_t jobs_deleted = 0;
  std::uint64_t rows_deleted = 0;
  std::uint64_t events_deleted = 0;
  std::uint64_t artifacts_deleted = 0;
  StoreUsage store;
  std::uint64_t artifacts = 0;
  std::uint64_t artifact_bytes = 0;
};

class Retention {
 public:
  // From here on looks every `sweep_period`, and more often while there is something to delete.
  // All of these outlive this object.
  Retention(EventLoop& loop, Store& store, BlobStore& blobs, const RetentionConfig& config);
  ~Retention() { stop(); }

  // Ends what is under way. Before the loop and the store end.
  void stop();

  // The loop's thread.
  [[nodiscard]] const RetentionStats& stats() const { return stats_; }

 private:
  void wait_for_next(Duration pause);
  Duration round();  // answers how long to wait
  bool forget_jobs(const StoreUsage& usage);
  bool sweep(const StoreUsage& usage);
  void forget_artifacts();
  void publish(const StoreUsage& usage);

  // Runs `query` on the store's reading thread and waits.
  template <class Query>
  auto ask(Query query);

  EventLoop& loop_;
  Store& store_;
  BlobStore& blobs_;
  const RetentionConfig config_;
  std::atomic<bool> stopped_{false};
  RetentionStats stats_;  // the loop's thread

  // This object's thread.
  RetentionStats found_;
  TimePoint artifacts_due_{};
  IoThread thread_;  // last: ends before what its handlers use
  boost::asio::steady_timer timer_{thread_.context()};
};

}  // namespace hearth::scheduler
