#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json_list.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

std::string quota_text(const job::v1::Tenant& tenant) {
  std::string text;
  const auto add = [&](std::uint64_t most, const char* what) {
    text += (text.empty() ? "" : ", ") + format_count(most) + " " + what + (most == 1 ? "" : "s");
  };
  if (tenant.has_cores_max()) add(tenant.cores_max(), "core");
  if (tenant.has_jobs_max()) add(tenant.jobs_max(), "job");
  if (tenant.has_tasks_max()) add(tenant.tasks_max(), "task");
  return text.empty() ? "none" : text;
}

Result<int> list_tenants(Session& session) {
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.jobs(), &job::v1::JobService::Stub::ListTenants,
                                   job::v1::ListTenantsRequest{}));
  if (session.json()) {
    return print_json_list(session, std::vector<job::v1::Tenant>(response.tenants().begin(),
                                                                 response.tenants().end()));
  }
  Table table({{"TENANT"},
               {"WEIGHT", true},
               {"ENTITLED", true},
               {"CORES", true},
               {"AVERAGE", true},
               {"STANDING", true},
               {"JOBS", true},
               {"WAITING", true},
               {"QUOTA"}});
  for (const auto& tenant : response.tenants()) {
    const auto cores = format_count(tenant.cores());
    table.add({tenant.tenant(), fixed(tenant.weight(), 2),
               fixed(100 * tenant.entitled_share(), 0) + " %",
               tenant.at_quota() ? Cell{cores + ", its quota", Style::kBad} : Cell{cores},
               fixed(tenant.average_cores(), 1), fixed(tenant.standing(), 1),
               format_count(tenant.jobs_active()), format_count(tenant.tasks_waiting()),
               quota_text(tenant)});
  }
  session.print(table);
  return kExitOk;
}

}  // namespace

void add_tenant_commands(CLI::App& app, Session& session) {
  auto* tenant = app.add_subcommand("tenant", "Who has how much of the fleet, and who goes next");
  tenant->require_subcommand(1);
  auto* list = tenant->add_subcommand("list", "Weights, cores now and on average, quotas");
  list->footer(
      "Of the tenants that wait the one with the lowest STANDING goes first: the cores that it "
      "had\n"
      "on average and those that it has, for each unit of its weight.");
  list->callback([&session] { session.command = [&session] { return list_tenants(session); }; });
}

}  // namespace hearth::cli
