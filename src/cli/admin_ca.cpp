#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/session.h"
#include "common/ids.h"
#include "tls/authority.h"
#include "tls/certificate.h"
#include "tls/identity.h"

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;

// Clocks of homes may be a little behind. What identifies somebody is believed from a minute
// before, or it would not count after a revocation.
constexpr Duration kBackdated = std::chrono::minutes{5};
constexpr Duration kIdentityBackdated = std::chrono::minutes{1};
constexpr Duration kAuthorityFor = std::chrono::hours{24 * 3650};

// What the commands are told.
struct Words {
  std::string directory = "/etc/hearth/ca";
  std::string name = "Hearth";
  std::vector<std::string> hosts;
  std::string lasting;
  std::string node;
  std::string tenant;
  std::string role = "submit";
  std::string zone;
  std::string user;
  std::string out = ".";
};

UtcTime now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

// Never over a file that is there. A key only its owner may read.
Result<> write_new(const fs::path& path, const std::string& text, bool secret) {
  std::error_code problem;
  if (fs::exists(path, problem)) {
    return fail(ErrorCode::kAlreadyExists, path.string() + ": is there already");
  }
  const auto mask = ::umask(secret ? 077 : 022);
  std::ofstream file{path};
  ::umask(mask);
  file << text;
  file.close();
  if (!file) return fail(ErrorCode::kInternal, path.string() + ": cannot be written");
  return {};
}

Result<> write_pair(const fs::path& directory, const std::string& name, const tls::KeyPair& pair) {
  std::error_code problem;
  fs::create_directories(directory, problem);
  if (auto done = write_new(directory / (name + ".key"), pair.key, true); !done) return done;
  return write_new(directory / (name + ".pem"), pair.certificate, false);
}

Result<Duration> lasting(const std::string& text, Duration otherwise) {
  if (text.empty()) return otherwise;
  HEARTH_TRY(duration, parse_duration(text));
  if (duration < std::chrono::seconds{1}) {
    return fail(ErrorCode::kInvalidArgument, "--for: not at least a second: " + text);
  }
  return duration;
}

Result<int> told(Session& session, const tls::KeyPair& pair, const fs::path& certificate,
                 const std::string& what) {
  HEARTH_TRY(facts, tls::read_certificate(pair.certificate));
  session.print_line(what + ": " + certificate.string() + ", serial " + facts.serial + ", until " +
                     to_string(facts.not_after));
  return kExitOk;
}

Result<int> init(Session& session, const Words& words) {
  const auto from = now() - kBackdated;
  HEARTH_TRY(life, lasting(words.lasting, std::chrono::hours{24 * 365}));
  HEARTH_TRY(root, tls::make_authority(words.name + " CA", from, now() + kAuthorityFor));
  const fs::path directory{words.directory};
  auto hosts = words.hosts;
  if (hosts.empty()) hosts = {"localhost", "127.0.0.1"};
  HEARTH_TRY(server, tls::issue(root, {"hearthd", hosts, "", from, now() + life}));
  if (auto done = write_pair(directory, "ca", root); !done) return tl::unexpected(done.error());
  if (auto done = write_pair(directory, "server", server); !done) {
    return tl::unexpected(done.error());
  }
  HEARTH_TRY(first, told(session, root, directory / "ca.pem", "authority"));
  static_cast<void>(first);
  return told(session, server, directory / "server.pem", "hearthd");
}

Result<int> issuer(Session& session, const Words& words) {
  HEARTH_TRY(life, lasting(words.lasting, std::chrono::hours{24 * 730}));
  const fs::path directory{words.directory};
  HEARTH_TRY(files, tls::read_credentials(
                        {directory / "ca.pem", directory / "ca.key", directory / "ca.pem"}));
  HEARTH_TRY(pair, tls::make_issuer({files.certificate, files.key}, words.name + " nodes",
                                    now() - kBackdated, now() + life));
  if (auto done = write_pair(words.out, "issuer", pair); !done) return tl::unexpected(done.error());
  return told(session, pair, fs::path{words.out} / "issuer.pem", "issuer of nodes' certificates");
}

Result<tls::Identity> identity_for(const Words& words) {
  const auto wrong = [](const std::string& why) { return fail(ErrorCode::kInvalidArgument, why); };
  const int kinds = !words.node.empty() + !words.tenant.empty() + !words.zone.empty();
  if (kinds != 1) return wrong("exactly one of --node, --tenant and --zone");
  tls::Identity identity;
  if (!words.node.empty()) {
    identity = {tls::Role::kNode, "", "", words.node};
  } else if (words.user.empty()) {
    return wrong("--name: for whom?");
  } else if (!words.zone.empty()) {
    identity = {tls::Role::kResident, "", words.zone, words.user};
  } else {
    const auto role = tls::parse_role(words.role);
    if (!role || *role == tls::Role::kNode || *role == tls::Role::kResident) {
      return wrong("--role: not read, submit or operate: " + words.role);
    }
    identity = {*role, words.tenant, "", words.user};
  }
  for (const auto* name : {&words.node, &words.tenant, &words.zone, &words.user}) {
    if (!name->empty() && !is_valid_name(*name)) {
      return wrong("not a name of 1-64 of [A-Za-z0-9._-]: " + *name);
    }
  }
  return identity;
}

