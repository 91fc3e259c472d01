#include "scheduler/daemon.h"

#include <filesystem>
#include <fstream>

#include "common/blob_store.h"
#include "common/io_pool.h"
#include "common/log.h"
#include "scheduler/http/pages.h"
#include "scheduler/rpc/audit.h"
#include "scheduler/rpc/enrolment_server.h"
#include "scheduler/rpc/open_calls.h"
#include "scheduler/rpc/server.h"
#include "scheduler/runtime/clock.h"
#include "scheduler/runtime/disk_reserve.h"
#include "scheduler/runtime/telemetry_recorder.h"
#include "scheduler/store/sqlite_store.h"
#include "scheduler/store/telemetry_store.h"
#include "scheduler/trust/trust.h"
#include "scheduler/weather_source.h"
#include "tls/credential_watch.h"

namespace hearth::scheduler {
namespace {

constexpr Duration kGrace{5000};

Result<> make_directory(const std::string& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  if (problem) return fail(ErrorCode::kUnavailable, path + ": " + problem.message());
  return {};
}

// The database holds jobs' secrets, and may be from a start with another umask than ours.
void make_private(const std::string& database) {
  using std::filesystem::perms;
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::filesystem::permissions(database + suffix, perms::owner_read | perms::owner_write,
                                 ignored);
  }
}

std::string ports_file(const Config& config) {
  return config.state_dir + "/hearthd.ports";
}

TrustConfig trust_config(const Config& config) {
  return {config.state_dir + "/trust.db",
          config.enrolment.certificate,
          config.enrolment.key,
          config.tls.authorities,
          config.enrolment.certificate_life,
          config.enrolment.late_renewal};
}

// Whoever reads the file sees all of it or none.
Result<> write_ports(const std::string& path, const Daemon::Ports& ports) {
  const auto draft = path + ".new";
  std::ofstream out{draft};
  out << "{\"grpc\": " << ports.grpc << ", \"http\": " << ports.http
      << ", \"enrolment\": " << ports.enrolment << "}\n";
  out.close();
  std::error_code problem;
  if (out) std::filesystem::rename(draft, path, problem);
  if (!out || problem) return fail(ErrorCode::kUnavailable, "cannot write " + path);
  return {};
}

}  // namespace

// Destroyed from below: what is higher is used by what is lower.
struct Daemon::Impl {
  Impl(const Config& config_in, Handlers handlers_in)
      : config(config_in), handlers(std::move(handlers_in)), loop(config_in.inbox_bytes) {}

  const Config config;
  const Handlers handlers;
  const DiskReserve reserve{config.state_dir + "/reserve", config.disk_reserve_bytes};
  std::unique_ptr<tls::CredentialWatch> credentials;  // none: in the clear
  std::unique_ptr<Trust> trust;                       // the same
  std::unique_ptr<HttpServer> http;
  EventLoop loop;
  std::unique_ptr<BlobStore> blobs;
  std::unique_ptr<IoPool> io;
  std::unique_ptr<Store> store;
  std::unique_ptr<TelemetryStore> telemetry;  // none: not kept
  std::unique_ptr<TelemetryRecorder> recorder;
  std::unique_ptr<Retention> retention;
  std::unique_ptr<SessionTable> sessions;
  std::unique_ptr<EnrolmentServer> enrolment;  // none: nodes cannot be enrolled
  std::unique_ptr<RpcServer> rpc;
  std::unique_ptr<WeatherSource> weather;
  std::unique_ptr<RoomWatch> room;  // only where degraded

  Result<> reserve_disk();
  void degrade(const std::string& why);
  Result<> open();
  Result<DurableState> open_state();
  void begin_work();
  void open_telemetry();
  [[nodiscard]] Keeping keeping() const;
  Result<> serve();
  Result<> trust_callers(Backend& backend);
  [[nodiscard]] StreamStats stream_stats() const;
  [[nodiscard]] RetentionStats retention_stats() const;
};

// Whether it degrades is decided before anything is opened.
Result<> Daemon::Impl::reserve_disk() {
  if (auto made = make_directory(config.state_dir); !made) return made;
  const auto taken = reserve.take();
  if (taken || taken.error().code != ErrorCode::kResourceExhausted) return taken;
  degrade(taken.error().message);
  return {};
}

void Daemon::Impl::degrade(const std::string& why) {
  reserve.release();
  const auto text = "the scheduler's disk is full, it takes nothing until there is room: " + why;
  log::error("degraded", {{"because", why}, {"needs_bytes", 2 * config.disk_reserve_bytes}});
  loop.degrade(text);
}

