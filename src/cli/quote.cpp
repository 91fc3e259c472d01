#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>

#include "cli/artifacts.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/session.h"
#include "cli/submission.h"
#include "wire/job.h"

namespace hearth::cli {
namespace {

// As `hearth submit` reads it; inputs and payloads that it names are neither read nor sent.
Result<Submission> read_submission(const std::string& path) {
  HEARTH_TRY(text, read_file(path));
  const SubmissionFile file{text, std::filesystem::path(path).parent_path().string()};
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  auto submission = make_submission(file, {}, now);
  if (submission) return submission;
  return fail(submission.error().code, path + ": " + submission.error().message);
}

std::string when(bool known, const google::protobuf::Timestamp& time,
                 const google::protobuf::Timestamp& from) {
  if (!known) return "not known";
  const Duration in = time_of(time) - time_of(from);
  if (in <= Duration::zero()) return "now";
  return local_text_of(time) + " (in " + to_string(in) + ")";
}

Table table_of(const job::v1::QuoteJobResponse& quote) {
  Table table({{""}, {"START"}, {"FINISH"}});
  const auto add = [&](const char* name, const job::v1::QuoteTimes& times) {
    table.add({name, when(times.has_start(), times.start(), quote.quoted_at()),
               when(times.has_finish(), times.finish(), quote.quoted_at())});
  };
  add("P50", quote.p50());
  add("P90", quote.p90());
  return table;
}

Result<int> show_quote(Session& session, const std::string& path) {
  HEARTH_TRY(submission, read_submission(path));
  job::v1::QuoteJobRequest request;
  submission.spec.secrets = names_of(submission.spec.secrets);
  wire::to_wire(submission.spec, request.mutable_spec());
  auto& client = session.client();
  HEARTH_TRY(quote, client.call(client.jobs(), &job::v1::JobService::Stub::QuoteJob, request));
  if (session.json()) {
    session.print_json(quote);
    return kExitOk;
  }
  session.print(table_of(quote));
  session.print("energy: " + (quote.energy_j() > 0 ? format_kwh(quote.energy_j()) : "not known") +
                "\n");
  if (submission.spec.deadline && quote.meets_deadline()) {
    session.print("meets the deadline at P90, " + to_string(*submission.spec.deadline) + "\n");
  }
  if (!quote.reason().empty()) session.print(printable(quote.reason()) + "\n");
  return kExitOk;
}

}  // namespace

void add_quote_command(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("quote", "When a job would be done, and what it would take");
  command->footer(
      "Nothing is submitted or uploaded. P90: later only in one case of ten. It ends with 0 also\n"
      "when the deadline cannot be met; -o json tells it in meets_deadline.\n"
      "Example:\n  hearth quote batch.json");
  auto path = std::make_shared<std::string>();
  command->add_option("FILE", *path, "A job in JSON, as for hearth submit")->required();
  command->callback([&session, path] {
    session.command = [&session, path] { return show_quote(session, *path); };
  });
}

}  // namespace hearth::cli
