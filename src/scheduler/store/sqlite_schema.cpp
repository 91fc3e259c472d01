#include "scheduler/store/sqlite_schema.h"

namespace hearth::scheduler {
namespace {

constexpr std::int64_t kApplicationId = 0x48727468;  // "Hrth"
constexpr std::int64_t kVersion = 8;

// A finished task is one row, clustered by commit order within its job: writing appends, streaming
// results reads on, and the one index gives the page by index. Few tasks do not succeed, so a
// partial index finds those; start needs only the two indexes, never the bodies.
// Times are milliseconds UTC. ended_seq is 0 while a job is active.
constexpr const char* kTables = R"(
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  store_id TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  last_job INTEGER NOT NULL
) STRICT;
INSERT INTO meta VALUES (1, '', 0, 0, 0);

CREATE TABLE jobs (
  id INTEGER PRIMARY KEY,
  tenant TEXT NOT NULL,
  state TEXT NOT NULL,
  spec TEXT NOT NULL,
  staging INTEGER NOT NULL,
  dispatched_below INTEGER NOT NULL,
  cancelled INTEGER NOT NULL DEFAULT 0,
  submitted_at_ms INTEGER NOT NULL,
  accepted_seq INTEGER NOT NULL,
  ended_at_ms INTEGER NOT NULL DEFAULT 0,
  ended_seq INTEGER NOT NULL DEFAULT 0,
  pending INTEGER NOT NULL DEFAULT 0,
  running INTEGER NOT NULL DEFAULT 0,
  succeeded INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  cancelled_tasks INTEGER NOT NULL DEFAULT 0,
  attempts_ended INTEGER NOT NULL DEFAULT 0,
  cpu_s REAL NOT NULL DEFAULT 0,
  energy_j REAL NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_by_tenant ON jobs (tenant, id);
CREATE INDEX jobs_active ON jobs (id) WHERE ended_seq = 0;
CREATE INDEX jobs_by_staging ON jobs (staging) WHERE staging <> 0;

CREATE TABLE tasks (
  job INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  task_index INTEGER NOT NULL,
  state TEXT NOT NULL,
  node TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  failure TEXT NOT NULL,
  exit_code INTEGER,
  message TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  finished_at_ms INTEGER NOT NULL,
  nominal_run_time_ms INTEGER NOT NULL,
  cpu_s REAL NOT NULL,
  peak_memory_bytes INTEGER NOT NULL,
  energy_j REAL NOT NULL,
  outputs TEXT NOT NULL,
  result BLOB NOT NULL,
  PRIMARY KEY (job, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tasks_by_index ON tasks (job, task_index);
CREATE INDEX tasks_not_succeeded ON tasks (job, task_index, state) WHERE state <> 'SUCCEEDED';

CREATE TABLE retried_attempts (
  job INTEGER NOT NULL,
  task_index INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  node TEXT NOT NULL,
  failure TEXT NOT NULL,
  exit_code INTEGER,
  message TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  finished_at_ms INTEGER NOT NULL,
  nominal_run_time_ms INTEGER NOT NULL,
  cpu_s REAL NOT NULL,
  peak_memory_bytes INTEGER NOT NULL,
  energy_j REAL NOT NULL,
  outputs TEXT NOT NULL,
  PRIMARY KEY (job, task_index, epoch, counter, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE requeues (
  job INTEGER NOT NULL,
  task_index INTEGER NOT NULL,
  user_failures INTEGER NOT NULL,
  infrastructure_failures INTEGER NOT NULL,
  free INTEGER NOT NULL,
  PRIMARY KEY (job, task_index)
) STRICT, WITHOUT ROWID;

CREATE TABLE payload_pages (
  staging INTEGER NOT NULL,
  first_index INTEGER NOT NULL,
  payloads BLOB NOT NULL,
  PRIMARY KEY (staging, first_index)
) STRICT;

CREATE TABLE requests (
  tenant TEXT NOT NULL,
  request_id TEXT NOT NULL,
  hash TEXT NOT NULL,
  job INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant, request_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_time ON requests (at_ms);

CREATE TABLE nodes (
  node TEXT PRIMARY KEY,
  facts TEXT NOT NULL,
  installation_id TEXT NOT NULL,
  joined INTEGER NOT NULL,
  draining INTEGER NOT NULL
) STRICT;

CREATE TABLE setpoints (
  zone TEXT PRIMARY KEY,
  setpoint TEXT NOT NULL
) STRICT;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  job INTEGER NOT NULL,
  fact TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_job ON events (job, seq);
)";

// Version 2: what was learned of zones; caps on buildings.
constexpr const char* kTablesOf2 = R"(
CREATE TABLE zone_models (
  zone TEXT PRIMARY KEY,
  learned TEXT NOT NULL
) STRICT;

CREATE TABLE site_caps (
  site TEXT PRIMARY KEY,
  cap_w REAL NOT NULL
) STRICT;
)";

// Version 3: why a building is capped.
constexpr const char* kTablesOf3 = R"(
ALTER TABLE site_caps ADD COLUMN reason TEXT NOT NULL DEFAULT '';
)";

// Version 4: why a job was held, changed or cancelled. What was a flag in `cancelled` is a number:
// 0, or 1 + CancelCause.
constexpr const char* kTablesOf4 = R"(
ALTER TABLE jobs ADD COLUMN reason TEXT NOT NULL DEFAULT '';
)";

// Version 5: what is forgotten in the end. Which job needs which artifact; what is left to delete
// of jobs that are gone; the sequence below which events are gone.
constexpr const char* kTablesOf5 = R"(
ALTER TABLE meta ADD COLUMN earliest INTEGER NOT NULL DEFAULT 0;
CREATE TABLE forgotten (
  job INTEGER PRIMARY KEY,
  staging INTEGER NOT NULL
) STRICT;
CREATE TABLE artifact_references (
  digest TEXT NOT NULL,
  job INTEGER NOT NULL,
  PRIMARY KEY (digest, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifact_references_by_job ON artifact_references (job);
CREATE INDEX jobs_by_end ON jobs (ended_at_ms, id) WHERE ended_seq <> 0;
CREATE INDEX requests_by_job ON requests (job);
INSERT OR IGNORE INTO artifact_references SELECT json_extract(i.value, '$.digest'), j.id
  FROM jobs j, json_each(j.spec, '$.inputs') i;
INSERT OR IGNORE INTO artifact_references SELECT json_extract(o.value, '$.digest'), t.job
  FROM tasks t, json_each(t.outputs) o WHERE t.outputs <> '[]';
INSERT OR IGNORE INTO artifact_references SELECT json_extract(o.value, '$.digest'), t.job
  FROM retried_attempts t, json_each(t.outputs) o WHERE t.outputs <> '[]';
)";

// Version 6: what attempts printed. A table of its own: most rows of tasks are small and read in
// bulk, and only one with a row id packs values of a KiB well. It goes with the rows that it
// belongs to, whoever deletes them.
constexpr const char* kTablesOf6 = R"(
CREATE TABLE task_output (
  job INTEGER NOT NULL,
  task_index INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  stdout_bytes INTEGER NOT NULL,
  stdout_tail BLOB NOT NULL,
  stderr_bytes INTEGER NOT NULL,
  stderr_tail BLOB NOT NULL,
  PRIMARY KEY (job, task_index, epoch, counter)
) STRICT;
CREATE TRIGGER output_goes_with_task AFTER DELETE ON tasks BEGIN
  DELETE FROM task_output WHERE job = old.job AND task_index = old.task_index
    AND epoch = old.epoch AND counter = old.counter;
END;
CREATE TRIGGER output_goes_with_attempt AFTER DELETE ON retried_attempts BEGIN
  DELETE FROM task_output WHERE job = old.job AND task_index = old.task_index
    AND epoch = old.epoch AND counter = old.counter;
END;
)";

// Version 7: what operators suspended, kind "QUEUE" or "NODE"; what they call nodes.
constexpr const char* kTablesOf7 = R"(
CREATE TABLE suspensions (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  reason TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT;
CREATE TABLE node_labels (
  node TEXT NOT NULL,
  label TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (node, label)
) STRICT;
)";

// Version 8: what of a job's secrets its row does not have. They go with it, whoever deletes it.
constexpr const char* kTablesOf8 = R"(
CREATE TABLE job_secrets (
  job INTEGER NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (job, name)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER secrets_go_with_job AFTER DELETE ON jobs BEGIN
  DELETE FROM job_secrets WHERE job = old.id;
END;
)";

Result<> make_tables(Database& database) {
  // Takes effect only before the first table, and outside of a transaction.
  if (auto set = database.execute("PRAGMA auto_vacuum = INCREMENTAL"); !set) return set;
  return database.execute("BEGIN IMMEDIATE;" + std::string(kTables) + kTablesOf2 + kTablesOf3 +
                          kTablesOf4 + kTablesOf5 + kTablesOf6 + kTablesOf7 + kTablesOf8 +
                          "PRAGMA application_id = " + std::to_string(kApplicationId) +
                          "; PRAGMA user_version = " + std::to_string(kVersion) + "; COMMIT");
}

Result<> upgrade_from(std::int64_t version, Database& database) {
  return database.execute("BEGIN IMMEDIATE;" + std::string(version < 2 ? kTablesOf2 : "") +
                          (version < 3 ? kTablesOf3 : "") + (version < 4 ? kTablesOf4 : "") +
                          (version < 5 ? kTablesOf5 : "") + (version < 6 ? kTablesOf6 : "") +
                          (version < 7 ? kTablesOf7 : "") + kTablesOf8 +
                          "PRAGMA user_version = " + std::to_string(kVersion) + "; COMMIT");
}

}  // namespace

Result<> prepare_store_file(Database& database) {
  const auto application = database.number("PRAGMA application_id");
  if (!application) {  // the first read of the file: what is no database at all fails here
    return fail(application.error().code == ErrorCode::kInternal ? ErrorCode::kFailedPrecondition
                                                                 : application.error().code,
                application.error().message);
  }
  HEARTH_TRY(version, database.number("PRAGMA user_version"));
  HEARTH_TRY(tables, database.number("SELECT count(*) FROM sqlite_schema"));
  const bool is_empty = *application == 0 && version == 0 && tables == 0;
  if (!is_empty && *application != kApplicationId) {
    return fail(ErrorCode::kFailedPrecondition, database.path() + ": not a Hearth store");
  }
  if (version > kVersion) {
    return fail(ErrorCode::kFailedPrecondition,
                database.path() + ": a store of version " + std::to_string(version) +
                    ", newer than this program, which knows up to " + std::to_string(kVersion));
  }
  if (is_empty) {
    if (auto made = make_tables(database); !made) return made;
  } else if (version < kVersion) {
    if (auto upgraded = upgrade_from(version, database); !upgraded) return upgraded;
  }
  // A larger log between checkpoints than the default: fewer syncs of the file under load. What is
  // deleted is overwritten, as Debian's SQLite does anyway: it may have been secret.
  return database.execute(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"
      "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -65536;"
      "PRAGMA secure_delete = ON");
}

}  // namespace hearth::scheduler
