// Reads rows of a store file. Lives on the store's reading thread, with its own connection.
#pragma once

#include "scheduler/store/sqlite.h"
#include "scheduler/store/store.h"

namespace hearth::scheduler {

class SqliteReader : public StoreReader {
 public:
  explicit SqliteReader(Database& database) : database_(database) {}

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
  Result<Sequence> earliest() override;
  Result<JobId> last_job() override;
  Result<StoreUsage> usage() override;
  Result<std::vector<JobId>> expired_jobs(UtcTime before, std::size_t limit) override;
  Result<std::vector<std::string>> referenced(const std::vector<std::string>& digests) override;
  Result<std::vector<Reference>> references(const std::string& after, std::size_t limit) override;
  Result<Reference> reference(const std::string& digest) override;
  Result<bool> tenant_refers(const std::string& tenant, const std::string& digest) override;

 private:
  // Where the job has `indices`.
  Result<std::optional<std::uint64_t>> stands_for(JobId job, std::uint64_t index);
  Database& database_;
};

}  // namespace hearth::scheduler
