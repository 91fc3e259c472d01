#include "scheduler/config.h"

#include <gmock/gmock.h>

#include <fstream>
#include <regex>
#include <sstream>

namespace hearth::scheduler {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string problem_of(std::string_view text) {
  const auto config = parse_config(text);
  return config ? "none" : config.error().message;
}

TEST(Config, NothingWrittenIsTheDefaults) {
  EXPECT_EQ(parse_config("{}").value(), Config{});
}

TEST(Config, AllProblemsComeAtOnce) {
  EXPECT_THAT(
      problem_of(R"({"lisen": "x", "silent_after_s": -1, "http_listen": 7, "log_level": "loud",
                     "band": {"above_k": 99, "colour": 1, "flex": {"may_start_below_k": 3}},
                     "sites": {"home 1": {}, "h": {"breaker_w": 100, "reserve_w": 200}}})"),
      AllOf(HasSubstr("lisen: unknown key"), HasSubstr("silent_after_s: not in 1.0..3600.0"),
            HasSubstr("http_listen: wrong type"), HasSubstr("log_level: not debug"),
            HasSubstr("band: above_k: not in"), HasSubstr("colour: unknown key"),
            HasSubstr("flex: may_start_below_k: above must_stop_above_k"),
            HasSubstr("not a name: home 1"), HasSubstr("reserve_w: above breaker_w")));
  EXPECT_THAT(problem_of(R"({"heat": {"learning": 1, "cold_alarm_k": -2, "fit_period": 1},
                     "telemetry": {"write_period_s": 0, "keep_s": 1, "keep_for": 1},
                     "retention": {"job_keep_s": 0, "events_max": 1, "keep_s": 1},
                     "weather": {"normals": "Atlantis", "latitude": 91},
                     "sites": {"h": {"daily_heat_kwh": -1,
                                     "weather": {"epw": "a", "forecast": "b"}}}})"),
              AllOf(HasSubstr("learning: wrong type"), HasSubstr("cold_alarm_k: not in"),
                    HasSubstr("fit_period: unknown key"), HasSubstr("write_period_s: not in"),
                    HasSubstr("keep_s: not in"), HasSubstr("keep_for: unknown key"),
                    HasSubstr("job_keep_s: not in 1.0.."), HasSubstr("events_max: not in 1000.."),
                    HasSubstr("keep_s: unknown key"), HasSubstr("normals: not built in: Atlantis"),
                    HasSubstr("lyon"), HasSubstr("latitude: not in -90..90"),
                    HasSubstr("one without the other"), HasSubstr("daily_heat_kwh: not in"),
                    HasSubstr("; weather: more than one of forecast, epw")));
  EXPECT_EQ(problem_of("[]"), "not a JSON object");
  EXPECT_EQ(problem_of("{"), "not a JSON object");
}

TEST(Config, OnlyLoopbackUnlessInsecureIsWrittenDown) {
  for (const auto* address : {"0.0.0.0:7400", "192.168.1.7:7400", "[::]:7400", "example.org:1"}) {
    const auto listen = R"({"listen": ")" + std::string{address} + "\"";
    EXPECT_THAT(problem_of(listen + "}"), HasSubstr("\"insecure\": true")) << address;
    EXPECT_EQ(problem_of(listen + R"(, "insecure": true})"), "none") << address;
  }
  for (const auto* address : {"127.0.0.1:0", "localhost:7400", "[::1]:7400", "127.1.2.3:65535"}) {
    EXPECT_EQ(problem_of(R"({"listen": ")" + std::string{address} + "\"}"), "none") << address;
  }
  EXPECT_THAT(problem_of(R"({"listen": "127.0.0.1"})"), HasSubstr("not ADDRESS:PORT"));
  EXPECT_THAT(problem_of(R"({"http_listen": "0.0.0.0:1"})"),
              AllOf(HasSubstr("http_listen"), HasSubstr("never encrypted")));
}

TEST(Config, SecondsMayHaveFractions) {
  const auto config = parse_config(R"({"plan_period_s": 0.25, "retry_delay_s": 1.5})").value();
  EXPECT_EQ(config.scheduler.plan_period, Duration{250});
  EXPECT_EQ(config.scheduler.retry_delay, Duration{1500});
}

TEST(Config, WhatIsPrintedReadsBackTheSame) {
  auto config = parse_config(R"({"listen": "127.0.0.1:0", "insecure": true, "chunk_max": 7,
                                 "band": {"above_k": 0.7, "flex": {"must_stop_above_k": 1.1}},
                                 "heat": {"learning": false, "cold_alarm_after_s": 7200},
                                 "telemetry": {"enabled": false, "keep_s": 864000},
                                 "retention": {"job_keep_s": 86400, "request_id_keep_s": 3600},
                                 "weather": {"latitude": 45.5, "longitude": -4},
                                 "sites": {"home": {"breaker_w": 3500, "reserve_w": 500,
                                                    "daily_heat_kwh": 40,
                                                    "weather": {"normals": "Lyon"}},
                                           "other": {"weather": {"forecast": "f.csv"}}},
                                 "share_half_life_s": 7200, "other_tenants": {"jobs_max": 3},
                                 "tenants": {"bank": {"weight": 2.5, "cores_max": 40,
                                                      "tasks_max": 5}}})")
                    .value();
  EXPECT_EQ(parse_config(to_json(config)).value(), config);
  EXPECT_EQ(config.scheduler.sites.at(SiteId{"home"}).breaker, Watts{3500});
  EXPECT_EQ(config.scheduler.sites.at(SiteId{"home"}).daily_heat, Joules{144e6});
  EXPECT_FALSE(config.scheduler.heat.learning);
  const auto& bank = config.scheduler.share.limits_of(TenantId{"bank"});
  EXPECT_EQ(bank, (TenantLimits{2.5, 40, std::nullopt, 5}));
  EXPECT_EQ(config.scheduler.share.limits_of(TenantId{"film"}).jobs_max, 3U);
  EXPECT_FALSE(config.telemetry.enabled);
  EXPECT_EQ(config.telemetry.keep, std::chrono::hours{240});
  EXPECT_EQ(config.retention.job_keep, std::chrono::hours{24});
  EXPECT_EQ(config.scheduler.request_keep, std::chrono::hours{1});
  EXPECT_EQ(config.weather.place, (weather::Site{45.5, -4}));
  EXPECT_EQ(config.site_weather.at(SiteId{"home"}).normals, "Lyon");
}

TEST(Config, TheExampleShowsEveryKeyWithItsDefault) {
  std::ifstream file(HEARTH_DEPLOY_DIR "/hearthd.json");
  std::stringstream text;
  text << file.rdbuf();
  const auto config = parse_config(text.str());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(to_json(*config), to_json(Config{}));
  const auto printed = to_json(Config{});
  const std::regex key(R"("[a-z_]+":)");
  for (std::sregex_iterator it(printed.begin(), printed.end(), key), end; it != end; ++it) {
    EXPECT_THAT(text.str(), HasSubstr(it->str()));
  }
}

}  // namespace
}  // namespace hearth::scheduler
