// The real binaries, hearth-agent and hearth-runner, against a scheduler of the test's own.
#include "agent_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "common/digest.h"
#include "fake_scheduler.h"
#include "wire/node.h"

namespace hearth::node_agent {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr JobId kJob{7};

// By a signal, as runners freeze their tasks.
bool is_stopped(pid_t process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/stat"};
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(") ");
  return name_end != std::string::npos && line.substr(name_end + 2, 1) == "T";
}

class AgentProcessTest : public testing::Test {
 protected:
  // With limits that allow everything.
  void start_agent(int stream) {
    agent_.start();
    ASSERT_TRUE(scheduler_.wait_for_hello(stream)) << log();
    protocol::Limits limits;
    limits.revision = 1;
    limits.t_ref = Celsius{20};
    limits.p_max = Watts{500};
    limits.valid_for = std::chrono::minutes{5};
    scheduler_.say(protocol::LimitsChanged{limits});
  }

  AttemptId start_task(const std::string& script, protocol::JobSpec spec = {},
                       const std::string& payload = {}) {
    spec.command = {"/bin/sh", "-c", script};
    const AttemptId attempt{1, ++last_counter_};
    scheduler_.say(protocol::JobDetails{JobId{kJob.value + last_counter_}, spec, false});
    scheduler_.say(
        protocol::StartAttempt{attempt, {JobId{kJob.value + last_counter_}, last_counter_}},
        payload);
    return attempt;
  }

