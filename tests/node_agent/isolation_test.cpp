// Escapes: real tasks, through the real agent, that try to get out of where they are put. Each must
// fail where the agent walls tasks off, and succeed where it does not: so that it is the wall that
// holds, and not a mistake in the attempt.
#include "node_agent/runtime/isolation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "agent_process.h"
#include "fake_scheduler.h"
#include "wire/node.h"

namespace hearth::node_agent {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kWalls = R"(, "isolation": {"level": "required", "scratch_bytes": 16777216,
                                                  "processes_max": 64})";
constexpr const char* kNoWalls = R"(, "isolation": {"level": "none"})";
constexpr const char* kSecret = "the-agents-key";

// What a command line holds, as seconds to sleep; of this run alone.
std::string mark_of(int number) {
  return std::to_string(number) + "0" + std::to_string(::getpid());
}
const std::string kMark = mark_of(4142);  // a victim's

// Why this machine cannot wall tasks off; empty: it can.
std::string missing_privilege() {
  static const std::string answer = [] {
    TemporaryDirectory directory;
    RunnerPoolConfig config;
    config.state_directory = directory.path();
    config.runner_path = HEARTH_RUNNER_PATH;
    config.task_user = first_task_user(directory.path());
    config.confinement.scratch_bytes = 1 << 20;
    config.confinement.processes_max = 64;
    const auto found = find_isolation(IsolationWish::kRequired, config);
    return found ? (found->isolated ? std::string{} : found->note) : found.error().message;
  }();
  return answer;
}

// Empty where there is none, or where the process that it tells of ends meanwhile: an iterator over
// the file would throw then.
std::string read(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Processes whose command line holds `text`, the test's own children of course, too.
std::vector<pid_t> processes_with(const std::string& text) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    const auto pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 1 || pid == ::getpid()) continue;
    if (read(entry.path().string() + "/cmdline").find(text) != std::string::npos) {
      found.push_back(pid);
    }
  }
  return found;
}

struct Ended {
  hearth::job::v1::FailureClass failure{};
  std::string message;
  std::string result;
};

class IsolationTest : public testing::Test {
 protected:
  // An agent in its own directory, which holds a key and takes a file.
  struct Node {
    explicit Node(const char* keys) : agent(scheduler.address(), keys) {
      std::ofstream{agent.directory() + "/key"} << kSecret;
      ::chmod((agent.directory() + "/key").c_str(), 0600);
    }
    void start() {
      agent.start();
      ASSERT_TRUE(scheduler.wait_for_hello(1)) << log();
      protocol::Limits limits;
      limits.revision = 1;
      limits.t_ref = Celsius{20};
      limits.p_max = Watts{500};
      limits.valid_for = std::chrono::minutes{5};
      scheduler.say(protocol::LimitsChanged{limits});
    }
    AttemptId submit(const std::string& script, protocol::JobSpec spec = {}) {
      spec.command = {"/bin/sh", "-c", script};
      const AttemptId attempt{1, ++last};
      scheduler.say(protocol::JobDetails{JobId{last}, spec, false});
      scheduler.say(protocol::StartAttempt{attempt, {JobId{last}, last}}, {});
      return attempt;
    }
    Ended wait(AttemptId attempt) {
      const auto result = scheduler.wait_for_result(1, attempt);
      if (!result) return {{}, "no result: " + log(), {}};
      return {result->failure(), result->message(), result->result()};
    }
    Ended run(const std::string& script, const protocol::JobSpec& spec = {}) {
      return wait(submit(script, spec));
    }
    std::string log() const { return read(agent.directory() + "/log"); }
    std::string directory() const { return agent.directory(); }

    FakeScheduler scheduler;
    AgentProcess agent;
    std::uint64_t last = 0;
  };

  void SetUp() override {
    if (const auto missing = missing_privilege(); !missing.empty()) {
      GTEST_SKIP() << "this machine cannot wall tasks off: " << missing;
    }
  }
};

// Ends with "escaped" in the result where it got out, "held" where it did not.
struct Attempt {
  const char* name;
  std::string script;
};

std::string python(const std::string& body) {
  return "python3 - > $HEARTH_RESULT <<'END'\n" + body + "\nEND\n";
}

