#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/follow.h"
#include "cli/json_list.h"
#include "cli/request_id.h"
#include "cli/selection.h"
#include "cli/session.h"
#include "common/ids.h"

namespace hearth::cli {
namespace {

using job::v1::JobService;

struct ListOptions {
  std::string job;
  std::string state;
  std::size_t limit = 100;
};

Result<job::v1::TaskState> parse_state(const std::string& text) {
  job::v1::TaskState state = job::v1::TASK_STATE_UNSPECIFIED;
  const bool known = text.empty() || job::v1::TaskState_Parse("TASK_STATE_" + upper(text), &state);
  if (!known) {
    return fail(ErrorCode::kInvalidArgument,
                "--state: not pending, running, succeeded, failed or cancelled: " + text);
  }
  return state;
}

std::vector<Cell> task_row(const job::v1::Task& task, UtcTime now) {
  const bool tried = !task.attempts().empty();
  const auto attempt = tried ? task.attempts(task.attempts_size() - 1) : job::v1::Attempt{};
  const bool ended = attempt.has_ended_at();
  return {std::to_string(task.index()),
          cell_of(task.state()),
          std::to_string(task.attempts_size()),
          attempt.node_id(),
          run_time_of(attempt, now),
          ended ? fixed(attempt.cpu_s(), 1) + " s" : "",
          ended ? format_bytes(attempt.peak_memory_bytes()) : "",
          ended ? format_energy(attempt.energy_j()) : "",
          outcome_of(attempt)};
}

Result<int> list_tasks(Session& session, const ListOptions& options) {
  HEARTH_TRY(job_id, resolve_job(session, options.job));
  HEARTH_TRY(state, parse_state(options.state));
  job::v1::ListTasksRequest request;
  request.set_job_id(job_id);
  request.set_state(state);
  auto& client = session.client();
  const auto fetch = [&] {
    return client.call(client.jobs(), &JobService::Stub::ListTasks, request);
  };
  HEARTH_TRY(tasks, (fetch_pages<job::v1::Task>(
                        request, options.limit, fetch,
                        [](const auto& response) -> const auto& { return response.tasks(); })));
  if (session.json()) return print_json_list(session, tasks);
  Table table({{"INDEX", true},
               {"STATE"},
               {"TRIES", true},
               {"NODE"},
               {"TIME", true},
               {"CPU", true},
               {"MEMORY", true},
               {"HEAT", true},
               {"OUTCOME"}});
  const auto now = utc_now();
  for (const auto& task : tasks) table.add(task_row(task, now));
  session.print(table);
  if (!request.page_token().empty()) {
    session.note("there are more: --limit 0 shows all, --state some");
  }
  return kExitOk;
}

template <class Attempts>
Table attempts_table(const Attempts& attempts) {
  Table table({{"ATTEMPT"},
               {"NODE"},
               {"STARTED"},
               {"TIME", true},
               {"CPU", true},
               {"MEMORY", true},
               {"HEAT", true},
               {"OUTCOME"},
               {"MESSAGE"}});
  const auto now = utc_now();
  for (const auto& attempt : attempts) {
    const bool ended = attempt.has_ended_at();
    table.add({attempt.attempt_id(), attempt.node_id(), text_of(attempt.started_at()),
               run_time_of(attempt, now), ended ? fixed(attempt.cpu_s(), 1) + " s" : "",
               ended ? format_bytes(attempt.peak_memory_bytes()) : "",
               ended ? format_energy(attempt.energy_j()) : "", outcome_of(attempt),
               shortened(attempt.message(), 80)});
  }
  return table;
}

Result<int> show_task(Session& session, const TaskName& task_name) {
  job::v1::ListTasksRequest request;
  request.set_job_id(task_name.job_id);
  request.set_index(task_name.index);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.jobs(), &JobService::Stub::ListTasks, request));
  if (response.tasks().empty()) {
    return fail(ErrorCode::kNotFound, "task " + task_name.text() + ": not found");
  }
  const auto& task = response.tasks(0);
  if (session.json()) {
    session.print_json(task);
    return kExitOk;
  }
  const auto state = cell_of(task.state());
  session.print("Task " + task_name.text() + ": " +
                styled(state.text, state.style, session.colour()) + "\n");
  if (!task.attempts().empty()) session.print(attempts_table(task.attempts()));
  return kExitOk;
}

Result<int> explain_task(Session& session, const TaskName& task_name, bool with_name) {
  job::v1::ExplainTaskRequest request;
  request.set_job_id(task_name.job_id);
  request.set_index(task_name.index);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.jobs(), &JobService::Stub::ExplainTask, request));
  if (session.json()) {
    session.print_json(response);
    return kExitOk;
  }
  session.print_line((with_name ? "Task " + task_name.text() + ": " : "") +
                     printable(response.summary()));
  if (!response.conditions().empty()) {
    Table table({{"CONDITION"}, {"FAILS ON", true}, {"WHAT IT ASKS"}});
    for (const auto& condition : response.conditions()) {
      const bool fails = condition.nodes_failing() > 0;
      table.add({condition.name(),
                 {std::to_string(condition.nodes_failing()) + " of " +
                      std::to_string(condition.nodes_total()) + " nodes",
                  fails ? Style::kWarning : Style::kPlain},
                 condition.text()});
    }
    session.print(table);
    session.print(std::to_string(response.nodes_feasible()) + " nodes fail none of them\n");
  }
  if (!response.attempts().empty()) session.print(attempts_table(response.attempts()));
  return kExitOk;
}

}  // namespace

void add_task_commands(CLI::App& app, Session& session) {
  auto* task = app.add_subcommand("task", "Tasks of a job, why they wait, and what they print");
  task->require_subcommand(1);
  task->footer("Example:\n  hearth task explain last/0");

  auto options = std::make_shared<ListOptions>();
  auto* list = task->add_subcommand("list", "Tasks of a job by index");
  list->footer("Example:\n  hearth task list j7 --state failed");
  list->add_option("JOB", options->job, "j7, or last for the newest")->required();
  list->add_option("--state", options->state, "pending, running, succeeded, failed, cancelled");
  list->add_option("--limit", options->limit, "At most so many; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  list->callback([&session, options] {
    session.command = [&session, options] { return list_tasks(session, *options); };
  });

  auto shown = std::make_shared<std::vector<std::string>>();
  auto* show = task->add_subcommand("show", "Tasks with their attempts");
  show->footer("Examples:\n  hearth task show j7/12\n  hearth task show last/3-7");
  show->add_option("TASK", *shown, kTasksText)->required();
  show->callback([&session, shown] {
    session.command = [&session, shown]() -> Result<int> {
      HEARTH_TRY(tasks, resolve_tasks(session, *shown));
      return for_each<TaskName>(
          session, tasks, [&](const auto& name) { return show_task(session, name); }, "\n");
    };
  });

  add_logs_command(*task, session);

  auto explained = std::make_shared<std::vector<std::string>>();
  auto* explain = task->add_subcommand("explain", "Why a task is where it is");
  explain->footer("Example:\n  hearth task explain j7/12");
  explain->add_option("TASK", *explained, kTasksText)->required();
  explain->callback([&session, explained] {
    session.command = [&session, explained]() -> Result<int> {
      HEARTH_TRY(tasks, resolve_tasks(session, *explained));
      return for_each<TaskName>(
          session, tasks,
          [&](const auto& name) { return explain_task(session, name, tasks.several); }, "\n");
    };
  });
}

}  // namespace hearth::cli
