#include "scheduler/store/sqlite_reader.h"

#include <algorithm>
#include <limits>

#include "protocol/indices.h"
#include "scheduler/store/payload_page.h"
#include "scheduler/store/row_json.h"
#include "scheduler/store/sqlite_load.h"
#include "scheduler/store/state_names.h"

namespace hearth::scheduler {
namespace {

// SQL's integers are signed; no index, job or sequence comes near.
std::int64_t to_sql(std::uint64_t number) {
  return static_cast<std::int64_t>(
      std::min(number, std::uint64_t{std::numeric_limits<std::int64_t>::max()}));
}

UtcTime to_utc(std::int64_t ms) {
  return UtcTime{Duration{ms}};
}

template <class E>
Result<E> read_state(Row& row) {
  const std::string name = row.text();
  if (const auto state = from_stored_name<E>(name)) return *state;
  return fail(ErrorCode::kInternal, "damaged row in the store: no state is named " + name);
}

#define HEARTH_JOB_COLUMNS                                                                      \
  "id, state, spec, staging, cancelled, pending, running, succeeded, failed, cancelled_tasks, " \
  "attempts_ended, cpu_s, energy_j, submitted_at_ms, ended_at_ms, accepted_seq, ended_seq, "    \
  "reason"

Result<JobRow> read_job(Row row) {
  JobRow job;
  job.job = JobId{row.number()};
  HEARTH_TRY(state, read_state<JobState>(row));
  job.state = state;
  HEARTH_TRY(spec, spec_from_json(row.text()));
  job.spec = std::move(spec);
  job.staging = row.number();
  job.cancelled = cancel_cause(row.number());
  job.counts.pending = row.number();
  job.counts.running = row.number();
  job.counts.succeeded = row.number();
  job.counts.failed = row.number();
  job.counts.cancelled = row.number();
  job.totals.attempts_ended = row.number();
  job.totals.cpu_s = row.real();
  job.totals.energy = Joules{row.real()};
  job.submitted_at = to_utc(row.integer());
  job.ended_at = to_utc(row.integer());
  job.accepted_seq = row.number();
  job.ended_seq = row.number();
  job.reason = row.text();
  if (job.ended_seq == 0) job.totals = {};
  return job;
}

#define HEARTH_REPORT_COLUMNS                                          \
  "node, epoch, counter, failure, exit_code, message, started_at_ms, " \
  "finished_at_ms, nominal_run_time_ms, cpu_s, peak_memory_bytes, energy_j, outputs"

Result<> read_report(Row& row, TaskId task, NodeId& node, protocol::AttemptReport& report) {
  report.task = task;
  node.value = row.text();
  report.attempt.epoch = row.number();
  report.attempt.counter = row.number();
  HEARTH_TRY(failure, read_state<protocol::FailureClass>(row));
  report.failure = failure;
  const bool exited = !row.next_is_null();
  const auto exit_code = static_cast<int>(row.integer());
  if (exited) report.exit_code = exit_code;
  report.message = row.text();
  report.started_at = to_utc(row.integer());
  report.finished_at = to_utc(row.integer());
  report.nominal_run_time = Duration{row.integer()};
  report.usage.cpu_s = row.real();
  report.usage.peak_memory_bytes = row.number();
  report.usage.energy = Joules{row.real()};
  const std::string outputs = row.text();
  if (outputs == "[]") return {};
  HEARTH_TRY(parsed, outputs_from_json(outputs));
  report.outputs = std::move(parsed);
  return {};
}

#define HEARTH_TASK_COLUMNS "seq, task_index, state, " HEARTH_REPORT_COLUMNS

Result<> read_task(Row& row, JobId job, TaskRow& task) {
  task.seq = row.number();
  task.index = row.number();
  HEARTH_TRY(state, read_state<protocol::TaskState>(row));
  task.state = state;
  return read_report(row, TaskId{job, task.index}, task.node, task.report);
}

// All rows of a query, each made by `make(Row)`.
template <class T, class Make, class... Values>
Result<std::vector<T>> collect(Statement& query, Make&& make, const Values&... values) {
  std::vector<T> rows;
  const auto visit = [&](Row row) -> Result<bool> {
    auto made = make(row);
    if (!made) return tl::unexpected(std::move(made.error()));
    rows.push_back(std::move(*made));
    return true;
  };
  if (auto done = query.each(visit, values...); !done) {
    return tl::unexpected(std::move(done.error()));
  }
  return rows;
}

auto task_maker(JobId job) {
  return [job](Row row) -> Result<TaskRow> {
    TaskRow task;
    if (auto read = read_task(row, job, task); !read) return tl::unexpected(read.error());
    return task;
  };
}

}  // namespace

Result<std::optional<JobRow>> SqliteReader::job(JobId job) {
  auto& query = database_.statement("SELECT " HEARTH_JOB_COLUMNS " FROM jobs WHERE id = ?");
  HEARTH_TRY(rows, collect<JobRow>(query, read_job, to_sql(job.value)));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

Result<protocol::Secrets> SqliteReader::secrets(JobId job) {
  return read_secrets(database_, job);
}

Result<std::vector<JobRow>> SqliteReader::jobs(JobId before, const std::string& tenant,
                                               std::size_t limit) {
  const auto below =
      before.value == 0 ? std::numeric_limits<std::int64_t>::max() : to_sql(before.value);
  if (tenant.empty()) {
    auto& query = database_.statement("SELECT " HEARTH_JOB_COLUMNS
                                      " FROM jobs WHERE id < ? ORDER BY id DESC LIMIT ?");
    return collect<JobRow>(query, read_job, below, to_sql(limit));
  }
  auto& query =
      database_.statement("SELECT " HEARTH_JOB_COLUMNS
                          " FROM jobs WHERE tenant = ? AND id < ? ORDER BY id DESC LIMIT ?");
  return collect<JobRow>(query, read_job, tenant, below, to_sql(limit));
}

Result<std::vector<TaskRow>> SqliteReader::tasks(JobId job, std::uint64_t first,
                                                 std::uint64_t last) {
  auto& query = database_.statement(
      "SELECT " HEARTH_TASK_COLUMNS
      " FROM tasks WHERE job = ? AND task_index BETWEEN ? AND ? ORDER BY task_index");
  return collect<TaskRow>(query, task_maker(job), job.value, to_sql(first), to_sql(last));
}

Result<std::vector<TaskRow>> SqliteReader::tasks_in_state(JobId job, protocol::TaskState state,
                                                          std::uint64_t first, std::size_t limit) {
  auto& query = state == protocol::TaskState::kSucceeded
                    ? database_.statement("SELECT " HEARTH_TASK_COLUMNS
                                          " FROM tasks INDEXED BY tasks_by_index WHERE job = ?"
                                          " AND state = ? AND task_index >= ?"
                                          " ORDER BY task_index LIMIT ?")
                    : database_.statement("SELECT " HEARTH_TASK_COLUMNS
                                          " FROM tasks INDEXED BY tasks_not_succeeded"
                                          " WHERE job = ? AND state = ? AND state <> 'SUCCEEDED'"
                                          " AND task_index >= ? ORDER BY task_index LIMIT ?");
  return collect<TaskRow>(query, task_maker(job), job.value, stored_name(state), to_sql(first),
                          to_sql(limit));
}

Result<std::vector<std::uint64_t>> SqliteReader::indices(
    JobId id, const std::vector<protocol::TaskState>& states) {
  HEARTH_TRY(job, this->job(id));
  if (!job) return std::vector<std::uint64_t>{};
  const auto count = job->spec.task_count;
  // Both from indexes alone: no row is read.
  std::vector<std::optional<protocol::TaskState>> known(count);
  const auto ended = [&](Row row) -> Result<bool> {
    if (const auto index = row.number(); index < count) {
      known[index] = protocol::TaskState::kSucceeded;
    }
    return true;
  };
  auto done =
      database_.statement("SELECT task_index FROM tasks INDEXED BY tasks_by_index WHERE job = ?")
          .each(ended, id.value);
  if (!done) return tl::unexpected(done.error());
  const auto correct = [&](Row row) -> Result<bool> {
    const auto index = row.number();
    HEARTH_TRY(state, read_state<protocol::TaskState>(row));
    if (index < count) known[index] = state;
    return true;
  };
  done = database_
             .statement(
                 "SELECT task_index, state FROM tasks INDEXED BY tasks_not_succeeded"
                 " WHERE job = ? AND state <> 'SUCCEEDED'")
             .each(correct, id.value);
  if (!done) return tl::unexpected(done.error());
  return indices_in(known, states, job->ended_seq != 0);
}

Result<std::vector<AttemptRow>> SqliteReader::retried_attempts(JobId job, std::uint64_t first,
                                                               std::uint64_t last) {
  auto& query =
      database_.statement("SELECT task_index, " HEARTH_REPORT_COLUMNS
                          " FROM retried_attempts WHERE job = ? AND task_index BETWEEN ? AND ?"
                          " ORDER BY task_index, epoch, counter, seq");
  const auto make = [job](Row row) -> Result<AttemptRow> {
    AttemptRow attempt;
    attempt.index = row.number();
    const TaskId task{job, attempt.index};
    if (auto read = read_report(row, task, attempt.node, attempt.report); !read) {
      return tl::unexpected(read.error());
    }
    return attempt;
  };
  return collect<AttemptRow>(query, make, job.value, to_sql(first), to_sql(last));
}

Result<std::vector<TaskRow>> SqliteReader::results(JobId job, Sequence after, std::size_t limit) {
  auto& query = database_.statement("SELECT " HEARTH_TASK_COLUMNS
                                    ", result FROM tasks WHERE job = ? AND seq > ? ORDER BY seq");
  std::vector<TaskRow> rows;
  if (limit == 0) return rows;
  std::size_t bytes = 0;
  const auto visit = [&](Row row) -> Result<bool> {
    TaskRow task;
    if (auto read = read_task(row, job, task); !read) return tl::unexpected(read.error());
    task.body = row.text();
    bytes += task.body.size();
    rows.push_back(std::move(task));
    return rows.size() < limit && bytes < kResultsBytes;
  };
  if (auto done = query.each(visit, job.value, to_sql(after)); !done) {
    return tl::unexpected(done.error());
  }
  return rows;
}

Result<std::vector<EventRow>> SqliteReader::events(JobId job, Sequence after, std::size_t limit) {
  const auto make = [](Row row) -> Result<EventRow> {
    EventRow event;
    event.seq = row.number();
    event.job = JobId{row.number()};
    HEARTH_TRY(fact, event_from_json(row.text()));
    event.fact = std::move(fact);
    return event;
  };
  if (job.value == 0) {
    auto& query =
        database_.statement("SELECT seq, job, fact FROM events WHERE seq > ? ORDER BY seq LIMIT ?");
    return collect<EventRow>(query, make, to_sql(after), to_sql(limit));
  }
  auto& query = database_.statement(
      "SELECT seq, job, fact FROM events WHERE job = ? AND seq > ? ORDER BY seq LIMIT ?");
  return collect<EventRow>(query, make, job.value, to_sql(after), to_sql(limit));
}

Result<std::optional<protocol::OutputTails>> SqliteReader::tails(TaskId task, AttemptId attempt) {
  auto& query = database_.statement(
      "SELECT stdout_bytes, stdout_tail, stderr_bytes, stderr_tail FROM task_output"
      " WHERE job = ? AND task_index = ? AND epoch = ? AND counter = ?");
  const auto make = [](Row row) -> Result<protocol::OutputTails> {
    protocol::OutputTails tails;
    tails.standard_output.size_bytes = row.number();
    tails.standard_output.data = row.text();
    tails.standard_error.size_bytes = row.number();
    tails.standard_error.data = row.text();
    return tails;
  };
  HEARTH_TRY(rows, collect<protocol::OutputTails>(query, make, task.job.value, to_sql(task.index),
                                                  to_sql(attempt.epoch), to_sql(attempt.counter)));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

Result<std::optional<std::uint64_t>> SqliteReader::stands_for(JobId job, std::uint64_t index) {
  auto& query = database_.statement(
      "SELECT coalesce(json_extract(spec, '$.indices'), '') FROM jobs WHERE id = ?");
  std::optional<std::uint64_t> named;
  auto done = query.each(
      [&](Row row) -> Result<bool> {
        if (const auto indices = row.text(); !indices.empty()) {
          named = protocol::index_at(indices, index);
        }
        return true;
      },
      job.value);
  if (!done) return tl::unexpected(done.error());
  return named;
}

Result<StoreReader::PayloadPage> SqliteReader::payloads(JobId job, std::uint64_t index) {
  auto& query = database_.statement(
      "SELECT first_index, payloads FROM payload_pages WHERE staging ="
      " (SELECT staging FROM jobs WHERE id = ?) AND first_index <= ?"
      " ORDER BY first_index DESC LIMIT 1");
  const auto make = [](Row row) -> Result<PayloadPage> {
    PayloadPage page;
    page.first = row.number();
    HEARTH_TRY(payloads, unpack_payloads(row.text()));
    page.payloads = std::move(payloads);
    return page;
  };
  HEARTH_TRY(other, stands_for(job, index));
  const auto named = other.value_or(index);
  HEARTH_TRY(pages, collect<PayloadPage>(query, make, job.value, to_sql(named)));
  if (pages.empty() || named >= pages.front().first + pages.front().payloads.size()) {
    return no_payload(TaskId{job, index});
  }
  if (!other) return std::move(pages.front());
  return single_payload(index, named, std::move(pages.front()));
}

}  // namespace hearth::scheduler
