#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/artifacts.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/encode.h"
#include "cli/exit_code.h"
#include "cli/follow.h"
#include "cli/session.h"
#include "protocol/job.h"
#include "wire/checks.h"

namespace hearth::cli {
namespace {

struct ResultsOptions {
  std::string job;
  std::string cursor;
  std::string directory;
  bool outputs = false;
};

// One line of JSON. `cursor`: where to go on after it; empty within a batch.
std::string json_of(const job::v1::TaskResult& result, const std::string& cursor) {
  const auto& attempt = result.attempt();
  nlohmann::ordered_json line;
  line["index"] = result.index();
  line["state"] = cell_of(result.state()).text;
  line["attempt"] = attempt.attempt_id();
  line["node"] = attempt.node_id();
  if (wire::is_utf8(result.result())) {
    line["result"] = result.result();
  } else {
    line["result_base64"] = base64(result.result());
  }
  if (attempt.failure() != job::v1::FAILURE_CLASS_UNSPECIFIED) {
    line["failure"] = word_of(attempt.failure());
    line["message"] = wire::to_utf8(attempt.message());
  }
  if (attempt.has_exit_code()) line["exit_code"] = attempt.exit_code();
  line["cpu_s"] = attempt.cpu_s();
  line["energy_j"] = attempt.energy_j();
  for (const auto& output : result.outputs()) {
    line["outputs"].push_back({{"path", output.path()},
                               {"digest", output.digest()},
                               {"size_bytes", output.size_bytes()}});
  }
  if (!cursor.empty()) line["cursor"] = cursor;
  return line.dump();
}

std::string padded(const std::string& text, std::size_t width) {
  const auto used = display_width(text);
  return text + std::string(used < width ? width - used : 0, ' ') + "  ";
}

// Rows come as tasks end, so the widths are fixed.
std::string row(const std::string& index, const Cell& state, const std::string& attempt,
                const std::string& node, const std::string& result, bool colour) {
  return padded(index, 8) + styled(padded(state.text, 9), state.style, colour) +
         padded(attempt, 10) + padded(node, 12) + result;
}

std::string row_of(const job::v1::TaskResult& result, bool colour) {
  const auto& attempt = result.attempt();
  auto text = shortened(result.result(), 60);
  if (!wire::is_utf8(result.result())) text = format_bytes(result.result().size());
  if (result.state() != job::v1::TASK_STATE_SUCCEEDED) {
    text = shortened(
        outcome_of(attempt) + (attempt.message().empty() ? "" : ": ") + attempt.message(), 80);
  }
  return row(std::to_string(result.index()), cell_of(result.state()), attempt.attempt_id(),
             shortened(attempt.node_id(), 12), text, colour);
}

Result<> save(Session& session, const ResultsOptions& options, const job::v1::TaskResult& result) {
  const auto file = options.directory + "/" + std::to_string(result.index());
  if (const auto written = write_file(file, result.result()); !written) return written;
  if (!options.outputs) return {};
  for (const auto& output : result.outputs()) {
    if (!protocol::is_safe_relative_path(output.path())) {
      return fail(ErrorCode::kInternal, "output leaves its directory: " + printable(output.path()));
    }
    const auto target = file + ".d/" + output.path();
    const auto done = download(session.client(), output.digest(), target,
                               [&](std::uint64_t got, std::uint64_t total) {
                                 session.status("fetching " + shortened(target, 40) + ": " +
                                                format_bytes(got) + " of " + format_bytes(total));
                               });
    if (!done) return done;
  }
  return {};
}

void show(Session& session, const job::v1::TaskResult& result, const std::string& cursor,
          bool saved) {
  if (session.json()) {
    session.print_line(json_of(result, cursor));
  } else if (!saved) {
    session.print_line(row_of(result, session.colour()));
  }
}

Result<int> results(Session& session, const ResultsOptions& options) {
  if (options.outputs && options.directory.empty()) {
    return fail(ErrorCode::kInvalidArgument, "--outputs: needs --directory");
  }
  HEARTH_TRY(job_id, resolve_job(session, options.job));
  HEARTH_TRY(found, get_job(session, job_id));
  const bool saved = !options.directory.empty();
  if (!session.json() && !saved) {
    session.print_line(row("INDEX", "STATE", "ATTEMPT", "NODE", "RESULT", session.colour()));
  }
  job::v1::StreamResultsRequest request;
  request.set_job_id(job_id);
  request.set_cursor(options.cursor);
  std::uint64_t count = 0;
  const auto total = format_count(found.spec().task_count());
  const auto streamed = session.client().results(request, [&](const auto& batch) -> Result<bool> {
    for (int i = 0; i < batch.results_size(); ++i) {
      const auto& result = batch.results(i);
      if (saved) {
        if (const auto done = save(session, options, result); !done)
          return tl::unexpected(done.error());
      }
      const bool last = i + 1 == batch.results_size();
      show(session, result, last ? batch.cursor() : std::string{}, saved);
      ++count;
    }
    if (saved) session.status(job_id + " " + format_count(count) + "/" + total + " results");
    return true;
  });
  if (!streamed) return tl::unexpected(streamed.error());
  if (saved) session.note(format_count(count) + " results in " + options.directory);
  HEARTH_TRY(job, get_job(session, job_id));
  return exit_code_of(job.state());
}

}  // namespace

void add_results_command(CLI::App& job_commands, Session& session) {
  auto options = std::make_shared<ResultsOptions>();
  auto* command = job_commands.add_subcommand(
      "results", "Results in the order they were committed, until the job has ended");
  command->footer(
      "Exits as job wait does.\n"
      "Examples:\n"
      "  hearth job results last -o json\n"
      "  hearth job results j7 --directory out --outputs");
  command->add_option("JOB", options->job, "j7, or last for the newest")->required();
  command->add_option("-d,--directory", options->directory,
                      "Write each result to DIRECTORY/INDEX instead of printing it");
  command->add_flag("--outputs", options->outputs, "Fetch output files too, to DIRECTORY/INDEX.d/");
  command->add_option("--cursor", options->cursor, "Only results after it");
  command->callback([&session, options] {
    session.command = [&session, options] { return results(session, *options); };
  });
}

}  // namespace hearth::cli
