// Turns facts into rows, inside a transaction that the caller begins and ends.
//
// Lives on the store's writing thread; the connection must outlive it.
#pragma once

#include <map>

#include "scheduler/store/sqlite.h"
#include "scheduler/store/store.h"

namespace hearth::scheduler {

class SqliteWriter {
 public:
  explicit SqliteWriter(Database& database);

  Result<> begin();

  // Fails with kAlreadyExists where the fact contradicts an earlier one (a second end of a task).
  Result<> write(const CommitEntry& entry);

  // kAlreadyExists: the page is there already; the transaction goes on without it.
  Result<> stage(std::uint64_t staging, std::uint64_t first_index,
                 const std::vector<std::string>& payloads);

  // Makes everything since begin() durable.
  Result<> commit();

  // Forgets everything since begin().
  void roll_back();

 private:
  Result<> write(const CommitEntry& entry, const JobAccepted& fact);
  Result<> write(const CommitEntry& entry, const DispatchMarkRaised& fact);
  Result<> write(const CommitEntry& entry, const TaskEnded& fact);
  Result<> write(const CommitEntry& entry, const TaskRequeued& fact);
  Result<> write(const CommitEntry& entry, const RequeueConsumed& fact);
  Result<> write(const CommitEntry& entry, const JobUpdated& fact);
  Result<> write(const CommitEntry& entry, const JobCancelled& fact);
  Result<> write(const CommitEntry& entry, const JobEnded& fact);
  Result<> write(const CommitEntry& entry, const NodeJoined& fact);
  Result<> write(const CommitEntry& entry, const NodeGivenUp& fact);
  Result<> write(const CommitEntry& entry, const NodeDrainSet& fact);
  Result<> write(const CommitEntry& entry, const ZoneSetpointOrdered& fact);
  Result<> write(const CommitEntry& entry, const ZoneModelLearned& fact);
  Result<> write(const CommitEntry& entry, const SiteCapSet& fact);

  Result<> write(const CommitEntry& entry, const JobForgotten& fact);
  Result<> write(const CommitEntry& entry, const RequestsForgotten& fact);

  Result<> write(const CommitEntry& entry, const QueuePauseSet& fact);
  Result<> write(const CommitEntry& entry, const NodeQuarantineSet& fact);
  Result<> write(const CommitEntry& entry, const NodeLabelsSet& fact);

  Result<> suspend(std::string_view kind, std::string_view name,
                   const std::optional<Suspension>& suspension);
  // The job needs this artifact; those that an attempt made.
  Result<> refer(const std::string& digest, JobId job);
  Result<> refer(const protocol::AttemptReport& report);
  Result<> write_tails(TaskId task, AttemptId attempt, const protocol::OutputTails& tails);
  void add_to_totals(JobId job, const protocol::ResourceUsage& usage);

  Database& database_;
  Statement& insert_task_;             // the one that counts
  std::map<JobId, JobTotals> totals_;  // to be added to the jobs' rows at commit
  Sequence last_seq_ = 0;              // of this transaction; 0: no fact yet
};

}  // namespace hearth::scheduler
