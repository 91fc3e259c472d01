#include "scheduler/store/sqlite_load.h"

#include <algorithm>
#include <random>

#include "scheduler/store/row_json.h"
#include "scheduler/store/state_names.h"

namespace hearth::scheduler {
namespace {

std::string random_store_id() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 16; ++i) id += "0123456789abcdef"[random() % 16];
  return id;
}

Result<> begin_epoch(Database& database) {
  if (auto done = database.statement("BEGIN IMMEDIATE").run(); !done) return done;
  auto done = database
                  .statement(
                      "UPDATE meta SET epoch = epoch + 1,"
                      " store_id = CASE store_id WHEN '' THEN ? ELSE store_id END")
                  .run(random_store_id());
  if (done) done = database.statement("COMMIT").run();
  if (!done) (void)database.statement("ROLLBACK").run();
  return done;
}

// May take more of the disk than there is, for a while: then the next start does it.
Result<> sweep_stagings(Database& database) {
  auto done = database
                  .statement(
                      "DELETE FROM payload_pages WHERE staging NOT IN"
                      " (SELECT staging FROM jobs WHERE staging <> 0"
                      " UNION SELECT staging FROM forgotten)")
                  .run();
  if (!done && done.error().code == ErrorCode::kResourceExhausted) return {};
  return done;
}

Result<> load_meta(Database& database, DurableState& state) {
  return database.statement("SELECT store_id, epoch, last_seq, last_job FROM meta")
      .each([&](Row row) -> Result<bool> {
        state.store_id = row.text();
        state.epoch = row.number();
        state.last_seq = row.number();
        state.last_job = JobId{row.number()};
        return true;
      });
}

// Both queries are answered from indexes alone.
Result<> load_ended(Database& database, DurableJob& job) {
  auto done = database.statement("SELECT task_index FROM tasks WHERE job = ? ORDER BY task_index")
                  .each(
                      [&](Row row) -> Result<bool> {
                        job.ended.push_back({row.number(), protocol::TaskState::kSucceeded});
                        return true;
                      },
                      job.job.value);
  if (!done) return done;
  const auto correct = [&](Row row) -> Result<bool> {
    const auto index = row.number();
    const auto state = from_stored_name<protocol::TaskState>(row.text());
    const auto task = std::ranges::lower_bound(job.ended, index, {}, &DurableTask::index);
    if (!state || task == job.ended.end() || task->index != index) {
      return fail(ErrorCode::kInternal,
                  "damaged row in the store: task " + to_string(TaskId{job.job, index}));
    }
    task->state = *state;
    return true;
  };
  return database
      .statement(
          "SELECT task_index, state FROM tasks INDEXED BY tasks_not_succeeded"
          " WHERE job = ? AND state <> 'SUCCEEDED'")
      .each(correct, job.job.value);
}

Result<> load_requeues(Database& database, DurableJob& job) {
  return database
      .statement(
          "SELECT task_index, user_failures, infrastructure_failures, free FROM requeues r"
          " WHERE job = ? AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.job = r.job"
          " AND t.task_index = r.task_index) ORDER BY task_index")
      .each(
          [&](Row row) -> Result<bool> {
            DurableRequeue requeue;
            requeue.index = row.number();
            requeue.user_failures = static_cast<int>(row.integer());
            requeue.infrastructure_failures = static_cast<int>(row.integer());
            requeue.free = row.number() != 0;
            job.requeues.push_back(requeue);
            return true;
          },
          job.job.value);
}

Result<> load_secrets(Database& database, DurableJob& job) {
  if (job.spec.secrets.empty()) return {};
  HEARTH_TRY(secrets, read_secrets(database, job.job));
  job.spec.secrets = std::move(secrets);
  return {};
}

Result<> load_jobs(Database& database, DurableState& state) {
  auto done = database
                  .statement(
                      "SELECT id, spec, staging, dispatched_below, cancelled,"
                      " submitted_at_ms, attempts_ended, cpu_s, energy_j"
                      " FROM jobs WHERE ended_seq = 0 ORDER BY id")
                  .each([&](Row row) -> Result<bool> {
                    DurableJob job;
                    job.job = JobId{row.number()};
                    HEARTH_TRY(spec, spec_from_json(row.text()));
                    job.spec = std::move(spec);
                    job.has_payloads = row.number() != 0;
                    job.dispatched_below = row.number();
                    job.cancelled = cancel_cause(row.number());
                    job.submitted_at = UtcTime{Duration{row.integer()}};
                    job.totals.attempts_ended = row.number();
                    job.totals.cpu_s = row.real();
                    job.totals.energy = Joules{row.real()};
                    state.jobs.push_back(std::move(job));
                    return true;
                  });
  for (auto& job : state.jobs) {
    if (done) done = load_ended(database, job);
    if (done) done = load_requeues(database, job);
    if (done) done = load_secrets(database, job);
  }
  return done;
}

