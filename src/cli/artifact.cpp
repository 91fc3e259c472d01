#include <CLI/CLI.hpp>
#include <memory>

#include "cli/artifacts.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/json_list.h"
#include "cli/session.h"
#include "common/digest.h"

namespace hearth::cli {
namespace {

OnBytes shown_as(Session& session, const std::string& verb, const std::string& file) {
  return [&session, start = verb + " " + shortened(file, 40) + ": "](std::uint64_t done,
                                                                     std::uint64_t total) {
    session.status(start + format_bytes(done) + " of " + format_bytes(total));
  };
}

Result<int> put(Session& session, const std::string& file) {
  HEARTH_TRY(artifact, hash_file(file));
  HEARTH_TRY(missing, find_missing(session.client(), {artifact.digest}));
  if (!missing.empty()) {
    const auto done = upload(session.client(), artifact, shown_as(session, "uploading", file));
    session.status("");
    if (!done) return tl::unexpected(done.error());
  }
  if (session.json()) {
    session.print_line("{\"digest\":\"" + artifact.digest +
                       "\",\"size_bytes\":" + std::to_string(artifact.size_bytes) + "}");
  } else {
    session.print_line(artifact.digest);
  }
  return kExitOk;
}

struct GetOptions {
  std::string digest;
  std::string file;
};

Result<int> get(Session& session, const GetOptions& options) {
  if (!is_valid_digest(options.digest)) {
    return fail(ErrorCode::kInvalidArgument,
                "not a digest (64 lower-case hex digits): " + options.digest);
  }
  const auto done = download(session.client(), options.digest, options.file,
                             shown_as(session, "fetching", options.file));
  if (!done) return tl::unexpected(done.error());
  return kExitOk;
}

struct ListOptions {
  std::size_t limit = 100;
};

Result<int> list(Session& session, const ListOptions& options) {
  artifact::v1::ListArtifactsRequest request;
  auto& client = session.client();
  const auto fetch = [&] {
    return client.call(client.artifacts(), &artifact::v1::ArtifactService::Stub::ListArtifacts,
                       request);
  };
  HEARTH_TRY(artifacts, (fetch_pages<artifact::v1::Artifact>(
                            request, options.limit, fetch, [](const auto& response) -> const auto& {
                              return response.artifacts();
                            })));
  if (session.json()) return print_json_list(session, artifacts);
  Table table({{"DIGEST"}, {"SIZE", true}, {"JOBS", true}, {"NEWEST"}, {"USED"}});
  for (const auto& artifact : artifacts) {
    table.add({artifact.digest(), format_bytes(artifact.size_bytes()),
               format_count(artifact.jobs()), artifact.newest_job_id(),
               text_of(artifact.used_at())});
  }
  session.print(table);
  if (!request.page_token().empty()) session.note("there are more: --limit 0 shows all");
  return kExitOk;
}

}  // namespace

void add_artifact_commands(CLI::App& app, Session& session) {
  auto* artifact = app.add_subcommand("artifact", "Files in the scheduler's store");
  artifact->require_subcommand(1);
  artifact->footer("Example:\n  hearth artifact put history.csv");

  auto file = std::make_shared<std::string>();
  auto* put_command = artifact->add_subcommand("put", "Store a file; prints its digest");
  put_command->footer("Example:\n  hearth artifact put history.csv");
  put_command->add_option("FILE", *file)->required();
  put_command->callback(
      [&session, file] { session.command = [&session, file] { return put(session, *file); }; });

  auto options = std::make_shared<GetOptions>();
  auto* get_command = artifact->add_subcommand("get", "Fetch a file by its digest");
  get_command->footer("Example:\n  hearth artifact get 9f86d081... history.csv");
  get_command->add_option("DIGEST", options->digest)->required();
  get_command->add_option("FILE", options->file, "Where to; - is standard output")->required();
  get_command->callback([&session, options] {
    session.command = [&session, options] { return get(session, *options); };
  });

  auto listed = std::make_shared<ListOptions>();
  auto* list_command = artifact->add_subcommand("list", "What is stored, by digest");
  list_command->footer(
      "JOBS: kept ones that read it or made it; without any it is deleted a while after its last\n"
      "use (`hearth admin retention`).\nExample:\n  hearth artifact list --limit 0 -o json");
  list_command->add_option("--limit", listed->limit, "At most so many; 0: all")
      ->capture_default_str();
  list_command->callback([&session, listed] {
    session.command = [&session, listed] { return list(session, *listed); };
  });
}

}  // namespace hearth::cli
