// JSON that runner and agent leave for each other, and which files count as outputs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "node_agent/runner/messages.h"
#include "node_agent/runner/outputs.h"
#include "node_agent/runner/spec_json.h"

namespace hearth::node_agent::runner {
namespace {

using testing::ElementsAre;

protocol::JobSpec full_spec() {
  protocol::JobSpec spec;
  spec.name = "risk \"1\"\n";
  spec.tenant = {"bank"};
  spec.service_class = protocol::ServiceClass::kReserved;
  spec.priority = 90;
  spec.task_count = 10'000'000;
  spec.command = {"./price", "{index}"};
  spec.environment = {{"A", "ä"}};
  spec.inputs = {{std::string(64, 'a'), "book.csv", false}, {std::string(64, 'b'), "price", true}};
  spec.outputs = {"out/*.csv"};
  spec.resources = {2, 1ULL << 40};
  spec.expected_run_time = Duration{1500};
  spec.maximum_run_time = Duration{3000};
  spec.user_retries = 2;
  spec.infrastructure_retries = 0;
  spec.deadline = UtcTime{Duration{1'800'000'000'001}};
  spec.labels = {{"desk", "fx"}};
  spec.needs_isolation = true;
  spec.no_residential = true;
  spec.needs_network = true;
  return spec;
}

TEST(SpecJson, ReadsWhatItWrote) {
  for (const auto& spec : {full_spec(), protocol::JobSpec{}}) {
    const auto text = dump(to_json(spec));
    EXPECT_EQ(parse_job_spec(nlohmann::json::parse(text)), spec) << text;
  }
}

TEST(SpecJson, ReportReadsBack) {
  protocol::AttemptReport report;
  report.attempt = {3, 41};
  report.task = {{7}, 12};
  report.failure = protocol::FailureClass::kUserError;
  report.exit_code = 3;
  report.message = "exit code 3";
  report.started_at = UtcTime{Duration{1000}};
  report.finished_at = UtcTime{Duration{2000}};
  report.nominal_run_time = Duration{900};
  report.usage = {0.75, 1 << 20, {}};
  EXPECT_EQ(parse_attempt_report(to_json(report)), report);
}

TEST(SpecJson, BrokenTextIsAnErrorNotACrash) {
  EXPECT_FALSE(parse_job_spec(nlohmann::json::parse(R"({"priority":"high"})")));
  EXPECT_FALSE(parse_attempt_report(nlohmann::json::parse("null", nullptr, false)));
  for (const char* line : {"", "{", "[]", R"({"type":"dance"})", R"({"type":"start"})",
                           R"({"type":"stop","attempt":"x","failure":"HEAT","grace_ms":1})"}) {
    EXPECT_FALSE(parse_agent_message(line)) << line;
  }
}

TEST(Messages, InputMayNotLeaveTheDirectory) {
  StartOrder order{{1, 1}, {{1}, 0}, full_spec(), "n1", "/d", "", {{"/cache/x", "../x", false}}};
  EXPECT_FALSE(parse_agent_message(encode(AgentMessage{order})));
}

TEST(Messages, SecretsTravelOnTheSocketAndInNoFile) {
  auto spec = full_spec();
  spec.secrets = {{"DB_PASSWORD", protocol::Secret{"hunter2 \"\n"}}, {"B", protocol::Secret{}}};
  const StartOrder order{{1, 1}, {{1}, 0}, spec, "n1", "/d"};
  const auto sent = parse_agent_message(encode(AgentMessage{order}));
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ(std::get<StartOrder>(*sent).spec, spec);
  const auto kept = encode_without_secrets(order);
  EXPECT_EQ(kept.find("hunter2"), std::string::npos);
  EXPECT_EQ(kept.find("DB_PASSWORD"), std::string::npos);
  EXPECT_EQ(std::get<StartOrder>(*parse_agent_message(kept)).spec, full_spec());
  EXPECT_EQ(dump(to_json(spec)), dump(to_json(full_spec())));
}

TEST(Messages, AProblemShowsNothingOfTheLine) {
  const auto broken = parse_agent_message(R"({"type":"start","secrets":{"A":"x" "hunter2")");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().message.find("hunter2"), std::string::npos) << broken.error().message;
}

TEST(Messages, ARunnerSaysWhetherItTakesSecrets) {
  const auto hello = [](const RunnerHello& said) {
    return std::get<RunnerHello>(*parse_runner_message(encode(RunnerMessage{said})));
  };
  EXPECT_TRUE(hello({7, std::nullopt, true}).takes_secrets);
  const auto older = parse_runner_message(R"({"type":"hello","pid":7})");
  EXPECT_FALSE(std::get<RunnerHello>(*older).takes_secrets);
}

TEST(Outputs, AreRegularFilesThatMatch) {
  std::string name = std::filesystem::temp_directory_path() / "hearth-outputs-test-XXXXXX";
  const std::string scratch = ::mkdtemp(name.data());
  std::filesystem::create_directories(scratch + "/out/deep");
  for (const char* file :
       {"b.csv", "a.csv", "in.csv", ".hidden.csv", "out/c.csv", "out/deep/d.csv"}) {
    std::ofstream{scratch + "/" + file} << "12";
  }
  std::filesystem::create_symlink("/etc/passwd", scratch + "/link.csv");
  std::filesystem::create_directory_symlink("/etc", scratch + "/etc");
  protocol::JobSpec spec;
  spec.inputs = {{std::string(64, 'a'), "in.csv", false}};
  spec.outputs = {"*.csv", "out/*", "etc/passwd"};
  std::vector<std::string> paths;
  for (const auto& output : find_outputs(scratch, spec)) {
    paths.push_back(output.path);
    EXPECT_EQ(output.size_bytes, 2u);
  }
  EXPECT_THAT(paths, ElementsAre("a.csv", "b.csv", "out/c.csv"));
  std::filesystem::remove_all(scratch);
}

}  // namespace
}  // namespace hearth::node_agent::runner
