// Where facts become durable, and where what became of them is read.
//
// commit() and read() may be called from the loop's thread at any time and never block. One store
// thread writes: while one batch is written the next fills (group commit). Callbacks run on the
// store's threads; callers post what they learn to their own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "protocol/output.h"
#include "scheduler/core/fact.h"

namespace hearth::scheduler {

// A page of results ends with the row that reaches so many bytes of bodies.
inline constexpr std::size_t kResultsBytes = 2 * 1024 * 1024;

struct CommitEntry {
  Sequence seq = 0;
  Fact fact;
  std::string body;               // TaskEnded: the result's bytes
  protocol::OutputTails tails{};  // TaskEnded, TaskRequeued: what the attempt printed
};

// ---- rows as readers see them

struct JobRow {
  JobId job;
  protocol::JobSpec spec;              // secrets: their names
  JobState state = JobState::kActive;  // kActive until JobEnded is durable
  std::uint64_t staging = 0;  // of its payloads, of which a job that retries tasks has a part
  std::optional<CancelCause> cancelled;
  std::string reason;  // why it was held, changed or cancelled, the last of these
  TaskCounts counts;   // only once ended
  JobTotals totals;    // only once ended
  UtcTime submitted_at{};
  UtcTime ended_at{};
  Sequence accepted_seq = 0;
  Sequence ended_seq = 0;  // 0 while active
};

struct AttemptRow {
  std::uint64_t index = 0;
  NodeId node;
  protocol::AttemptReport report;
};

struct TaskRow {
  Sequence seq = 0;
  std::uint64_t index = 0;
  protocol::TaskState state = protocol::TaskState::kSucceeded;
  NodeId node;
  protocol::AttemptReport report;
  std::string body;
};

// JobAccepted (of secrets the names), TaskRequeued, JobUpdated, JobCancelled or JobEnded, in commit
// order.
struct EventRow {
  Sequence seq = 0;
  JobId job;
  Fact fact;
};

// What a store holds, for people who look after it.
struct StoreUsage {
  std::uint64_t file_bytes = 0;  // 0: no file
  std::uint64_t used_bytes = 0;  // of these; the rest is free for new rows
  JobId last_job;                // the newest there ever was
  std::uint64_t jobs_active = 0;
  std::uint64_t jobs_ended = 0;
  std::uint64_t jobs_forgotten = 0;  // rows of theirs are still to be deleted
  std::uint64_t events = 0;
  std::uint64_t requests = 0;
  std::optional<UtcTime> oldest_job_ended_at;
  std::optional<UtcTime> oldest_event_at;
  std::optional<UtcTime> oldest_request_at;
};

// Reads durable rows only. Lives on the store's reading thread; every method may fail with
// kUnavailable where the disk does.
class StoreReader {
 public:
  virtual ~StoreReader() = default;

  virtual Result<std::optional<JobRow>> job(JobId job) = 0;
  // With their values, of an ended job, too: who retries its tasks needs them. None: no such job.
  virtual Result<protocol::Secrets> secrets(JobId job) = 0;
  // Newest first, ids below `before` (0: from the newest), at most `limit`; empty tenant: all.
  virtual Result<std::vector<JobRow>> jobs(JobId before, const std::string& tenant,
                                           std::size_t limit) = 0;
  // Ended tasks with first <= index <= last, by index, without bodies.
  virtual Result<std::vector<TaskRow>> tasks(JobId job, std::uint64_t first,
                                             std::uint64_t last) = 0;
  // Ended tasks of one state with index >= first, by index, without bodies, at most `limit`.
  virtual Result<std::vector<TaskRow>> tasks_in_state(JobId job, protocol::TaskState state,
                                                      std::uint64_t first, std::size_t limit) = 0;
  // Failed attempts that were retried, first <= index <= last, by index and attempt.
  virtual Result<std::vector<AttemptRow>> retried_attempts(JobId job, std::uint64_t first,
                                                           std::uint64_t last) = 0;
  // Ended tasks with bodies in commit order, after `after`, at most `limit` rows and about 2 MiB.
  virtual Result<std::vector<TaskRow>> results(JobId job, Sequence after, std::size_t limit) = 0;
  // Indices of a job's tasks in these states, rising. Those of an ended job that were cancelled
  // before they ever ran have no row and count as CANCELLED.
  virtual Result<std::vector<std::uint64_t>> indices(
      JobId job, const std::vector<protocol::TaskState>& states) = 0;
  // Events after `after`, of one job or (job 0) of all, at most `limit`.
  virtual Result<std::vector<EventRow>> events(JobId job, Sequence after, std::size_t limit) = 0;
  // What this attempt of a task printed, as far as it came with its result; nothing where none did.
  virtual Result<std::optional<protocol::OutputTails>> tails(TaskId task, AttemptId attempt) = 0;
  // The page of payloads that holds `index`: its first index and the payloads. Of a job with
  // `indices` the payload is that of the index that the task stands for. kNotFound: no such job, or
  // the task has none.
  struct PayloadPage {
    std::uint64_t first = 0;
    std::vector<std::string> payloads;
  };
  virtual Result<PayloadPage> payloads(JobId job, std::uint64_t index) = 0;
  // The earliest sequence that cursors may still point after. 0 as long as nothing is pruned.
  virtual Result<Sequence> earliest() = 0;
  // The id of the newest job there ever was.
  virtual Result<JobId> last_job() = 0;

