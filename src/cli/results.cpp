#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/artifacts.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/encode.h"
#include "cli/exit_code.h"
#include "cli/follow.h"
#include "cli/results_csv.h"
#include "cli/session.h"
#include "protocol/job.h"
#include "wire/checks.h"

namespace hearth::cli {
namespace {

struct ResultsOptions {
  std::string job;
  std::string cursor;
  std::string directory;
  std::string csv_file;  // "-": standard output
  std::vector<std::string> fields;
  bool csv = false;
  bool outputs = false;
};

// What a task calls its own index: its results are filed under it.
std::uint64_t name_of(const job::v1::TaskResult& result) {
  return result.has_stands_for() ? result.stands_for() : result.index();
}

// One line of JSON. `cursor`: where to go on after it; empty within a batch.
std::string json_of(const job::v1::TaskResult& result, const std::string& cursor) {
  const auto& attempt = result.attempt();
  nlohmann::ordered_json line;
  line["index"] = result.index();
  if (result.has_stands_for()) line["stands_for"] = result.stands_for();
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
  auto index = std::to_string(result.index());
  if (result.has_stands_for()) index += "=" + std::to_string(result.stands_for());
  return row(index, cell_of(result.state()), attempt.attempt_id(), shortened(attempt.node_id(), 12),
             text, colour);
}

// What lies there from an earlier run is taken as it is only where it is the very same.
Result<bool> save_result(const std::string& file, const std::string& bytes) {
  if (const auto there = read_file(file); there && *there == bytes) return false;
  if (const auto written = write_file(file, bytes); !written) {
    return tl::unexpected(written.error());
  }
  return true;
}

// Whether anything of it was missing.
Result<bool> save(Session& session, const ResultsOptions& options,
                  const job::v1::TaskResult& result) {
  const auto file = options.directory + "/" + std::to_string(name_of(result));
  HEARTH_TRY(any_written, save_result(file, result.result()));
  if (!options.outputs) return any_written;
  for (const auto& output : result.outputs()) {
    if (!protocol::is_safe_relative_path(output.path())) {
      return fail(ErrorCode::kInternal, "output leaves its directory: " + printable(output.path()));
    }
    const auto target = file + ".d/" + output.path();
    if (const auto there = hash_file(target); there && there->digest == output.digest()) continue;
    any_written = true;
    const auto done = download(session.client(), output.digest(), target,
                               [&](std::uint64_t got, std::uint64_t total) {
                                 session.status("fetching " + shortened(target, 40) + ": " +
                                                format_bytes(got) + " of " + format_bytes(total));
                               });
    if (!done) return tl::unexpected(done.error());
  }
  return any_written;
}

// Under its own name once all of it is there.
class CsvFile {
 public:
  CsvFile(Session& session, const ResultsOptions& options)
      : session_(session), csv_(options.fields), name_(options.csv_file) {}

  bool to_stdout() const { return name_ == "-"; }

  Result<> open() {
    if (!to_stdout()) file_.open(name_ + ".part", std::ios::binary | std::ios::trunc);
    return write(csv_.header());
  }
  Result<> add(const job::v1::TaskResult& result) { return write(csv_.row(result)); }
  Result<> close() {
    if (to_stdout()) return {};
    file_.close();
    if (!file_ || std::rename((name_ + ".part").c_str(), name_.c_str()) != 0) return failed();
    return {};
  }

 private:
  Result<> write(const std::string& text) {
    if (to_stdout()) {
      session_.print(text);
    } else if (!(file_ << text)) {
      return failed();
    }
    return {};
  }
  Result<> failed() const {
    return fail(ErrorCode::kInvalidArgument, name_ + ": cannot be written");
  }

  Session& session_;
  ResultsCsv csv_;
  std::string name_;
  std::ofstream file_;
};

Result<> check(const Session& session, ResultsOptions& options) {
  options.csv = options.csv || session.csv();
  if (options.csv && options.csv_file.empty()) options.csv_file = "-";
  const auto wrong = [](const char* text) { return fail(ErrorCode::kInvalidArgument, text); };
  if (options.outputs && options.directory.empty()) return wrong("--outputs: needs --to");
  if (!options.fields.empty() && !options.csv) return wrong("--fields: needs --csv");
  if (options.csv && !options.directory.empty()) return wrong("--csv: not together with --to");
  if (options.csv && session.json()) return wrong("--csv: not together with -o json");
  return {};
}

// Where results go, as they come.
class Sink {
 public:
  Sink(Session& session, const ResultsOptions& options, std::uint64_t total)
      : session_(session), options_(options), csv_(session, options), total_(total) {}

