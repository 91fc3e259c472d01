#include "scheduler/core/feasible.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "scheduler/core/score.h"

namespace hearth::scheduler {
namespace {

constexpr std::array<std::string_view, kConditionCount> kNames = {
    "node_online",   "not_draining",      "not_quarantined", "isolation",    "not_residential",
    "takes_secrets", "grants_network",    "cores_total",     "memory_total", "not_off",
    "not_tripped",   "temperature_known", "room_takes_heat", "runway",       "power_share",
    "cores_free",    "memory_free"};

std::string number(const char* pattern, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, pattern, value);
  return buffer;
}

// Our choices, by trial in the twin.
constexpr Kelvins kSunCloses{1.5};  // of free heat: where ON_DEMAND work must stop
constexpr double kLittleOfMinRun = 0.5;
constexpr Duration kShort = std::chrono::hours{1};  // at P90
constexpr Kelvins kLongStartsBelow{0.2};

bool temperature_known(const NodeRecord& node) {
  return !node.has_room() ||
         (node.telemetry.air_temperature_c.quality == protocol::Quality::kGood &&
          !node.telemetry.safe_mode);
}

// A tank has a bound instead of a comfort band: the later a class yields, the fuller it may be when
// a task of it begins (choice).
bool tank_takes_heat(double charge, protocol::ServiceClass service_class) {
  constexpr std::array<double, protocol::kServiceClassCount> kFullest = {0.98, 0.95, 0.85, 0.5};
  return charge < kFullest[static_cast<std::size_t>(service_class)];
}

bool sun_closes(const NodeRecord& node) {
  return node.free_peak && *node.free_peak >= kSunCloses;
}

// Long work begins only where heat is wanted: not in a room that the sun is about to fill, nor in
// one that hardly loses any. Short work ends before it matters.
bool only_short(const NodeRecord& node) {
  const bool wants_little = node.hold && *node.hold < kLittleOfMinRun * node.facts.min_run;
  return sun_closes(node) || wants_little;
}

bool room_takes_heat(const NodeRecord& node, const protocol::ClassBand& band, Duration remaining) {
  if (!node.has_room() || !temperature_known(node)) return true;  // told apart from each other
  const bool is_long = remaining == Duration{} || remaining > kShort;
  Kelvins below = band.may_start_below;
  if (is_long && only_short(node)) below = std::min(below, kLongStartsBelow);
  const Celsius air{node.telemetry.air_temperature_c.value};
  return rounded(air) < rounded(node.reference() + below);
}

}  // namespace

Shape shape_of(const protocol::JobSpec& spec, Duration remaining_p90) {
  constexpr double kStep = 1.25;
  double seconds = 0;
  if (remaining_p90 > Duration::zero()) {
    seconds = 1;
    while (seconds < to_seconds(remaining_p90)) seconds *= kStep;
  }
  return {spec.service_class,    spec.resources,     spec.needs_isolation, spec.no_residential,
          !spec.secrets.empty(), spec.needs_network, from_seconds(seconds)};
}

const protocol::ClassBand& class_band(const protocol::HeatBand& band,
                                      protocol::ServiceClass service_class) {
  switch (service_class) {
    case protocol::ServiceClass::kReserved:
      return band.reserved;
    case protocol::ServiceClass::kOnDemand:
      return band.on_demand;
    case protocol::ServiceClass::kFlex:
      return band.flex;
    case protocol::ServiceClass::kFiller:
      break;
  }
  return band.filler;
}

int usable_cores(const NodeRecord& node) {
  const Watts per_core = node.watts_per_core();
  if (!(per_core > 0_W)) return node.facts.cores;
  const double fit = (node.limits.p_max - node.facts.idle) / per_core;
  // A thousandth of a core of slack, so that rounding in the limits costs none.
  return std::clamp(static_cast<int>(std::floor(fit + 1e-3)), 0, node.facts.cores);
}

