#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <memory>

#include "cli/artifacts.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/follow.h"
#include "cli/pipeline.h"
#include "cli/request_id.h"
#include "cli/secret_flags.h"
#include "cli/session.h"
#include "cli/submission.h"
#include "wire/job.h"

namespace hearth::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  hearth submit batch.json --wait\n"
    "  hearth submit --tasks 64 --input risk.py --input book.csv --memory 512M \\\n"
    "      --deadline +10h --class flex -- python3 risk.py {index}\n"
    "  hearth submit --after last --name report -- ./report.sh\n"
    "  hearth submit pipeline.json      # several jobs that wait for one another, docs/CLI.md\n"
    "  hearth submit --payloads urls.txt --retries 2 --wait -- ./fetch\n"
    "\n"
    "{index} in an argument becomes the task's index, from 0. Prints the job's id.";

struct SubmitOptions {
  std::string file;
  SubmitFlags flags;
  std::string payloads_file;
  std::vector<std::string> secrets;
  std::string request_id;
  bool wait = false;
  bool dry_run = false;
};

// What is to be submitted: one job, or those of a file with several.
struct Source {
  std::optional<SubmissionFile> file;
  std::vector<PipelineStep> steps;
};

Result<Source> read_source(SubmitOptions& options) {
  Source source;
  if (!options.file.empty()) {
    auto text = read_file(options.file);
    if (!text) {
      return fail(text.error().code, text.error().message + " (a command goes after --)");
    }
    const auto parent = std::filesystem::path(options.file).parent_path();
    source.file = SubmissionFile{std::move(*text), parent.string()};
  }
  if (!options.payloads_file.empty()) {
    HEARTH_TRY(text, read_file(options.payloads_file));
    options.flags.payloads = text;
  }
  HEARTH_TRY(secrets, read_secret_flags(options.secrets));
  options.flags.secrets = secrets;
  if (!source.file && options.flags.command.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "submit: needs a file, or -- and a command (see hearth submit --help)");
  }
  if (!source.file) return source;
  auto pipeline = read_pipeline(source.file->text);
  if (!pipeline) return source;
  if (!*pipeline) {
    return fail(pipeline->error().code, options.file + ": " + pipeline->error().message);
  }
  source.steps = std::move(**pipeline);
  return source;
}

Result<Submission> read_submission(const SubmitOptions& options,
                                   const std::optional<SubmissionFile>& file,
                                   const std::string& id = {}) {
  auto submission = make_submission(file, options.flags, utc_now());
  if (submission || options.file.empty()) return submission;
  return fail(submission.error().code,
              options.file + (id.empty() ? "" : ": job " + id) + ": " + submission.error().message);
}

Result<std::vector<std::string>> load_payloads(const Submission& submission) {
  std::vector<std::string> payloads;
  payloads.reserve(submission.payloads.size());
  for (const auto& source : submission.payloads) {
    auto bytes = source.is_file ? read_file(source.text) : Result<std::string>(source.text);
    if (!bytes) return tl::unexpected(bytes.error());
    if (bytes->size() > protocol::kPayloadBytesMax) {
      return fail(ErrorCode::kInvalidArgument,
                  "payloads[" + std::to_string(payloads.size()) +
                      "]: over 64 KiB: " + format_bytes(bytes->size()));
    }
    payloads.push_back(std::move(*bytes));
  }
  return payloads;
}

using Artifacts = std::map<std::string, LocalArtifact>;  // by digest

// Hashes the files and names them in the specification.
Result<Artifacts> add_files(Submission& submission) {
  Artifacts artifacts;
  for (const auto& input : submission.files) {
    HEARTH_TRY(artifact, hash_file(input.file));
    submission.spec.inputs.push_back(
        {artifact.digest, input.path, input.executable.value_or(artifact.executable)});
    artifacts.emplace(artifact.digest, artifact);
  }
  return artifacts;
}

Result<> upload_missing(Session& session, const Artifacts& artifacts) {
  std::vector<std::string> digests;
  for (const auto& [digest, artifact] : artifacts) digests.push_back(digest);
  HEARTH_TRY(missing, find_missing(session.client(), digests));
  for (const auto& digest : missing) {
    const auto found = artifacts.find(digest);
    if (found == artifacts.end()) continue;
    const auto& file = found->second.file;
    const auto done =
        upload(session.client(), found->second, [&](std::uint64_t sent, std::uint64_t total) {
          session.status("uploading " + shortened(file, 40) + ": " + format_bytes(sent) + " of " +
                         format_bytes(total));
        });
    session.status("");
    if (!done) return done;
  }
  return {};
}

