#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/application.h"
#include "fake_scheduler.h"
#include "support/temporary_directory.h"

namespace hearth::cli {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class CommandTest : public testing::Test {
 protected:
  struct Outcome {
    int code;
    std::string out;
    std::string err;
  };

  CommandTest() {
    scheduler.jobs.job.set_job_id("j7");
    scheduler.jobs.job.set_state(job::v1::JOB_STATE_ACTIVE);
    scheduler.jobs.job.mutable_counts()->set_pending(2);
  }

  Outcome hearth(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--server", scheduler.address()});
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run(std::move(arguments));
    std::fflush(stdout);
    return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
  }

  std::string file(const std::string& name, const std::string& bytes) {
    const auto path = directory + "/" + name;
    std::ofstream(path) << bytes;
    return path;
  }

  std::string contents(const std::string& name) {
    std::stringstream text;
    text << std::ifstream(directory + "/" + name).rdbuf();
    return text.str();
  }

  void add_event(job::v1::JobEventKind kind, job::v1::JobState state, unsigned pending,
                 unsigned succeeded, unsigned failed = 0) {
    auto& event = scheduler.jobs.events.emplace_back();
    event.set_kind(kind);
    event.set_job_id("j7");
    event.mutable_job()->set_job_id("j7");
    event.mutable_job()->set_state(state);
    event.mutable_job()->mutable_counts()->set_pending(pending);
    event.mutable_job()->mutable_counts()->set_succeeded(succeeded);
    event.mutable_job()->mutable_counts()->set_failed(failed);
  }

  void add_result(std::uint64_t index, const std::string& bytes) {
    auto& result = scheduler.jobs.results.emplace_back();
    result.set_index(index);
    result.set_state(job::v1::TASK_STATE_SUCCEEDED);
    result.set_result(bytes);
    result.mutable_attempt()->set_attempt_id("a1." + std::to_string(index));
    result.mutable_attempt()->set_node_id("n1");
  }

