#include "scheduler/rpc/task_pages.h"

#include <algorithm>

#include "protocol/indices.h"
#include "scheduler/rpc/views.h"
#include "wire/job.h"

namespace hearth::scheduler {
namespace {

using protocol::TaskState;

constexpr std::uint64_t kIndicesPerPage = 4'000;

// How far a page can reach: as many indices as asked for, or more where a state is looked for.
std::uint64_t end_of(const TaskQuery& query) {
  if (query.only_first) return query.first + 1;
  return query.first + (query.state ? kIndicesPerPage : query.limit);
}

struct Rows {
  std::map<std::uint64_t, TaskRow> ended;
  std::map<std::uint64_t, std::vector<AttemptRow>> retried;
};

Result<Rows> read_rows(StoreReader& reader, JobId job, std::uint64_t first, std::uint64_t last) {
  Rows rows;
  HEARTH_TRY(ended, reader.tasks(job, first, last));
  for (auto& row : ended) rows.ended.emplace(row.index, std::move(row));
  HEARTH_TRY(retried, reader.retried_attempts(job, first, last));
  for (auto& row : retried) rows.retried[row.index].push_back(std::move(row));
  return rows;
}

job::v1::Task task_at(std::uint64_t index, const JobRow& job, const Rows& rows,
                      const TaskSnapshot& snapshot) {
  job::v1::Task task;
  task.set_index(index);
  if (const auto retried = rows.retried.find(index); retried != rows.retried.end()) {
    for (const auto& row : retried->second) {
      wire::to_wire(row.report, row.node, task.add_attempts());
    }
  }
  const auto ended = rows.ended.find(index);
  const auto open = snapshot.open.find(index);
  if (ended != rows.ended.end()) {
    task.set_state(wire::to_wire(ended->second.state));
    wire::to_wire(ended->second.report, ended->second.node, task.add_attempts());
  } else if (job.state != JobState::kActive) {
    task.set_state(job::v1::TASK_STATE_CANCELLED);  // it never ran
  } else if (open != snapshot.open.end()) {
    task.set_state(wire::to_wire(open->second.state));
    // A retry that came between snapshot and read is shown as what it was: retried.
    const auto& attempt = open->second.attempt;
    const bool is_retried =
        attempt && std::any_of(task.attempts().begin(), task.attempts().end(), [&](const auto& a) {
          return a.attempt_id() == to_string(*attempt);
        });
    if (is_retried) {
      task.set_state(job::v1::TASK_STATE_PENDING);
    } else {
      add_open_attempt(open->second, task.mutable_attempts());
    }
  } else {
    task.set_state(job::v1::TASK_STATE_PENDING);
  }
  return task;
}

}  // namespace

TaskSnapshot snapshot_of(const Scheduler& scheduler, const TaskQuery& query) {
  TaskSnapshot snapshot;
  snapshot.end = end_of(query);
  const bool wants_open =
      !query.state || !protocol::is_final(*query.state) || *query.state == TaskState::kCancelled;
  if (!wants_open) return snapshot;
  for (auto index = query.first; index < snapshot.end; ++index) {
    const auto view = scheduler.task({query.job, index});
    if (!view) break;  // beyond the last, or a job that only the store knows
    snapshot.open.emplace(index, *view);
  }
  return snapshot;
}

Result<TaskPage> read_tasks(StoreReader& reader, const TaskQuery& query,
                            const TaskSnapshot& snapshot) {
  HEARTH_TRY(job, reader.job(query.job));
  if (!job) return tl::unexpected(no_such_job(reader, query.job));
  const auto count = job->spec.task_count;
  if (query.only_first && query.first >= count) {
    return fail(ErrorCode::kNotFound, to_string(TaskId{query.job, query.first}) +
                                          ": no such task; the job has " + std::to_string(count));
  }
  TaskPage page;
  page.next = query.first;
  if (query.first >= count) return page;

  const auto end = std::min(snapshot.end, count);
  HEARTH_TRY(rows, read_rows(reader, query.job, query.first, end - 1));
  const protocol::IndexList indices{job->spec.indices};
  for (; page.next < end && page.tasks.size() < query.limit; ++page.next) {
    auto task = task_at(page.next, *job, rows, snapshot);
    if (query.state && task.state() != wire::to_wire(*query.state)) continue;
    if (!indices.empty()) task.set_stands_for(indices.at(task.index()));
    page.tasks.push_back(std::move(task));
  }
  page.more = !query.only_first && page.next < count;
  return page;
}

}  // namespace hearth::scheduler