Result<> Daemon::Impl::open() {
  if (config.tls.any()) {
    HEARTH_TRY(watch, tls::CredentialWatch::start(
                          {.files = config.tls, .directory = config.state_dir + "/tls"}));
    credentials = std::move(watch);
    HEARTH_TRY(opened, Trust::open(trust_config(config), utc_now()));
    trust = std::move(opened);
  } else {
    log::info("without_tls", {{"listen", config.listen}});
  }
  HEARTH_TRY(state, open_state());
  std::error_code ignored;
  std::filesystem::remove(ports_file(config), ignored);  // of an earlier run
  HEARTH_TRY(made_blobs, BlobStore::make({.directory = config.state_dir + "/artifacts",
                                          .blob_bytes_max = config.artifact_bytes_max}));
  blobs = std::make_unique<BlobStore>(std::move(made_blobs));
  io = std::make_unique<IoPool>(2);
  sessions = std::make_unique<SessionTable>(
      loop, *store,
      SessionTable::Options{state.store_id, state.epoch, config.scheduler.report_period,
                            config.result_credit_bytes});
  Backend backend{loop, *store, Reader{loop, *store}, *blobs, *io, state.store_id, state.epoch};
  loop.start(std::make_unique<Scheduler>(config.scheduler, std::move(state)), *store, *sessions,
             [this](const Error&) {
               reserve.release();
               handlers.on_failed();
             });
  if (config.telemetry.enabled) open_telemetry();  // before the first agent speaks
  backend.telemetry = telemetry.get();
  if (loop.degraded().empty()) begin_work();
  backend.keeping = keeping();
  HEARTH_TRY(audit, AuditLog::open(config.state_dir + "/audit.jsonl"));
  backend.audit = std::move(audit);
  std::optional<tls::CredentialPaths> staged;
  if (credentials) {
    staged = credentials->staged();
    if (auto shown = trust_callers(backend); !shown) return shown;
  }
  HEARTH_TRY(server, RpcServer::start(config.listen, std::move(backend), *sessions, staged));
  rpc = std::move(server);
  if (!loop.degraded().empty()) room = std::make_unique<RoomWatch>(reserve, handlers.on_room);
  return {};
}

// Certificates are looked at beyond the handshake, and given to nodes.
Result<> Daemon::Impl::trust_callers(Backend& backend) {
  backend.trust = trust.get();
  backend.open_calls = std::make_shared<OpenCalls>(
      [this](const tls::Identity& identity, const tls::Certificate& certificate) {
        return trust->check(identity, certificate, utc_now()).has_value();
      });
  // Nodes renew at two thirds of the time: by then their next call shows the new one.
  backend.connection_age = std::min(backend.connection_age, config.enrolment.certificate_life / 8);
  if (config.enrolment.listen.empty()) return {};
  HEARTH_TRY(server, EnrolmentServer::start(config.enrolment.listen, credentials->staged(), *trust,
                                            backend.audit));
  enrolment = std::move(server);
  backend.enrolment_port = enrolment->port();
  return {};
}

Result<DurableState> Daemon::Impl::open_state() {
  SqliteStoreConfig file{.path = config.state_dir + "/hearth.db"};
  file.read_only = !loop.degraded().empty();
  HEARTH_TRY(opened, SqliteStore::open(file, loop.store_callbacks()));
  make_private(file.path);
  store = std::move(opened);
  HEARTH_TRY(state, store->load());
  log::info("state_loaded", {{"store", state.store_id},
                             {"epoch", state.epoch},
                             {"sequence", state.last_seq},
                             {"jobs", state.jobs.size()},
                             {"nodes", state.nodes.size()}});
  return state;
}

// What tells the core, or deletes.
void Daemon::Impl::begin_work() {
  if (telemetry) {
    recorder = std::make_unique<TelemetryRecorder>(loop, *telemetry, config.telemetry.write_period);
  }
  weather = std::make_unique<WeatherSource>(config, [this](WeatherRead read) {
    loop.post([this, read = std::move(read)] { loop.apply(read); });
  });
  retention = std::make_unique<Retention>(loop, *store, *blobs, config.retention);
}

StreamStats Daemon::Impl::stream_stats() const {
  StreamStats stats{sessions->size(), sessions->outbox_bytes(), sessions->outbox_bytes_max()};
  if (credentials) {
    stats.tls_reload_failures = credentials->failures();
    stats.tls_not_after = credentials->not_after();
    const auto issued = trust->stats();
    stats.issuer_not_after = issued.issuer_not_after;
    stats.certificates_enrolled = issued.enrolled;
    stats.certificates_renewed = issued.renewed;
    stats.certificates_refused = issued.refused;
    stats.revocations = issued.revocations;
  }
  return stats;
}