Result<job::v1::Job> wait_and_tell(Session& session, const std::string& job_id,
                                   const std::string& cursor) {
  HEARTH_TRY(job, wait_for_job(session, job_id, cursor, false));
  if (session.json()) {
    session.print_json(job);
  } else {
    session.note(job_id + " " + summary_of(job));
  }
  return job;
}

// Uploads and submits; nothing where it was only checked and printed.
Result<std::optional<job::v1::SubmitJobResponse>> submit_one(Session& session,
                                                             const SubmitOptions& options,
                                                             Submission submission,
                                                             const std::string& request_id) {
  for (const auto& warning : warnings_of(submission)) session.note("warning: " + warning);
  HEARTH_TRY(payloads, load_payloads(submission));
  HEARTH_TRY(artifacts, add_files(submission));

  job::v1::SubmitHeader header;
  header.set_request_id(request_id);
  wire::to_wire(submission.spec, header.mutable_spec());
  header.set_has_payloads(!payloads.empty());
  if (options.dry_run) {
    for (auto& [name, value] : *header.mutable_spec()->mutable_secrets()) value.clear();
    session.print_json(header);
    return std::nullopt;
  }
  if (const auto uploaded = upload_missing(session, artifacts); !uploaded) {
    return tl::unexpected(uploaded.error());
  }
  HEARTH_TRY(response, session.client().submit(header, payloads));
  return response;
}

// The jobs of one file, each after those that it waits for. All are checked before the first goes.
Result<int> submit_steps(Session& session, SubmitOptions& options, const Source& source) {
  const auto request_id = options.request_id.empty() ? random_request_id() : options.request_id;
  const auto common = options.flags.after;
  std::map<std::string, std::string> jobs;
  const auto read_step = [&](const PipelineStep& step) {
    options.flags.after = resolve_after(step, jobs);
    options.flags.after.insert(options.flags.after.end(), common.begin(), common.end());
    return read_submission(options, SubmissionFile{step.text, source.file->directory}, step.id);
  };
  for (const auto& step : source.steps) {
    if (auto sound = read_step(step); !sound) return tl::unexpected(sound.error());
    jobs[step.id] = "j1";  // stands in until it has one
  }
  std::vector<std::pair<std::string, std::string>> submitted;  // with their cursors
  for (const auto& step : source.steps) {
    HEARTH_TRY(submission, read_step(step));
    auto response = submit_one(session, options, std::move(submission), request_id + "." + step.id);
    if (!response) {
      const auto before = submitted.empty() ? ""
                                            : ", after " + submitted.back().first +
                                                  " and those before it were submitted";
      return fail(response.error().code,
                  "job " + step.id + ": " + response.error().message + before);
    }
    if (!*response) continue;
    jobs[step.id] = (*response)->job_id();
    submitted.emplace_back((*response)->job_id(), (*response)->cursor());
    if (!session.json()) {
      session.print_line(step.id + " " + (*response)->job_id());
    } else if (!options.wait) {
      session.print_json(**response);
    }
  }
  int code = kExitOk;
  if (!options.wait) return code;
  for (const auto& [job_id, cursor] : submitted) {
    HEARTH_TRY(job, wait_and_tell(session, job_id, cursor));
    if (!was_skipped(job, jobs)) code = std::max(code, exit_code_of(job.state()));
  }
  return code;
}

Result<int> submit(Session& session, SubmitOptions& options) {
  options.flags.command = session.words;
  for (auto& after : options.flags.after) {
    if (!after.starts_with("last")) continue;
    HEARTH_TRY(job_id, resolve_job(session, after.substr(0, after.find(':'))));
    after = job_id + after.substr(std::min(after.find(':'), after.size()));
  }
  HEARTH_TRY(source, read_source(options));
  if (!source.steps.empty()) return submit_steps(session, options, source);
  HEARTH_TRY(submission, read_submission(options, source.file));
  const auto request_id = options.request_id.empty() ? random_request_id() : options.request_id;
  HEARTH_TRY(response, submit_one(session, options, std::move(submission), request_id));
  if (!response) return kExitOk;
  if (!session.json()) {
    session.print_line(response->job_id());
  } else if (!options.wait) {
    session.print_json(*response);
  }
  if (!options.wait) return kExitOk;
  HEARTH_TRY(job, wait_and_tell(session, response->job_id(), response->cursor()));
  return exit_code_of(job.state());
}

