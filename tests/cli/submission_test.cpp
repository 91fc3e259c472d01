#include "cli/submission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const UtcTime kNow = *parse_utc_time("2026-01-02T18:00:00Z");
const std::string kDigest(64, 'a');

Result<Submission> from_file(const std::string& text) {
  return make_submission(SubmissionFile{text, "jobs"}, {}, kNow);
}

Result<Submission> from_flags(SubmitFlags flags) {
  if (flags.command.empty()) flags.command = {"./price", "{index}"};
  return make_submission(std::nullopt, flags, kNow);
}

TEST(SubmissionFile, HoldsEveryField) {
  const auto submission = from_file(R"({
    // comments are allowed
    "name": "risk", "tenant": "bank", "service_class": "flex", "priority": 70, "task_count": 12,
    "command": ["python3", "risk.py", "{index}"],
    "environment": {"LANG": "C.UTF-8"},
    "inputs": [{"file": "risk.py", "executable": true}, {"file": "/data/book.csv", "path": "b.csv"},
               {"digest": ")" + kDigest +
                                    R"(", "path": "history.csv"}],
    "outputs": ["*.log"],
    "resources": {"cores": 2, "memory": "512M"},
    "expected_run_time": "5m", "maximum_run_time": 3600,
    "retries": {"user": 2, "infrastructure": 3},
    "deadline": "+12h",
    "labels": {"desk": "equity"},
    "needs_isolation": true, "no_residential": true,
    "secrets": {"DB_PASSWORD": "hunter2"}
  })");
  ASSERT_TRUE(submission) << submission.error().message;
  const protocol::JobSpec expected{.name = "risk",
                                   .tenant = TenantId{"bank"},
                                   .service_class = protocol::ServiceClass::kFlex,
                                   .priority = 70,
                                   .task_count = 12,
                                   .command = {"python3", "risk.py", "{index}"},
                                   .environment = {{"LANG", "C.UTF-8"}},
                                   .inputs = {{kDigest, "history.csv", false}},
                                   .outputs = {"*.log"},
                                   .resources = {.cores = 2, .memory_bytes = 512u << 20},
                                   .expected_run_time = 5min,
                                   .maximum_run_time = 1h,
                                   .user_retries = 2,
                                   .infrastructure_retries = 3,
                                   .deadline = kNow + 12h,
                                   .labels = {{"desk", "equity"}},
                                   .needs_isolation = true,
                                   .no_residential = true,
                                   .secrets = {{"DB_PASSWORD", protocol::Secret{"hunter2"}}}};
  EXPECT_EQ(submission->spec, expected);
  EXPECT_THAT(submission->files, ElementsAre(LocalInput{"jobs/risk.py", "risk.py", true},
                                             LocalInput{"/data/book.csv", "b.csv", {}}));
}

TEST(SubmissionFile, PayloadsSayHowManyTasksThereAre) {
  const auto submission =
      from_file(R"({"command": ["./f"], "payloads": ["a", {"file": "b.bin"}, ""]})");
  ASSERT_TRUE(submission) << submission.error().message;
  EXPECT_EQ(submission->spec.task_count, 3u);
  EXPECT_THAT(submission->payloads,
              ElementsAre(PayloadSource{"a", false}, PayloadSource{"jobs/b.bin", true},
                          PayloadSource{"", false}));
  EXPECT_THAT(warnings_of(*submission), IsEmpty());
}

struct BadFile {
  const char* name;
  const char* text;
  const char* problem;
};

class BadFileTest : public testing::TestWithParam<BadFile> {};

