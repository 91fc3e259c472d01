#include "scheduler/store/sqlite_sweeper.h"

#include <algorithm>

namespace hearth::scheduler {
namespace {

constexpr std::size_t kPayloadPagesAtOnce = 20;  // up to 2 MiB each
// Free pages that a sweep gives back to the file system; each may move another one.
constexpr const char* kVacuum = "PRAGMA incremental_vacuum(500)";

}  // namespace

Result<Swept> SqliteSweeper::sweep(const SweepOrder& order) {
  Swept swept;
  left_ = std::max<std::size_t>(order.rows_max, 1);
  auto done = database_.statement("BEGIN IMMEDIATE").run();
  if (!done) return tl::unexpected(std::move(done.error()));
  done = sweep_all(order, swept);
  if (done) done = database_.statement("COMMIT").run();
  if (!done) {
    (void)database_.statement("ROLLBACK").run();
    return tl::unexpected(std::move(done.error()));
  }
  swept.more = left_ == 0;
  return swept;
}

Result<> SqliteSweeper::sweep_all(const SweepOrder& order, Swept& swept) {
  while (left_ > 0) {
    JobId job;
    std::uint64_t staging = 0;
    const auto read = [&](Row row) -> Result<bool> {
      job = JobId{row.number()};
      staging = row.number();
      return false;
    };
    auto done =
        database_.statement("SELECT job, staging FROM forgotten ORDER BY job LIMIT 1").each(read);
    if (!done) return done;
    if (job.value == 0) break;
    if (done = sweep_job(job, staging, left_, swept); !done) return done;
    if (left_ == 0) return {};
    done = database_.statement("DELETE FROM forgotten WHERE job = ?").run(job.value);
    if (!done) return done;
    ++swept.jobs;
    --left_;
  }
  if (auto done = sweep_events(order, swept); !done) return done;
  return database_.execute(kVacuum);
}

template <class... Values>
Result<> SqliteSweeper::erase(std::string_view sql, std::size_t rows_max, const Values&... values) {
  if (left_ == 0) return {};
  const auto bound = std::min(left_, rows_max);
  if (auto done = database_.statement(sql).run(values..., bound); !done) return done;
  const auto erased = static_cast<std::size_t>(database_.changes());
  erased_ += erased;
  // What reached its own bound goes on in the next piece.
  left_ = erased == bound ? 0 : left_ - erased;
  return {};
}

Result<> SqliteSweeper::sweep_job(JobId job, std::uint64_t staging, std::size_t rows_max,
                                  Swept& swept) {
  erased_ = 0;
  auto done = erase(
      "DELETE FROM tasks WHERE job = ?1 AND seq IN"
      " (SELECT seq FROM tasks WHERE job = ?1 ORDER BY seq LIMIT ?2)",
      rows_max, job.value);
  if (done) {
    done = erase(
        "DELETE FROM retried_attempts WHERE job = ?1 AND (task_index, epoch, counter, seq) IN"
        " (SELECT task_index, epoch, counter, seq FROM retried_attempts WHERE job = ?1 LIMIT ?2)",
        rows_max, job.value);
  }
  if (done) {
    done = erase(
        "DELETE FROM artifact_references WHERE job = ?1 AND digest IN"
        " (SELECT digest FROM artifact_references WHERE job = ?1 LIMIT ?2)",
        rows_max, job.value);
  }
  // Jobs that retry tasks of this one read its payloads.
  if (done && staging != 0) {
    done = erase(
        "DELETE FROM payload_pages WHERE rowid IN (SELECT rowid FROM payload_pages"
        " WHERE staging = ?1 AND NOT EXISTS (SELECT 1 FROM jobs WHERE staging = ?1 AND ?1 <> 0)"
        " LIMIT ?2)",
        kPayloadPagesAtOnce, staging);
  }
  swept.rows += erased_;
  return done;
}

// Events go in the order in which they came, so that what is left has no gap.
Result<> SqliteSweeper::sweep_events(const SweepOrder& order, Swept& swept) {
  Sequence last = 0;
  std::uint64_t count = 0;
  const auto before_ms = order.events_before.time_since_epoch().count();
  const auto weigh = [&](Row row) -> Result<bool> {
    const auto seq = row.number();
    const auto at_ms = row.integer();
    if (at_ms >= before_ms && count >= order.events_excess) return false;
    last = seq;
    ++count;
    return true;
  };
  auto done =
      database_
          .statement("SELECT seq, json_extract(fact, '$.at_ms') FROM events ORDER BY seq LIMIT ?")
          .each(weigh, left_);
  if (!done || count == 0) return done;
  done = database_.statement("DELETE FROM events WHERE seq <= ?").run(last);
  if (done) done = database_.statement("UPDATE meta SET earliest = ?").run(last);
  swept.events += count;
  left_ -= static_cast<std::size_t>(count);
  return done;
}

}  // namespace hearth::scheduler
