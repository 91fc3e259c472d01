#include "node_agent/config.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "node_agent/config_io.h"

namespace hearth::node_agent {
namespace {

using nlohmann::json;
using protocol::ClassBand;

constexpr std::size_t kStateDirectoryBytesMax = 90;  // its sockets' paths must fit in 107

std::optional<thermal::MassClass> parse_mass(const std::string& text) {
  constexpr const char* kNames[] = {"VERY_LIGHT", "LIGHT", "MEDIUM", "HEAVY", "VERY_HEAVY"};
  for (int i = 0; i < 5; ++i) {
    if (text == kNames[i]) return static_cast<thermal::MassClass>(i);
  }
  return std::nullopt;
}

// "22:30" and back.
std::string clock_text(int minute_of_day) {
  char text[16];
  std::snprintf(text, sizeof text, "%02d:%02d", minute_of_day / 60, minute_of_day % 60);
  return text;
}
std::optional<int> parse_clock(const std::string& text) {
  int hour = 0;
  int minute = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%2d:%2d%c", &hour, &minute, &rest) != 2) return std::nullopt;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
  return hour * 60 + minute;
}

template <class Io>
void quiet_fields(Io& io, protocol::QuietHours& quiet) {
  io.template word<int>("from", quiet.from_minute, clock_text(quiet.from_minute), parse_clock);
  io.template word<int>("to", quiet.to_minute, clock_text(quiet.to_minute), parse_clock);
  io.field("p_max_w", quiet.p_max);
  io.require(quiet.p_max >= 0_W, "p_max_w: negative");
}

template <class Io>
void tank_fields(Io& io, protocol::TankFacts& tank) {
  io.field("volume_l", tank.volume_l);
  io.field("useful_c", tank.useful);
  io.field("compute_max_c", tank.compute_max);
  io.field("return_max_c", tank.return_max);
  io.field("hygiene_c", tank.hygiene);
  io.field("hygiene_every_s", tank.hygiene_every);
  io.require(tank.volume_l >= 0 && tank.volume_l < 1e5, "volume_l: not between 0 and 100000");
  io.require(tank.useful < tank.return_max && tank.return_max <= tank.compute_max &&
                 tank.compute_max < Celsius{95},
             "not useful_c < return_max_c <= compute_max_c < 95");
  io.require(tank.hygiene >= Celsius{60} && tank.hygiene < Celsius{90}, "hygiene_c: not in 60..90");
  io.require(tank.hygiene_every >= std::chrono::hours{24}, "hygiene_every_s: under a day");
}

template <class Io>
void power_fields(Io& io, protocol::NodeFacts& facts) {
  io.field("off_w", facts.off);
  io.field("idle_w", facts.idle);
  io.field("min_run_w", facts.min_run);
  io.field("max_w", facts.max);
  io.field("boot_s", facts.boot);
  io.field("static_share_w", facts.static_share);
  io.require(facts.off >= 0_W && facts.idle >= facts.off && facts.min_run >= facts.idle &&
                 facts.max >= facts.min_run && facts.max.value < 1e6,
             "not 0 <= off_w <= idle_w <= min_run_w <= max_w");
  io.field("resistance_w", facts.resistance);
  io.field("can_sleep", facts.can_sleep);
  io.section("speed", [&](auto& inner) {
    inner.field("exponent", facts.speed.exponent);
    inner.field("speed_min", facts.speed.speed_min);
    inner.require(facts.speed.exponent >= 1 && facts.speed.exponent <= 4, "exponent: not in 1..4");
    inner.require(facts.speed.speed_min > 0 && facts.speed.speed_min <= 1,
                  "speed_min: not above 0, up to 1");
  });
  io.require(facts.static_share >= 0_W, "static_share_w: negative");
  io.require(facts.resistance >= 0_W, "resistance_w: negative");
}

template <class Io>
void band_fields(Io& io, protocol::HeatBand& band) {
  io.field("below_k", band.below);
  io.field("above_k", band.above);
  io.field("ceiling_k", band.ceiling);
  io.require(band.below >= 0_K && band.above >= 0_K, "below_k, above_k: negative");
  io.require(band.ceiling > 0_K, "ceiling_k: not above 0");
  const auto of_class = [](auto& outer, const char* name, ClassBand& limits, Kelvins most,
                           const char* over) {
    outer.section(name, [&](auto& inner) {
      inner.field("may_start_below_k", limits.may_start_below);
      inner.field("must_stop_above_k", limits.must_stop_above);
      inner.require(limits.may_start_below <= limits.must_stop_above,
                    "may_start_below_k: over must_stop_above_k");
      inner.require(limits.must_stop_above <= most, over);
    });
  };
  const char* over = "must_stop_above_k: over ceiling_k";
  of_class(io, "reserved", band.reserved, band.ceiling, over);
  of_class(io, "on_demand", band.on_demand, band.ceiling, over);
  of_class(io, "flex", band.flex, band.ceiling, over);
  of_class(io, "filler", band.filler, band.ceiling, over);
  io.section("tank", [&](auto& inner) {
    const char* above = "must_stop_above_k: above 0";
    of_class(inner, "reserved", band.tank.reserved, 0_K, above);
    of_class(inner, "on_demand", band.tank.on_demand, 0_K, above);
    of_class(inner, "flex", band.tank.flex, 0_K, above);
    of_class(inner, "filler", band.tank.filler, 0_K, above);
  });
}

template <class Io>
void control_fields(Io& io, AgentConfig& agent) {
  io.field("period_s", agent.control_period);
  io.field("integral_time_s", agent.integral_time);
  io.field("gain_time_s", agent.gain_time);
  io.field("air_capacity_j_per_k", agent.air_capacity_j_per_k);
  io.field("ua_w_per_k", agent.ua_w_per_k);
  io.field("cpu_trip_c", agent.cpu_trip);
  io.field("case_trip_c", agent.case_trip);
  io.field("air_step_max_k", agent.air_step_max);
  io.field("sensor_near_case", agent.sensor_near_case);
  io.field("cool_at_night", agent.cool_at_night);
  const auto positive = [](Duration value) { return value > Duration::zero(); };
  io.require(
      positive(agent.control_period) && positive(agent.integral_time) && positive(agent.gain_time),
      "period_s, integral_time_s, gain_time_s: not above 0");
  io.require(agent.air_capacity_j_per_k >= 0 && agent.ua_w_per_k >= 0,
             "air_capacity_j_per_k, ua_w_per_k: negative");
}

template <class Io>
void room_fields(Io& io, RoomConfig& room, thermal::RoomParameters& made) {
  io.field("floor_area_m2", room.floor_area_m2);
  io.field("ua_w_per_k", room.ua_w_per_k);
  io.field("mass", room.mass);
  io.field("capacity_scale", room.capacity_scale);
  const auto mass = parse_mass(room.mass);
  const bool sized =
      room.floor_area_m2 > 0 && room.ua_w_per_k > 0 && room.ua_w_per_k < 6 * room.floor_area_m2;
  io.require(mass.has_value(), "mass: not VERY_LIGHT, LIGHT, MEDIUM, HEAVY or VERY_HEAVY");
  io.require(sized, "floor_area_m2, ua_w_per_k: not above 0, or over 6 W/K per m2");
  io.require(room.capacity_scale > 0 && room.capacity_scale <= 1,
             "capacity_scale: not above 0 and at most 1");
  if (!mass || !sized) return;
  made = thermal::room_with_loss(room.floor_area_m2, room.ua_w_per_k, *mass);
  made.capacity_scale = room.capacity_scale;
}

// S, M, L or XL of EU 814/2013, or NONE.
bool is_profile(const std::string& name, std::optional<thermal::LoadProfile>& profile) {
  constexpr std::pair<std::string_view, thermal::LoadProfile> kNamed[] = {
      {"S", thermal::LoadProfile::kS},
      {"M", thermal::LoadProfile::kM},
      {"L", thermal::LoadProfile::kL},
      {"XL", thermal::LoadProfile::kXl}};
  profile.reset();
  for (const auto& [known, value] : kNamed) {
    if (name == known) profile = value;
  }
  return profile || name == "NONE";
}

template <class Io>
void simulated_fields(Io& io, HeaterConfig& config) {
  auto& heater = config.simulated;
  io.section("room", [&](auto& inner) { room_fields(inner, config.room, heater.room); });
  io.field("initial_temperature_c", heater.start);
  io.field("outdoor_temperature_c", heater.weather.outdoor);
  io.field("solar_w", heater.weather.solar);
  io.field("internal_w", heater.weather.internal);
  io.field("nominal_cpu", heater.cores);
  io.field("resistance_max_w", heater.resistance_max);
  io.field("sensor_quantum_k", heater.sensor_quantum_k);
  io.field("case_share", heater.case_share);
  io.field("draws", config.draws);
  std::optional<thermal::LoadProfile> profile;
  io.require(is_profile(config.draws, profile), "draws: not NONE, S, M, L or XL: " + config.draws);
  io.require(heater.cores >= 0, "nominal_cpu: negative");
  io.require(heater.resistance_max >= 0_W, "resistance_max_w: negative");
  io.require(heater.sensor_quantum_k >= 0, "sensor_quantum_k: negative");
  io.require(heater.case_share >= 0 && heater.case_share <= thermal::kCaseShareMax,
             "case_share: not in 0..0.5");
}

template <class Io>
void sysfs_fields(Io& io, SysfsHeaterConfig& heater) {
  std::string root = heater.sys;
  io.field("root", root);
  heater.sys = root;
  const auto thermometer = [&](const char* key, sysfs::ThermometerChoice& choice) {
    io.section(key, [&](auto& inner) {
      inner.field("name", choice.name);
      inner.field("label", choice.label);
    });
  };
  thermometer("air", heater.air);
  thermometer("cpu", heater.cpu);
  thermometer("case", heater.enclosure);
  thermometer("outdoor", heater.outdoor);
  thermometer("tank_top", heater.tank_top);
  thermometer("tank_middle", heater.tank_middle);
  thermometer("tank_bottom", heater.tank_bottom);
  const auto file = [&](const char* key, std::filesystem::path& path) {
    std::string text = path;
    io.field(key, text);
    path = text;
  };
  file("boards_switch", heater.boards_switch);
  file("resistance_switch", heater.resistance_switch);
  io.field("power_meter", heater.power_meter);
  io.field("outside_packages_w", heater.outside_packages);
  io.require(heater.outside_packages >= 0_W, "outside_packages_w: negative");
}

template <class Io>
void heater_fields(Io& io, HeaterConfig& heater) {
  io.field("driver", heater.driver);
  io.require(heater.driver == "simulated" || heater.driver == "sysfs",
             "driver: not simulated or sysfs: " + heater.driver);
  if (heater.driver == "sysfs") return sysfs_fields(io, heater.sysfs);
  simulated_fields(io, heater);
}

template <class Io>
void isolation_fields(Io& io, IsolationConfig& isolation) {
  io.field("level", isolation.level);
  io.field("users_from", isolation.users_from);
  io.field("scratch_bytes", isolation.scratch_bytes);
  io.field("processes_max", isolation.processes_max);
  io.field("readable_paths", isolation.readable_paths);
  io.field("grants_network", isolation.grants_network);
  const auto& level = isolation.level;
  io.require(level == "auto" || level == "none" || level == "user" || level == "required",
             "level: not auto, none, user or required: " + level);
  io.require(isolation.users_from >= 0, "users_from: negative");
  io.require(isolation.processes_max >= 8 && isolation.processes_max <= 1'000'000,
             "processes_max: not in 8..1000000");
  for (const auto& path : isolation.readable_paths) {
    io.require(path.starts_with('/') && path.size() > 1,
               "readable_paths: not an absolute path below /: " + path);
  }
}

template <class Io>
void fields(Io& io, Config& config) {
  auto& agent = config.agent;
  auto& facts = agent.facts;
  io.field("node_id", facts.node.value);
  io.field("zone_id", facts.zone.value);
  io.field("site_id", facts.site.value);
  io.template word<protocol::NodeKind>(
      "kind", facts.kind, std::string(to_string(facts.kind)),
      [](const std::string& text) { return protocol::parse_node_kind(text); });
  io.field("residential", facts.residential);
  io.field("scheduler", config.scheduler);
  io.field("insecure", config.insecure);
  io.section("tls", [&](auto& inner) {
    inner.field("certificate", config.tls.certificate);
    inner.field("key", config.tls.key);
    inner.field("ca", config.tls.authorities);
    const bool whole = !config.tls.certificate.empty() && !config.tls.key.empty() &&
                       !config.tls.authorities.empty();
    inner.require(!config.tls.any() || whole, "certificate, key and ca: all three or none");
    inner.field("enrolled", config.enrolled);
    inner.require(!config.tls.any() || !config.enrolled,
                  "enrolled: with it, certificate, key and ca are the agent's own affair");
  });
  io.field("state_dir", config.state_directory);
  io.field("runner_path", config.runner_path);
  io.field("log_level", config.log_level);
  io.field("cores", facts.cores);
  io.field("memory_bytes", facts.memory_bytes);
  io.field("task_user", config.task_user);
  io.field("task_user_id", config.task_user_id);
  io.section("isolation", [&](auto& inner) { isolation_fields(inner, config.isolation); });
  io.field("time_zone", config.time_zone);
  io.field("cpu_model", facts.cpu_model);
  io.field("follows", facts.follows);
  io.list("quiet_hours", facts.quiet, [](auto& inner, auto& quiet) { quiet_fields(inner, quiet); });
  io.field("default_setpoint_c", agent.default_setpoint.value);
  io.field("sensor_period_s", config.sensor_period);
  io.field("sensor_timeout_s", agent.sensor_timeout);
  io.field("watchdog_s", config.watchdog);
  io.field("cache_bytes", config.cache_bytes);
  io.field("spool_results_max", agent.spool_results_max);
  io.section("logs", [&](auto& inner) {
    inner.field("failed_bytes", config.tails.failed_bytes);
    inner.field("succeeded_bytes", config.tails.succeeded_bytes);
    inner.require(config.tails.failed_bytes <= protocol::kOutputTailBytesMax &&
                      config.tails.succeeded_bytes <= protocol::kOutputTailBytesMax,
                  "failed_bytes, succeeded_bytes: over 65536");
  });
  io.section("power", [&](auto& inner) { power_fields(inner, facts); });
  io.section("band", [&](auto& inner) { band_fields(inner, agent.band); });
  io.section("control", [&](auto& inner) { control_fields(inner, agent); });
  io.section("reconnect", [&](auto& inner) {
    inner.field("min_s", config.reconnect_min);
    inner.field("max_s", config.reconnect_max);
    inner.require(
        config.reconnect_min > Duration::zero() && config.reconnect_min <= config.reconnect_max,
        "not 0 < min_s <= max_s");
  });
  io.section("heater", [&](auto& inner) { heater_fields(inner, config.heater); });
  io.section("tank", [&](auto& inner) { tank_fields(inner, config.tank); });
}

bool is_time_zone(const std::string& name) {
  std::error_code error;
  return name == "UTC" || (protocol::is_safe_relative_path(name) &&
                           std::filesystem::is_regular_file("/usr/share/zoneinfo/" + name, error));
}

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address.starts_with("localhost:") ||
         address.starts_with("[::1]:") || address.starts_with("unix:");
}

// Puts the number of the user that is named in its place.
void find_task_user(Reading& io, Config& config) {
  if (config.task_user.empty()) return;
  const auto* user = ::getpwnam(config.task_user.c_str());
  io.require(user != nullptr, "task_user: no such user: " + config.task_user);
  if (user == nullptr) return;
  const auto id = static_cast<int>(user->pw_uid);
  io.require(config.task_user_id == 0 || config.task_user_id == id,
             "task_user, task_user_id: two different users");
  io.require(id != 0, "task_user: tasks would be root");
  config.task_user_id = id;
}

void check(Reading& io, const Config& config) {
  const auto& facts = config.agent.facts;
  const auto name = [&](const char* key, const std::string& value) {
    io.require(is_valid_name(value), std::string(key) + ": not 1-64 of [A-Za-z0-9._-]: " + value);
  };
  name("node_id", facts.node.value);
  name("zone_id", facts.zone.value);
  name("site_id", facts.site.value);
  io.require(!config.isolation.grants_network || !facts.residential,
             "isolation.grants_network: not in somebody's home: tasks would reach the resident's "
             "network; it takes \"residential\": false");
  io.require(
      config.tls.any() || config.enrolled || config.insecure || is_loopback(config.scheduler),
      "scheduler: not on this machine, and without \"tls\" nothing protects the way; if that is "
      "meant, say \"insecure\": true: " +
          config.scheduler);
  io.require(config.state_directory.starts_with('/') &&
                 config.state_directory.size() <= kStateDirectoryBytesMax,
             "state_dir: not an absolute path of at most 90 bytes: " + config.state_directory);
  io.require(config.log_level == "debug" || config.log_level == "info" ||
                 config.log_level == "warn" || config.log_level == "error",
             "log_level: not debug, info, warn or error: " + config.log_level);
  io.require(facts.cores >= 1 && facts.cores <= 1024, "cores: not in 1..1024");
  io.require(is_time_zone(config.time_zone),
             "time_zone: unknown (like Europe/Berlin): " + config.time_zone);
  io.require(config.task_user_id >= 0, "task_user_id: negative");
  for (const auto& problem : problems_of(config.agent.default_setpoint)) {
    io.require(false, "default_" + problem);
  }
  io.require(facts.quiet.size() <= 16, "quiet_hours: more than 16");
  const bool has_tank = config.tank.volume_l > 0;
  const auto& sysfs = config.heater.sysfs;
  const bool real = config.heater.driver == "sysfs";
  io.require(!has_tank || facts.kind == protocol::NodeKind::kBoiler, "tank: only for a BOILER");
  io.require(!has_tank || !real ||
                 (!sysfs.tank_top.name.empty() && !sysfs.tank_middle.name.empty() &&
                  !sysfs.tank_bottom.name.empty()),
             "heater: a tank needs tank_top, tank_middle and tank_bottom");
  io.require(!has_tank || real || config.tank.volume_l >= 10,
             "tank.volume_l: under 10 l nothing is simulated");
  io.require(!real || has_tank || facts.follows || !sysfs.air.name.empty(),
             "heater.air.name: missing: which thermometer sees the room?");
  io.require(!config.agent.sensor_near_case || !real || !sysfs.enclosure.name.empty(),
             "heater.case.name: missing: control.sensor_near_case needs it");
  io.require(!config.agent.sensor_near_case || (!has_tank && !facts.follows),
             "control.sensor_near_case: for a room's own sensor; not with a tank or follows");
  io.require(!real || !facts.can_sleep || !sysfs.boards_switch.empty(),
             "heater.boards_switch: missing: can_sleep needs it");
  io.require(!real || facts.resistance <= 0_W || !sysfs.resistance_switch.empty(),
             "heater.resistance_switch: missing: resistance_w needs it");
  io.require(config.sensor_period >= Duration{10}, "sensor_period_s: under 0.01");
  io.require(config.watchdog >= std::chrono::seconds{1}, "watchdog_s: under 1");
  io.require(config.agent.spool_results_max > 0, "spool_results_max: 0");
}

std::string cpu_model() {
  std::ifstream info{"/proc/cpuinfo"};
  for (std::string line; std::getline(info, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

Config defaults() {
  Config config;
  auto& facts = config.agent.facts;
  facts.cores = std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)));
  facts.memory_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 10 * 9;
  facts.agent_version = HEARTH_VERSION;
  facts.takes_secrets = true;
  facts.cpu_model = cpu_model();
  config.heater.simulated.cores = 0;
  return config;
}

// Of what the file says of tank, power and simulation.
SimulatedBoilerConfig simulated_boiler(const Config& config) {
  SimulatedBoilerConfig boiler;
  const auto& heater = config.heater.simulated;
  static_cast<SimulatedPowerConfig&>(boiler) = heater;
  boiler.tank.volume_l = config.tank.volume_l;
  boiler.tank.loss_w_per_k = tank_loss_w_per_k(config.tank.volume_l);
  boiler.tank.compute_max = config.tank.compute_max;
  boiler.tank.resistance = heater.resistance_max;
  boiler.start = heater.start;
  boiler.sensor_quantum_k = heater.sensor_quantum_k;
  (void)is_profile(config.heater.draws, boiler.draws);
  return boiler;
}

}  // namespace

