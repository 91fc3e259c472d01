#include "scheduler/store/sqlite_writer.h"

#include "scheduler/store/payload_page.h"
#include "scheduler/store/row_json.h"
#include "scheduler/store/state_names.h"

namespace hearth::scheduler {
namespace {

std::int64_t to_ms(UtcTime time) {
  return time.time_since_epoch().count();
}

std::string outputs_text(const protocol::AttemptReport& report) {
  return report.outputs.empty() ? std::string("[]") : outputs_to_json(report.outputs);
}

constexpr std::string_view kInsertTask =
    "INSERT INTO tasks VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

}  // namespace

SqliteWriter::SqliteWriter(Database& database)
    : database_(database), insert_task_(database.statement(kInsertTask)) {}

Result<> SqliteWriter::begin() {
  totals_.clear();
  last_seq_ = 0;
  return database_.statement("BEGIN IMMEDIATE").run();
}

Result<> SqliteWriter::write(const CommitEntry& entry) {
  last_seq_ = entry.seq;
  if (is_event(entry.fact)) {
    const JobId job = std::visit(
        []<class T>(const T& fact) -> JobId {
          if constexpr (requires { fact.job; }) return fact.job;
          if constexpr (requires { fact.task; }) return fact.task.job;
          return {};
        },
        entry.fact);
    auto logged = database_.statement("INSERT INTO events VALUES (?,?,?)")
                      .run(entry.seq, job.value, event_to_json(entry.fact));
    if (!logged) return logged;
  }
  return std::visit([&](const auto& fact) { return write(entry, fact); }, entry.fact);
}

Result<> SqliteWriter::write(const CommitEntry& entry, const JobAccepted& fact) {
  auto done = database_
                  .statement(
                      "INSERT INTO jobs (id, tenant, state, spec, staging, dispatched_below,"
                      " submitted_at_ms, accepted_seq) VALUES (?,?,?,?,?,?,?,?)")
                  .run(fact.job.value, fact.spec.tenant.value, stored_name(JobState::kActive),
                       spec_to_json(fact.spec), fact.staging, fact.dispatched_below, to_ms(fact.at),
                       entry.seq);
  if (!done) return done;
  done = database_.statement("UPDATE meta SET last_job = max(last_job, ?)").run(fact.job.value);
  if (!done) return done;
  for (const auto& input : fact.spec.inputs) {
    if (auto kept = refer(input.digest, fact.job); !kept) return kept;
  }
  for (const auto& [name, secret] : fact.spec.secrets) {
    done = database_.statement("INSERT INTO job_secrets VALUES (?,?,?)")
               .run(fact.job.value, name, secret.reveal());
    if (!done) return done;
  }
  if (fact.request.request_id.empty()) return done;
  return database_.statement("INSERT OR REPLACE INTO requests VALUES (?,?,?,?,?,?)")
      .run(fact.request.tenant.value, fact.request.request_id, fact.request_hash, fact.job.value,
           entry.seq, to_ms(fact.at));
}

Result<> SqliteWriter::write(const CommitEntry&, const DispatchMarkRaised& fact) {
  return database_.statement("UPDATE jobs SET dispatched_below = ? WHERE id = ?")
      .run(fact.below, fact.job.value);
}

Result<> SqliteWriter::write(const CommitEntry& entry, const TaskEnded& fact) {
  const auto& report = fact.report;
  add_to_totals(fact.task.job, report.usage);
  if (auto kept = refer(report); !kept) return kept;
  auto done = insert_task_.run(
      fact.task.job.value, entry.seq, fact.task.index, stored_name(fact.state), fact.node.value,
      report.attempt.epoch, report.attempt.counter, stored_name(report.failure), report.exit_code,
      report.message, to_ms(report.started_at), to_ms(report.finished_at),
      report.nominal_run_time.count(), report.usage.cpu_s, report.usage.peak_memory_bytes,
      report.usage.energy.value, outputs_text(report), Blob{entry.body});
  if (!done) return done;
  return write_tails(fact.task, report.attempt, entry.tails);
}

Result<> SqliteWriter::write_tails(TaskId task, AttemptId attempt,
                                   const protocol::OutputTails& tails) {
  if (tails.empty()) return {};
  return database_.statement("INSERT OR REPLACE INTO task_output VALUES (?,?,?,?,?,?,?,?)")
      .run(task.job.value, task.index, attempt.epoch, attempt.counter,
           tails.standard_output.size_bytes, Blob{tails.standard_output.data},
           tails.standard_error.size_bytes, Blob{tails.standard_error.data});
}

Result<> SqliteWriter::write(const CommitEntry& entry, const TaskRequeued& fact) {
  const auto& report = fact.report;
  add_to_totals(fact.task.job, report.usage);
  if (auto kept = refer(report); !kept) return kept;
  auto done =
      database_.statement("INSERT INTO retried_attempts VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
          .run(fact.task.job.value, fact.task.index, report.attempt.epoch, report.attempt.counter,
               entry.seq, fact.node.value, stored_name(report.failure), report.exit_code,
               report.message, to_ms(report.started_at), to_ms(report.finished_at),
               report.nominal_run_time.count(), report.usage.cpu_s, report.usage.peak_memory_bytes,
               report.usage.energy.value, outputs_text(report));
  if (!done) return done;
  if (done = write_tails(fact.task, report.attempt, entry.tails); !done) return done;
  return database_.statement("INSERT OR REPLACE INTO requeues VALUES (?,?,?,?,1)")
      .run(fact.task.job.value, fact.task.index, fact.user_failures, fact.infrastructure_failures);
}

Result<> SqliteWriter::write(const CommitEntry&, const RequeueConsumed& fact) {
  return database_.statement("UPDATE requeues SET free = 0 WHERE job = ? AND task_index = ?")
      .run(fact.task.job.value, fact.task.index);
}

Result<> SqliteWriter::write(const CommitEntry&, const JobUpdated& fact) {
  Result<protocol::JobSpec> spec;
  auto done = database_.statement("SELECT spec FROM jobs WHERE id = ?")
                  .each(
                      [&](Row row) -> Result<bool> {
                        spec = spec_from_json(row.text());
                        return false;
                      },
                      fact.job.value);
  if (!done) return done;
  if (!spec) return tl::unexpected(spec.error());
  apply(fact.control, *spec);
  return database_.statement("UPDATE jobs SET reason = ?, spec = ? WHERE id = ?")
      .run(fact.reason, spec_to_json(*spec), fact.job.value);
}

Result<> SqliteWriter::write(const CommitEntry&, const JobCancelled& fact) {
  return database_.statement("UPDATE jobs SET cancelled = ?, reason = ? WHERE id = ?")
      .run(1 + static_cast<int>(fact.cause), fact.reason, fact.job.value);
}

Result<> SqliteWriter::write(const CommitEntry& entry, const JobEnded& fact) {
  totals_.erase(fact.job);  // the fact has them all
  auto done = database_
                  .statement(
                      "UPDATE jobs SET state = ?, ended_at_ms = ?, ended_seq = ?, pending = ?,"
                      " running = ?, succeeded = ?, failed = ?, cancelled_tasks = ?,"
                      " attempts_ended = ?, cpu_s = ?, energy_j = ? WHERE id = ?")
                  .run(stored_name(fact.state), to_ms(fact.at), entry.seq, fact.counts.pending,
                       fact.counts.running, fact.counts.succeeded, fact.counts.failed,
                       fact.counts.cancelled, fact.totals.attempts_ended, fact.totals.cpu_s,
                       fact.totals.energy.value, fact.job.value);
  if (!done) return done;
  return database_.statement("DELETE FROM requeues WHERE job = ?").run(fact.job.value);
}

Result<> SqliteWriter::write(const CommitEntry&, const NodeJoined& fact) {
  return database_
      .statement(
          "INSERT INTO nodes VALUES (?,?,?,1,0) ON CONFLICT DO UPDATE SET"
          " facts = excluded.facts, installation_id = excluded.installation_id, joined = 1")
      .run(fact.facts.node.value, facts_to_json(fact.facts), fact.installation_id);
}

Result<> SqliteWriter::write(const CommitEntry&, const NodeGivenUp& fact) {
  return database_.statement("UPDATE nodes SET joined = 0 WHERE node = ?").run(fact.node.value);
}

Result<> SqliteWriter::write(const CommitEntry&, const NodeDrainSet& fact) {
  return database_.statement("UPDATE nodes SET draining = ? WHERE node = ?")
      .run(fact.draining, fact.node.value);
}

Result<> SqliteWriter::write(const CommitEntry&, const ZoneSetpointOrdered& fact) {
  return database_.statement("INSERT OR REPLACE INTO setpoints VALUES (?,?)")
      .run(fact.zone.value, setpoint_to_json(fact.setpoint));
}

Result<> SqliteWriter::write(const CommitEntry&, const ZoneModelLearned& fact) {
  return database_.statement("INSERT OR REPLACE INTO zone_models VALUES (?,?)")
      .run(fact.zone.value, learned_to_json(fact.learned));
}

Result<> SqliteWriter::write(const CommitEntry&, const SiteCapSet& fact) {
  if (!fact.cap) {
    return database_.statement("DELETE FROM site_caps WHERE site = ?").run(fact.site.value);
  }
  return database_.statement("INSERT OR REPLACE INTO site_caps VALUES (?,?,?)")
      .run(fact.site.value, fact.cap->power.value, fact.cap->reason);
}

Result<> SqliteWriter::write(const CommitEntry&, const JobForgotten& fact) {
  auto done = database_.statement("INSERT INTO forgotten SELECT id, staging FROM jobs WHERE id = ?")
                  .run(fact.job.value);
  if (done) done = database_.statement("DELETE FROM jobs WHERE id = ?").run(fact.job.value);
  if (done) done = database_.statement("DELETE FROM requests WHERE job = ?").run(fact.job.value);
  return done;
}

Result<> SqliteWriter::write(const CommitEntry&, const RequestsForgotten& fact) {
  return database_.statement("DELETE FROM requests WHERE job < ?").run(fact.below.value);
}

Result<> SqliteWriter::suspend(std::string_view kind, std::string_view name,
                               const std::optional<Suspension>& suspension) {
  if (!suspension) {
    return database_.statement("DELETE FROM suspensions WHERE kind = ? AND name = ?")
        .run(kind, name);
  }
  return database_.statement("INSERT OR REPLACE INTO suspensions VALUES (?,?,?,?)")
      .run(kind, name, suspension->reason, to_ms(suspension->since));
}

Result<> SqliteWriter::write(const CommitEntry&, const QueuePauseSet& fact) {
  return suspend("QUEUE", stored_name(fact.service_class), fact.pause);
}

Result<> SqliteWriter::write(const CommitEntry&, const NodeQuarantineSet& fact) {
  return suspend("NODE", fact.node.value, fact.quarantine);
}

Result<> SqliteWriter::write(const CommitEntry&, const NodeLabelsSet& fact) {
  auto done = database_.statement("DELETE FROM node_labels WHERE node = ?").run(fact.node.value);
  for (const auto& [label, value] : fact.labels) {
    if (!done) return done;
    done = database_.statement("INSERT INTO node_labels VALUES (?,?,?)")
               .run(fact.node.value, label, value);
  }
  return done;
}

Result<> SqliteWriter::refer(const std::string& digest, JobId job) {
  return database_.statement("INSERT OR IGNORE INTO artifact_references VALUES (?,?)")
      .run(digest, job.value);
}

Result<> SqliteWriter::refer(const protocol::AttemptReport& report) {
  for (const auto& output : report.outputs) {
    if (auto kept = refer(output.digest, report.task.job); !kept) return kept;
  }
  return {};
}

void SqliteWriter::add_to_totals(JobId job, const protocol::ResourceUsage& usage) {
  auto& totals = totals_[job];
  ++totals.attempts_ended;
  totals.cpu_s += usage.cpu_s;
  totals.energy += usage.energy;
}

Result<> SqliteWriter::stage(std::uint64_t staging, std::uint64_t first_index,
                             const std::vector<std::string>& payloads) {
  auto done = database_.statement("INSERT INTO payload_pages VALUES (?,?,?)")
                  .run(staging, first_index, Blob{pack_payloads(payloads)});
  if (!done && done.error().code == ErrorCode::kAlreadyExists) {
    return page_exists(staging, first_index);
  }
  return done;
}

Result<> SqliteWriter::commit() {
  for (const auto& [job, totals] : totals_) {
    auto added = database_
                     .statement(
                         "UPDATE jobs SET attempts_ended = attempts_ended + ?, cpu_s = cpu_s + ?,"
                         " energy_j = energy_j + ? WHERE id = ?")
                     .run(totals.attempts_ended, totals.cpu_s, totals.energy.value, job.value);
    if (!added) return added;
  }
  if (last_seq_ != 0) {
    auto raised = database_.statement("UPDATE meta SET last_seq = ?").run(last_seq_);
    if (!raised) return raised;
  }
  return database_.statement("COMMIT").run();
}

void SqliteWriter::roll_back() {
  // Fails where SQLite has rolled back by itself; either way nothing of it is left.
  (void)database_.statement("ROLLBACK").run();
}

}  // namespace hearth::scheduler
