// hearth admin status, retention, backup, check.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/json_list.h"
#include "cli/request_id.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

using admin::v1::AdminService;

std::string store_text(const admin::v1::GetStatusResponse& status) {
  return format_bytes(status.store_bytes()) + ", " + format_bytes(status.store_used_bytes()) +
         " in use";
}

Result<int> show_status(Session& session) {
  auto& client = session.client();
  HEARTH_TRY(status, client.call(client.admin(), &AdminService::Stub::GetStatus,
                                 admin::v1::GetStatusRequest{}));
  if (session.json()) {
    session.print_json(status);
    return kExitOk;
  }
  const auto uptime = utc_now() - time_of(status.started_at());
  session.print(render_facts(
      {{"Scheduler", session.options.server},
       {"Version", status.version()},
       {"State", status.degraded() ? Cell{"degraded", Style::kBad} : Cell{"ok", Style::kGood}},
       {"Up", to_string(std::chrono::duration_cast<Duration>(uptime)) + ", since " +
                  text_of(status.started_at())},
       {"Store", status.store_id() + ", epoch " + std::to_string(status.epoch())},
       {"Sequence", std::to_string(status.sequence()) + ", durable " +
                        std::to_string(status.durable_sequence())},
       {"Jobs", format_count(status.jobs_active()) + " active, " +
                    format_count(status.jobs_ended()) + " ended"},
       {"Tasks", format_count(status.tasks_pending()) + " pending, " +
                     format_count(status.tasks_running()) + " running"},
       {"Nodes", format_count(status.nodes_online()) + " online, " +
                     format_count(status.nodes_silent()) + " silent, " +
                     format_count(status.nodes_lost()) + " lost, " +
                     format_count(status.nodes_out_of_service()) + " out of service"},
       {"Database", store_text(status)},
       {"Artifacts",
        format_count(status.artifacts()) + ", " + format_bytes(status.artifact_bytes())},
       {"Disk", format_bytes(status.disk_free_bytes()) + " free"}},
      session.colour()));
  for (const auto& note : status.notes()) session.print_line("! " + printable(note));
  return kExitOk;
}

std::string cap_text(const admin::v1::RetainedKind& kind) {
  if (kind.has_size_max_bytes()) return format_bytes(kind.size_max_bytes());
  return kind.has_count_max() ? format_count(kind.count_max()) : "";
}

Result<int> show_retention(Session& session) {
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.admin(), &AdminService::Stub::GetRetention,
                                   admin::v1::GetRetentionRequest{}));
  if (session.json()) {
    session.print_json(response);
    return kExitOk;
  }
  Table table({{"KIND"},
               {"KEEP", true},
               {"AT MOST", true},
               {"SIZE", true},
               {"COUNT", true},
               {"OLDEST"},
               {"DELETED", true},
               {"KEY"}});
  for (const auto& kind : response.kinds()) {
    table.add({kind.kind(), to_string(duration_of(kind.keep())), cap_text(kind),
               kind.has_size_bytes() ? format_bytes(kind.size_bytes()) : "",
               kind.has_count() ? format_count(kind.count()) : "",
               kind.has_oldest() ? text_of(kind.oldest()) : "",
               kind.has_deleted() ? format_count(kind.deleted()) : "", kind.config_key()});
  }
  session.print(table);
  return kExitOk;
}

tl::unexpected<Error> file_failed(const std::string& file) {
  return fail(ErrorCode::kInternal, file + ": " + std::strerror(errno));
}

// What comes until the end of the stream; bytes that are missing are an error.
Result<std::uint64_t> receive(Session& session, const std::string& file, int descriptor) {
  std::uint64_t received = 0;
  std::uint64_t announced = 0;
  Result<> written;
  grpc::ClientContext context;
  const auto stream = session.client().admin().Backup(&context, admin::v1::BackupRequest{});
  admin::v1::BackupResponse response;
  while (written && stream->Read(&response)) {
    if (received == 0) announced = response.size_bytes();
    for (std::string_view data = response.data(); !data.empty() && written;) {
      const auto count = ::write(descriptor, data.data(), data.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        written = file_failed(file);
      } else {
        data.remove_prefix(static_cast<std::size_t>(count));
      }
    }
    received += response.data().size();
    session.status("fetching " + shortened(file, 40) + ": " + format_bytes(received) + " of " +
                   format_bytes(announced));
  }
  session.status("");
  if (!written) context.TryCancel();
  const auto status = stream->Finish();
  if (!written) return tl::unexpected(written.error());
  if (!status.ok()) return tl::unexpected(wire::from_status(status));
  if (received != announced || ::fsync(descriptor) != 0) {
    return fail(ErrorCode::kInternal, file + ": the copy is not whole");
  }
  return received;
}

