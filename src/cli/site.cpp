#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/json_list.h"
#include "cli/session.h"

namespace hearth::cli {
namespace {

using fleet::v1::FleetService;

std::string breaker_text(const fleet::v1::Site& site) {
  return site.has_breaker_w() ? format_power(site.breaker_w()) : "none";
}

std::string cap_text(const fleet::v1::Site& site) {
  return site.has_cap_w() ? format_power(site.cap_w()) : "none";
}

std::string promise_text(const fleet::v1::Site& site) {
  return site.daily_heat_j() > 0 ? format_kwh(site.daily_heat_j()) : "none";
}

Result<int> list_sites(Session& session) {
  fleet::v1::ListSitesRequest request;
  auto& client = session.client();
  const auto fetch = [&] {
    return client.call(client.fleet(), &FleetService::Stub::ListSites, request);
  };
  HEARTH_TRY(sites, (fetch_pages<fleet::v1::Site>(
                        request, 0, fetch,
                        [](const auto& response) -> const auto& { return response.sites(); })));
  if (session.json()) return print_json_list(session, sites);
  Table table({{"SITE"},
               {"NODES", true},
               {"POWER", true},
               {"BREAKER", true},
               {"RESERVE", true},
               {"CAP", true},
               {"PROMISED A DAY", true},
               {"GIVEN TODAY", true}});
  for (const auto& site : sites) {
    table.add({site.site_id(), format_count(site.nodes()), format_power(site.power_w()),
               breaker_text(site), format_power(site.reserve_w()), cap_text(site),
               promise_text(site), format_kwh(site.heat_today_j())});
  }
  session.print(table);
  return kExitOk;
}

Result<int> show_site(Session& session, const std::string& name) {
  fleet::v1::GetSiteRequest request;
  request.set_site_id(name);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::GetSite, request));
  const auto& site = response.site();
  if (session.json()) {
    session.print_json(site);
    return kExitOk;
  }
  session.print(render_facts({{"Site", site.site_id()},
                              {"Nodes", format_count(site.nodes())},
                              {"Power", format_power(site.power_w())},
                              {"Breaker", breaker_text(site)},
                              {"Reserve", format_power(site.reserve_w())},
                              {"Cap", cap_text(site)},
                              {"Capped because", site.cap_reason()},
                              {"Promised a day", promise_text(site)},
                              {"Given today", format_kwh(site.heat_today_j())}},
                             session.colour()));
  return kExitOk;
}

struct CapOptions {
  std::string site;
  std::string value;
  std::string reason;
};

// Watts, or nothing for "none".
Result<std::optional<double>> parse_cap(const std::string& text) {
  if (text == "none") return std::optional<double>{};
  double watts = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, watts);
  // Written so that NaN fails too.
  if (parsed.ec != std::errc{} || parsed.ptr != end || !(watts >= 0 && watts < 1e12)) {
    return fail(ErrorCode::kInvalidArgument,
                "site cap: neither none nor a power in watts of 0 or more: " + text);
  }
  return std::optional<double>{watts};
}

Result<int> cap_site(Session& session, const CapOptions& options) {
  HEARTH_TRY(cap, parse_cap(options.value));
  fleet::v1::SetSiteCapRequest request;
  request.set_site_id(options.site);
  if (cap) request.set_cap_w(*cap);
  request.set_reason(options.reason);
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::SetSiteCap, request));
  const auto& site = response.site();
  if (session.json()) {
    session.print_json(site);
  } else {
    session.print_line(site.site_id() +
                       (site.has_cap_w() ? ": capped at " + cap_text(site) : ": no cap") +
                       ", drawing " + format_power(site.power_w()));
  }
  return kExitOk;
}

}  // namespace

void add_site_commands(CLI::App& app, Session& session) {
  auto* site = app.add_subcommand("site", "The buildings and what they may draw");
  site->require_subcommand(1);
  site->footer("Example:\n  hearth site cap maple-street-4 3500");

  auto* list = site->add_subcommand("list", "Buildings by name");
  list->footer("Example:\n  hearth site list -o json");
  list->callback([&session] { session.command = [&session] { return list_sites(session); }; });

  auto shown = std::make_shared<std::string>();
  auto* show = site->add_subcommand("show", "One building");
  show->footer("Example:\n  hearth site show maple-street-4");
  show->add_option("SITE", *shown)->required();
  show->callback([&session, shown] {
    session.command = [&session, shown] { return show_site(session, *shown); };
  });

  auto options = std::make_shared<CapOptions>();
  auto* cap = site->add_subcommand("cap", "Cap what a building draws, below its breaker");
  cap->footer(
      "Holds until lifted, over restarts too. Frost protection and safety come before it.\n"
      "Examples:\n"
      "  hearth site cap maple-street-4 3500 --reason \"grid operator's call\"\n"
      "  hearth site cap maple-street-4 none");
  cap->add_option("SITE", options->site)->required();
  cap->add_option("WATTS", options->value, "A power in watts, or none")->required();
  cap->add_option("--reason", options->reason, "Kept with the cap and shown with it");
  cap->callback([&session, options] {
    session.command = [&session, options] { return cap_site(session, *options); };
  });
}

}  // namespace hearth::cli