TEST_P(BadFileTest, SaysWhatIsWrong) {
  const auto submission = from_file(GetParam().text);
  ASSERT_FALSE(submission);
  EXPECT_EQ(submission.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(submission.error().message, GetParam().problem);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BadFileTest,
    testing::Values(
        BadFile{"list", "[]", "not an object; command: empty"},
        BadFile{"unknown_key", R"({"command": ["a"], "priorty": 3, "resources": {"core": 1}})",
                "resources.core: unknown key; priorty: unknown key"},
        BadFile{"types", R"({"command": "a", "priority": "high", "name": 3, "labels": []})",
                "name: not a string: 3; priority: not a whole number: \"high\"; "
                "command: not a list: \"a\"; labels: not an object: []"},
        BadFile{"numbers", R"({"command": ["a"], "task_count": 1.5, "priority": -1})",
                "priority: not a whole number: -1; task_count: not a whole number: 1.5"},
        BadFile{"ranges", R"({"command": ["a"], "task_count": 0, "priority": 101})",
                "priority: not in 0..100: 101; task_count: not in 1..10000000: 0"},
        BadFile{"class", R"({"command": ["a"], "service_class": "cheap"})",
                "service_class: not RESERVED, ON_DEMAND, FLEX or FILLER: CHEAP"},
        BadFile{"durations",
                R"({"command": ["a"], "expected_run_time": "5 moons", "maximum_run_time": 0})",
                "expected_run_time: not a duration (like 90, 1.5s, 5m, 2h, 1d): 5 moons; "
                "maximum_run_time: not longer than 0: 0"},
        BadFile{"memory", R"({"command": ["a"], "resources": {"memory": "lots"}})",
                "resources.memory: not a size (like 512M, 1.5G or bytes): lots"},
        BadFile{"deadline", R"({"command": ["a"], "deadline": "tonight"})",
                "deadline: neither a time (2026-01-03T06:00:00Z) nor +DURATION (+2h): tonight"},
        BadFile{"past", R"({"command": ["a"], "deadline": "2026-01-01T06:00:00Z"})",
                "deadline: in the past: 2026-01-01T06:00:00Z"},
        BadFile{"input", R"({"command": ["a"], "inputs": [{"path": "x"}, {"file": "y", "z": 1}]})",
                "inputs[0]: needs either file or digest; inputs[1].z: unknown key"},
        BadFile{"input_paths",
                R"({"command": ["a"], "inputs": [{"file": "a/x"}, {"file": "b/x"}]})",
                "inputs: path given twice: x"},
        BadFile{"payloads", R"({"command": ["a"], "task_count": 3, "payloads": ["x", 7]})",
                "payloads[1]: not an object; task_count: 3, but 1 payloads"},
        BadFile{"no_payloads", R"({"command": ["a"], "payloads": []})", "payloads: empty"},
        BadFile{"environment", R"({"command": ["a"], "environment": {"HEARTH_X": "1"}})",
                "environment: not a usable name: HEARTH_X"},
        BadFile{"secrets", R"({"command": ["a"], "secrets": {"A": 7, "B": ["hunter2"]}})",
                "secrets.A: not a string; secrets.B: not a string"},
        BadFile{"secrets_list", R"({"command": ["a"], "secrets": ["hunter2"]})",
                "secrets: not an object"},
        BadFile{"secret_name", R"({"command": ["a"], "secrets": {"HEARTH_X": "hunter2"}})",
                "secrets: not a usable name: HEARTH_X"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(SubmissionFile, SyntaxErrorsNameTheLine) {
  EXPECT_THAT(from_file("{\n \"name\" \"x\"}").error().message,
              HasSubstr("not JSON: parse error at line 2, column"));
}

TEST(SubmissionFile, SyntaxErrorsShowNoSecret) {
  const auto problem = from_file("{\"secrets\": {\"A\": \"x\" \"hunter2\"}}").error().message;
  EXPECT_THAT(problem, HasSubstr("not JSON: parse error at line 1, column"));
  EXPECT_THAT(problem, testing::Not(HasSubstr("hunter2")));
}

TEST(SubmitFlags, BecomeASpecification) {
  const auto submission = from_flags({.tasks = 64,
                                      .name = "risk",
                                      .service_class = "on-demand",
                                      .priority = 9,
                                      .cores = 4,
                                      .retries = 1,
                                      .infrastructure_retries = 2,
                                      .memory = "1.5G",
                                      .expected = "90",
                                      .maximum = "1h",
                                      .deadline = "2026-01-03T06:00:00+01:00",
                                      .environment = {"A=b=c", "EMPTY="},
                                      .labels = {"desk=equity"},
                                      .inputs = {"src/risk.py", "book.csv:data/book.csv"},
                                      .input_digests = {kDigest + ":h.csv"},
                                      .outputs = {"out/*"},
                                      .secrets = {{"KEY", protocol::Secret{"hunter2"}}},
                                      .isolated = true,
                                      .no_residential = true});
  ASSERT_TRUE(submission) << submission.error().message;
  const auto& spec = submission->spec;
  EXPECT_EQ(spec.task_count, 64u);
  EXPECT_EQ(spec.resources, (protocol::Resources{4, 3ull << 29}));
  EXPECT_EQ(spec.expected_run_time, 90s);
  EXPECT_EQ(spec.deadline, *parse_utc_time("2026-01-03T05:00:00Z"));
  EXPECT_EQ(spec.environment, (std::map<std::string, std::string>{{"A", "b=c"}, {"EMPTY", ""}}));
  EXPECT_THAT(spec.inputs, ElementsAre(protocol::Input{kDigest, "h.csv", false}));
  EXPECT_THAT(submission->files, ElementsAre(LocalInput{"src/risk.py", "risk.py", {}},
                                             LocalInput{"book.csv", "data/book.csv", {}}));
  EXPECT_TRUE(spec.needs_isolation);
  EXPECT_TRUE(spec.no_residential);
  EXPECT_EQ(spec.secrets.at("KEY"), protocol::Secret{"hunter2"});
}

TEST(SubmitFlags, PayloadsAreLines) {
  const auto submission = from_flags({.payloads = "a\r\n\nlast"});
  ASSERT_TRUE(submission) << submission.error().message;
  EXPECT_THAT(submission->payloads,
              ElementsAre(PayloadSource{"a"}, PayloadSource{""}, PayloadSource{"last"}));
}

TEST(SubmitFlags, OverruleTheFile) {
  const auto submission = make_submission(
      SubmissionFile{R"({"command": ["a"], "priority": 1, "labels": {"x": "1"}})", ""},
      {.priority = 2, .labels = {"y=2"}, .command = {"b"}}, kNow);
  ASSERT_TRUE(submission) << submission.error().message;
  EXPECT_EQ(submission->spec.priority, 2);
  EXPECT_EQ(submission->spec.labels.size(), 2u);
  EXPECT_THAT(submission->spec.command, ElementsAre("b"));
}

TEST(SubmitFlags, AllProblemsAtOnce) {
  const auto submission = from_flags({.tasks = 0,
                                      .service_class = "gold",
                                      .memory = "x",
                                      .environment = {"novalue"},
                                      .inputs = {":x"},
                                      .input_digests = {"zz"}});
  ASSERT_FALSE(submission);
  EXPECT_EQ(submission.error().message,
            "--class: not RESERVED, ON_DEMAND, FLEX or FILLER: GOLD; "
            "--memory: not a size (like 512M, 1.5G or bytes): x; "
            "--env: not NAME=VALUE: novalue; "
            "--input: not FILE or FILE:PATH: :x; "
            "--input-digest: not DIGEST:PATH: zz; "
            "task_count: not in 1..10000000: 0");
}

TEST(SubmitFlags, TextMustBeUtf8) {
  EXPECT_EQ(from_flags({.command = {"a", "\xff"}}).error().message, "command: not UTF-8: ?");
}

TEST(SubmitFlags, ASecretThatIsNoUtf8IsNotShown) {
  EXPECT_EQ(from_flags({.secrets = {{"KEY", protocol::Secret{"a\xff"}}}}).error().message,
            "secrets: KEY is not UTF-8");
}

TEST(Warnings, WhenEveryTaskDoesTheSame) {
  EXPECT_THAT(warnings_of(*from_flags({.tasks = 3, .command = {"true"}})),
              ElementsAre(HasSubstr("all 3 tasks run the same command")));
  EXPECT_THAT(warnings_of(*from_flags({.tasks = 1, .command = {"true"}})), IsEmpty());
  EXPECT_THAT(warnings_of(*from_flags({.tasks = 3, .command = {"a", "x{index}"}})), IsEmpty());
}

TEST(Bytes, ArePowersOf1024) {
  EXPECT_EQ(parse_bytes("512"), 512u);
  EXPECT_EQ(parse_bytes("1K"), 1024u);
  EXPECT_EQ(parse_bytes("512 MiB"), 512u << 20);
  EXPECT_EQ(parse_bytes("2GB"), 2ull << 30);
  for (const auto* bad : {"", "M", "-1", "1X", "1Mx", "nan", "1e30"}) {
    EXPECT_FALSE(parse_bytes(bad)) << bad;
  }
}

}  // namespace
}  // namespace hearth::cli
