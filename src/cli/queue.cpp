// hearth queue list, pause, resume.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/json_list.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

using admin::v1::AdminService;

Result<job::v1::ServiceClass> parse_class(const std::string& text) {
  auto service_class = job::v1::SERVICE_CLASS_UNSPECIFIED;
  std::string name = upper(text);
  std::replace(name.begin(), name.end(), '-', '_');
  const bool known =
      text.empty() || (job::v1::ServiceClass_Parse("SERVICE_CLASS_" + name, &service_class) &&
                       service_class != job::v1::SERVICE_CLASS_UNSPECIFIED);
  if (!known) {
    return fail(ErrorCode::kInvalidArgument,
                "--class: not reserved, on_demand, flex or filler: " + text);
  }
  return service_class;
}

Cell pause_cell(const admin::v1::ClassQueue& queue) {
  if (!queue.paused()) return Cell{"open", Style::kGood};
  return Cell{"paused since " + text_of(queue.paused_since()) +
                  (queue.pause_reason().empty() ? "" : ": " + queue.pause_reason()),
              Style::kWarning};
}

Table class_table(const google::protobuf::RepeatedPtrField<admin::v1::ClassQueue>& classes) {
  Table table({{"CLASS"},
               {"JOBS", true},
               {"WAITING", true},
               {"READY", true},
               {"HELD", true},
               {"AFTER", true},
               {"PAUSED", true},
               {"RUNNING", true},
               {"CORES", true},
               {"SHARE", true},
               {"QUEUE"}});
  for (const auto& queue : classes) {
    table.add({word_of(queue.service_class()), format_count(queue.jobs()),
               format_count(queue.tasks_pending()), format_count(queue.tasks_available()),
               format_count(queue.tasks_on_hold()), format_count(queue.tasks_after()),
               format_count(queue.tasks_paused()), format_count(queue.tasks_running()),
               format_count(queue.cores()), fixed(100 * queue.share(), 0) + " %",
               pause_cell(queue)});
  }
  return table;
}

struct ListOptions {
  unsigned limit = 20;
};

Result<int> list_queue(Session& session, const ListOptions& options) {
  admin::v1::ListQueueRequest request;
  request.set_jobs_max(options.limit);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.admin(), &AdminService::Stub::ListQueue, request));
  if (session.json()) {
    session.print_json(response);
    return kExitOk;
  }
  session.print(class_table(response.classes()));
  if (response.jobs().empty()) return kExitOk;
  Table table({{"JOB"},
               {"NAME"},
               {"CLASS"},
               {"PRIORITY", true},
               {"WAITING", true},
               {"RUNNING", true},
               {"WHY"}});
  for (const auto& job : response.jobs()) {
    table.add({job.job_id(), shortened(job.name(), 24), word_of(job.service_class()),
               std::to_string(job.priority()), format_count(job.tasks_pending()),
               format_count(job.tasks_running()), job.reason()});
  }
  session.print("\n");
  session.print(table);
  return kExitOk;
}

struct PauseOptions {
  std::string service_class;
  std::string reason;
};

template <class Response>
int tell(Session& session, const Response& response) {
  if (session.json()) {
    session.print_json(response);
  } else {
    session.print(class_table(response.classes()));
  }
  return kExitOk;
}

Result<int> pause_queue(Session& session, const PauseOptions& options) {
  HEARTH_TRY(service_class, parse_class(options.service_class));
  admin::v1::PauseQueueRequest request;
  request.set_service_class(service_class);
  request.set_reason(options.reason);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.admin(), &AdminService::Stub::PauseQueue, request));
  return tell(session, response);
}

Result<int> resume_queue(Session& session, const PauseOptions& options) {
  HEARTH_TRY(service_class, parse_class(options.service_class));
  admin::v1::ResumeQueueRequest request;
  request.set_service_class(service_class);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.admin(), &AdminService::Stub::ResumeQueue, request));
  return tell(session, response);
}

}  // namespace

void add_queue_commands(CLI::App& app, Session& session) {
  auto* queue = app.add_subcommand("queue", "What waits and why; stop and start it");
  queue->require_subcommand(1);
  queue->footer("Example:\n  hearth queue list");

  auto listed = std::make_shared<ListOptions>();
  auto* list =
      queue->add_subcommand("list", "Each class, and the jobs in the order in which they go");
  list->footer(
      "READY: any node may have them; HELD: somebody holds their job; AFTER: their job waits for\n"
      "another; PAUSED: by `queue pause`; the rest waits for a retry or for word of nodes.\n"
      "SHARE: of the cores that tasks have.\n"
      "Example:\n  hearth queue list -o json");
  list->add_option("--limit", listed->limit, "Jobs at most, 1 to 1000")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  list->callback([&session, listed] {
    session.command = [&session, listed] { return list_queue(session, *listed); };
  });

  auto paused = std::make_shared<PauseOptions>();
  auto* pause = queue->add_subcommand("pause", "Start nothing new, of a class or of all");
  pause->footer(
      "Running tasks go on; submits are taken. Holds over restarts, until resumed.\n"
      "Example:\n  hearth queue pause --class flex --reason \"tariff peak\"");
  pause->add_option("--class", paused->service_class,
                    "reserved, on_demand, flex or filler (default: all)");
  pause->add_option("--reason", paused->reason, "Kept with the pause and shown with it");
  pause->callback([&session, paused] {
    session.command = [&session, paused] { return pause_queue(session, *paused); };
  });

  auto resumed = std::make_shared<PauseOptions>();
  auto* resume = queue->add_subcommand("resume", "Let it go on");
  resume->footer("Example:\n  hearth queue resume --class flex");
  resume->add_option("--class", resumed->service_class,
                     "reserved, on_demand, flex or filler (default: all)");
  resume->callback([&session, resumed] {
    session.command = [&session, resumed] { return resume_queue(session, *resumed); };
  });
}

}  // namespace hearth::cli