Keeping Daemon::Impl::keeping() const {
  Keeping keeping{.state_dir = config.state_dir,
                  .retention = config.retention,
                  .request_keep = config.scheduler.request_keep,
                  .request_ids_max = config.scheduler.request_ids_max,
                  .stats = [this] { return retention_stats(); }};
  if (config.telemetry.enabled) {
    keeping.telemetry_fine_keep = config.telemetry.fine_keep;
    keeping.telemetry_keep = config.telemetry.keep;
    keeping.telemetry_size_max_bytes = config.telemetry.size_max_bytes;
  }
  return keeping;
}

RetentionStats Daemon::Impl::retention_stats() const {
  return retention ? retention->stats() : RetentionStats{};
}

void Daemon::Impl::open_telemetry() {
  telemetry = TelemetryStore::open({.path = config.state_dir + "/telemetry.db",
                                    .fine_keep = config.telemetry.fine_keep,
                                    .keep = config.telemetry.keep,
                                    .size_max_bytes = config.telemetry.size_max_bytes,
                                    .write_period = config.telemetry.write_period},
                                   utc_now());
  // Otherwise the recorder does it.
  if (!loop.degraded().empty()) telemetry->restore(utc_now(), [](const auto&) {});
}

Result<> Daemon::Impl::serve() {
  if (!config.http_listen.empty()) {
    HEARTH_TRY(server,
               HttpServer::start(config.http_listen,
                                 {{"/healthz", health_page(loop, *store)},
                                  {"/metrics", metrics_page(
                                                   loop, [this] { return stream_stats(); },
                                                   [this] { return retention_stats(); })}}));
    http = std::move(server);
  }
  return {};
}

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Daemon::~Daemon() {
  stop();
}

Result<std::unique_ptr<Daemon>> Daemon::start(const Config& config, Handlers handlers) {
  std::unique_ptr<Daemon> daemon{new Daemon{std::make_unique<Impl>(config, handlers)}};
  if (auto reserved = daemon->impl_->reserve_disk(); !reserved) {
    return tl::unexpected(reserved.error());
  }
  auto opened = daemon->impl_->open();
  const bool filled = !opened && opened.error().code == ErrorCode::kResourceExhausted;
  if (filled && daemon->degraded().empty()) {  // it did so just now
    daemon.reset();
    daemon.reset(new Daemon{std::make_unique<Impl>(config, std::move(handlers))});
    daemon->impl_->degrade(opened.error().message);
    opened = daemon->impl_->open();
  }
  if (!opened) return tl::unexpected(opened.error());
  auto& impl = *daemon->impl_;
  if (auto served = impl.serve(); !served) return tl::unexpected(served.error());
  const auto ports = daemon->ports();
  if (auto written = write_ports(ports_file(config), ports); !written) {
    if (daemon->degraded().empty()) return tl::unexpected(written.error());
    log::warn("ports_not_written", {{"error", written.error().message}});
  }
  log::info("serving", {{"listen", config.listen},
                        {"grpc_port", ports.grpc},
                        {"http_port", ports.http},
                        {"tls", config.tls.any() ? "mutual" : "none"},
                        {"version", HEARTH_VERSION}});
  return daemon;
}

const std::string& Daemon::degraded() const {
  return impl_->loop.degraded();
}

Daemon::Ports Daemon::ports() const {
  return {impl_->rpc->port(), impl_->http ? impl_->http->port() : 0,
          impl_->enrolment ? impl_->enrolment->port() : 0};
}

void Daemon::watch(Duration timeout, std::function<void()> feed) {
  impl_->loop.watch(timeout / 3, timeout, std::move(feed));
}

void Daemon::stop() {
  if (!impl_) return;
  impl_->room.reset();
  impl_->weather.reset();
  impl_->enrolment.reset();
  if (impl_->rpc) impl_->rpc->stop(kGrace);
  if (impl_->http) impl_->http->stop();
  if (impl_->recorder) impl_->recorder->stop();
  if (impl_->retention) impl_->retention->stop();
  impl_->loop.join();
  impl_->recorder.reset();
  impl_->retention.reset();
  impl_->telemetry.reset();  // writes what it still holds
  impl_->rpc.reset();
  impl_->store.reset();  // writes what it still holds
  impl_->io.reset();
  impl_.reset();
}

}  // namespace hearth::scheduler
