// hearth job hold, release, update, retry.
#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/follow.h"
#include "cli/request_id.h"
#include "cli/selection.h"
#include "cli/session.h"
#include "cli/submission.h"
#include "wire/checks.h"

namespace hearth::cli {
namespace {

using job::v1::JobService;

struct ControlOptions {
  std::vector<std::string> jobs;
  std::string reason;
  std::optional<int> priority;
  std::string deadline;
};

Result<int> tell(Session& session, const job::v1::Job& job) {
  if (session.json()) {
    session.print_json(job);
    return kExitOk;
  }
  const auto& spec = job.spec();
  session.print_line(job.job_id() + " " + (job.held() ? "held" : cell_of(job.state()).text) +
                     ", priority " + std::to_string(spec.priority()) +
                     (spec.has_deadline() ? ", deadline " + text_of(spec.deadline()) : ""));
  return kExitOk;
}

// For each job a call that names it and a reason and answers with it.
template <class Request, class Method>
Result<int> control(Session& session, const ControlOptions& options, Request request,
                    Method method) {
  HEARTH_TRY(jobs, resolve_jobs(session, options.jobs));
  request.set_reason(options.reason);
  return for_each<std::string>(session, jobs, [&](const std::string& job_id) -> Result<int> {
    request.set_job_id(job_id);
    auto& client = session.client();
    HEARTH_TRY(response, client.call(client.jobs(), method, request));
    return tell(session, response.job());
  });
}

Result<int> update(Session& session, const ControlOptions& options) {
  job::v1::UpdateJobRequest request;
  if (options.priority) {
    if (*options.priority < 0 || *options.priority > 100) {
      return fail(ErrorCode::kInvalidArgument,
                  "--priority: not in 0..100: " + std::to_string(*options.priority));
    }
    request.set_priority(static_cast<std::uint32_t>(*options.priority));
  }
  if (options.deadline == "none") {
    request.set_clear_deadline(true);
  } else if (!options.deadline.empty()) {
    HEARTH_TRY(deadline, parse_time_ahead(options.deadline, utc_now()));
    wire::to_wire(deadline, request.mutable_deadline());
  }
  if (!options.priority && options.deadline.empty()) {
    return fail(ErrorCode::kInvalidArgument, "update: needs --priority or --deadline");
  }
  return control(session, options, request, &JobService::Stub::UpdateJob);
}

struct RetryOptions {
  std::string job;
  std::string request_id;
  bool failed = false;
  bool cancelled = false;
  bool succeeded = false;
  bool wait = false;
};

Result<int> retry(Session& session, const RetryOptions& options) {
  HEARTH_TRY(job_id, resolve_job(session, options.job));
  job::v1::RetryTasksRequest request;
  request.set_job_id(job_id);
  request.set_request_id(options.request_id.empty() ? random_request_id() : options.request_id);
  if (options.failed) request.add_states(job::v1::TASK_STATE_FAILED);
  if (options.cancelled) request.add_states(job::v1::TASK_STATE_CANCELLED);
  if (options.succeeded) request.add_states(job::v1::TASK_STATE_SUCCEEDED);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.jobs(), &JobService::Stub::RetryTasks, request));
  if (!session.json()) {
    session.print_line(response.job_id());
    session.note(format_count(response.task_count()) + " tasks of " + job_id +
                 " are submitted again");
  } else if (!options.wait) {
    session.print_json(response);
  }
  if (!options.wait) return kExitOk;
  HEARTH_TRY(job, wait_for_job(session, response.job_id(), response.cursor(), false));
  if (session.json()) {
    session.print_json(job);
  } else {
    session.note(response.job_id() + " " + summary_of(job));
  }
  return exit_code_of(job.state());
}

CLI::App* add_control(CLI::App& job, const char* name, const char* text, ControlOptions& options) {
  auto* command = job.add_subcommand(name, text);
  command->add_option("JOB", options.jobs, kJobsText)->required();
  command->add_option("--reason", options.reason, "For the record");
  return command;
}

}  // namespace

void add_job_control_commands(CLI::App& job, Session& session) {
  auto held = std::make_shared<ControlOptions>();
  auto* hold = add_control(job, "hold", "Start nothing more of jobs", *held);
  hold->footer(
      "Running tasks go on.\nExample:\n  hearth job hold j7 --reason \"market data late\"");
  hold->callback([&session, held] {
    session.command = [&session, held] {
      return control(session, *held, job::v1::HoldJobRequest{}, &JobService::Stub::HoldJob);
    };
  });

  auto released = std::make_shared<ControlOptions>();
  auto* release = add_control(job, "release", "Take a hold back", *released);
  release->footer("Example:\n  hearth job release j7");
  release->callback([&session, released] {
    session.command = [&session, released] {
      return control(session, *released, job::v1::ReleaseJobRequest{},
                     &JobService::Stub::ReleaseJob);
    };
  });

  auto updated = std::make_shared<ControlOptions>();
  auto* change = add_control(job, "update", "Change live jobs' priority or deadline", *updated);
  change->footer("Example:\n  hearth job update last --priority 90 --deadline +2h");
  change->add_option("--priority", updated->priority, "0 to 100, higher is sooner");
  change->add_option("--deadline", updated->deadline,
                     "2026-01-03T06:00:00Z, +2h from now, or none");
  change->callback([&session, updated] {
    session.command = [&session, updated] { return update(session, *updated); };
  });

  auto options = std::make_shared<RetryOptions>();
  auto* again = job.add_subcommand("retry", "Submit tasks of a job again, as a new job");
  again->footer(
      "Without a state: those that failed or were cancelled. {index} stays what it was.\n"
      "Example:\n  hearth job retry j7 --failed --wait");
  again->add_option("JOB", options->job, "j7, or last for the newest")->required();
  again->add_flag("--failed", options->failed, "Tasks that failed");
  again->add_flag("--cancelled", options->cancelled, "Tasks that were cancelled");
  again->add_flag("--succeeded", options->succeeded, "Tasks that succeeded");
  again->add_flag("--wait", options->wait, "Wait until the new job has ended, with progress");
  again->add_option("--request-id", options->request_id,
                    "The same id never submits twice (default: random)");
  again->callback([&session, options] {
    session.command = [&session, options] { return retry(session, *options); };
  });
}

}  // namespace hearth::cli