std::vector<Attempt> escapes(const std::string& directory, const std::string& scheduler,
                             const std::string& victim) {
  const auto verdict = [](const std::string& command, const std::string& clean_up = {}) {
    return "if " + command + "; then said=escaped; else said=held; fi; " + clean_up +
           "echo $said > $HEARTH_RESULT";
  };
  const auto escape = "hearth-test-escape-" + std::to_string(::getpid());
  const auto port = scheduler.substr(scheduler.rfind(':') + 1);
  return {
      {"write outside", verdict("echo x > " + directory + "/written")},
      {"write a program of the node",
       verdict("cp /bin/true /usr/bin/" + escape + " && rm /usr/bin/" + escape)},
      {"read keys", verdict("grep -q " + std::string{kSecret} + " " + directory + "/key")},
      {"read the password file", verdict("test -s /etc/shadow -a -r /etc/shadow")},
      {"look into the agent's state", verdict("ls " + directory + "/state/tasks > /dev/null")},
      {"see other tasks", verdict("grep -qs '[4]" + kMark.substr(1) + "' /proc/[0-9]*/cmdline")},
      {"reach the node's network", python(R"(
import socket
try:
    socket.create_connection(("127.0.0.1", )" +
                                          port + R"(), 2)
    print("escaped")
except OSError:
    print("held"))")},
      {"have any way out", verdict("grep -qv '^ *\\(Inter\\|face\\|lo\\)' /proc/net/dev")},
      {"fork without end", python(R"(
import os, signal, time
children, verdict = [], "escaped"
try:
    for _ in range(300):
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        children.append(child)
except OSError:
    verdict = "held"
for child in children:
    os.kill(child, signal.SIGKILL)
print(verdict))")},
      {"fill the disk", verdict("head -c 50000000 /dev/zero > big", "rm big; ")},
      {"fill it through /tmp",
       verdict("head -c 50000000 /dev/zero > /tmp/" + escape, "rm /tmp/" + escape + "; ")},
      {"forge another's result",
       verdict("printf forged > " + directory + "/state/tasks/" + victim + "/result")},
      {"be root", verdict("test $(id -u) = 0")},
      {"have a namespace of its own", verdict("unshare --net true")},
      {"keep capabilities", verdict("! grep -q 'CapBnd:.*0000000000000000' /proc/self/status")},
      {"make calls that nothing filters", verdict("grep -q 'Seccomp:.*0' /proc/self/status")},
      // A socket of the family for virtual machines, which no network namespace holds.
      {"speak past the network namespace", python(R"(
import socket
try:
    socket.socket(40, socket.SOCK_STREAM)
    print("escaped")
except OSError:
    print("held"))")},
  };
}

// Without the one whose answer depends on the kernel's modules.
bool is_certain(const Attempt& attempt) {
  return std::string_view{attempt.name} != "speak past the network namespace";
}

TEST_F(IsolationTest, EveryEscapeFailsBehindWallsAndSucceedsWithout) {
  for (const bool walls : {false, true}) {
    Node node{walls ? kWalls : kNoWalls};
    ASSERT_NO_FATAL_FAILURE(node.start());
    const auto victim = node.submit("exec sleep " + kMark);
    ASSERT_TRUE(node.scheduler.wait_until([] { return !processes_with(kMark).empty(); }))
        << node.log();
    for (const auto& attempt :
         escapes(node.directory(), node.scheduler.address(), to_string(victim))) {
      SCOPED_TRACE(attempt.name);
      if (!walls && !is_certain(attempt)) continue;
      const auto ended = node.run(attempt.script);
      EXPECT_EQ(ended.result, walls ? "held\n" : "escaped\n") << ended.message;
    }
    EXPECT_EQ(std::filesystem::exists(node.directory() + "/written"), !walls);
    // What the victim is said to have answered.
    const auto path = node.directory() + "/state/tasks/" + to_string(victim) + "/result";
    EXPECT_EQ(read(path) == "forged", !walls);
  }
}

// Says whether it reached the node's loopback, and whether it found a host by its name.
std::string network_probe(const std::string& scheduler) {
  return python(R"(
import socket
def tried(what):
    try:
        what()
        return "reached"
    except OSError:
        return "held"
print(tried(lambda: socket.create_connection(("127.0.0.1", )" +
                scheduler.substr(scheduler.rfind(':') + 1) +
                R"(), 2)), tried(lambda: socket.getaddrinfo("localhost", 80))))");
}

TEST_F(IsolationTest, ANetworkIsForTasksThatAskWhereItIsGranted) {
  protocol::JobSpec asking;
  asking.needs_network = true;
  Node node{R"(, "residential": false,
                 "isolation": {"level": "required", "scratch_bytes": 16777216,
                               "grants_network": true})"};
  ASSERT_NO_FATAL_FAILURE(node.start());
  const auto probe = network_probe(node.scheduler.address());
  EXPECT_EQ(node.run(probe, asking).result, "reached reached\n") << node.log();
  EXPECT_EQ(node.run(probe).result, "held reached\n") << "it did not ask";
  EXPECT_EQ(node.run(probe, asking).result, "reached reached\n") << "the slot had another";
  // The other walls stand.
  EXPECT_EQ(node.run("grep -c lo: /proc/net/dev; test -r " + node.directory() +
                         "/key && echo read > $HEARTH_RESULT; "
                         "ip link add x type dummy 2> /dev/null && echo made > $HEARTH_RESULT; "
                         "unshare --net true 2> /dev/null && echo new > $HEARTH_RESULT; true",
                     asking)
                .result,
            "");
}

std::string comm_of(pid_t process) {
  return read("/proc/" + std::to_string(process) + "/comm");
}

pid_t parent_of(pid_t process) {
  const auto text = read("/proc/" + std::to_string(process) + "/stat");
  const auto name_end = text.rfind(") ");
  return name_end == std::string::npos ? 0 : std::atoi(text.c_str() + name_end + 4);
}

std::optional<pid_t> sleeper(const std::string& mark) {
  for (const auto process : processes_with(mark)) {
    if (comm_of(process) == "sleep\n") return process;
  }
  return std::nullopt;
}

// Killed with the runner: nothing is left that could clean up after it but the kernel.
TEST_F(IsolationTest, NothingOutlivesItsRunner) {
  const std::string mark = mark_of(5152);
  for (const bool walls : {false, true}) {
    SCOPED_TRACE(walls);
    Node node{walls ? kWalls : kNoWalls};
    ASSERT_NO_FATAL_FAILURE(node.start());
    // Without the environment by which an agent would find it.
    node.submit("env -i setsid sleep " + mark + " & sleep 1000");
    ASSERT_TRUE(node.scheduler.wait_until([&] { return sleeper(mark).has_value(); }));
    auto runner = *sleeper(mark);
    while (runner > 1 && comm_of(runner) != "hearth-runner\n") runner = parent_of(runner);
    ASSERT_GT(runner, 1);
    node.agent.kill();
    ::kill(runner, SIGKILL);
    if (walls) {
      EXPECT_TRUE(node.scheduler.wait_until([&] { return processes_with(mark).empty(); }));
    } else {
      EXPECT_TRUE(node.scheduler.wait_until([&] { return comm_of(runner).empty(); }));
      EXPECT_TRUE(sleeper(mark));
    }
    for (const auto process : processes_with(mark)) ::kill(process, SIGKILL);
  }
}

TEST_F(IsolationTest, NothingOutlivesItsTask) {
  Node node{kWalls};
  ASSERT_NO_FATAL_FAILURE(node.start());
  const std::string mark = mark_of(6162);
  // Daemons that ignore SIGTERM and fork anew all the time.
  const auto attempt = node.submit(
      "trap '' TERM; for i in 1 2 3; do setsid sh -c 'trap \"\" TERM; while :; do sleep 0.01; (:) &"
      " done; : " +
      mark + "' & done; sleep 0.3; echo done > $HEARTH_RESULT");
  ASSERT_TRUE(node.scheduler.wait_until([&] { return processes_with(mark).size() >= 3; }));
  const auto ended = node.wait(attempt);
  EXPECT_EQ(ended.result, "done\n") << ended.message;
  EXPECT_TRUE(processes_with(mark).empty());
}

TEST_F(IsolationTest, MemoryBeyondTheLimitIsTheTasksOwnEnd) {
  Node node{kWalls};
  ASSERT_NO_FATAL_FAILURE(node.start());
  protocol::JobSpec spec;
  spec.resources.memory_bytes = 64 << 20;
  const auto ended =
      node.run("python3 -c 'x = b\"x\" * (900 << 20); print(len(x))' > $HEARTH_RESULT", spec);
  EXPECT_EQ(ended.failure, hearth::job::v1::FAILURE_CLASS_OUT_OF_MEMORY) << ended.message;
  EXPECT_EQ(ended.result, "");
}

TEST_F(IsolationTest, ATaskHasWhatItNeedsAndLeavesNothingOnTheDisk) {
  Node node{kWalls};
  ASSERT_NO_FATAL_FAILURE(node.start());
  protocol::JobSpec spec;
  spec.inputs = {{node.scheduler.add_artifact("#!/bin/sh\necho ran"), "deep/tool", true}};
  spec.outputs = {"*.out", "deep/*"};
  const auto ended = node.run(
      "deep/tool > $HEARTH_RESULT && ! echo x > deep/tool 2>&- && printf kept > a.out && "
      "printf kept-not > b && echo x > $TMPDIR/t && echo x > /tmp/t && echo x > /dev/shm/s && "
      "test -r /proc/cpuinfo && test -s /etc/passwd && head -c 9 /dev/urandom > /dev/null && "
      "hostname >> $HEARTH_RESULT && mv $HEARTH_RESULT r && cp r $HEARTH_RESULT",
      spec);
  EXPECT_EQ(ended.message, "");
  EXPECT_EQ(ended.result, "ran\nhearth\n");
  const auto running = node.submit("echo private > file; exec sleep " + kMark);
  ASSERT_TRUE(node.scheduler.wait_until([] { return !processes_with(kMark).empty(); }));
  const auto scratch = node.directory() + "/state/tasks/" + to_string(running) + "/scratch";
  EXPECT_TRUE(std::filesystem::is_empty(scratch));
}

// The runner looks for outputs as root and outside: a link must not lead it to the node's files.
TEST_F(IsolationTest, ALinkInPlaceOfTheScratchDirectoryLeadsNowhere) {
  Node node{kWalls};
  ASSERT_NO_FATAL_FAILURE(node.start());
  protocol::JobSpec spec;
  spec.outputs = {"key", "own"};
  const auto attempt = node.submit("echo x > own; cd / && mv /task/scratch /task/old && ln -s '" +
                                       node.directory() + "' /task/scratch",
                                   spec);
  const auto result = node.scheduler.wait_for_result(1, attempt);
  ASSERT_TRUE(result) << node.log();
  ASSERT_EQ(result->message(), "");
  ASSERT_EQ(result->outputs_size(), 1);
  EXPECT_EQ(result->outputs(0).path(), "own");
}

TEST_F(IsolationTest, AnOutputWithHolesDoesNotFillTheNodesDisk) {
  Node node{kWalls};
  ASSERT_NO_FATAL_FAILURE(node.start());
  protocol::JobSpec spec;
  spec.outputs = {"*"};
  const auto ended = node.run("truncate -s 200G holes", spec);
  EXPECT_EQ(ended.failure, hearth::job::v1::FAILURE_CLASS_USER_ERROR);
  EXPECT_THAT(ended.message, HasSubstr("holes: longer than the scratch directory"));
}

TEST_F(IsolationTest, ARestartedAgentFindsItsWalledTask) {
  Node node{kWalls};
  ASSERT_NO_FATAL_FAILURE(node.start());
  const auto attempt = node.submit("sleep 2; echo survived > $HEARTH_RESULT; : " + kMark);
  ASSERT_TRUE(node.scheduler.wait_until([] { return !processes_with(kMark).empty(); }));
  node.agent.kill();
  node.agent.start();
  ASSERT_TRUE(node.scheduler.wait_for_hello(2)) << node.log();
  const auto result = node.scheduler.wait_for_result(2, attempt);
  ASSERT_TRUE(result) << node.log();
  EXPECT_EQ(result->result(), "survived\n");
}

}  // namespace
}  // namespace hearth::node_agent
