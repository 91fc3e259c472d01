// The scheduler's configuration file. deploy/hearthd.json shows every key.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "scheduler/core/scheduler.h"
#include "scheduler/runtime/retention.h"
#include "tls/certificate.h"
#include "weather/sun.h"

namespace hearth::scheduler {

// Where the weather comes from: at most one of these; none: the climate of a place in the middle
// of Europe.
struct WeatherConfig {
  std::string forecast;                // a JSON or CSV file, read again when it changes
  std::string epw;                     // an EnergyPlus file: a typical year
  std::string normals;                 // the average year of a built-in city
  std::optional<weather::Site> place;  // the average year of anywhere else

  friend bool operator==(const WeatherConfig&, const WeatherConfig&) = default;
};

// What is kept of telemetry over a restart, and for how long. See store/telemetry_store.h.
struct TelemetryConfig {
  bool enabled = true;
  Duration fine_keep = std::chrono::hours{24};
  Duration keep = std::chrono::hours{24 * 90};
  std::uint64_t size_max_bytes = 4ULL << 30;
  Duration write_period = std::chrono::seconds{60};

  friend bool operator==(const TelemetryConfig&, const TelemetryConfig&) = default;
};

// How nodes come to certificates. See scheduler/trust/trust.h.
struct EnrolmentConfig {
  std::string listen;       // for agents that have no certificate yet; empty: there is no enrolment
  std::string certificate;  // the issuer's
  std::string key;
  Duration certificate_life = std::chrono::hours{24 * 30};
  Duration late_renewal = std::chrono::hours{24 * 180};

  friend bool operator==(const EnrolmentConfig&, const EnrolmentConfig&) = default;
};

struct Config {
  std::string listen = "127.0.0.1:7400";       // gRPC; port 0: any free one
  std::string http_listen = "127.0.0.1:7401";  // /healthz and /metrics; empty: none
  std::string state_dir = "/var/lib/hearth";
  bool insecure = false;     // without it or TLS only loopback addresses may be listened on
  tls::CredentialPaths tls;  // all three or none
  EnrolmentConfig enrolment;
  std::string log_level = "info";
  std::uint64_t inbox_bytes = 64 << 20;
  std::uint64_t result_credit_bytes = 1 << 20;    // per agent
  std::uint64_t artifact_bytes_max = 4ULL << 30;  // one blob
  std::uint64_t disk_reserve_bytes = 8 << 20;     // see runtime/disk_reserve.h
  SchedulerConfig scheduler;
  TelemetryConfig telemetry;
  RetentionConfig retention;  // request ids: in `scheduler`
  WeatherConfig weather;      // of sites without their own
  std::map<SiteId, WeatherConfig> site_weather;

  friend bool operator==(const Config&, const Config&) = default;
};

// Every key is optional; comments are allowed. All problems at once, unknown keys among them.
Result<Config> parse_config(std::string_view text);

// What parse_config cannot see when a value came from elsewhere: kInvalidArgument with the problem.
Result<> check_addresses(const Config& config);

// Every key with its value; parse_config() reads it back to the same.
std::string to_json(const Config& config);

}  // namespace hearth::scheduler