  // ---- what is to be forgotten

  virtual Result<StoreUsage> usage() = 0;
  // Ended jobs that no active job is to run after, the longest ended first, at most `limit`; those
  // that ended before `before`.
  virtual Result<std::vector<JobId>> expired_jobs(UtcTime before, std::size_t limit) = 0;
  // Of these artifacts those that a kept job reads or one of its attempts made, as they came.
  virtual Result<std::vector<std::string>> referenced(const std::vector<std::string>& digests) = 0;
  // All artifacts that kept jobs refer to, by digest, after `after`, at most `limit`.
  struct Reference {
    std::string digest;
    std::uint64_t jobs = 0;
    JobId newest_job;
  };
  virtual Result<std::vector<Reference>> references(const std::string& after,
                                                    std::size_t limit) = 0;
  virtual Result<Reference> reference(const std::string& digest) = 0;
  // Whether a kept job of this tenant reads it or made it.
  virtual Result<bool> tenant_refers(const std::string& tenant, const std::string& digest) = 0;
};

// A piece of deleting: what is left of forgotten jobs, then events.
struct SweepOrder {
  UtcTime events_before{};          // events from before then
  std::uint64_t events_excess = 0;  // and at least so many, the oldest
  std::size_t rows_max = 500;       // rows at most, the bound of one transaction
};

struct Swept {
  std::uint64_t jobs = 0;  // of which nothing is left
  std::uint64_t rows = 0;  // results, failed attempts, payload pages and references of jobs
  std::uint64_t events = 0;
  bool more = false;  // the bound was reached
};

class Store {
 public:
  virtual ~Store() = default;

  // Everything durable so far, with the epoch durably raised. Called once, before anything else;
  // sweeps stagings that no job owns. Of requeues those whose task has not ended since.
  virtual Result<DurableState> load() = 0;

  // Writes these entries, in order, after all earlier ones; a batch becomes durable as a whole or
  // not at all. Sequences go on from the last one without gaps. Never blocks; on_durable or
  // on_failed (given at construction) tells the outcome. After a failure nothing more is written.
  // A fact that contradicts an earlier one (a second end of a task) is a failure, too.
  virtual void commit(std::vector<CommitEntry> batch) = 0;

  // Stages one page of payloads of consecutive tasks; `done` is called when durable. A staging's
  // number is not 0 and never used again in the life of a store: take (epoch << 32) + counter.
  // kAlreadyExists: this page was staged before; nothing else is harmed.
  virtual void stage(std::uint64_t staging, std::uint64_t first_index,
                     std::vector<std::string> payloads, std::function<void(Result<>)> done) = 0;

  // Deletes a bounded piece in a transaction of its own; `done` is called on the store's thread. A
  // failure leaves everything as it was and harms no commit. Cursors of events that are gone are
  // refused from then on (earliest()).
  virtual void sweep(SweepOrder order, std::function<void(Result<Swept>)> done) = 0;

  // Runs `query` on the reading thread; all it reads is of one moment, at or after this call.
  virtual void read(std::function<void(StoreReader&)> query) = 0;

  // Copies the live database to `path` (operators query the copy); a store opened on a copy takes a
  // new store_id. kAlreadyExists: there is such a file. Blocks.
  virtual Result<> backup(const std::string& path) = 0;

  // What is wrong with pages, indexes and rows that belong together, a line each, some dozens at
  // most; empty where all is well. Blocks, long for a large store.
  virtual Result<std::vector<std::string>> inspect() = 0;

  // kInternal, with what is wrong: inspect() finds something.
  Result<> check();
};

struct StoreCallbacks {
  std::function<void(Sequence)> on_durable;  // everything up to here; on the store's thread
  std::function<void(Error)> on_failed;      // once; what and which, for the log
};

// What both stores say and do alike.

// Of what is known of each task by index. What an ended job's task has no row for was cancelled.
std::vector<std::uint64_t> indices_in(const std::vector<std::optional<protocol::TaskState>>& known,
                                      const std::vector<protocol::TaskState>& states,
                                      bool job_ended);
// Of a page the one payload of a task that stands for another index.
StoreReader::PayloadPage single_payload(std::uint64_t index, std::uint64_t stands_for,
                                        StoreReader::PayloadPage page);
inline tl::unexpected<Error> no_payload(TaskId task) {
  return fail(ErrorCode::kNotFound, "task " + to_string(task) + " has no payload");
}
// Why there is no such job: it never was, or it was forgotten.
Error no_such_job(StoreReader& reader, JobId job);
inline tl::unexpected<Error> page_exists(std::uint64_t staging, std::uint64_t first_index) {
  return fail(ErrorCode::kAlreadyExists, "staging " + std::to_string(staging) +
                                             ": the page from index " +
                                             std::to_string(first_index) + " is there already");
}

}  // namespace hearth::scheduler
