#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/follow.h"
#include "cli/json_list.h"
#include "cli/selection.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

using job::v1::JobService;

struct ListOptions {
  std::string tenant;
  std::string state;
  std::size_t limit = 20;
};

Result<job::v1::JobState> parse_state(const std::string& text) {
  job::v1::JobState state = job::v1::JOB_STATE_UNSPECIFIED;
  const bool known = text.empty() || job::v1::JobState_Parse("JOB_STATE_" + upper(text), &state);
  if (!known) {
    return fail(ErrorCode::kInvalidArgument,
                "--state: not active, succeeded, failed or cancelled: " + text);
  }
  return state;
}

std::vector<Cell> job_row(const job::v1::Job& job) {
  const auto counts = counts_of(job.counts());
  return {job.job_id(),
          shortened(job.spec().name(), 32),
          cell_of(job.state()),
          word_of(job.spec().service_class()),
          format_count(counts.total()),
          format_count(counts.done()),
          format_count(counts.running),
          {format_count(counts.failed), counts.failed > 0 ? Style::kBad : Style::kPlain},
          format_energy(job.energy_j()),
          text_of(job.submitted_at())};
}

Result<int> list_jobs(Session& session, const ListOptions& options) {
  job::v1::ListJobsRequest request;
  request.set_tenant(options.tenant);
  HEARTH_TRY(state, parse_state(options.state));
  request.set_state(state);
  auto& client = session.client();
  const auto fetch = [&] {
    return client.call(client.jobs(), &JobService::Stub::ListJobs, request);
  };
  HEARTH_TRY(jobs, (fetch_pages<job::v1::Job>(
                       request, options.limit, fetch,
                       [](const auto& response) -> const auto& { return response.jobs(); })));
  if (session.json()) return print_json_list(session, jobs);
  Table table({{"JOB"},
               {"NAME"},
               {"STATE"},
               {"CLASS"},
               {"TASKS", true},
               {"DONE", true},
               {"RUNNING", true},
               {"FAILED", true},
               {"HEAT", true},
               {"SUBMITTED"}});
  for (const auto& job : jobs) table.add(job_row(job));
  session.print(table);
  return kExitOk;
}

std::string command_line(const job::v1::JobSpec& spec) {
  std::string line;
  for (const auto& argument : spec.command()) line += (line.empty() ? "" : " ") + argument;
  return line;
}

std::string pairs_of(const google::protobuf::Map<std::string, std::string>& pairs) {
  const std::map<std::string, std::string> sorted(pairs.begin(), pairs.end());
  std::string text;
  for (const auto& [name, value] : sorted) text += (text.empty() ? "" : " ") + name + "=" + value;
  return text;
}

std::string limit_text(const google::protobuf::Duration& duration) {
  return duration.seconds() == 0 && duration.nanos() == 0 ? "" : to_string(duration_of(duration));
}

Cell deadline_text(const job::v1::Job& job) {
  const auto& spec = job.spec();
  if (!spec.has_deadline()) return "";
  const auto cancels = spec.deadline_action() == job::v1::DEADLINE_ACTION_CANCEL;
  const auto text = text_of(spec.deadline()) + (cancels ? ", cancelled then" : "");
  return job.deadline_missed() ? Cell{text + ", missed", Style::kBad} : Cell{text};
}

std::string waits_text(const job::v1::Job& job) {
  std::string text;
  for (const auto& other : job.waits_for()) text += (text.empty() ? "" : ", ") + other;
  return text;
}

// More of them end the job.
std::string failures_text(const job::v1::JobSpec& spec) {
  std::string text;
  if (spec.has_maximum_failed_tasks()) text = std::to_string(spec.maximum_failed_tasks());
  if (spec.has_maximum_failed_percent()) {
    text += (text.empty() ? "" : " or ") + std::to_string(spec.maximum_failed_percent()) + " %";
  }
  return text.empty() ? "" : "at most " + text;
}

std::string ends_text(const job::v1::Job& job) {
  if (!job.has_end_p50() && !job.has_end_p90()) return "";
  return (job.has_end_p50() ? "about " + text_of(job.end_p50()) : std::string("beyond 48 h")) +
         (job.has_end_p90() ? ", by " + text_of(job.end_p90()) + " in nine cases of ten" : "");
}

