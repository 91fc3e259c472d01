// hearth admin enrol, enrolments, revoke, revocations.
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/json_list.h"
#include "cli/session.h"
#include "common/time.h"
#include "hearth/trust/v1/trust.grpc.pb.h"
#include "wire/checks.h"

namespace hearth::cli {
namespace {

using Trust = trust::v1::TrustService;

struct EnrolWords {
  std::string node;
  std::string ttl = "1h";
  std::string host;
  std::string out;
};

std::string host_of(const std::string& server) {
  return server.substr(0, server.rfind(':'));
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

// What parse_enrolment_token() of the agent reads.
std::string token_file(const trust::v1::CreateEnrolmentResponse& made, const std::string& host,
                       const std::string& server) {
  const nlohmann::ordered_json file{
      {"node", made.enrolment().node_id()},
      {"scheduler", host + server.substr(server.rfind(':'))},
      {"enrolment", host + ":" + std::to_string(made.enrolment_port())},
      {"token", made.token()},
      {"authorities", made.authorities()}};
  return file.dump(2);
}

Result<> write_secret(const std::string& path, const std::string& text) {
  std::ofstream file;
  const auto mask = ::umask(077);
  file.open(path, std::ios::out | std::ios::app);
  ::umask(mask);
  file << text << "\n";
  file.close();
  if (!file) return fail(ErrorCode::kInternal, path + ": cannot be written");
  return {};
}

Result<int> enrol(Session& session, const EnrolWords& words) {
  trust::v1::CreateEnrolmentRequest request;
  request.set_node_id(words.node);
  HEARTH_TRY(ttl, parse_duration(words.ttl));
  wire::to_wire(ttl, request.mutable_time_to_live());
  // Before there is a token that nobody can be given.
  if (!words.out.empty() && std::ifstream{words.out}) {
    return fail(ErrorCode::kAlreadyExists, words.out + ": is there already");
  }
  auto& client = session.client();
  const auto stub = Trust::NewStub(client.channel());
  HEARTH_TRY(made, client.call(*stub, &Trust::Stub::CreateEnrolment, request));
  const auto host = words.host.empty() ? host_of(session.options.server) : words.host;
  const auto text = token_file(made, host, session.options.server);
  const auto until = text_of(made.enrolment().expires_at());
  if (words.out.empty()) {
    session.print_line(text);
  } else {
    if (auto written = write_secret(words.out, text); !written) {
      return tl::unexpected(written.error());
    }
    session.print_line(words.out + ": a token for node " + words.node + ", until " + until);
  }
  if (is_loopback(host)) {
    session.note("agents elsewhere cannot reach " + host + ": --host says what they can");
  }
  session.note("secret, and good for one node, once, until " + until +
               "; there: hearth-agent enrol " + (words.out.empty() ? "FILE" : words.out));
  return kExitOk;
}

Result<int> enrolments(Session& session) {
  auto& client = session.client();
  const auto stub = Trust::NewStub(client.channel());
  HEARTH_TRY(response,
             client.call(*stub, &Trust::Stub::ListEnrolments, trust::v1::ListEnrolmentsRequest{}));
  if (session.json()) return print_json_list(session, response.enrolments());
  Table table({{"ID"}, {"NODE"}, {"CREATED"}, {"BY"}, {"STATE"}, {"SERIAL"}});
  const auto now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  for (const auto& one : response.enrolments()) {
    Cell state{"open until " + text_of(one.expires_at()), Style::kGood};
    if (one.has_used_at()) {
      state = {"used " + text_of(one.used_at())};
    } else if (time_of(one.expires_at()) <= now) {
      state = {"expired " + text_of(one.expires_at()), Style::kDim};
    }
    table.add({one.id(), one.node_id(), text_of(one.created_at()), printable(one.created_by()),
               state, one.serial()});
  }
  session.print(table);
  return kExitOk;
}

Result<int> cancel(Session& session, const std::string& id) {
  trust::v1::CancelEnrolmentRequest request;
  request.set_id(id);
  auto& client = session.client();
  const auto stub = Trust::NewStub(client.channel());
  HEARTH_TRY(done, client.call(*stub, &Trust::Stub::CancelEnrolment, request));
  static_cast<void>(done);
  session.print_line(session.json() ? "{}" : id + ": cancelled");
  return kExitOk;
}

struct RevokeWords {
  std::string node;
  std::string tenant;
  std::string zone;
  std::string name;
  std::string serial;
  std::string reason;
  bool undo = false;
};

trust::v1::CertificateSelector selector_of(const RevokeWords& words) {
  trust::v1::CertificateSelector selector;
  selector.set_node_id(words.node);
  selector.set_tenant(words.tenant);
  selector.set_zone_id(words.zone);
  selector.set_name(words.name);
  selector.set_serial(words.serial);
  return selector;
}

Result<int> revoke(Session& session, const RevokeWords& words) {
  auto& client = session.client();
  const auto stub = Trust::NewStub(client.channel());
  if (words.undo) {
    trust::v1::DeleteRevocationRequest request;
    *request.mutable_selector() = selector_of(words);
    HEARTH_TRY(done, client.call(*stub, &Trust::Stub::DeleteRevocation, request));
    static_cast<void>(done);
    session.print_line(session.json() ? "{}" : "believed again");
    return kExitOk;
  }
  trust::v1::RevokeCertificatesRequest request;
  *request.mutable_selector() = selector_of(words);
  request.set_reason(words.reason);
  HEARTH_TRY(response, client.call(*stub, &Trust::Stub::RevokeCertificates, request));
  if (session.json()) {
    session.print_json(response);
    return kExitOk;
  }
  const auto& revocation = response.revocation();
  session.print_line(revocation.subject() + ": revoked, " + format_count(response.streams_ended()) +
                     " open streams ended");
  if (words.serial.empty()) {
    session.note("certificates issued after " + text_of(revocation.revoked_at()) + " count again");
  }
  return kExitOk;
}

Result<int> revocations(Session& session) {
  auto& client = session.client();
  const auto stub = Trust::NewStub(client.channel());
  HEARTH_TRY(response, client.call(*stub, &Trust::Stub::ListRevocations,
                                   trust::v1::ListRevocationsRequest{}));
  if (session.json()) return print_json_list(session, response.revocations());
  Table table({{"WHOSE"}, {"REVOKED"}, {"BY"}, {"REASON"}});
  for (const auto& one : response.revocations()) {
    table.add({one.subject(), text_of(one.revoked_at()), printable(one.revoked_by()),
               printable(one.reason())});
  }
  session.print(table);
  return kExitOk;
}

void add_enrol_commands(CLI::App& admin, Session& session) {
  auto words = std::make_shared<EnrolWords>();
  auto* command =
      admin.add_subcommand("enrol", "Make a token that a node turns into a certificate");
  command->footer(
      "The token counts once. Only a hash of it is kept, so it is shown only here.\n"
      "Example:\n  hearth admin enrol --node n1 --ttl 1h --out n1.token");
  command->add_option("--node", words->node, "The node's id")->required();
  command->add_option("--ttl", words->ttl, "How long it may be used, up to 7d")
      ->capture_default_str()
      ->type_name("TIME");
  command
      ->add_option("--host", words->host,
                   "What agents reach the scheduler at (default: as in --server)")
      ->type_name("HOST");
  command->add_option("--out", words->out, "Write it to this file, for you alone to read");
  command->callback([&session, words] {
    session.command = [&session, words] { return enrol(session, *words); };
  });

  auto id = std::make_shared<std::string>();
  auto* list = admin.add_subcommand("enrolments", "Tokens, used or not");
  list->footer("Example:\n  hearth admin enrolments --cancel 3f0c9a12");
  list->add_option("--cancel", *id, "Make this one worthless")->type_name("ID");
  list->callback([&session, id] {
    session.command = [&session, id] {
      return id->empty() ? enrolments(session) : cancel(session, *id);
    };
  });
}

}  // namespace

void add_trust_commands(CLI::App& admin, Session& session) {
  add_enrol_commands(admin, session);
  auto words = std::make_shared<RevokeWords>();
  auto* command = admin.add_subcommand("revoke", "Believe certificates no longer");
  command->footer(
      "Counts at once, for streams that are open, too. By name it is about what was issued until\n"
      "now: a certificate that is issued later counts.\n"
      "Examples:\n"
      "  hearth admin revoke --node n1 --reason stolen\n"
      "  hearth admin revoke --tenant bank --name ann\n"
      "  hearth admin revoke --node n1 --undo");
  command->add_option("--node", words->node, "Of this node");
  command->add_option("--tenant", words->tenant, "Of everybody of this tenant, or of --name");
  command->add_option("--zone", words->zone, "Of the residents of this zone, or of --name");
  command->add_option("--name", words->name, "Only of this person or program");
  command->add_option("--serial", words->serial, "This certificate");
  command->add_option("--reason", words->reason, "Shown to whoever asks");
  command->add_flag("--undo", words->undo, "Take the revocation in these words back");
  command->callback([&session, words] {
    session.command = [&session, words] { return revoke(session, *words); };
  });
  auto* list = admin.add_subcommand("revocations", "Whose certificates are not believed");
  list->footer("Example:\n  hearth admin revocations -o json");
  list->callback([&session] { session.command = [&session] { return revocations(session); }; });
}

}  // namespace hearth::cli