Conditions failing(const NodeRecord& node, const Shape& shape, const protocol::HeatBand& band,
                   int ahead) {
  Conditions failed;
  const auto require = [&](ConditionId id, bool holds) {
    if (!holds) failed.set(static_cast<std::size_t>(id));
  };
  const int cores = shape.resources.cores;
  const std::uint64_t memory = shape.resources.memory_bytes;
  const int usable = usable_cores(node);
  // What the node lacks in all is told once, not again as lacking just now.
  const int fitting_cores = std::min(cores, node.facts.cores);
  const std::uint64_t fitting_memory = std::min(memory, node.facts.memory_bytes);
  require(ConditionId::kNodeOnline, node.state == NodeState::kOnline && node.hello_complete);
  require(ConditionId::kNotDraining, !node.draining);
  require(ConditionId::kNotQuarantined, !node.quarantine);
  require(ConditionId::kIsolation, node.facts.isolated || !shape.needs_isolation);
  require(ConditionId::kNotResidential, !node.facts.residential || !shape.no_residential);
  require(ConditionId::kTakesSecrets, node.facts.takes_secrets || !shape.has_secrets);
  require(ConditionId::kGrantsNetwork, node.facts.grants_network || !shape.needs_network);
  require(ConditionId::kCoresTotal, node.facts.cores >= cores);
  require(ConditionId::kMemoryTotal, node.facts.memory_bytes >= memory);
  require(ConditionId::kNotOff, !node.has_room() || !node.is_off());
  require(ConditionId::kNotTripped, !node.telemetry.tripped);
  require(ConditionId::kTemperatureKnown, temperature_known(node));
  const auto charge = tank_charge(node);
  require(ConditionId::kRoomTakesHeat,
          charge
              ? tank_takes_heat(*charge, shape.service_class)
              : room_takes_heat(node, class_band(band, shape.service_class), shape.remaining_p90));
  if (shape.remaining_p90 > Duration::zero() && node.runway.known()) {
    const int busy = std::min(node.facts.cores, node.cores_leased + fitting_cores);
    const Duration remaining =
        sun_closes(node) ? shape.remaining_p90 : std::min(shape.remaining_p90, shape.least_runway);
    require(ConditionId::kRunway, node.runway.fits(shape.service_class, busy, remaining));
  }
  require(ConditionId::kPowerShare, usable >= fitting_cores);
  require(ConditionId::kCoresFree,
          node.cores_leased + fitting_cores <= std::max(usable, fitting_cores) + ahead);
  require(ConditionId::kMemoryFree,
          fitting_memory == 0 || node.memory_leased + fitting_memory <= node.facts.memory_bytes);
  return failed;
}

Conditions lasting(const Conditions& failed) {
  Conditions of_the_node;
  for (const auto id :
       {ConditionId::kIsolation, ConditionId::kNotResidential, ConditionId::kTakesSecrets,
        ConditionId::kGrantsNetwork, ConditionId::kCoresTotal, ConditionId::kMemoryTotal}) {
    of_the_node.set(static_cast<std::size_t>(id));
  }
  return failed & of_the_node;
}

std::string_view condition_name(ConditionId id) {
  return kNames[static_cast<std::size_t>(id)];
}

std::string condition_text(ConditionId id, const Shape& shape, const protocol::HeatBand& band) {
  const auto cores =
      std::to_string(shape.resources.cores) + (shape.resources.cores == 1 ? " core" : " cores");
  const double mib = static_cast<double>(shape.resources.memory_bytes) / (1 << 20);
  switch (id) {
    case ConditionId::kNodeOnline:
      return "the node is online and has said what it holds";
    case ConditionId::kNotDraining:
      return "the node is not being drained";
    case ConditionId::kNotQuarantined:
      return "the node is not in quarantine";
    case ConditionId::kIsolation:
      return "tasks are walled off from the host";
    case ConditionId::kNotResidential:
      return "the node stands in nobody's home";
    case ConditionId::kTakesSecrets:
      return "the node's agent knows secrets";
    case ConditionId::kGrantsNetwork:
      return "the node grants tasks its network";
    case ConditionId::kCoresTotal:
      return "the node has at least " + cores;
    case ConditionId::kMemoryTotal:
      return "the node has at least " + number("%.0f MiB", mib) + " of memory";
    case ConditionId::kNotOff:
      return "nobody has switched the zone off";
    case ConditionId::kNotTripped:
      return "no safety trip holds";
    case ConditionId::kTemperatureKnown:
      return "the zone's temperature is known";
    case ConditionId::kRoomTakesHeat:
      return "the zone is less than " +
             number("%.1f K", class_band(band, shape.service_class).may_start_below.value) +
             " above its reference, as " + std::string(to_string(shape.service_class)) + " asks" +
             (shape.remaining_p90 > kShort
                  ? number(", or %.1f K for work so long", kLongStartsBelow.value) +
                        " where the sun is coming or little heat is lost"
                  : "");
    case ConditionId::kRunway:
      return "the zone bears a task to its end, " + hearth::to_string(shape.remaining_p90) +
             " at full speed at P90, before it gets too warm" +
             (shape.least_runway < shape.remaining_p90
                  ? "; " + hearth::to_string(shape.least_runway) +
                        " while work queues, unless the sun is coming"
                  : "");
    case ConditionId::kPowerShare:
      return "the node's power limit lets " + cores + " run";
    case ConditionId::kCoresFree:
      return cores + " free now";
    case ConditionId::kMemoryFree:
      return number("%.0f MiB", mib) + " of memory free now";
  }
  return "?";
}

}  // namespace hearth::scheduler