Result<int> show_job(Session& session, const std::string& job_id) {
  HEARTH_TRY(job, get_job(session, job_id));
  if (session.json()) {
    session.print_json(job);
    return kExitOk;
  }
  const auto& spec = job.spec();
  const auto memory = spec.resources().memory_bytes();
  Progress progress;
  progress.update(Duration::zero(), counts_of(job.counts()));
  session.print(render_facts(
      {{"Job", {job.job_id(), Style::kBold}},
       {"Name", spec.name()},
       {"State", cell_of(job.state())},
       {"Tasks", progress.text()},
       {"Tenant", spec.tenant()},
       {"Class", word_of(spec.service_class()) + ", priority " + std::to_string(spec.priority())},
       {"Command", command_line(spec)},
       {"Resources", std::to_string(spec.resources().cores()) +
                         (spec.resources().cores() == 1 ? " core" : " cores") +
                         (memory == 0 ? "" : ", " + format_bytes(memory))},
       {"Expected", limit_text(spec.expected_run_time())},
       {"At most", limit_text(spec.maximum_run_time())},
       {"Inputs", spec.inputs().empty() ? "" : std::to_string(spec.inputs_size())},
       {"Labels", pairs_of(spec.labels())},
       {"Deadline", deadline_text(job)},
       {"Held", job.held() ? "yes: `hearth job release " + job.job_id() + "` lets it start" : ""},
       {"Waits for", waits_text(job)},
       {"Failures", failures_text(spec)},
       {"Indices", shortened(spec.indices(), 60)},
       {"Reason", printable(job.reason())},
       {"Submitted", text_of(job.submitted_at())},
       {"Ended", text_of(job.ended_at())},
       {"Ends", ends_text(job)},
       {"Attempts", format_count(job.attempts_ended()) + " ended"},
       {"CPU", fixed(job.cpu_s(), 1) + " s"},
       {"Heat", format_energy(job.energy_j())}},
      session.colour()));
  return kExitOk;
}

std::string event_text(const job::v1::WatchJobsResponse& event) {
  auto line = text_of(event.at()) + " " + event.job_id() + " " + word_of(event.kind());
  if (event.kind() == job::v1::JOB_EVENT_KIND_TASK_RETRIED) {
    const auto& attempt = event.attempt();
    line += " " + event.job_id() + "/" + std::to_string(event.task_index()) + " after " +
            attempt.attempt_id() + " on " + attempt.node_id() + ": " + outcome_of(attempt);
    if (!attempt.message().empty()) line += ": " + attempt.message();
  } else if (!event.message().empty()) {
    line += ": " + event.message();
  } else if (event.kind() == job::v1::JOB_EVENT_KIND_ENDED) {
    line += " " + summary_of(event.job());
  }
  return printable(line);
}

struct WatchOptions {
  std::string job;
  std::string cursor;
};

Result<int> watch_jobs(Session& session, const WatchOptions& options) {
  job::v1::WatchJobsRequest request;
  request.set_cursor(options.cursor);
  if (!options.job.empty()) {
    HEARTH_TRY(job_id, resolve_job(session, options.job));
    request.set_job_id(job_id);
  }
  int code = kExitOk;
  std::map<std::string, ProgressView> views;  // by job
  const auto watched = session.client().watch(request, [&](const auto& event) -> Result<bool> {
    if (session.json()) {
      session.print_json(event);
    } else if (event.kind() == job::v1::JOB_EVENT_KIND_PROGRESS) {
      views.try_emplace(event.job_id(), session, event.job_id())
          .first->second.show(counts_of(event.job().counts()));
    } else {
      session.print_line(event_text(event));
    }
    if (event.kind() == job::v1::JOB_EVENT_KIND_ENDED) {
      views.erase(event.job_id());
      if (!options.job.empty()) code = exit_code_of(event.job().state());
    }
    return true;
  });
  if (!watched) return tl::unexpected(watched.error());
  return code;
}

struct WaitOptions {
  std::vector<std::string> jobs;
  bool quiet = false;
};

Result<int> wait(Session& session, const std::string& job_id, bool quiet) {
  HEARTH_TRY(job, wait_for_job(session, job_id, "", quiet));
  if (session.json()) {
    session.print_json(job);
  } else if (!quiet) {
    session.note(job_id + " " + summary_of(job));
  }
  return exit_code_of(job.state());
}

