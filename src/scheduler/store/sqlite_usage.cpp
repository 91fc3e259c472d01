// What a store file holds and what of it is to be forgotten: the rest of SqliteReader.
#include <algorithm>
#include <limits>

#include "scheduler/store/sqlite_reader.h"

namespace hearth::scheduler {

Result<Sequence> SqliteReader::earliest() {
  HEARTH_TRY(earliest, database_.number("SELECT earliest FROM meta"));
  return static_cast<Sequence>(earliest);
}

Result<JobId> SqliteReader::last_job() {
  HEARTH_TRY(last, database_.number("SELECT last_job FROM meta"));
  return JobId{static_cast<std::uint64_t>(last)};
}

Result<StoreUsage> SqliteReader::usage() {
  StoreUsage usage;
  std::int64_t pages = 0;
  std::int64_t free_pages = 0;
  std::int64_t page_bytes = 0;
  std::int64_t last_job = 0;
  std::int64_t active = 0;
  std::int64_t ended = 0;
  std::int64_t forgotten = 0;
  std::int64_t events = 0;
  std::int64_t requests = 0;
  const std::pair<const char*, std::int64_t*> numbers[] = {
      {"PRAGMA page_count", &pages},
      {"PRAGMA freelist_count", &free_pages},
      {"PRAGMA page_size", &page_bytes},
      {"SELECT last_job FROM meta", &last_job},
      {"SELECT count(*) FROM jobs INDEXED BY jobs_active WHERE ended_seq = 0", &active},
      {"SELECT count(*) FROM jobs INDEXED BY jobs_by_end WHERE ended_seq <> 0", &ended},
      {"SELECT count(*) FROM forgotten", &forgotten},
      {"SELECT count(*) FROM events", &events},
      {"SELECT count(*) FROM requests", &requests}};
  for (const auto& [sql, to] : numbers) {
    HEARTH_TRY(number, database_.number(sql));
    *to = number;
  }
  const auto count = [](std::int64_t number) { return static_cast<std::uint64_t>(number); };
  usage.file_bytes = count(pages * page_bytes);
  usage.used_bytes = count((pages - free_pages) * page_bytes);
  usage.last_job = JobId{count(last_job)};
  usage.jobs_active = count(active);
  usage.jobs_ended = count(ended);
  usage.jobs_forgotten = count(forgotten);
  usage.events = count(events);
  usage.requests = count(requests);
  const std::pair<const char*, std::optional<UtcTime>*> times[] = {
      {"SELECT min(ended_at_ms) FROM jobs INDEXED BY jobs_by_end WHERE ended_seq <> 0",
       &usage.oldest_job_ended_at},
      {"SELECT json_extract(fact, '$.at_ms') FROM events ORDER BY seq LIMIT 1",
       &usage.oldest_event_at},
      {"SELECT min(at_ms) FROM requests", &usage.oldest_request_at}};
  for (const auto& [sql, to] : times) {
    const auto read = [to = to](Row row) -> Result<bool> {
      if (!row.next_is_null()) *to = UtcTime{Duration{row.integer()}};
      return true;
    };
    if (auto done = database_.statement(sql).each(read); !done) return tl::unexpected(done.error());
  }
  return usage;
}

Result<std::vector<JobId>> SqliteReader::expired_jobs(UtcTime before, std::size_t limit) {
  std::vector<JobId> jobs;
  const auto read = [&](Row row) -> Result<bool> {
    jobs.push_back(JobId{row.number()});
    return true;
  };
  const auto done =
      database_
          .statement(
              "SELECT id FROM jobs INDEXED BY jobs_by_end WHERE ended_seq <> 0"
              " AND ended_at_ms < ? AND id NOT IN"
              " (SELECT json_extract(a.value, '$.job') FROM jobs d INDEXED BY jobs_active,"
              " json_each(d.spec, '$.after') a WHERE d.ended_seq = 0)"
              " ORDER BY ended_at_ms, id LIMIT ?")
          .each(read, before.time_since_epoch().count(), static_cast<std::int64_t>(limit));
  if (!done) return tl::unexpected(done.error());
  return jobs;
}

Result<std::vector<std::string>> SqliteReader::referenced(const std::vector<std::string>& digests) {
  std::vector<std::string> kept;
  for (const auto& digest : digests) {
    const auto read = [&](Row) -> Result<bool> {
      kept.push_back(digest);
      return false;
    };
    const auto done =
        database_.statement("SELECT 1 FROM artifact_references WHERE digest = ? LIMIT 1")
            .each(read, digest);
    if (!done) return tl::unexpected(done.error());
  }
  return kept;
}

Result<std::vector<StoreReader::Reference>> SqliteReader::references(const std::string& after,
                                                                     std::size_t limit) {
  std::vector<Reference> references;
  const auto read = [&](Row row) -> Result<bool> {
    Reference reference;
    reference.digest = row.text();
    reference.jobs = row.number();
    reference.newest_job = JobId{row.number()};
    references.push_back(std::move(reference));
    return true;
  };
  const auto done = database_
                        .statement(
                            "SELECT digest, count(*), max(job) FROM artifact_references"
                            " WHERE digest > ? GROUP BY digest ORDER BY digest LIMIT ?")
                        .each(read, after, static_cast<std::int64_t>(limit));
  if (!done) return tl::unexpected(done.error());
  return references;
}

Result<StoreReader::Reference> SqliteReader::reference(const std::string& digest) {
  Reference reference{digest, 0, {}};
  const auto read = [&](Row row) -> Result<bool> {
    reference.jobs = row.number();
    if (!row.next_is_null()) reference.newest_job = JobId{row.number()};
    return true;
  };
  const auto done =
      database_.statement("SELECT count(*), max(job) FROM artifact_references WHERE digest = ?")
          .each(read, digest);
  if (!done) return tl::unexpected(done.error());
  return reference;
}

Result<bool> SqliteReader::tenant_refers(const std::string& tenant, const std::string& digest) {
  bool refers = false;
  const auto read = [&](Row) -> Result<bool> {
    refers = true;
    return false;
  };
  const auto done = database_
                        .statement(
                            "SELECT 1 FROM artifact_references r JOIN jobs j ON j.id = "
                            "r.job WHERE r.digest = ? AND j.tenant = ? LIMIT 1")
                        .each(read, digest, tenant);
  if (!done) return tl::unexpected(done.error());
  return refers;
}

}  // namespace hearth::scheduler