  FakeScheduler scheduler;
  const TemporaryDirectory temporary;
  const std::string directory = temporary.path();
};

TEST_F(CommandTest, SubmitRepeatsTheSameRequestUntilItIsTaken) {
  scheduler.jobs.failures = 2;
  const auto done = hearth({"submit", "--tasks", "2", "--deadline", "+2h", "--", "./a", "{index}"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "j7\n");
  EXPECT_EQ(done.err, "hearth: scheduler unreachable, retrying: " + scheduler.address() +
                          "\nhearth: scheduler " + scheduler.address() +
                          ": starting\nhearth: scheduler reached again\n");
  // Same id, same absolute deadline: to the scheduler it is the same submit.
  const auto& tries = scheduler.jobs.submitted;
  ASSERT_EQ(tries.size(), 3u);
  EXPECT_EQ(tries[0].header().request_id().size(), 32u);
  EXPECT_TRUE(tries[0].header().spec().has_deadline());
  EXPECT_TRUE(MessageDifferencer::Equals(tries[0], tries[1]));
  EXPECT_TRUE(MessageDifferencer::Equals(tries[0], tries[2]));
}

TEST_F(CommandTest, SubmitSendsPayloadsInPages) {
  std::string lines;
  for (int i = 0; i < 2500; ++i) lines += "payload " + std::to_string(i) + "\n";
  const auto path = file("lines", lines);
  const auto done = hearth({"submit", "--payloads", path, "--", "./a"});
  EXPECT_EQ(done.code, 0) << done.err;
  const auto& sent = scheduler.jobs.submitted;
  ASSERT_EQ(sent.size(), 4u);
  EXPECT_EQ(sent[0].header().spec().task_count(), 2500u);
  EXPECT_TRUE(sent[0].header().has_payloads());
  EXPECT_EQ(sent[1].page().payloads_size(), 1000);
  EXPECT_EQ(sent[3].page().payloads(499), "payload 2499");
}

TEST_F(CommandTest, SubmitUploadsWhatIsMissingOnce) {
  const auto big = std::string(1'200'000, 'x');
  const auto script = file("a.sh", "#!/bin/sh\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  scheduler.artifacts.stored[sha256("known")] = "known";
  scheduler.artifacts.failures = 1;
  const auto done = hearth({"submit", "--input", script, "--input", file("big", big), "--input",
                            file("empty", ""), "--input", file("known", "known"), "--", "./a.sh"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(scheduler.artifacts.uploads, 4);  // three files, one of them twice
  EXPECT_EQ(scheduler.artifacts.stored[sha256(big)], big);
  EXPECT_TRUE(scheduler.artifacts.stored.contains(sha256("")));
  const auto& inputs = scheduler.jobs.submitted.back().header().spec().inputs();
  ASSERT_EQ(inputs.size(), 4);
  EXPECT_EQ(inputs[0].path(), "a.sh");
  EXPECT_TRUE(inputs[0].executable());
  EXPECT_FALSE(inputs[1].executable());
}

TEST_F(CommandTest, SecretsComeFromTheEnvironmentAndFromFilesAlone) {
  ::setenv("HUNTER", "hunter2", 1);
  const auto done =
      hearth({"submit", "--secret", "HUNTER", "--secret", "KEY=@" + file("key", "two\nlines\n"),
              "--no-residential", "--network", "--", "./a"});
  EXPECT_EQ(done.code, 0) << done.err;
  const auto& sent = scheduler.jobs.submitted.back().header().spec();
  EXPECT_EQ(sent.secrets().at("HUNTER"), "hunter2");
  EXPECT_EQ(sent.secrets().at("KEY"), "two\nlines");
  EXPECT_TRUE(sent.no_residential());
  EXPECT_TRUE(sent.needs_network());

  const auto tries = scheduler.jobs.submitted.size();
  const auto checked = hearth({"submit", "--dry-run", "--secret", "HUNTER", "--", "./a"});
  EXPECT_EQ(checked.code, 0) << checked.err;
  EXPECT_THAT(checked.out, HasSubstr("\"HUNTER\":\"\""));
  EXPECT_THAT(checked.out, testing::Not(HasSubstr("hunter2")));
  for (const auto& [flag, problem] : std::vector<std::pair<std::string, std::string>>{
           {"HUNTER=hunter2", "--secret HUNTER: not NAME or NAME=@FILE"},
           {"NOBODY_SETS_THIS", "--secret NOBODY_SETS_THIS: no such variable is set here"},
           {"KEY=@" + directory + "/none", "--secret KEY: "}}) {
    const auto refused = hearth({"submit", "--secret", flag, "--", "./a"});
    EXPECT_EQ(refused.code, 2) << flag;
    EXPECT_THAT(refused.err, HasSubstr(problem));
    EXPECT_THAT(refused.err, testing::Not(HasSubstr("hunter2")));
  }
  EXPECT_EQ(scheduler.jobs.submitted.size(), tries);
  ::unsetenv("HUNTER");
}

TEST_F(CommandTest, AQuoteHasTheNamesOfSecretsAlone) {
  const auto path =
      file("job.json", R"({"command": ["./a"], "secrets": {"DB_PASSWORD": "hunter2"}})");
  EXPECT_EQ(hearth({"quote", path}).code, 0);
  ASSERT_EQ(scheduler.jobs.quoted.secrets_size(), 1);
  EXPECT_EQ(scheduler.jobs.quoted.secrets().at("DB_PASSWORD"), "");
}

TEST_F(CommandTest, SubmitOfAFileReadsItsInputsBesideIt) {
  file("a.sh", "x");
  const auto path = file("job.json", R"({"command": ["./a.sh"], "inputs": [{"file": "a.sh"}]})");
  EXPECT_EQ(hearth({"submit", path}).code, 0);
  EXPECT_EQ(scheduler.jobs.submitted[0].header().spec().inputs(0).digest(), sha256("x"));
}

TEST_F(CommandTest, WaitOutlastsBreaksAndTellsTheOutcome) {
  add_event(job::v1::JOB_EVENT_KIND_PROGRESS, job::v1::JOB_STATE_ACTIVE, 1, 1);
  add_event(job::v1::JOB_EVENT_KIND_ENDED, job::v1::JOB_STATE_FAILED, 0, 1, 1);
  const auto done = hearth({"submit", "--wait", "--", "true"});
  EXPECT_EQ(done.code, 1);
  EXPECT_EQ(done.out, "j7\n");
  EXPECT_THAT(done.err, HasSubstr("j7: 2/2 done, 1 failed"));
  EXPECT_THAT(done.err, HasSubstr("hearth: j7 FAILED: 2 tasks, 1 failed"));
  // Each event was asked for once.
  EXPECT_THAT(scheduler.jobs.cursors, ElementsAre("0", "1"));
}

TEST_F(CommandTest, WaitForAnEndedJobReturnsAtOnce) {
  scheduler.jobs.job.set_state(job::v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(hearth({"job", "wait", "last", "-q"}).code, 4);
  EXPECT_THAT(scheduler.jobs.cursors, IsEmpty());
}

TEST_F(CommandTest, WatchPrintsEveryEventOnce) {
  add_event(job::v1::JOB_EVENT_KIND_SUBMITTED, job::v1::JOB_STATE_ACTIVE, 2, 0);
  add_event(job::v1::JOB_EVENT_KIND_PROGRESS, job::v1::JOB_STATE_ACTIVE, 1, 1);
  add_event(job::v1::JOB_EVENT_KIND_ENDED, job::v1::JOB_STATE_SUCCEEDED, 0, 2);
  const auto done = hearth({"job", "watch", "j7"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out,
            " j7 SUBMITTED\n"
            " j7 ENDED SUCCEEDED: 2 tasks; 0.0 s CPU, 0 J\n");
  EXPECT_THAT(done.err, HasSubstr("hearth: j7: 1/2 done\n"));
  EXPECT_THAT(scheduler.jobs.cursors, ElementsAre("", "1", "2"));
}

TEST_F(CommandTest, ResultsAreReadOnceThoughTheStreamBreaks) {
  scheduler.jobs.job.set_state(job::v1::JOB_STATE_SUCCEEDED);
  add_result(1, "one");
  add_result(0, "\xff");
  add_result(2, "");
  const auto done = hearth({"job", "results", "j7", "-o", "json"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out,
            R"({"index":1,"state":"SUCCEEDED","attempt":"a1.1","node":"n1","result":"one",)"
            R"("cpu_s":0.0,"energy_j":0.0,"cursor":"1"})"
            "\n"
            R"({"index":0,"state":"SUCCEEDED","attempt":"a1.0","node":"n1",)"
            R"("result_base64":"/w==","cpu_s":0.0,"energy_j":0.0,"cursor":"2"})"
            "\n"
            R"({"index":2,"state":"SUCCEEDED","attempt":"a1.2","node":"n1","result":"",)"
            R"("cpu_s":0.0,"energy_j":0.0,"cursor":"3"})"
            "\n");
  EXPECT_THAT(scheduler.jobs.cursors, ElementsAre("", "1", "2"));
}

TEST_F(CommandTest, ResultsGoOnFromACursor) {
  scheduler.jobs.job.set_state(job::v1::JOB_STATE_SUCCEEDED);
  add_result(1, "one");
  add_result(0, "zero");
  const auto done = hearth({"job", "results", "j7", "--cursor", "1"});
  EXPECT_THAT(done.out, HasSubstr("zero"));
  EXPECT_THAT(done.out, testing::Not(HasSubstr("one")));
}

TEST_F(CommandTest, ResultsAndOutputsBecomeFiles) {
  scheduler.jobs.job.set_state(job::v1::JOB_STATE_SUCCEEDED);
  const std::string bytes = "some output";
  scheduler.artifacts.stored[sha256(bytes)] = bytes;
  scheduler.artifacts.failures = 2;
  add_result(3, "three");
  auto* output = scheduler.jobs.results[0].add_outputs();
  output->set_path("log/a.txt");
  output->set_digest(sha256(bytes));
  const auto done = hearth({"job", "results", "j7", "-d", directory + "/out", "--outputs"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(contents("out/3"), "three");
  EXPECT_EQ(contents("out/3.d/log/a.txt"), bytes);
}

TEST_F(CommandTest, WhatIsThereFromAnEarlierRunIsNotFetchedAgain) {
  scheduler.jobs.job.set_state(job::v1::JOB_STATE_SUCCEEDED);
  add_result(0, "seventeen");
  scheduler.jobs.results[0].set_stands_for(17);
  auto* output = scheduler.jobs.results[0].add_outputs();
  output->set_path("a.txt");
  output->set_digest(sha256("kept"));
  add_result(1, "changed");
  std::filesystem::create_directories(directory + "/out/17.d");
  file("out/17", "seventeen");
  file("out/17.d/a.txt", "kept");  // the scheduler has no such artifact
  file("out/1", "old");
  const auto done = hearth({"results", "j7", "--to", directory + "/out", "--outputs"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("2 results in " + directory + "/out, 1 of them from before"));
  EXPECT_EQ(contents("out/1"), "changed");
  file("out/17.d/a.txt", "spoilt");
  EXPECT_NE(hearth({"results", "j7", "--to", directory + "/out", "--outputs"}).code, 0);
}

TEST_F(CommandTest, ResultsBecomeCsv) {
  scheduler.jobs.job.set_state(job::v1::JOB_STATE_FAILED);
  add_result(0, "a \"b\", c\n");
  auto& failed = *scheduler.jobs.results[0].mutable_attempt();
  scheduler.jobs.results[0].set_state(job::v1::TASK_STATE_FAILED);
  scheduler.jobs.results[0].set_stands_for(17);
  failed.set_failure(job::v1::FAILURE_CLASS_USER_ERROR);
  failed.set_exit_code(3);
  failed.set_message("exit code 3");
  failed.mutable_started_at()->set_seconds(1'767'420'000);
  failed.mutable_ended_at()->set_seconds(1'767'420'009);
  failed.mutable_nominal_run_time()->set_nanos(8'500'000);
  failed.set_cpu_s(7.25);
  failed.set_peak_memory_bytes(4096);
  failed.set_energy_j(812.5);
  add_result(1, "\xff");
  const std::string expected =
      "index,stands_for,state,exit_code,failure,message,node,attempt,started_at,ended_at,nominal_s,"
      "cpu_s,peak_memory_bytes,energy_j,encoding,result\n"
      "0,17,FAILED,3,USER_ERROR,exit code 3,n1,a1.0,2026-01-03T06:00:00Z,2026-01-03T06:00:09Z,"
      "0.009,7.250,4096,812.500,text,\"a \"\"b\"\", c\n\"\n"
      "1,1,SUCCEEDED,,,,n1,a1.1,,,0.000,0.000,0,0.000,base64,/w==\n";
  const auto done = hearth({"results", "j7", "--csv"});
  EXPECT_EQ(done.code, 1) << done.err;
  EXPECT_EQ(done.out, expected);
  EXPECT_EQ(hearth({"-o", "csv", "job", "results", "j7"}).out, expected);
  EXPECT_EQ(hearth({"results", "j7", "--csv", directory + "/r.csv"}).out, "");
  EXPECT_EQ(contents("r.csv"), expected);
  EXPECT_FALSE(std::filesystem::exists(directory + "/r.csv.part"));
}

TEST_F(CommandTest, FieldsOfResultsBecomeColumns) {
  scheduler.jobs.job.set_state(job::v1::JOB_STATE_SUCCEEDED);
  add_result(0, R"({"npv": 12.5, "risk": {"delta": "a,b"}, "no": null})");
  add_result(1, "no JSON");
  const auto done = hearth({"results", "j7", "--csv", "-", "--fields", "npv,risk.delta,no,npv.x"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr(",energy_j,npv,risk.delta,no,npv.x\n"));
  EXPECT_THAT(done.out, HasSubstr(",12.5,\"a,b\",,\n"));
  EXPECT_THAT(done.out, HasSubstr("0.000,,,,\n"));
}

TEST_F(CommandTest, OutputsCannotLeaveTheirDirectory) {
  add_result(3, "three");
  scheduler.jobs.results[0].add_outputs()->set_path("../../x");
  const auto done = hearth({"job", "results", "j7", "-d", directory + "/out", "--outputs"});
  EXPECT_EQ(done.code, 2);
  EXPECT_THAT(done.err, HasSubstr("output leaves its directory: ../../x"));
}

TEST_F(CommandTest, AnArtifactThatIsNotWhatItsNameSaysIsNotKept) {
  scheduler.artifacts.stored[sha256("good")] = "evil";
  const auto done = hearth({"artifact", "get", sha256("good"), directory + "/got"});
  EXPECT_EQ(done.code, 2);
  EXPECT_FALSE(std::filesystem::exists(directory + "/got"));
  EXPECT_FALSE(std::filesystem::exists(directory + "/got.part"));
}

TEST_F(CommandTest, ListsAreTablesOrJson) {
  EXPECT_THAT(hearth({"job", "list"}).out, HasSubstr("JOB  NAME  STATE   CLASS"));
  const auto json = hearth({"job", "list", "-o", "json"});
  EXPECT_THAT(json.out, StartsWith("[\n{\"job_id\":\"j7\""));
  EXPECT_THAT(json.out, HasSubstr("\"state\":\"JOB_STATE_ACTIVE\""));
}

struct BadUse {
  const char* name;
  std::vector<std::string> arguments;
  int code;
  const char* message;
};

class BadUseTest : public CommandTest, public testing::WithParamInterface<BadUse> {};

TEST_P(BadUseTest, ExitsWithItsCodeAndOneLine) {
  const auto done = hearth(GetParam().arguments);
  EXPECT_EQ(done.code, GetParam().code);
  EXPECT_EQ(done.out, "");
  EXPECT_THAT(done.err, StartsWith(GetParam().message));
  EXPECT_EQ(std::count(done.err.begin(), done.err.end(), '\n'), 1) << done.err;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BadUseTest,
    testing::Values(BadUse{"not_found", {"job", "show", "j9"}, 5, "hearth: job j9: not found"},
                    BadUse{"no_job", {"job", "show", "seven"}, 2, "hearth: "},
                    BadUse{"unknown_flag", {"submit", "--bogus"}, 2, "hearth: "},
                    BadUse{"no_subcommand", {"job"}, 2, "hearth: A subcommand is required"},
                    BadUse{"nothing_to_submit", {"submit"}, 2, "hearth: submit: needs a file"},
                    BadUse{"no_such_file",
                           {"submit", "./price"},
                           2,
                           "hearth: ./price: No such file or directory (a command goes after --)"},
                    BadUse{"dashes", {"job", "list", "--", "x"}, 2, "hearth: only submit takes"},
                    BadUse{"bad_spec",
                           {"submit", "--priority", "101", "--", "true"},
                           2,
                           "hearth: priority: not in 0..100: 101"},
                    BadUse{"tasks",
                           {"submit", "--tasks", "-3", "--", "true"},
                           2,
                           "hearth: --tasks: negative: -3"},
                    BadUse{"limit", {"job", "list", "--limit", "-1"}, 2, "hearth: --limit"},
                    BadUse{"format", {"job", "list", "-o", "xml"}, 2, "hearth: "},
                    BadUse{"timeout", {"--timeout", "soon", "job", "list"}, 2, "hearth: not a"},
                    BadUse{"outputs", {"job", "results", "j7", "--outputs"}, 2, "hearth: --outp"},
                    BadUse{"fields", {"results", "j7", "--fields", "a"}, 2, "hearth: --fields"},
                    BadUse{"csv_and_files",
                           {"results", "j7", "--to", "out", "--csv"},
                           2,
                           "hearth: --csv: not together with --to"},
                    BadUse{"zone", {"zone", "set", "bath", "warm"}, 2, "hearth: neither a temp"},
                    BadUse{"state", {"job", "list", "--state", "x"}, 2, "hearth: --state: not"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(CommandTest, AnUnreachableSchedulerIsGivenUpAfterTheTimeout) {
  scheduler.server->Shutdown();
  const auto done = hearth({"--timeout", "300ms", "job", "list"});
  EXPECT_EQ(done.code, 3);
  EXPECT_THAT(done.err, HasSubstr("unreachable for "));
}

TEST_F(CommandTest, HelpExistsOnEveryLevel) {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{}, {"submit"}, {"job"}, {"job", "results"}, {"zone", "set"}}) {
    auto arguments = command;
    arguments.emplace_back("--help");
    const auto done = hearth(arguments);
    EXPECT_EQ(done.code, 0);
    EXPECT_THAT(done.out, HasSubstr("Example"));
  }
}

TEST_F(CommandTest, TenantsAreListedWithWhoGoesNext) {
  auto* bank = scheduler.jobs.tenants.add_tenants();
  bank->set_tenant("bank");
  bank->set_weight(2.5);
  bank->set_entitled_share(0.714);
  bank->set_cores(40);
  bank->set_average_cores(12.34);
  bank->set_standing(20.936);
  bank->set_jobs_active(3);
  bank->set_tasks_waiting(1200);
  bank->set_at_quota(true);
  bank->set_cores_max(40);
  scheduler.jobs.tenants.add_tenants()->set_tenant("film");
  const auto listed = hearth({"tenant", "list"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_EQ(listed.out,
            "TENANT  WEIGHT  ENTITLED          CORES  AVERAGE  STANDING  JOBS  WAITING  QUOTA\n"
            "bank      2.50      71 %  40, its quota     12.3      20.9     3    1,200  40 cores\n"
            "film      0.00       0 %              0      0.0       0.0     0        0  none\n");
  EXPECT_THAT(hearth({"tenant", "list", "-o", "json"}).out, HasSubstr("\"cores_max\":40"));
}

}  // namespace
}  // namespace hearth::cli