void add_what_to_run(CLI::App& command, SubmitOptions& options) {
  auto& flags = options.flags;
  command.add_option("FILE", options.file, "A job in JSON (docs/CLI.md); flags overrule it");
  command.add_option("--tasks", flags.tasks, "Number of tasks (default 1)");
  command.add_option("--payloads", options.payloads_file,
                     "One task per line of this file; the line is the task's payload");
  const auto add_list = [&](const char* name, std::vector<std::string>& out, const char* text) {
    command.add_option(name, out, text)->allow_extra_args(false);
  };
  add_list("--input", flags.inputs, "FILE[:PATH], read-only in each task's directory");
  add_list("--input-digest", flags.input_digests, "DIGEST:PATH, an artifact that is stored");
  add_list("--output", flags.outputs, "Pattern of files to keep when a task succeeds");
  add_list("--env", flags.environment, "NAME=VALUE");
  add_list("--secret", options.secrets,
           "NAME, a variable of ours that only the task sees; NAME=@FILE: what is in that file");
  add_list("--label", flags.labels, "NAME=VALUE, for people and reports");
}

void add_how_to_run(CLI::App& command, SubmitOptions& options) {
  auto& flags = options.flags;
  command.add_option("--name", flags.name, "For people");
  command.add_option("--tenant", flags.tenant, "Whose job it is (default \"default\")");
  command.add_option("--class", flags.service_class, "reserved, on_demand, flex or filler");
  command.add_option("--priority", flags.priority, "0 to 100, higher is sooner (default 50)");
  command.add_option("--cores", flags.cores, "Whole cores per task (default 1)");
  command.add_option("--memory", flags.memory, "Limit and reservation per task, like 512M");
  command.add_option("--expected", flags.expected, "Expected run time at full speed, like 5m");
  command.add_option("--max-time", flags.maximum, "Longest run time at full speed, like 1h");
  command.add_option("--retries", flags.retries, "Further tries after a task's own failures");
  command.add_option("--infra-retries", flags.infrastructure_retries,
                     "Further tries after failures of nodes (default 10)");
  command.add_option("--deadline", flags.deadline, "2026-01-03T06:00:00Z, or +2h from now");
  command.add_option("--on-deadline", flags.deadline_action, "continue (default), or cancel");
  command
      .add_option("--after", flags.after,
                  "JOB[:success|failure|any]: starts once that job has ended so")
      ->allow_extra_args(false);
  command.add_option("--max-failed", flags.maximum_failed,
                     "More failed tasks, or like 5% of them, end the job (default: go on)");
  command.add_option("--indices", flags.indices,
                     "3,5,9-20: what {index} becomes, instead of 0, 1, ...");
  command.add_option("--logs", flags.logs,
                     "tail (default): the end of what tasks print is kept; or none");
  command.add_flag("--hold", flags.held, "Start nothing until `hearth job release`");
  command.add_flag("--isolated", flags.isolated, "Only on nodes that wall tasks off");
  command.add_flag("--no-residential", flags.no_residential,
                   "Only on nodes that stand in nobody's home");
  command.add_flag("--network", flags.network, "Only on nodes that grant tasks their network");
  command.add_option("--request-id", options.request_id,
                     "The same id never submits twice (default: random)");
  command.add_flag("--wait", options.wait, "Wait until the job has ended, with progress");
  command.add_flag("--dry-run", options.dry_run, "Check and print what would be submitted");
}

}  // namespace

void add_submit_command(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("submit", "Submit a job: submit FILE, or submit -- COMMAND");
  command->footer(kExamples);
  auto options = std::make_shared<SubmitOptions>();
  add_what_to_run(*command, *options);
  add_how_to_run(*command, *options);
  command->callback([&session, options] {
    session.command = [&session, options] { return submit(session, *options); };
  });
}

}  // namespace hearth::cli
