// The HTTP pages, reflection and health checking, over the wire.
#include <gmock/gmock.h>

#include <boost/asio/ip/tcp.hpp>
#include <fstream>
#include <regex>
#include <sstream>

#include "fake_agent.h"

namespace hearth::scheduler {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Pages : public Served {
 protected:
  std::string get_page(const std::string& path) {
    boost::asio::ip::tcp::iostream stream;
    stream.expires_after(std::chrono::seconds{10});
    stream.connect("127.0.0.1", std::to_string(daemon_->ports().http));
    stream << "GET " << path << " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" << std::flush;
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
  }
};

TEST_F(Pages, HealthIsOkWhileWeServe) {
  const auto reply = get_page("/healthz");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(reply, HasSubstr("\r\n\r\nok\n"));
  EXPECT_THAT(get_page("/nothing"), StartsWith("HTTP/1.1 404"));
}

TEST_F(Pages, EveryMetricHasTheFormThatPrometheusWants) {
  submit(1);
  FakeAgent agent{channel_};
  agent.greet();
  const auto start = agent.next_start();
  agent.succeed(start, "x");
  agent.await_acknowledgement(start.attempt());
  auto held = spec(2);
  held.set_held(true);
  job::v1::SubmitJobResponse submitted;
  ASSERT_TRUE(submit("r2", held, &submitted).ok());
  auto after = spec(3);
  after.add_after()->set_job_id(submitted.job_id());
  ASSERT_TRUE(submit("r3", after, &submitted).ok());

  const auto reply = get_page("/metrics");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200"));
  const std::regex line(
      R"((# (HELP|TYPE) hearth_[a-z_]+ .+)|(hearth_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? )"
      R"((-?[0-9.]+(e[+-]?[0-9]+)?|\+Inf|Nan)))");
  std::istringstream body(reply.substr(reply.find("\r\n\r\n") + 4));
  std::string text;
  while (std::getline(body, text)) EXPECT_TRUE(std::regex_match(text, line)) << text;
  for (const auto* sample : {"hearth_nodes{state=\"online\"} 1\n",
                             "hearth_results_accepted_total 1\n",
                             "hearth_attempts_granted_total 1\n",
                             "hearth_zone_temperature_celsius{zone=\"z-n1\"} 19\n",
                             "hearth_zone_setpoint_celsius{zone=\"z-n1\"} 20\n",
                             "hearth_node_power_watts{node=\"n1\"} 100\n",
                             "hearth_sessions 1\n",
                             "hearth_retention_deleted_total{kind=\"job\"} 0\n",
                             "hearth_retained{kind=\"request_id\"} ",
                             "hearth_commit_duration_seconds_count ",
                             "hearth_apply_duration_seconds_bucket{le=",
                             "hearth_node_energy_joules_total{node=\"n1\",cause=\"attempts\"} 0\n",
                             "hearth_zones{alarm=\"cold\"} 0\n",
                             "hearth_zones{alarm=\"none\"} 1\n",
                             "hearth_zone_models{state=\"none\"} 1\n",
                             "hearth_zones_temperature_error_kelvin{percentile=\"50\"} -1\n",
                             "# TYPE hearth_capacity_power_watts gauge\n",
                             "hearth_work_pressure_ratio ",
                             "hearth_tasks_waiting{reason=\"placement\"} 0\n",
                             "hearth_tasks_waiting{reason=\"hold\"} 2\n",
                             "hearth_tasks_waiting{reason=\"dependency\"} 3\n",
                             "hearth_tasks_waiting{reason=\"commit\"} 0\n",
                             "hearth_tenant_cores{tenant=\"default\"} 0\n",
                             "hearth_attempts_retried_total{class=\"node_lost\"} 0\n",
                             "hearth_dispatch_duration_seconds_count ",
                             "hearth_zone_sensor_trusted{zone=\"z-n1\"} 1\n",
                             "hearth_node_safe_mode{node=\"n1\"} 0\n",
                             "hearth_outbox_bytes ",
                             "hearth_site_heat_today_joules{site="}) {
    EXPECT_THAT(reply, HasSubstr(sample));
  }
}

TEST_F(Pages, PortsAreWrittenDown) {
  std::ifstream file(config_.state_dir + "/hearthd.ports");
  std::string text;
  std::getline(file, text);
  EXPECT_EQ(text, "{\"grpc\": " + std::to_string(daemon_->ports().grpc) + ", \"http\": " +
                      std::to_string(daemon_->ports().http) + ", \"enrolment\": 0}");
}

TEST_F(Pages, OneProcessHasTheState) {
  const auto second = Daemon::start(config_, {.on_failed = [] {}, .on_room = [] {}});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition) << second.error().message;
}

}  // namespace
}  // namespace hearth::scheduler
