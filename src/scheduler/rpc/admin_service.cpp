#include "scheduler/rpc/admin_service.h"

#include <algorithm>
#include <filesystem>
#include <future>

#include "common/blob_store.h"
#include "scheduler/rpc/ownership.h"
#include "wire/checks.h"
#include "wire/job.h"

namespace hearth::scheduler {
namespace {

constexpr Duration kCommitPatience{10'000};
constexpr std::uintmax_t kDiskLeast = 1 << 30;
constexpr std::size_t kFindingsMax = 100;
constexpr std::size_t kQueuedJobsDefault = 100;
constexpr std::size_t kQueuedJobsMax = 1000;

struct Snapshot {
  SchedulerStats core;
  LoopStats loop;
  RetentionStats kept;
  QueueView queue;
  std::uint32_t out_of_service = 0;
  std::uint64_t alarms = 0;
  bool sound = true;
  std::string degraded;  // why; empty: it is not
};

std::string counted(std::uint64_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

// Why it is degraded, and whatever else somebody should know.
void add_notes(const Snapshot& snapshot, std::uintmax_t disk_free,
               admin::v1::GetStatusResponse* out) {
  if (!snapshot.degraded.empty()) out->add_notes(snapshot.degraded);
  if (!snapshot.sound) out->add_notes("no commit became durable for 10 s: the disk hangs");
  if (disk_free < kDiskLeast) out->add_notes("less than 1 GiB of the disk is free");
  out->set_degraded(out->notes_size() > 0);
  for (const auto& view : snapshot.queue.classes) {
    if (!view.pause) continue;
    out->add_notes("the queue of " + std::string(to_string(view.service_class)) + " is paused" +
                   (view.pause->reason.empty() ? "" : ": " + view.pause->reason));
  }
  if (snapshot.core.tasks_unknown > 0) {
    out->add_notes(counted(snapshot.core.tasks_unknown, "task") +
                   " may still run on nodes that have not spoken since the restart");
  }
  if (snapshot.core.nodes_lost > 0) {
    out->add_notes(counted(snapshot.core.nodes_lost, "node") + " lost");
  }
  if (snapshot.alarms > 0) {
    out->add_notes(counted(snapshot.alarms, "zone") + " cold for hours: `hearth zone list`");
  }
}

void fill(const Snapshot& snapshot, const StoreUsage& usage, const std::string& state_dir,
          admin::v1::GetStatusResponse* out) {
  out->set_sequence(snapshot.loop.last_seq);
  out->set_durable_sequence(snapshot.loop.durable_seq);
  out->set_jobs_active(usage.jobs_active);
  out->set_jobs_ended(usage.jobs_ended);
  out->set_tasks_pending(snapshot.core.tasks_pending);
  out->set_tasks_running(snapshot.core.tasks_running);
  out->set_nodes_online(static_cast<std::uint32_t>(snapshot.core.nodes_online));
  out->set_nodes_silent(static_cast<std::uint32_t>(snapshot.core.nodes_silent));
  out->set_nodes_lost(static_cast<std::uint32_t>(snapshot.core.nodes_lost));
  out->set_nodes_out_of_service(snapshot.out_of_service);
  out->set_store_bytes(usage.file_bytes);
  out->set_store_used_bytes(usage.used_bytes);
  out->set_artifacts(snapshot.kept.artifacts);
  out->set_artifact_bytes(snapshot.kept.artifact_bytes);
  std::error_code error;
  const auto disk = std::filesystem::space(state_dir, error);
  out->set_disk_free_bytes(error ? 0 : disk.available);
  add_notes(snapshot, error ? 0 : disk.available, out);
}

void set_oldest(const std::optional<UtcTime>& oldest, admin::v1::RetainedKind* out) {
  if (oldest) wire::to_wire(*oldest, out->mutable_oldest());
}

admin::v1::RetainedKind* add_kind(admin::v1::GetRetentionResponse* response, const char* kind,
                                  Duration keep, const char* key) {
  auto* out = response->add_kinds();
  out->set_kind(kind);
  wire::to_wire(keep, out->mutable_keep());
  out->set_config_key(key);
  return out;
}

void fill(const Keeping& keeping, const StoreUsage& usage, const RetentionStats& stats,
          admin::v1::GetRetentionResponse* response) {
  const auto& config = keeping.retention;
  auto* jobs = add_kind(response, "jobs", config.job_keep, "retention.job_keep_s");
  jobs->set_size_max_bytes(config.store_size_max_bytes);
  jobs->set_size_bytes(usage.used_bytes);
  jobs->set_count(usage.jobs_ended);
  jobs->set_deleted(stats.jobs_deleted);
  set_oldest(usage.oldest_job_ended_at, jobs);
  auto* events = add_kind(response, "events", config.event_keep, "retention.event_keep_s");
  events->set_count_max(config.events_max);
  events->set_count(usage.events);
  events->set_deleted(stats.events_deleted);
  set_oldest(usage.oldest_event_at, events);
  auto* requests =
      add_kind(response, "request_ids", keeping.request_keep, "retention.request_id_keep_s");
  requests->set_count_max(keeping.request_ids_max);
  requests->set_count(usage.requests);
  set_oldest(usage.oldest_request_at, requests);
  auto* artifacts =
      add_kind(response, "artifacts", config.artifact_keep, "retention.artifact_keep_s");
  artifacts->set_size_max_bytes(config.artifacts_size_max_bytes);
  artifacts->set_size_bytes(stats.artifact_bytes);
  artifacts->set_count(stats.artifacts);
  artifacts->set_deleted(stats.artifacts_deleted);
  if (keeping.telemetry_keep == Duration::zero()) return;
  std::error_code error;
  const auto size = std::filesystem::file_size(keeping.state_dir + "/telemetry.db", error);
  add_kind(response, "telemetry_fine", keeping.telemetry_fine_keep, "telemetry.fine_keep_s");
  auto* telemetry = add_kind(response, "telemetry", keeping.telemetry_keep, "telemetry.keep_s");
  telemetry->set_size_max_bytes(keeping.telemetry_size_max_bytes);
  if (!error) telemetry->set_size_bytes(size);
}

void add_classes(const QueueView& queue,
                 google::protobuf::RepeatedPtrField<admin::v1::ClassQueue>* classes) {
  std::uint64_t cores = 0;
  for (const auto& view : queue.classes) cores += view.cores_leased;
  for (const auto& view : queue.classes) {
    auto* out = classes->Add();
    out->set_service_class(wire::to_wire(view.service_class));
    if (view.pause) {
      out->set_paused(true);
      out->set_pause_reason(view.pause->reason);
      wire::to_wire(view.pause->since, out->mutable_paused_since());
    }
    out->set_jobs(view.jobs);
    out->set_tasks_pending(view.tasks_pending);
    out->set_tasks_available(view.tasks_available);
    out->set_tasks_on_hold(view.tasks_on_hold);
    out->set_tasks_after(view.tasks_after);
    out->set_tasks_paused(view.tasks_paused);
    out->set_tasks_running(view.tasks_running);
    out->set_cores(view.cores_leased);
    if (cores > 0) {
      out->set_share(static_cast<double>(view.cores_leased) / static_cast<double>(cores));
    }
  }
}

void add_jobs(const QueueView& queue, admin::v1::ListQueueResponse* response) {
  for (const auto& view : queue.jobs) {
    auto* out = response->add_jobs();
    out->set_job_id(to_string(view.job));
    out->set_name(view.name);
    out->set_tenant(view.tenant.value);
    out->set_service_class(wire::to_wire(view.service_class));
    out->set_priority(static_cast<std::uint32_t>(view.priority));
    out->set_tasks_pending(view.tasks_pending);
    out->set_tasks_running(view.tasks_running);
    out->set_reason(view.reason);
  }
}

// Artifacts that kept jobs refer to and that are not there.
Result<> find_missing(Backend& backend, admin::v1::CheckStoreResponse* response) {
  constexpr std::size_t kAtOnce = 1000;
  std::string after;
  std::uint64_t count = 0;
  for (bool more = true; more;) {
    std::promise<Result<std::vector<StoreReader::Reference>>> answer;
    backend.store.read(
        [&](StoreReader& reader) { answer.set_value(reader.references(after, kAtOnce)); });
    HEARTH_TRY(references, answer.get_future().get());
    for (const auto& reference : references) {
      if (backend.blobs.has(reference.digest)) continue;
      if (static_cast<std::size_t>(response->findings_size()) >= kFindingsMax) return {};
      response->add_findings("artifact " + reference.digest + ": is not there; needed by " +
                             counted(reference.jobs, "job") + ", the newest is " +
                             to_string(reference.newest_job));
    }
    count += references.size();
    more = references.size() == kAtOnce;
    if (more) after = references.back().digest;
  }
  response->add_checked(counted(count, "artifact") + " that kept jobs refer to");
  return {};
}

// As people name it.
std::string audited(job::v1::ServiceClass service_class) {
  constexpr std::string_view kPrefix = "SERVICE_CLASS_";
  if (service_class == job::v1::SERVICE_CLASS_UNSPECIFIED) return "all";
  const auto name = job::v1::ServiceClass_Name(service_class);  // empty: not one
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : "unknown";
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::GetStatus(grpc::CallbackServerContext* context,
                                                  const admin::v1::GetStatusRequest*,
                                                  admin::v1::GetStatusResponse* response) {
  auto* reactor = context->DefaultReactor();
  // Not behind the disk: it is asked most when that hangs.
  const auto taken = backend_.loop.try_post(kCallBytes, [this, response, reactor] {
    const auto& scheduler = backend_.loop.scheduler();
    Snapshot snapshot{scheduler.stats(),
                      backend_.loop.stats(),
                      backend_.keeping.stats(),
                      scheduler.queue(0),
                      0,
                      0,
                      backend_.loop.is_sound(kCommitPatience),
                      backend_.loop.degraded()};
    for (const auto& node : scheduler.nodes()) {
      snapshot.out_of_service += node.draining || node.quarantine.has_value();
    }
    for (const auto& zone : scheduler.zones()) snapshot.alarms += zone.heat.alarm;
    response->set_version(HEARTH_VERSION);
    response->set_store_id(backend_.store_id);
    response->set_epoch(backend_.epoch);
    wire::to_wire(started_at_, response->mutable_started_at());
    backend_.store.read([this, response, reactor, snapshot](StoreReader& reader) {
      const auto usage = reader.usage();
      if (!usage) return void(refuse(reactor, usage.error()));
      fill(snapshot, *usage, backend_.keeping.state_dir, response);
      reactor->Finish(grpc::Status::OK);
    });
  });
  if (!taken) {
    refuse(reactor, {ErrorCode::kResourceExhausted, "the scheduler's inbox is full: repeat later"});
  }
  return reactor;
}

grpc::ServerUnaryReactor* AdminService::GetRetention(grpc::CallbackServerContext* context,
                                                     const admin::v1::GetRetentionRequest*,
                                                     admin::v1::GetRetentionResponse* response) {
  auto* reactor = context->DefaultReactor();
  backend_.reader.read<RetentionStats>(
      [this](const Scheduler&) { return backend_.keeping.stats(); },
      [this, response, reactor](StoreReader& reader, const RetentionStats& stats) {
        const auto usage = reader.usage();
        if (usage) fill(backend_.keeping, *usage, stats, response);
        finish(reactor, usage ? Result<>{} : tl::unexpected(usage.error()));
      },
      refusal(reactor));
  return reactor;
}

grpc::ServerUnaryReactor* AdminService::CheckStore(grpc::CallbackServerContext* context,
                                                   const admin::v1::CheckStoreRequest*,
                                                   admin::v1::CheckStoreResponse* response) {
  auto* reactor = context->DefaultReactor();
  if (busy_.exchange(true)) {
    return refuse(reactor,
                  {ErrorCode::kFailedPrecondition, "another backup or check is under way"});
  }
  slow_.post([this, response, reactor] {
    auto findings = backend_.store.inspect();
    Result<> done;
    if (findings) {
      findings->resize(std::min(findings->size(), kFindingsMax));
      for (auto& finding : *findings) response->add_findings(std::move(finding));
      response->add_checked("pages, indexes and rows of the database");
      done = find_missing(backend_, response);
    } else {
      done = tl::unexpected(findings.error());
    }
    busy_ = false;
    finish(reactor, done);
  });
  return reactor;
}

grpc::ServerUnaryReactor* AdminService::ListQueue(grpc::CallbackServerContext* context,
                                                  const admin::v1::ListQueueRequest* request,
                                                  admin::v1::ListQueueResponse* response) {
  auto* reactor = context->DefaultReactor();
  if (request->jobs_max() > kQueuedJobsMax) {
    return refuse(reactor, {ErrorCode::kInvalidArgument,
                            "jobs_max: over 1000: " + std::to_string(request->jobs_max())});
  }
  const std::size_t most = request->jobs_max() == 0 ? kQueuedJobsDefault : request->jobs_max();
  backend_.reader.view<QueueView>(
      [most](const Scheduler& scheduler) { return scheduler.queue(most); },
      [=](const QueueView& queue) {
        add_classes(queue, response->mutable_classes());
        add_jobs(queue, response);
        reactor->Finish(grpc::Status::OK);
      },
      refusal(reactor));
  return reactor;
}

template <class Response>
void AdminService::suspend(grpc::ServerUnaryReactor* reactor, job::v1::ServiceClass service_class,
                           QueueRequested event, Response* response) {
  if (service_class != job::v1::SERVICE_CLASS_UNSPECIFIED) {
    wire::Checks checks;
    event.service_class =
        checks.enumerator("service_class", service_class, protocol::ServiceClass::kFiller);
    if (auto sound = checks.finish(event); !sound) return void(refuse(reactor, sound.error()));
  }
  if (event.reason.size() > kReasonBytesMax) {
    return void(refuse(reactor, {ErrorCode::kInvalidArgument, "reason: longer than 256 bytes"}));
  }
  backend_.loop.request(kCallBytes, event, [this, reactor, response](const Result<JobReply>& r) {
    if (!r) return reactor->Finish(wire::to_status(r.error()));
    add_classes(backend_.loop.scheduler().queue(0), response->mutable_classes());
    reactor->Finish(grpc::Status::OK);
  });
}

grpc::ServerUnaryReactor* AdminService::PauseQueue(grpc::CallbackServerContext* context,
                                                   const admin::v1::PauseQueueRequest* request,
                                                   admin::v1::PauseQueueResponse* response) {
  audit(backend_, *context, "PauseQueue", audited(request->service_class()), request->reason());
  auto* reactor = context->DefaultReactor();
  suspend(reactor, request->service_class(), QueueRequested{0, {}, true, request->reason()},
          response);
  return reactor;
}

grpc::ServerUnaryReactor* AdminService::ResumeQueue(grpc::CallbackServerContext* context,
                                                    const admin::v1::ResumeQueueRequest* request,
                                                    admin::v1::ResumeQueueResponse* response) {
  audit(backend_, *context, "ResumeQueue", audited(request->service_class()));
  auto* reactor = context->DefaultReactor();
  suspend(reactor, request->service_class(), QueueRequested{0, {}, false, {}}, response);
  return reactor;
}

}  // namespace hearth::scheduler
