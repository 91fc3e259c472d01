#include "scheduler/store/sqlite_inspect.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "scheduler/store/file_lock.h"
#include "scheduler/store/sqlite_schema.h"

namespace hearth::scheduler {
namespace {

namespace fs = std::filesystem;

// Starts that there may have been since the backup (choice).
constexpr const char* kEpochsSkipped = "1000";

// Each answers with findings as text. What is forgotten is still to be deleted, and no finding.
constexpr std::string_view kInvariants[] = {
    "SELECT 'j' || job || ': ' || count(*) || ' results of a job that is not there' FROM tasks"
    " WHERE job NOT IN (SELECT id FROM jobs UNION SELECT job FROM forgotten)"
    " GROUP BY job LIMIT 10",
    "SELECT 'j' || job || ': ' || count(*) || ' failed attempts of a job that is not there'"
    " FROM retried_attempts"
    " WHERE job NOT IN (SELECT id FROM jobs UNION SELECT job FROM forgotten)"
    " GROUP BY job LIMIT 10",
    "SELECT 'j' || id || ': ended with ' || (succeeded + failed) || ' tasks that succeeded or"
    " failed, but there are results of ' || found FROM (SELECT *,"
    " (SELECT count(*) FROM tasks t INDEXED BY tasks_by_index WHERE t.job = id) -"
    " (SELECT count(*) FROM tasks t INDEXED BY tasks_not_succeeded WHERE t.job = id"
    " AND t.state <> 'SUCCEEDED' AND t.state = 'CANCELLED') AS found FROM jobs"
    " WHERE ended_seq <> 0) WHERE found <> succeeded + failed LIMIT 10",
    "SELECT 'j' || id || ': has no task ' || (SELECT max(task_index) FROM tasks WHERE job = id) ||"
    " ', of which there is a result' FROM jobs WHERE (SELECT max(task_index) FROM tasks"
    " WHERE job = id) >= json_extract(spec, '$.task_count') LIMIT 10",
    "SELECT 'j' || id || ': its payloads are not there' FROM jobs WHERE staging <> 0"
    " AND NOT EXISTS (SELECT 1 FROM payload_pages p WHERE p.staging = jobs.staging) LIMIT 10",
    "SELECT 'j' || id || ': values of its secrets are not there' FROM jobs"
    " WHERE coalesce(json_array_length(spec, '$.secret_names'), 0) <>"
    " (SELECT count(*) FROM job_secrets s WHERE s.job = id) LIMIT 10",
    "SELECT 'request id ' || request_id || ': of j' || job || ', a job that is not there'"
    " FROM requests WHERE job NOT IN (SELECT id FROM jobs) LIMIT 10",
    "SELECT 'artifact ' || digest || ': referred to by j' || job || ', a job that is not there'"
    " FROM artifact_references"
    " WHERE job NOT IN (SELECT id FROM jobs UNION SELECT job FROM forgotten) LIMIT 10",
    "SELECT 'j' || id || ': newer than the newest job, j' || last_job FROM jobs, meta"
    " WHERE id > last_job LIMIT 10",
    "SELECT 'fact ' || max(seq) || ': newer than the newest, ' || last_seq FROM events, meta"
    " HAVING max(seq) > last_seq"};

Result<> collect(Database& database, std::string_view sql, std::vector<std::string>& findings) {
  return database.statement(sql).each([&](Row row) -> Result<bool> {
    auto line = row.text();
    if (line != "ok") findings.push_back(std::move(line));
    return true;
  });
}

// The file and what SQLite has beside it.
Result<> move_store(const std::string& from, const std::string& to) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code error;
    if (!fs::exists(from + suffix, error)) continue;
    fs::rename(from + suffix, to + suffix, error);
    if (error) return fail(ErrorCode::kUnavailable, from + suffix + ": " + error.message());
  }
  return {};
}

void remove_store(const std::string& path) {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path + suffix, ignored);
}

Result<> sync_path(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  if (!synced) return fail(ErrorCode::kUnavailable, path + ": cannot be synced");
  return {};
}

// Checks the copy of a backup and makes a store of its own of it.
Result<> adopt_copy(const std::string& copy) {
  HEARTH_TRY(database, Database::open(copy));
  if (auto prepared = prepare_store_file(database); !prepared) return prepared;
  std::vector<std::string> damage;
  auto done = collect(database, "PRAGMA integrity_check(3)", damage);
  if (!done) return done;
  if (!damage.empty()) return fail(ErrorCode::kFailedPrecondition, "damaged: " + damage.front());
  return database.execute("UPDATE meta SET store_id = '', epoch = epoch + " +
                          std::string(kEpochsSkipped) + "; PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace

Result<std::vector<std::string>> inspect_store_file(Database& database) {
  std::vector<std::string> findings;
  auto done = collect(database, "PRAGMA integrity_check(10)", findings);
  const bool damaged = !findings.empty();
  for (const auto sql : kInvariants) {
    if (!done || damaged) break;  // in a damaged file every query may lie
    done = collect(database, sql, findings);
  }
  if (!done) return tl::unexpected(std::move(done.error()));
  return findings;
}

Result<std::string> restore_store_file(const std::string& path, const std::string& backup) {
  std::error_code error;
  if (!fs::is_regular_file(backup, error)) {
    return fail(ErrorCode::kNotFound, backup + ": no such file");
  }
  const auto lock = FileLock::acquire(path + ".lock");  // until we return
  if (!lock) return tl::unexpected(lock.error());
  const auto copy = path + ".restoring";
  remove_store(copy);
  fs::copy_file(backup, copy, error);
  auto done = error ? Result<>{fail(ErrorCode::kUnavailable, copy + ": " + error.message())}
                    : adopt_copy(copy);
  if (done) done = sync_path(copy);
  if (!done) {
    remove_store(copy);
    return fail(done.error().code, backup + ": " + done.error().message);
  }
  std::string replaced;
  if (fs::exists(path, error)) {
    int number = 1;
    while (fs::exists(path + ".replaced-" + std::to_string(number), error)) ++number;
    replaced = path + ".replaced-" + std::to_string(number);
    if (done = move_store(path, replaced); !done) return tl::unexpected(done.error());
  }
  if (done = move_store(copy, path); !done) return tl::unexpected(done.error());
  const auto directory = fs::path(path).parent_path().string();
  if (done = sync_path(directory.empty() ? "." : directory); !done) {
    return tl::unexpected(done.error());
  }
  return replaced;
}

}  // namespace hearth::scheduler