Result<> load_ended_jobs(Database& database, DurableState& state) {
  return database.statement("SELECT id, state FROM jobs WHERE ended_seq <> 0 ORDER BY id")
      .each([&](Row row) -> Result<bool> {
        const JobId job{row.number()};
        const auto ended = from_stored_name<JobState>(row.text());
        if (!ended) {
          return fail(ErrorCode::kInternal, "damaged row in the store: job " + to_string(job));
        }
        state.ended_jobs.emplace_back(job, *ended);
        return true;
      });
}

Result<> load_nodes(Database& database, DurableState& state) {
  return database
      .statement("SELECT facts, installation_id, joined, draining FROM nodes ORDER BY node")
      .each([&](Row row) -> Result<bool> {
        DurableNode node;
        HEARTH_TRY(facts, facts_from_json(row.text()));
        node.facts = std::move(facts);
        node.installation_id = row.text();
        node.joined = row.number() != 0;
        node.draining = row.number() != 0;
        state.nodes.push_back(std::move(node));
        return true;
      });
}

Result<> load_requests(Database& database, DurableState& state) {
  return database
      .statement(
          "SELECT tenant, request_id, hash, job, seq, at_ms FROM requests"
          " ORDER BY tenant, request_id")
      .each([&](Row row) -> Result<bool> {
        DurableRequest request;
        request.key.tenant.value = row.text();
        request.key.request_id = row.text();
        request.hash = row.text();
        request.job = JobId{row.number()};
        request.seq = row.number();
        request.at = UtcTime{Duration{row.integer()}};
        state.requests.push_back(std::move(request));
        return true;
      });
}

Result<> load_setpoints(Database& database, DurableState& state) {
  return database.statement("SELECT zone, setpoint FROM setpoints ORDER BY zone")
      .each([&](Row row) -> Result<bool> {
        ZoneId zone{row.text()};
        HEARTH_TRY(setpoint, setpoint_from_json(row.text()));
        state.setpoints.emplace_back(std::move(zone), std::move(setpoint));
        return true;
      });
}

Result<> load_models(Database& database, DurableState& state) {
  return database.statement("SELECT zone, learned FROM zone_models ORDER BY zone")
      .each([&](Row row) -> Result<bool> {
        ZoneId zone{row.text()};
        HEARTH_TRY(learned, learned_from_json(row.text()));
        state.models.emplace_back(std::move(zone), std::move(learned));
        return true;
      });
}

Result<> load_caps(Database& database, DurableState& state) {
  return database.statement("SELECT site, cap_w, reason FROM site_caps ORDER BY site")
      .each([&](Row row) -> Result<bool> {
        SiteId site{row.text()};
        const Watts power{row.real()};
        state.caps.emplace_back(std::move(site), SiteCap{power, row.text()});
        return true;
      });
}

Result<> load_suspensions(Database& database, DurableState& state) {
  return database
      .statement("SELECT kind, name, reason, since_ms FROM suspensions ORDER BY kind, name")
      .each([&](Row row) -> Result<bool> {
        const auto kind = row.text();
        const auto name = row.text();
        Suspension suspension{row.text(), {}};
        suspension.since = UtcTime{Duration{row.integer()}};
        if (kind == "NODE") {
          state.quarantines.emplace_back(NodeId{name}, std::move(suspension));
          return true;
        }
        const auto service_class = from_stored_name<protocol::ServiceClass>(name);
        if (kind != "QUEUE" || !service_class) {
          return fail(ErrorCode::kInternal, "damaged row in the store: suspension " + name);
        }
        state.pauses.emplace_back(*service_class, std::move(suspension));
        return true;
      });
}

Result<> load_labels(Database& database, DurableState& state) {
  return database.statement("SELECT node, label, value FROM node_labels ORDER BY node, label")
      .each([&](Row row) -> Result<bool> {
        const NodeId node{row.text()};
        if (state.labels.empty() || state.labels.back().first != node) {
          state.labels.emplace_back(node, Labels{});
        }
        const auto label = row.text();
        state.labels.back().second[label] = row.text();
        return true;
      });
}

}  // namespace

Result<protocol::Secrets> read_secrets(Database& database, JobId job) {
  protocol::Secrets secrets;
  auto done = database.statement("SELECT name, value FROM job_secrets WHERE job = ?")
                  .each(
                      [&](Row row) -> Result<bool> {
                        const auto name = row.text();
                        secrets.emplace(name, row.text());
                        return true;
                      },
                      job.value);
  if (!done) return tl::unexpected(std::move(done.error()));
  return secrets;
}

Result<DurableState> load_durable_state(Database& database) {
  auto begun = begin_epoch(database);
  if (begun) begun = sweep_stagings(database);
  if (!begun) return tl::unexpected(std::move(begun.error()));
  return read_durable_state(database);
}

Result<DurableState> read_durable_state(Database& database) {
  DurableState state;
  Result<> done;
  for (auto* load : {load_meta, load_jobs, load_ended_jobs, load_nodes, load_requests,
                     load_setpoints, load_models, load_caps, load_suspensions, load_labels}) {
    if (done) done = load(database, state);
  }
  if (!done) return tl::unexpected(std::move(done.error()));
  return state;
}

}  // namespace hearth::scheduler