// Whole under its name, or not at all; overwrites nothing.
Result<int> back_up(Session& session, const std::string& file) {
  if (::access(file.c_str(), F_OK) == 0) {
    return fail(ErrorCode::kAlreadyExists, file + ": exists; a backup overwrites nothing");
  }
  // An unreachable scheduler is told as by every other command, before there is a file.
  HEARTH_TRY(status, session.client().call(session.client().admin(), &AdminService::Stub::GetStatus,
                                           admin::v1::GetStatusRequest{}));
  const auto part = file + ".part";
  const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return file_failed(part);
  auto received = receive(session, file, descriptor);
  ::close(descriptor);
  if (received && ::rename(part.c_str(), file.c_str()) != 0) received = file_failed(file);
  if (!received) {
    ::unlink(part.c_str());
    return tl::unexpected(received.error());
  }
  if (session.json()) {
    session.print_line("{\"size_bytes\":" + std::to_string(*received) + ",\"store_id\":\"" +
                       status.store_id() + "\"}");
  } else {
    session.print_line(file + ": " + format_bytes(*received) + ", a copy of store " +
                       status.store_id());
  }
  return kExitOk;
}

Result<int> check_store(Session& session) {
  admin::v1::CheckStoreResponse response;
  // Minutes for a large store: no deadline.
  const auto done = session.client().retry([&](grpc::ClientContext& context) {
    return session.client().admin().CheckStore(&context, admin::v1::CheckStoreRequest{}, &response);
  });
  if (!done) return tl::unexpected(done.error());
  if (session.json()) {
    session.print_json(response);
  } else {
    for (const auto& finding : response.findings()) session.print_line(printable(finding));
    std::string checked;
    for (const auto& what : response.checked()) checked += (checked.empty() ? "" : "; ") + what;
    session.note("checked " + checked + ": " +
                 (response.findings().empty()
                      ? "all is well"
                      : std::to_string(response.findings_size()) + " findings"));
  }
  return response.findings().empty() ? kExitOk : kExitFailed;
}

}  // namespace

void add_admin_commands(CLI::App& app, Session& session) {
  auto* admin = app.add_subcommand("admin", "Look after the scheduler and its store");
  admin->require_subcommand(1);
  admin->footer("Example:\n  hearth admin status");
  add_ca_commands(*admin, session);
  add_trust_commands(*admin, session);

  auto* status = admin->add_subcommand("status", "How the scheduler is");
  status->footer("Example:\n  hearth admin status -o json");
  status->callback([&session] { session.command = [&session] { return show_status(session); }; });

  auto* retention =
      admin->add_subcommand("retention", "What is kept, for how long, and how much there is");
  retention->footer(
      "It is changed in hearthd's configuration, under the key that is shown; a change takes a\n"
      "restart, which stops no task.\nExample:\n  hearth admin retention");
  retention->callback(
      [&session] { session.command = [&session] { return show_retention(session); }; });

  auto file = std::make_shared<std::string>();
  auto* backup = admin->add_subcommand("backup", "Copy the database to a file, while it is in use");
  backup->footer(
      "Artifacts and telemetry are not in it. `hearthd --restore FILE` puts it back.\n"
      "Example:\n  hearth admin backup hearth-monday.db");
  backup->add_option("FILE", *file, "Overwrites nothing")->required();
  backup->callback(
      [&session, file] { session.command = [&session, file] { return back_up(session, *file); }; });

  auto* check = admin->add_subcommand("check", "Read the whole database and say what is wrong");
  check->footer(
      "Minutes for a large one; work goes on. Exit code 1 with findings.\n"
      "Example:\n  hearth admin check");
  check->callback([&session] { session.command = [&session] { return check_store(session); }; });
}

}  // namespace hearth::cli
