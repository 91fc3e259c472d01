#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/exit_code.h"
#include "cli/session.h"
#include "cli/zone_settled.h"
#include "wire/fleet.h"

namespace hearth::cli {
namespace {

using fleet::v1::FleetService;

struct HolidayOptions {
  std::string zone;
  std::string from;
  std::string until;
  std::optional<double> away_c;
  bool end = false;
};

Result<UtcTime> read_time(const char* option, const std::string& text, UtcTime now) {
  auto time = parse_time_ahead(text, now);
  if (time) return time;
  return fail(time.error().code, std::string(option) + ": " + time.error().message);
}

// Nothing: the one there is ends.
Result<std::optional<protocol::Holiday>> wanted(const HolidayOptions& options, UtcTime now) {
  const bool one = !options.from.empty() || !options.until.empty() || options.away_c;
  if (options.end && one) {
    return fail(ErrorCode::kInvalidArgument,
                "zone holiday: --end goes without --from, --until and --away");
  }
  if (options.end) return std::nullopt;
  if (options.until.empty()) {
    return fail(ErrorCode::kInvalidArgument, "zone holiday: needs either --until or --end");
  }
  protocol::Holiday holiday;
  if (options.away_c) holiday.away = Celsius{*options.away_c};
  HEARTH_TRY(until, read_time("--until", options.until, now));
  holiday.until = until;
  if (!options.from.empty()) {
    HEARTH_TRY(from, read_time("--from", options.from, now));
    holiday.from = from;
  }
  const auto problems = problems_of(holiday, now);
  if (!problems.empty()) return fail(ErrorCode::kInvalidArgument, problems.front());
  return holiday;
}

Result<int> set_holiday(Session& session, const HolidayOptions& options) {
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  HEARTH_TRY(holiday, wanted(options, now));
  fleet::v1::SetHolidayRequest request;
  request.set_zone_id(options.zone);
  if (holiday) {
    wire::to_wire(*holiday, request.mutable_holiday());
    // At once by the scheduler's clock, which may differ from ours.
    if (options.from.empty()) request.mutable_holiday()->clear_from();
  }
  auto& client = session.client();
  HEARTH_TRY(response, client.call(client.fleet(), &FleetService::Stub::SetHoliday, request));
  HEARTH_TRY(zone, settled_zone(session, std::move(*response.mutable_zone())));
  if (session.json()) {
    session.print_json(zone);
    return kExitOk;
  }
  const bool waits = zone.has_ordered();
  const auto holiday_then = holiday_text(waits ? zone.ordered() : zone.setpoint(), now);
  const auto holds = text_of(zone.setpoint());
  auto text = holiday_then.empty() ? std::string("no holiday") : "holiday at " + holiday_then;
  if (waits) {
    text += " ordered, but not in force: " + holds + " still holds";
  } else {
    text += holiday_then.empty() ? ", " + holds + " holds" : ", otherwise " + holds;
  }
  session.print_line(options.zone + ": " + text);
  return kExitOk;
}

}  // namespace

Result<fleet::v1::Zone> settled_zone(Session& session, fleet::v1::Zone zone) {
  constexpr int kLooks = 20;
  constexpr std::chrono::milliseconds kPause{100};
  fleet::v1::ExplainZoneRequest request;
  request.set_zone_id(zone.zone_id());
  auto& client = session.client();
  for (int look = 0; look < kLooks && zone.has_ordered(); ++look) {
    std::this_thread::sleep_for(kPause);
    HEARTH_TRY(now, client.call(client.fleet(), &FleetService::Stub::ExplainZone, request));
    zone = std::move(*now.mutable_zone());
  }
  return zone;
}

void add_zone_holiday_command(CLI::App& zone_commands, Session& session) {
  auto options = std::make_shared<HolidayOptions>();
  auto* holiday = zone_commands.add_subcommand("holiday", "Nobody at home: cooler for a while");
  holiday->footer(
      "What the zone has otherwise comes back by itself, and the room is warm by then.\n"
      "Examples:\n"
      "  hearth zone holiday kitchen --until +14d\n"
      "  hearth zone holiday kitchen --from 2026-12-20T09:00+01:00 --until 2027-01-03T18:00+01:00 "
      "--away 10\n"
      "  hearth zone holiday kitchen --end");
  holiday->add_option("ZONE", options->zone)->required();
  holiday->add_option("--until", options->until, "Its end: a time, or +DURATION from now");
  holiday->add_option("--from", options->from, "Its start, likewise; left out: now");
  holiday->add_option("--away", options->away_c, "Degrees Celsius meanwhile; left out: 12");
  holiday->add_flag("--end", options->end, "End the holiday that there is");
  holiday->callback([&session, options] {
    session.command = [&session, options] { return set_holiday(session, *options); };
  });
}

}  // namespace hearth::cli
