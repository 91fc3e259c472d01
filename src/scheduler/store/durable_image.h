// What all facts so far amount to, as plain maps: the reference for what a store keeps.
//
// apply() is the meaning of each fact; load() and the readers look at nothing else.
// Single-threaded.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "scheduler/store/store.h"

namespace hearth::scheduler {

class DurableImage : public StoreReader {
 public:
  explicit DurableImage(std::string store_id) : store_id_(std::move(store_id)) {}

  // All of the batch, or nothing: kAlreadyExists where one of its facts contradicts an earlier one.
  // Facts about tasks name jobs that were accepted.
  Result<> apply(const std::vector<CommitEntry>& batch);

  // kAlreadyExists: the page is there already.
  Result<> stage(std::uint64_t staging, std::uint64_t first_index,
                 std::vector<std::string> payloads);

  // A new start: raises the epoch, sweeps stagings that no job owns.
  DurableState load();

  Result<std::optional<JobRow>> job(JobId job) override;
  Result<protocol::Secrets> secrets(JobId job) override;
  Result<std::vector<JobRow>> jobs(JobId before, const std::string& tenant,
                                   std::size_t limit) override;
  Result<std::vector<TaskRow>> tasks(JobId job, std::uint64_t first, std::uint64_t last) override;
  Result<std::vector<TaskRow>> tasks_in_state(JobId job, protocol::TaskState state,
                                              std::uint64_t first, std::size_t limit) override;
  Result<std::vector<std::uint64_t>> indices(
      JobId job, const std::vector<protocol::TaskState>& states) override;
  Result<std::vector<AttemptRow>> retried_attempts(JobId job, std::uint64_t first,
                                                   std::uint64_t last) override;
  Result<std::vector<TaskRow>> results(JobId job, Sequence after, std::size_t limit) override;
  Result<std::vector<EventRow>> events(JobId job, Sequence after, std::size_t limit) override;
  Result<std::optional<protocol::OutputTails>> tails(TaskId task, AttemptId attempt) override;
  Result<PayloadPage> payloads(JobId job, std::uint64_t index) override;
  Result<Sequence> earliest() override { return earliest_; }
  Result<JobId> last_job() override { return last_job_; }
  Result<StoreUsage> usage() override;
  Result<std::vector<JobId>> expired_jobs(UtcTime before, std::size_t limit) override;
  Result<std::vector<std::string>> referenced(const std::vector<std::string>& digests) override;
  Result<std::vector<Reference>> references(const std::string& after, std::size_t limit) override;
  Result<Reference> reference(const std::string& digest) override;
  Result<bool> tenant_refers(const std::string& tenant, const std::string& digest) override;

  Swept sweep(const SweepOrder& order);

 private:
  struct Job {
    JobRow row;  // totals run while it is active
    std::uint64_t staging = 0;
    std::uint64_t dispatched_below = 0;
    std::map<std::uint64_t, TaskRow> tasks;
    std::map<Sequence, std::uint64_t> order;  // of the tasks' ends
    std::map<std::tuple<std::uint64_t, AttemptId, Sequence>, AttemptRow> retried;
    std::map<std::pair<std::uint64_t, AttemptId>, protocol::OutputTails> tails;
    std::map<std::uint64_t, DurableRequeue> requeues;
  };
  [[nodiscard]] Result<> find_contradiction(const std::vector<CommitEntry>& batch) const;
  void apply(const CommitEntry& entry, const JobAccepted& fact);
  void apply(const CommitEntry& entry, const DispatchMarkRaised& fact);
  void apply(const CommitEntry& entry, const TaskEnded& fact);
  void apply(const CommitEntry& entry, const TaskRequeued& fact);
  void apply(const CommitEntry& entry, const RequeueConsumed& fact);
  void apply(const CommitEntry& entry, const JobUpdated& fact);
  void apply(const CommitEntry& entry, const JobCancelled& fact);
  void apply(const CommitEntry& entry, const JobEnded& fact);
  void apply(const CommitEntry& entry, const NodeJoined& fact);
  void apply(const CommitEntry& entry, const NodeGivenUp& fact);
  void apply(const CommitEntry& entry, const NodeDrainSet& fact);
  void apply(const CommitEntry& entry, const ZoneSetpointOrdered& fact);
  void apply(const CommitEntry& entry, const ZoneModelLearned& fact);
  void apply(const CommitEntry& entry, const SiteCapSet& fact);
  void apply(const CommitEntry& entry, const JobForgotten& fact);
  void apply(const CommitEntry& entry, const RequestsForgotten& fact);
  void apply(const CommitEntry& entry, const QueuePauseSet& fact);
  void apply(const CommitEntry& entry, const NodeQuarantineSet& fact);
  void apply(const CommitEntry& entry, const NodeLabelsSet& fact);

  void keep_tails(Job& job, const CommitEntry& entry, const protocol::AttemptReport& report);
  void log(Sequence seq, JobId job, const Fact& fact);
  void sweep_stagings();
  [[nodiscard]] std::map<std::string, std::set<JobId>> all_references() const;
  Job* find(JobId job);
  Job& existing(JobId job);

  std::string store_id_;
  std::uint64_t epoch_ = 0;
  Sequence last_seq_ = 0;
  JobId last_job_;
  std::map<JobId, Job> jobs_;
  std::map<RequestKey, DurableRequest> requests_;
  std::map<NodeId, DurableNode> nodes_;
  std::map<ZoneId, protocol::Setpoint> setpoints_;
  std::map<ZoneId, LearnedModel> models_;
  std::map<SiteId, SiteCap> caps_;
  std::map<std::string, std::pair<protocol::ServiceClass, Suspension>> pauses_;  // by class name
  std::map<NodeId, Suspension> quarantines_;
  std::map<NodeId, Labels> labels_;
  std::map<Sequence, EventRow> events_;
  Sequence earliest_ = 0;
  std::map<JobId, Job> forgotten_;  // until they are swept
  std::map<std::uint64_t, std::map<std::uint64_t, std::vector<std::string>>> stagings_;
};

}  // namespace hearth::scheduler
