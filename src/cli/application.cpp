#include "cli/application.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/exit_code.h"
#include "cli/man_pages.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  hearth submit --tasks 100 --wait -- /bin/echo task {index}\n"
    "  hearth submit batch.json\n"
    "  hearth job results last -o json\n"
    "  hearth zone set kitchen 20.5\n"
    "  hearth quote batch.json\n"
    "  hearth capacity --hours 12\n"
    "\n"
    "Exit codes: 0 done; 1 the job failed; 2 wrong usage or refused; 3 scheduler unreachable;\n"
    "4 the job was cancelled; 5 not found; 130 interrupted.";

void add_global_options(CLI::App& app, Session& session) {
  auto& options = session.options;
  auto& files = options.tls;
  app.add_option("--server", options.server, "The scheduler's address, HOST:PORT")
      ->envname("HEARTH_SERVER")
      ->capture_default_str()
      ->type_name("ADDR");
  app.add_option("--ca", files.authorities,
                 "Certificates of the authorities that the scheduler's certificate may be of (PEM)")
      ->envname("HEARTH_CA")
      ->type_name("FILE");
  app.add_option("--cert", files.certificate, "Our certificate, for TLS (PEM)")
      ->envname("HEARTH_CERT")
      ->type_name("FILE");
  app.add_option("--key", files.key, "The private key of our certificate (PEM)")
      ->envname("HEARTH_KEY")
      ->type_name("FILE");
  app.add_option("-o,--format", options.format,
                 "How to print: table or json; results and zone history also csv")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->type_name("FORMAT");
  app.add_option("--timeout", options.timeout,
                 "Give up when the scheduler is unreachable this long (default: 30s; commands that "
                 "follow a job go on trying)")
      ->type_name("TIME");
  app.add_flag("--no-color", options.no_color, "No colours, even on a terminal");
  app.set_version_flag("--version", std::string("hearth ") + HEARTH_VERSION);
}

// The reason in one line: CLI11 adds a second.
std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

int report(Session& session, const Error& error) {
  session.note(error.message);
  return exit_code_of(error);
}

int run_checked(Session& session) {
  if (const auto checked = session.check(); !checked) return report(session, checked.error());
  const auto code = session.command();
  session.status("");
  if (!code) return report(session, code.error());
  // Results that a full disk swallowed are not "done".
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return report(session, {ErrorCode::kInternal, "standard output: cannot be written"});
  }
  return *code;
}

}  // namespace

int run(std::vector<std::string> arguments) {
  Session session;
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  if (dashes != arguments.end()) {
    session.words.assign(dashes + 1, arguments.end());
    arguments.erase(dashes, arguments.end());
  }

  CLI::App app("Runs computations on computers that heat homes.", "hearth");
  app.fallthrough();
  app.require_subcommand(1);
  app.footer(kExamples);
  add_global_options(app, session);
  add_submit_command(app, session);
  add_job_commands(app, session);
  add_task_commands(app, session);
  add_results_command(app, session);
  add_node_commands(app, session);
  add_zone_commands(app, session);
  add_site_commands(app, session);
  add_tenant_commands(app, session);
  add_capacity_command(app, session);
  add_quote_command(app, session);
  add_artifact_commands(app, session);
  add_queue_commands(app, session);
  add_admin_commands(app, session);
  add_completion_command(app, session);
  add_man_command(app, session);
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app.parse(std::move(arguments));
  } catch (const CLI::Success& asked_for_help) {
    app.exit(asked_for_help);
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    session.note(first_line(error.what()) + " (see hearth --help)");
    return kExitRefused;
  }
  if (!session.words.empty() && !app.got_subcommand("submit")) {
    session.note("only submit takes a command after --");
    return kExitRefused;
  }
  return run_checked(session);
}

}  // namespace hearth::cli
