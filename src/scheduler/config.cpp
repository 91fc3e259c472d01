#include "scheduler/config.h"

#include "common/json_reader.h"
#include "common/log.h"
#include "weather/normals.h"

namespace hearth::scheduler {
namespace {

using nlohmann::json;

constexpr double kJoulesPerKwh = 3.6e6;

// Durations are numbers of seconds in the file.
void read_seconds(JsonReader& reader, const std::string& key, Duration& field, double least_s,
                  double most_s) {
  double seconds = to_seconds(field);
  reader.read(key, seconds);
  const bool fits = seconds >= least_s && seconds <= most_s;
  reader.require(fits, key + ": not in " + json(least_s).dump() + ".." + json(most_s).dump());
  if (fits) field = from_seconds(seconds);
}

template <class Unit>
void read_unit(JsonReader& reader, const std::string& key, Unit& field, double least, double most) {
  reader.read(key, field.value);
  reader.require(field.value >= least && field.value <= most,
                 key + ": not in " + json(least).dump() + ".." + json(most).dump());
}

template <class Number>
void read_number(JsonReader& reader, const std::string& key, Number& field, Number least,
                 Number most) {
  reader.read(key, field);
  reader.require(field >= least && field <= most,
                 key + ": not in " + std::to_string(least) + ".." + std::to_string(most));
}

// Reads the object under `key`, if there is one; its problems are reported as the outer one's.
template <class ReadFields>
void read_object(JsonReader& outer, const std::string& key, ReadFields read_fields) {
  json object = json::object();
  outer.read(key, object);
  if (!object.is_object()) return outer.require(false, key + ": not an object");
  JsonReader reader{object};
  read_fields(reader, object);
  if (const auto ok = reader.finish(); !ok) outer.require(false, key + ": " + ok.error().message);
}

void read_class(JsonReader& outer, const std::string& key, protocol::ClassBand& band) {
  read_object(outer, key, [&](JsonReader& reader, const json&) {
    read_unit(reader, "may_start_below_k", band.may_start_below, -10, 10);
    read_unit(reader, "must_stop_above_k", band.must_stop_above, -10, 10);
    reader.require(band.may_start_below <= band.must_stop_above,
                   "may_start_below_k: above must_stop_above_k");
  });
}

void read_band(JsonReader& outer, protocol::HeatBand& band) {
  read_object(outer, "band", [&](JsonReader& reader, const json&) {
    read_unit(reader, "below_k", band.below, 0, 10);
    read_unit(reader, "above_k", band.above, 0, 10);
    read_unit(reader, "ceiling_k", band.ceiling, 0, 10);
    read_class(reader, "reserved", band.reserved);
    read_class(reader, "on_demand", band.on_demand);
    read_class(reader, "flex", band.flex);
    read_class(reader, "filler", band.filler);
  });
}

std::string built_in_cities() {
  std::string all;
  for (const auto& city : weather::cities()) all += (all.empty() ? "" : ", ") + city;
  return all;
}

void read_weather(JsonReader& outer, WeatherConfig& config) {
  read_object(outer, "weather", [&](JsonReader& reader, const json& object) {
    reader.read("forecast", config.forecast);
    reader.read("epw", config.epw);
    reader.read("normals", config.normals);
    const bool known = config.normals.empty() || weather::normals_of_city(config.normals);
    reader.require(known, "normals: not built in: " + config.normals + "; there are " +
                              built_in_cities() + ", and latitude with longitude");
    double latitude = 0;
    double longitude = 0;
    reader.read("latitude", latitude);
    reader.read("longitude", longitude);
    reader.require(latitude >= -90 && latitude <= 90, "latitude: not in -90..90");
    reader.require(longitude >= -180 && longitude <= 180, "longitude: not in -180..180");
    const bool has_place = object.contains("latitude");
    reader.require(has_place == object.contains("longitude"),
                   "latitude and longitude: one without the other");
    if (has_place) config.place = weather::Site{latitude, longitude};
    const int sources = !config.forecast.empty() + !config.epw.empty() + !config.normals.empty() +
                        static_cast<int>(has_place);
    reader.require(sources <= 1,
                   "more than one of forecast, epw, normals, and latitude with longitude");
  });
}

void read_heat(JsonReader& outer, HeatConfig& config) {
  constexpr double kDay = 86'400;
  read_object(outer, "heat", [&](JsonReader& reader, const json&) {
    reader.read("prediction", config.prediction);
    reader.read("learning", config.learning);
    reader.read("commissioning", config.commissioning);
    read_seconds(reader, "fit_period_s", config.fit_period, 3600, 30 * kDay);
    read_seconds(reader, "capacity_period_s", config.capacity_period, 1, kDay);
    read_unit(reader, "cold_alarm_k", config.cold_alarm, 0.1, 20);
    read_seconds(reader, "cold_alarm_after_s", config.cold_alarm_after, 1, 7 * kDay);
  });
}

void read_telemetry(JsonReader& outer, TelemetryConfig& config) {
  constexpr double kDay = 86'400;
  read_object(outer, "telemetry", [&](JsonReader& reader, const json&) {
    reader.read("enabled", config.enabled);
    read_seconds(reader, "fine_keep_s", config.fine_keep, 600, 90 * kDay);
    read_seconds(reader, "keep_s", config.keep, kDay, 3650 * kDay);
    reader.require(config.fine_keep <= config.keep, "keep_s: below fine_keep_s");
    read_number(reader, "size_max_bytes", config.size_max_bytes, std::uint64_t{1} << 20,
                std::uint64_t{1} << 44);
    read_seconds(reader, "write_period_s", config.write_period, 1, 3600);
  });
}

void read_retention(JsonReader& outer, Config& all) {
  constexpr double kDay = 86'400;
  constexpr std::uint64_t kMiB = 1 << 20;
  constexpr std::uint64_t kSizeMost = std::uint64_t{1} << 50;
  auto& config = all.retention;
  auto& core = all.scheduler;
  read_object(outer, "retention", [&](JsonReader& reader, const json&) {
    read_seconds(reader, "job_keep_s", config.job_keep, 1, 3650 * kDay);
    read_number(reader, "store_size_max_bytes", config.store_size_max_bytes, kMiB, kSizeMost);
    read_seconds(reader, "event_keep_s", config.event_keep, 1, 3650 * kDay);
    read_number(reader, "events_max", config.events_max, std::uint64_t{1000},
                std::uint64_t{1'000'000'000});
    read_seconds(reader, "request_id_keep_s", core.request_keep, 1, 3650 * kDay);
    read_number(reader, "request_ids_max", core.request_ids_max, std::size_t{100},
                std::size_t{100'000'000});
    read_seconds(reader, "artifact_keep_s", config.artifact_keep, 3600, 3650 * kDay);
    read_number(reader, "artifacts_size_max_bytes", config.artifacts_size_max_bytes, kMiB,
                kSizeMost);
    read_seconds(reader, "sweep_period_s", config.sweep_period, 1, kDay);
  });
}

void read_tls(JsonReader& outer, tls::CredentialPaths& paths) {
  read_object(outer, "tls", [&](JsonReader& reader, const json&) {
    reader.read("certificate", paths.certificate);
    reader.read("key", paths.key);
    reader.read("client_ca", paths.authorities);
    reader.require(!paths.any() || (!paths.certificate.empty() && !paths.key.empty() &&
                                    !paths.authorities.empty()),
                   "certificate, key and client_ca: all three or none");
  });
}

void read_enrolment(JsonReader& outer, Config& all) {
  constexpr double kDay = 86'400;
  auto& config = all.enrolment;
  read_object(outer, "enrolment", [&](JsonReader& reader, const json&) {
    reader.read("listen", config.listen);
    reader.read("certificate", config.certificate);
    reader.read("key", config.key);
    read_seconds(reader, "certificate_s", config.certificate_life, 10, 366 * kDay);
    read_seconds(reader, "late_renewal_s", config.late_renewal, 0, 3650 * kDay);
    const int given = !config.listen.empty() + !config.certificate.empty() + !config.key.empty();
    reader.require(given == 0 || given == 3, "listen, certificate and key: all three or none");
    reader.require(given == 0 || all.tls.any(), "without \"tls\" there are no certificates");
  });
}

void read_sites(JsonReader& outer, Config& all) {
  read_object(outer, "sites", [&](JsonReader& reader, const json& object) {
    for (const auto& [name, value] : object.items()) {
      reader.require(is_valid_name(name), "not a name: " + name);
      read_object(reader, name, [&, id = SiteId{name}](JsonReader& site, const json&) {
        auto& config = all.scheduler.sites[id];
        read_unit(site, "breaker_w", config.breaker, 0, 1e9);
        read_unit(site, "reserve_w", config.reserve, 0, 1e9);
        site.require(config.reserve <= config.breaker, "reserve_w: above breaker_w");
        double daily_kwh = config.daily_heat.value / kJoulesPerKwh;
        read_number(site, "daily_heat_kwh", daily_kwh, 0.0, 1e6);
        config.daily_heat = Joules{daily_kwh * kJoulesPerKwh};
        WeatherConfig weather;
        read_weather(site, weather);
        if (weather != WeatherConfig{}) all.site_weather[id] = weather;
      });
    }
  });
}

template <class Number>
void read_optional(JsonReader& reader, const std::string& key, const json& object,
                   std::optional<Number>& field, Number least, Number most) {
  Number value = least;
  read_number(reader, key, value, least, most);
  if (object.contains(key)) field = value;
}

void read_tenant(JsonReader& reader, const json& object, TenantLimits& limits) {
  constexpr std::uint64_t kMany = 1'000'000'000'000;
  read_number(reader, "weight", limits.weight, 0.001, 1000.0);
  read_optional(reader, "cores_max", object, limits.cores_max, 1, 1'000'000'000);
  read_optional(reader, "jobs_max", object, limits.jobs_max, std::uint64_t{1}, kMany);
  read_optional(reader, "tasks_max", object, limits.tasks_max, std::uint64_t{1}, kMany);
}

void read_share(JsonReader& outer, ShareConfig& config) {
  constexpr double kDay = 86'400;
  read_seconds(outer, "share_half_life_s", config.half_life, 60, 366 * kDay);
  read_object(outer, "other_tenants", [&](JsonReader& reader, const json& object) {
    read_tenant(reader, object, config.others);
  });
  read_object(outer, "tenants", [&](JsonReader& reader, const json& object) {
    for (const auto& [name, value] : object.items()) {
      reader.require(is_valid_name(name), "not a name: " + name);
      read_object(reader, name, [&, id = TenantId{name}](JsonReader& tenant, const json& fields) {
        read_tenant(tenant, fields, config.tenants[id]);
      });
    }
  });
}

void read_scheduler(JsonReader& reader, SchedulerConfig& config) {
  constexpr double kDay = 86'400;
  read_seconds(reader, "silent_after_s", config.silent_after, 1, 3600);
  read_seconds(reader, "lost_after_s", config.lost_after, 1, kDay);
  reader.require(config.silent_after <= config.lost_after, "lost_after_s: below silent_after_s");
  read_number(reader, "mass_silence_nodes", config.mass_silence_nodes, std::size_t{1},
              std::size_t{1'000'000});
  read_seconds(reader, "mass_silence_hold_s", config.mass_silence_hold, 0, kDay);
  read_seconds(reader, "report_period_s", config.report_period, 0.1, 3600);
  read_seconds(reader, "plan_period_s", config.plan_period, 0.1, 3600);
  read_seconds(reader, "limits_valid_for_s", config.limits_valid_for, 1, kDay);
  reader.require(config.plan_period < config.limits_valid_for,
                 "limits_valid_for_s: not above plan_period_s");
  read_seconds(reader, "retry_delay_s", config.retry_delay, 0, 60);
  read_number(reader, "dispatch_mark_step", config.dispatch_mark_step, std::uint64_t{1},
              std::uint64_t{10'000'000});
  read_seconds(reader, "chunk_target_s", config.chunk_target, 0, 3600);
  read_number(reader, "chunk_max", config.chunk_max, 1, 100'000);
  read_band(reader, config.band);
  read_heat(reader, config.heat);
  read_share(reader, config.share);
}

bool is_loopback(const std::string& listen) {
  const auto host = listen.substr(0, listen.rfind(':'));
  return host == "localhost" || host == "[::1]" || host.starts_with("127.") ||
         listen.starts_with("unix:");
}

bool has_port(const std::string& listen) {
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == listen.size()) return false;
  const auto port = listen.substr(colon + 1);
  return listen.starts_with("unix:") ||
         (port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos &&
          std::stoul(port) <= 65'535);
}

std::vector<std::string> address_problems(const Config& config) {
  std::vector<std::string> problems;
  const auto check = [&](const std::string& key, const std::string& address, bool secured,
                         const char* why) {
    if (!has_port(address)) {
      problems.push_back(key + ": not ADDRESS:PORT: " + address);
    } else if (!secured && !config.insecure && !is_loopback(address)) {
      problems.push_back(key + ": " + address + " is no loopback address, and " + why +
                         "; write \"insecure\": true if you want that");
    }
  };
  check("listen", config.listen, config.tls.any(),
        "nothing is encrypted or authenticated there without \"tls\"");
  if (!config.enrolment.listen.empty())
    check("enrolment.listen", config.enrolment.listen, true, "");
  // Only numbers are on the pages.
  if (!config.http_listen.empty()) {
    check("http_listen", config.http_listen, false,
          "its pages are never encrypted, with \"tls\" neither");
  }
  return problems;
}

json to_json(const protocol::ClassBand& band) {
  return {{"may_start_below_k", band.may_start_below.value},
          {"must_stop_above_k", band.must_stop_above.value}};
}

json to_json(const WeatherConfig& config) {
  auto out = json::object();
  if (!config.forecast.empty()) out["forecast"] = config.forecast;
  if (!config.epw.empty()) out["epw"] = config.epw;
  if (!config.normals.empty()) out["normals"] = config.normals;
  if (config.place) {
    out["latitude"] = config.place->latitude_deg;
    out["longitude"] = config.place->longitude_deg;
  }
  return out;
}

json to_json(const HeatConfig& config) {
  return {{"prediction", config.prediction},
          {"learning", config.learning},
          {"commissioning", config.commissioning},
          {"fit_period_s", to_seconds(config.fit_period)},
          {"capacity_period_s", to_seconds(config.capacity_period)},
          {"cold_alarm_k", config.cold_alarm.value},
          {"cold_alarm_after_s", to_seconds(config.cold_alarm_after)}};
}

json to_json(const EnrolmentConfig& config) {
  return {{"listen", config.listen},
          {"certificate", config.certificate},
          {"key", config.key},
          {"certificate_s", to_seconds(config.certificate_life)},
          {"late_renewal_s", to_seconds(config.late_renewal)}};
}

json to_json(const TelemetryConfig& config) {
  return {{"enabled", config.enabled},
          {"fine_keep_s", to_seconds(config.fine_keep)},
          {"keep_s", to_seconds(config.keep)},
          {"size_max_bytes", config.size_max_bytes},
          {"write_period_s", to_seconds(config.write_period)}};
}

json to_json(const TenantLimits& limits) {
  json out{{"weight", limits.weight}};
  if (limits.cores_max) out["cores_max"] = *limits.cores_max;
  if (limits.jobs_max) out["jobs_max"] = *limits.jobs_max;
  if (limits.tasks_max) out["tasks_max"] = *limits.tasks_max;
  return out;
}

json tenants_to_json(const ShareConfig& config) {
  auto tenants = json::object();
  for (const auto& [name, limits] : config.tenants) tenants[name.value] = to_json(limits);
  return tenants;
}

json retention_to_json(const Config& all) {
  const auto& config = all.retention;
  return {{"job_keep_s", to_seconds(config.job_keep)},
          {"store_size_max_bytes", config.store_size_max_bytes},
          {"event_keep_s", to_seconds(config.event_keep)},
          {"events_max", config.events_max},
          {"request_id_keep_s", to_seconds(all.scheduler.request_keep)},
          {"request_ids_max", all.scheduler.request_ids_max},
          {"artifact_keep_s", to_seconds(config.artifact_keep)},
          {"artifacts_size_max_bytes", config.artifacts_size_max_bytes},
          {"sweep_period_s", to_seconds(config.sweep_period)}};
}

json sites_to_json(const Config& config) {
  auto sites = json::object();
  for (const auto& [name, site] : config.scheduler.sites) {
    sites[name.value] = {{"breaker_w", site.breaker.value},
                         {"reserve_w", site.reserve.value},
                         {"daily_heat_kwh", site.daily_heat.value / kJoulesPerKwh}};
    const auto weather = config.site_weather.find(name);
    if (weather != config.site_weather.end()) {
      sites[name.value]["weather"] = to_json(weather->second);
    }
  }
  return sites;
}

}  // namespace

Result<Config> parse_config(std::string_view text) {
  const auto object = json::parse(text, nullptr, /*allow_exceptions=*/false,
                                  /*ignore_comments=*/true);
  if (!object.is_object()) return fail(ErrorCode::kInvalidArgument, "not a JSON object");

  Config config;
  JsonReader reader{object};
  reader.read("listen", config.listen);
  reader.read("http_listen", config.http_listen);
  reader.read("state_dir", config.state_dir);
  reader.require(!config.state_dir.empty(), "state_dir: empty");
  reader.read("insecure", config.insecure);
  reader.read("log_level", config.log_level);
  reader.require(log::is_level(config.log_level),
                 "log_level: not debug, info, warn or error: " + config.log_level);
  read_number(reader, "inbox_bytes", config.inbox_bytes, std::uint64_t{1} << 20,
              std::uint64_t{1} << 36);
  read_number(reader, "result_credit_bytes", config.result_credit_bytes, std::uint64_t{1} << 17,
              std::uint64_t{1} << 30);
  read_number(reader, "artifact_bytes_max", config.artifact_bytes_max, std::uint64_t{1} << 10,
              std::uint64_t{1} << 42);
  read_number(reader, "disk_reserve_bytes", config.disk_reserve_bytes, std::uint64_t{1} << 20,
              std::uint64_t{1} << 34);
  read_scheduler(reader, config.scheduler);
  read_telemetry(reader, config.telemetry);
  read_retention(reader, config);
  read_weather(reader, config.weather);
  read_sites(reader, config);
  read_tls(reader, config.tls);
  read_enrolment(reader, config);
  for (const auto& problem : address_problems(config)) reader.require(false, problem);
  if (auto ok = reader.finish(); !ok) return tl::unexpected(ok.error());
  return config;
}

Result<> check_addresses(const Config& config) {
  const auto problems = address_problems(config);
  if (problems.empty()) return {};
  return fail(ErrorCode::kInvalidArgument, problems.front());
}

std::string to_json(const Config& config) {
  const auto& core = config.scheduler;
  const nlohmann::ordered_json all{
      {"listen", config.listen},
      {"http_listen", config.http_listen},
      {"state_dir", config.state_dir},
      {"insecure", config.insecure},
      {"enrolment", to_json(config.enrolment)},
      {"tls",
       {{"certificate", config.tls.certificate},
        {"key", config.tls.key},
        {"client_ca", config.tls.authorities}}},
      {"log_level", config.log_level},
      {"inbox_bytes", config.inbox_bytes},
      {"result_credit_bytes", config.result_credit_bytes},
      {"artifact_bytes_max", config.artifact_bytes_max},
      {"disk_reserve_bytes", config.disk_reserve_bytes},
      {"silent_after_s", to_seconds(core.silent_after)},
      {"lost_after_s", to_seconds(core.lost_after)},
      {"mass_silence_nodes", core.mass_silence_nodes},
      {"mass_silence_hold_s", to_seconds(core.mass_silence_hold)},
      {"report_period_s", to_seconds(core.report_period)},
      {"plan_period_s", to_seconds(core.plan_period)},
      {"limits_valid_for_s", to_seconds(core.limits_valid_for)},
      {"retry_delay_s", to_seconds(core.retry_delay)},
      {"dispatch_mark_step", core.dispatch_mark_step},
      {"chunk_target_s", to_seconds(core.chunk_target)},
      {"chunk_max", core.chunk_max},
      {"band",
       {{"below_k", core.band.below.value},
        {"above_k", core.band.above.value},
        {"ceiling_k", core.band.ceiling.value},
        {"reserved", to_json(core.band.reserved)},
        {"on_demand", to_json(core.band.on_demand)},
        {"flex", to_json(core.band.flex)},
        {"filler", to_json(core.band.filler)}}},
      {"heat", to_json(core.heat)},
      {"telemetry", to_json(config.telemetry)},
      {"retention", retention_to_json(config)},
      {"weather", to_json(config.weather)},
      {"sites", sites_to_json(config)},
      {"share_half_life_s", to_seconds(core.share.half_life)},
      {"other_tenants", to_json(core.share.others)},
      {"tenants", tenants_to_json(core.share)},
  };
  return all.dump(2);
}

}  // namespace hearth::scheduler