  Result<> open() {
    if (options_.csv) return csv_.open();
    if (!session_.json() && options_.directory.empty()) {
      session_.print_line(row("INDEX", "STATE", "ATTEMPT", "NODE", "RESULT", session_.colour()));
    }
    return {};
  }

  // `cursor`: where to go on after it; empty within a batch.
  Result<> add(const job::v1::TaskResult& result, const std::string& cursor) {
    ++count_;
    if (options_.csv) return csv_.add(result);
    if (!options_.directory.empty()) {
      HEARTH_TRY(written, save(session_, options_, result));
      if (!written) ++there_;
    }
    if (session_.json()) {
      session_.print_line(json_of(result, cursor));
    } else if (options_.directory.empty()) {
      session_.print_line(row_of(result, session_.colour()));
    }
    return {};
  }

  void tell(const std::string& job_id) {
    if (is_file()) {
      session_.status(job_id + " " + format_count(count_) + "/" + format_count(total_) +
                      " results");
    }
  }

  Result<> close() {
    if (options_.csv) {
      if (const auto closed = csv_.close(); !closed) return closed;
    }
    if (!is_file()) return {};
    const auto place = options_.csv ? options_.csv_file : options_.directory;
    session_.note(format_count(count_) + " results in " + place +
                  (there_ > 0 ? ", " + format_count(there_) + " of them from before" : ""));
    return {};
  }

 private:
  bool is_file() const { return options_.csv ? !csv_.to_stdout() : !options_.directory.empty(); }

  Session& session_;
  const ResultsOptions& options_;
  CsvFile csv_;
  std::uint64_t total_;
  std::uint64_t count_ = 0;
  std::uint64_t there_ = 0;  // and needed no writing
};

Result<int> results(Session& session, ResultsOptions options) {
  if (const auto sound = check(session, options); !sound) return tl::unexpected(sound.error());
  HEARTH_TRY(job_id, resolve_job(session, options.job));
  HEARTH_TRY(found, get_job(session, job_id));
  Sink sink{session, options, found.spec().task_count()};
  if (const auto opened = sink.open(); !opened) return tl::unexpected(opened.error());
  job::v1::StreamResultsRequest request;
  request.set_job_id(job_id);
  request.set_cursor(options.cursor);
  const auto streamed = session.client().results(request, [&](const auto& batch) -> Result<bool> {
    for (int i = 0; i < batch.results_size(); ++i) {
      const bool last = i + 1 == batch.results_size();
      const auto added = sink.add(batch.results(i), last ? batch.cursor() : std::string{});
      if (!added) return tl::unexpected(added.error());
    }
    sink.tell(job_id);
    return true;
  });
  if (!streamed) return tl::unexpected(streamed.error());
  if (const auto closed = sink.close(); !closed) return tl::unexpected(closed.error());
  HEARTH_TRY(job, get_job(session, job_id));
  return exit_code_of(job.state());
}

}  // namespace

void add_results_command(CLI::App& commands, Session& session) {
  auto options = std::make_shared<ResultsOptions>();
  auto* command = commands.add_subcommand(
      "results", "Results in the order they were committed, until the job has ended");
  command->footer(
      "Exits as job wait does.\n"
      "Examples:\n"
      "  hearth results last -o json\n"
      "  hearth results j7 --csv results.csv --fields npv,risk.delta\n"
      "  hearth results j7 --to out --outputs");
  command->add_option("JOB", options->job, "j7, or last for the newest")->required();
  command->add_option("-d,--to,--directory", options->directory,
                      "Write each result to DIRECTORY/INDEX instead of printing it; what is there "
                      "already is not fetched again");
  command->add_flag("--outputs", options->outputs, "Fetch output files too, to DIRECTORY/INDEX.d/");
  auto* csv =
      command->add_option("--csv", options->csv_file, "As CSV to FILE, by default standard output");
  csv->expected(0, 1)->type_name("[FILE]");
  command
      ->add_option("--fields", options->fields,
                   "With --csv: these fields of the results' JSON objects become columns")
      ->delimiter(',');
  command->add_option("--cursor", options->cursor, "Only results after it");
  command->callback([&session, options, csv] {
    session.knows_csv = true;
    options->csv = csv->count() > 0;
    session.command = [&session, options] { return results(session, *options); };
  });
}

}  // namespace hearth::cli