Result<int> issue(Session& session, const Words& words) {
  HEARTH_TRY(identity, identity_for(words));
  HEARTH_TRY(life, lasting(words.lasting, std::chrono::hours{24 * 90}));
  const fs::path directory{words.directory};
  HEARTH_TRY(files, tls::read_credentials(
                        {directory / "ca.pem", directory / "ca.key", directory / "ca.pem"}));
  const auto uri = to_uri(identity);
  HEARTH_TRY(pair, tls::issue({files.certificate, files.key},
                              {identity.name, {}, uri, now() - kIdentityBackdated, now() + life}));
  if (auto done = write_pair(words.out, identity.name, pair); !done) {
    return tl::unexpected(done.error());
  }
  return told(session, pair, fs::path{words.out} / (identity.name + ".pem"), uri);
}

Result<int> show(Session& session, const std::string& file) {
  std::ifstream in{file};
  std::stringstream text;
  if (!in || !(text << in.rdbuf())) return fail(ErrorCode::kNotFound, file + ": cannot be read");
  const auto facts = tls::read_certificate(text.str());
  if (!facts) return fail(facts.error().code, file + ": " + facts.error().message);
  const auto identity = facts->uris.empty() ? "" : facts->uris.front();
  if (session.json()) {
    session.print_line(nlohmann::ordered_json{{"subject", facts->subject},
                                              {"issuer", facts->issuer},
                                              {"identity", identity},
                                              {"serial", facts->serial},
                                              {"not_before", to_string(facts->not_before)},
                                              {"not_after", to_string(facts->not_after)}}
                           .dump());
    return kExitOk;
  }
  const bool ended = now() >= facts->not_after;
  session.print(render_facts({{"Subject", printable(facts->subject)},
                              {"Issuer", printable(facts->issuer)},
                              {"Identity", printable(identity)},
                              {"Serial", facts->serial},
                              {"From", to_string(facts->not_before)},
                              {"Until",
                               {to_string(facts->not_after) + (ended ? ", expired" : ""),
                                ended ? Style::kBad : Style::kPlain}}},
                             session.colour()));
  return kExitOk;
}

void add_show_command(CLI::App& ca, Session& session) {
  auto file = std::make_shared<std::string>();
  auto* command = ca.add_subcommand("show", "What a certificate says");
  command->footer("Example:\n  hearth admin ca show certs/risk.pem");
  command->add_option("FILE", *file, "PEM; the first certificate in it")->required();
  command->callback(
      [&session, file] { session.command = [&session, file] { return show(session, *file); }; });
}

}  // namespace

void add_ca_commands(CLI::App& admin, Session& session) {
  auto* ca = admin.add_subcommand("ca", "The private authority that certificates are of");
  ca->require_subcommand(1);
  auto words = std::make_shared<Words>();
  const auto common = [&](CLI::App* command, const char* life) {
    command->add_option("--dir", words->directory, "Directory of the authority")
        ->capture_default_str();
    command->add_option("--for", words->lasting, life)->type_name("TIME");
  };
  auto* init_command =
      ca->add_subcommand("init", "Make the authority, and a certificate for hearthd");
  common(init_command,
         "How long hearthd's certificate lasts (default: 365d; the authority: 3650d)");
  init_command->add_option("--name", words->name, "What the authority is called")
      ->capture_default_str();
  init_command
      ->add_option("--host", words->hosts,
                   "A name or address that hearthd is reached at, again for more (default: "
                   "localhost and 127.0.0.1)")
      ->type_name("HOST");
  init_command->callback(
      [&session, words] { session.command = [&session, words] { return init(session, *words); }; });
  add_show_command(*ca, session);
  auto* issuer_command = ca->add_subcommand(
      "issuer", "Make what hearthd enrols nodes with: good for certificates of nodes alone");
  common(issuer_command, "How long it lasts (default: 730d)");
  issuer_command->add_option("--name", words->name, "What the authority is called")
      ->capture_default_str();
  issuer_command->add_option("--out", words->out, "Directory to write issuer.pem and issuer.key to")
      ->capture_default_str();
  issuer_command->callback([&session, words] {
    session.command = [&session, words] { return issuer(session, *words); };
  });
  auto* issue_command =
      ca->add_subcommand("issue", "Make a key and a certificate for an agent or a person");
  common(issue_command, "How long it lasts (default: 90d)");
  issue_command->add_option("--node", words->node, "For the agent of this node");
  issue_command->add_option("--tenant", words->tenant, "For somebody of this tenant");
  issue_command->add_option("--role", words->role, "What they may: read, submit or operate")
      ->capture_default_str();
  issue_command->add_option("--zone", words->zone, "For a resident of this zone");
  issue_command->add_option("--name", words->user, "Who that is");
  issue_command->add_option("--out", words->out, "Directory to write NAME.pem and NAME.key to")
      ->capture_default_str();
  issue_command->callback([&session, words] {
    session.command = [&session, words] { return issue(session, *words); };
  });
}

}  // namespace hearth::cli