struct CancelOptions {
  std::vector<std::string> jobs;
  std::string reason;
};

Result<int> cancel(Session& session, const std::string& job_id, const std::string& reason) {
  job::v1::CancelJobRequest request;
  request.set_job_id(job_id);
  request.set_reason(reason);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.jobs(), &JobService::Stub::CancelJob, request));
  if (session.json()) {
    session.print_json(response.job());
  } else {
    session.print_line(job_id + " " + cell_of(response.job().state()).text);
  }
  return kExitOk;
}

void add_list(CLI::App& job, Session& session) {
  auto options = std::make_shared<ListOptions>();
  auto* list = job.add_subcommand("list", "Jobs, newest first");
  list->footer("Example:\n  hearth job list --state active");
  list->add_option("--state", options->state, "active, succeeded, failed or cancelled");
  list->add_option("--tenant", options->tenant, "Only this tenant's");
  list->add_option("--limit", options->limit, "At most so many; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  list->callback([&session, options] {
    session.command = [&session, options] { return list_jobs(session, *options); };
  });
}

void add_show(CLI::App& job, Session& session) {
  auto names = std::make_shared<std::vector<std::string>>();
  auto* show = job.add_subcommand("show", "Jobs with their counts");
  show->footer("Examples:\n  hearth job show j7\n  hearth job show j3 j5-j7");
  show->add_option("JOB", *names, kJobsText)->required();
  show->callback([&session, names] {
    session.command = [&session, names]() -> Result<int> {
      HEARTH_TRY(jobs, resolve_jobs(session, *names));
      return for_each<std::string>(
          session, jobs, [&](const auto& job_id) { return show_job(session, job_id); }, "\n");
    };
  });
}

void add_watch(CLI::App& job, Session& session) {
  auto options = std::make_shared<WatchOptions>();
  auto* watch = job.add_subcommand("watch", "What happens to a job, or to all, line by line");
  watch->footer("Example:\n  hearth job watch last");
  watch->add_option("JOB", options->job, "j7, or last; default: all jobs, for ever");
  watch->add_option("--cursor", options->cursor, "Begin after it (default: the earliest kept)");
  watch->callback([&session, options] {
    session.command = [&session, options] { return watch_jobs(session, *options); };
  });
}

void add_wait(CLI::App& job, Session& session) {
  auto options = std::make_shared<WaitOptions>();
  auto* command = job.add_subcommand("wait", "Wait until jobs have ended");
  command->footer(
      "Exits 0 if it succeeded, 1 if it failed, 4 if it was cancelled; of several the highest.\n"
      "Example:\n  hearth job wait j7 && hearth job results j7");
  command->add_option("JOB", options->jobs, kJobsText)->required();
  command->add_flag("-q,--quiet", options->quiet, "Print nothing");
  command->callback([&session, options] {
    session.command = [&session, options]() -> Result<int> {
      HEARTH_TRY(jobs, resolve_jobs(session, options->jobs));
      return for_each<std::string>(
          session, jobs, [&](const auto& job_id) { return wait(session, job_id, options->quiet); });
    };
  });
}

void add_cancel(CLI::App& job, Session& session) {
  auto options = std::make_shared<CancelOptions>();
  auto* command = job.add_subcommand("cancel", "Cancel what has not ended");
  command->footer(
      "Examples:\n  hearth job cancel j7 --reason \"wrong portfolio\"\n  hearth job cancel j3-j7");
  command->add_option("JOB", options->jobs, kJobsText)->required();
  command->add_option("--reason", options->reason, "For the record");
  command->callback([&session, options] {
    session.command = [&session, options]() -> Result<int> {
      HEARTH_TRY(jobs, resolve_jobs(session, options->jobs));
      return for_each<std::string>(session, jobs, [&](const auto& job_id) {
        return cancel(session, job_id, options->reason);
      });
    };
  });
}

}  // namespace

void add_job_commands(CLI::App& app, Session& session) {
  auto* job = app.add_subcommand("job", "Follow, change and cancel jobs, fetch results");
  job->require_subcommand(1);
  job->footer("Example:\n  hearth job show last");
  add_list(*job, session);
  add_show(*job, session);
  add_watch(*job, session);
  add_wait(*job, session);
  add_results_command(*job, session);
  add_cancel(*job, session);
  add_job_control_commands(*job, session);
}

}  // namespace hearth::cli