  bool wait_for_file(const std::string& name) {
    return scheduler_.wait_until(
        [&] { return std::filesystem::exists(agent_.directory() + "/" + name); });
  }
  // In any file of the agent's, its log among them.
  bool is_anywhere(const std::string& text) const {
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator entry{agent_.directory(), error}, end;
         entry != end; entry.increment(error)) {
      if (!entry->is_regular_file(error)) continue;
      std::ifstream file{entry->path(), std::ios::binary};
      const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
      if (bytes.find(text) != std::string::npos) return true;
    }
    return false;
  }
  void make_file(const std::string& name) const { std::ofstream{agent_.directory() + "/" + name}; }
  std::string path(const std::string& name) const { return agent_.directory() + "/" + name; }
  std::string log() const {
    std::ifstream file{agent_.directory() + "/log"};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  FakeScheduler scheduler_;
  // Tasks and tests meet in files of the node here; tests of walls are in isolation_test.cpp.
  AgentProcess agent_{scheduler_.address(), R"(, "isolation": {"level": "none"})"};
  std::uint64_t last_counter_ = 0;
};

TEST_F(AgentProcessTest, RunsATaskWithInputPayloadAndOutput) {
  ASSERT_NO_FATAL_FAILURE(start_agent(1));
  protocol::JobSpec spec;
  spec.inputs = {{scheduler_.add_artifact("input"), "in.txt", false}};
  spec.outputs = {"*.out"};
  const auto attempt =
      start_task("cat in.txt $HEARTH_PAYLOAD > $HEARTH_RESULT; printf output > a.out; touch b.tmp",
                 spec, " and payload");
  const auto result = scheduler_.wait_for_result(1, attempt);
  ASSERT_TRUE(result) << log();
  EXPECT_EQ(result->failure(), 0) << result->message();
  EXPECT_EQ(result->result(), "input and payload");
  ASSERT_EQ(result->outputs_size(), 1);
  EXPECT_EQ(result->outputs(0).path(), "a.out");
  EXPECT_EQ(scheduler_.artifact(result->outputs(0).digest()), "output");

  scheduler_.say(protocol::ResultsAcknowledged{{attempt}});
  EXPECT_TRUE(scheduler_.wait_until([&] {
    return !std::filesystem::exists(agent_.state_directory() + "/spool/" + to_string(attempt));
  }));
  EXPECT_EQ(agent_.terminate(), 0);
}

TEST_F(AgentProcessTest, AnInputThatDoesNotExistEndsTheAttempt) {
  ASSERT_NO_FATAL_FAILURE(start_agent(1));
  protocol::JobSpec spec;
  spec.inputs = {{sha256("nobody has it"), "in.txt", false}};
  const auto result = scheduler_.wait_for_result(1, start_task("true", spec));
  ASSERT_TRUE(result) << log();
  EXPECT_EQ(result->failure(), hearth::job::v1::FAILURE_CLASS_INPUT_MISSING);
}

TEST_F(AgentProcessTest, AKilledAgentsTaskIsFoundAgainAndItsResultDelivered) {
  ASSERT_NO_FATAL_FAILURE(start_agent(1));
  const auto attempt = start_task("touch " + path("begun") + "; while [ ! -e " + path("go") +
                                  " ]; do sleep 0.02; done; printf survived > $HEARTH_RESULT");
  ASSERT_TRUE(wait_for_file("begun")) << log();
  agent_.kill();
  ASSERT_NO_FATAL_FAILURE(start_agent(2));
  bool held = false;
  for (const auto& message : scheduler_.heard(2)) {
    for (const auto& item : message.hello_attempts().attempts()) {
      held = held || (wire::from_wire(item.attempt()) == attempt && item.started());
    }
  }
  EXPECT_TRUE(held) << log();
  make_file("go");
  const auto result = scheduler_.wait_for_result(2, attempt);
  ASSERT_TRUE(result) << log();
  EXPECT_EQ(result->result(), "survived");
}

// What a task that runs needs of its secrets it has; one that waits gets them with its job's
// details from the scheduler once more. In between they are in no file.
TEST_F(AgentProcessTest, SecretsOutliveAKilledAgentWithoutLyingOnItsDisk) {
  ASSERT_NO_FATAL_FAILURE(start_agent(1));
  protocol::JobSpec spec;
  spec.secrets = {{"KEY", protocol::Secret{"correct-horse"}}};
  const auto gated = [&](const std::string& name) {
    return "touch " + path(name) + "; while [ ! -e " + path("go") +
           " ]; do sleep 0.02; done; printf %s $KEY | sha256sum > $HEARTH_RESULT";
  };
  const auto first = start_task(gated("one"), spec);
  const auto second = start_task(gated("two"), spec);
  ASSERT_TRUE(wait_for_file("one")) << log();
  ASSERT_TRUE(wait_for_file("two")) << log();
  start_task(gated("three"), spec);  // no core is free for it
  EXPECT_FALSE(is_anywhere("correct-horse"));
  agent_.kill();
  ASSERT_NO_FATAL_FAILURE(start_agent(2));
  std::set<AttemptId> held;
  for (const auto& message : scheduler_.heard(2)) {
    for (const auto& item : message.hello_attempts().attempts()) {
      held.insert(*wire::from_wire(item.attempt()));
    }
  }
  EXPECT_EQ(held, (std::set{first, second})) << "the one that waited is free to be given again";
  const auto third = start_task(gated("three"), spec);
  EXPECT_FALSE(is_anywhere("correct-horse"));
  make_file("go");
  for (const auto attempt : {first, second, third}) {
    const auto result = scheduler_.wait_for_result(2, attempt);
    ASSERT_TRUE(result) << log();
    EXPECT_EQ(result->result(), sha256("correct-horse") + "  -\n") << result->message();
  }
  EXPECT_FALSE(is_anywhere("correct-horse"));
}

TEST_F(AgentProcessTest, SaysThatItKnowsSecretsAndStandsInAHome) {
  ASSERT_NO_FATAL_FAILURE(start_agent(1));
  for (const auto& message : scheduler_.heard(1)) {
    if (!message.has_hello()) continue;
    EXPECT_TRUE(message.hello().facts().takes_secrets());
    EXPECT_TRUE(message.hello().facts().residential());
  }
  protocol::JobSpec spec;
  spec.no_residential = true;
  const auto attempt = start_task("true", spec);
  EXPECT_TRUE(scheduler_.wait_until([&] {
    for (const auto& message : scheduler_.heard(1)) {
      for (const auto& returned : message.attempts_returned().attempts()) {
        if (wire::from_wire(returned) == attempt) return true;
      }
    }
    return false;
  })) << "given back, should a scheduler ever err";
}

TEST_F(AgentProcessTest, AResultThatWasNotAcknowledgedIsOfferedAgainAfterAKill) {
  ASSERT_NO_FATAL_FAILURE(start_agent(1));
  const auto attempt = start_task("printf kept > $HEARTH_RESULT");
  ASSERT_TRUE(scheduler_.wait_for_result(1, attempt)) << log();
  agent_.kill();
  ASSERT_NO_FATAL_FAILURE(start_agent(2));
  const auto result = scheduler_.wait_for_result(2, attempt);
  ASSERT_TRUE(result) << log();
  EXPECT_EQ(result->result(), "kept");
}

TEST_F(AgentProcessTest, ALocalOffFreezesTasksWithoutTheScheduler) {
  ASSERT_NO_FATAL_FAILURE(start_agent(1));
  start_task("touch " + path("begun") + "; sleep 1000");
  ASSERT_TRUE(wait_for_file("begun")) << log();
  scheduler_.refuse_next({grpc::StatusCode::ALREADY_EXISTS, "stay away"});
  scheduler_.hang_up({grpc::StatusCode::UNAVAILABLE, "gone"});
  std::string output;
  EXPECT_EQ(agent_.command({"set", "off"}, &output), 0) << output;
  EXPECT_THAT(output, HasSubstr("setpoint      OFF, chosen by LOCAL"));
  // Within a second; it is given up only after a minute, so that a wrong button loses nothing.
  EXPECT_TRUE(scheduler_.wait_until([&] {
    const auto all = agent_.processes();
    return std::any_of(all.begin(), all.end(), is_stopped);
  })) << log();
  agent_.command({"status"}, &output);
  EXPECT_THAT(output, HasSubstr("1 running"));
  EXPECT_EQ(agent_.command({"set", "20"}, &output), 0) << output;
  EXPECT_TRUE(scheduler_.wait_until([&] {
    const auto all = agent_.processes();
    return std::none_of(all.begin(), all.end(), is_stopped);
  })) << log();
}

TEST_F(AgentProcessTest, StopTasksLeavesNoProcess) {
  ASSERT_NO_FATAL_FAILURE(start_agent(1));
  // One that ignores SIGTERM, with a daemon of its own in another session.
  start_task("trap '' TERM; setsid sleep 1000 & touch " + path("begun") +
             "; while true; do sleep 1; done");
  ASSERT_TRUE(wait_for_file("begun")) << log();
  std::string output;
  EXPECT_EQ(agent_.command({"stop-tasks"}, &output), 69);
  EXPECT_THAT(output, HasSubstr("another hearth-agent is running"));
  EXPECT_EQ(agent_.terminate(), 0);
  EXPECT_FALSE(agent_.processes().empty());  // they outlive it
  EXPECT_EQ(agent_.command({"stop-tasks", "--grace", "100ms"}, &output), 0);
  EXPECT_EQ(output, "1 tasks stopped\n");
  EXPECT_THAT(agent_.processes(), IsEmpty());
}

}  // namespace
}  // namespace hearth::node_agent