Result<Config> parse_config(std::string_view text) {
  const auto object = json::parse(text, nullptr, /*allow_exceptions=*/false,
                                  /*ignore_comments=*/true);
  if (!object.is_object()) return fail(ErrorCode::kInvalidArgument, "not a JSON object");
  Config config = defaults();
  Reading io{object, ""};
  fields(io, config);
  find_task_user(io, config);
  check(io, config);
  std::vector<std::string> problems;
  io.finish_into(problems);
  if (!problems.empty()) {
    std::string all;
    for (const auto& problem : problems) all += (all.empty() ? "" : "; ") + problem;
    return fail(ErrorCode::kInvalidArgument, all);
  }
  if (config.tank.volume_l > 0) config.agent.facts.tank = config.tank;
  auto& heater = config.heater.simulated;
  if (heater.cores == 0) heater.cores = config.agent.facts.cores;
  heater.off = config.agent.facts.off;
  heater.idle = config.agent.facts.idle;
  heater.max = config.agent.facts.max;
  heater.radiator.rated = config.agent.facts.max;
  if (config.tank.volume_l > 0) config.heater.boiler = simulated_boiler(config);
  return config;
}

std::string print_config(const Config& config) {
  Printing io;
  Config copy = config;
  fields(io, copy);
  return io.object.dump(2) + "\n";
}

}  // namespace hearth::node_agent
