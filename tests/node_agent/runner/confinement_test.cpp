// Control groups on trees of files and on this machine's own; the filter of system calls.
#include "node_agent/runner/confinement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "node_agent/runner/system_call_filter.h"
#include "support/temporary_directory.h"

namespace hearth::node_agent::runner {
namespace {

namespace fs = std::filesystem;

std::string read(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// The kernel makes these files with the directory; here they must be there before.
class FakeTree {
 public:
  void add(const std::string& path, const std::string& text = {}) {
    fs::create_directories(fs::path{root() + "/" + path}.parent_path());
    std::ofstream{root() + "/" + path} << text;
  }
  std::string text(const std::string& path) const { return read(root() + "/" + path); }
  const std::string& root() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
};

TEST(ControlGroup, Version2WritesLimitsWhereTheKernelReadsThem) {
  FakeTree tree;
  tree.add("cgroup.controllers", "cpu memory pids");
  for (const char* file : {"cgroup.procs", "memory.max", "memory.swap.max", "pids.max", "cpu.max",
                           "cgroup.kill", "cgroup.subtree_control"}) {
    tree.add(std::string{"hearth/a-0/"} + file);
  }
  tree.add("hearth/a-0/memory.events", "low 0\nhigh 0\nmax 3\noom 7\noom_kill 2\n");
  const auto group = open_control_group(tree.root(), "a-0");
  EXPECT_EQ(group->lacks(), "");
  EXPECT_EQ(group->entrances().size(), 1U);
  ASSERT_TRUE(group->set_limits({.memory_bytes = 1 << 30, .processes = 64, .cores = 3}));
  EXPECT_EQ(tree.text("hearth/a-0/memory.max"), "1073741824");
  EXPECT_EQ(tree.text("hearth/a-0/memory.swap.max"), "0");
  EXPECT_EQ(tree.text("hearth/a-0/pids.max"), "64");
  EXPECT_EQ(tree.text("hearth/a-0/cpu.max"), "300000 100000");
  EXPECT_EQ(group->out_of_memory_kills(), 2U);
  group->kill_all();
  EXPECT_EQ(tree.text("hearth/a-0/cgroup.kill"), "1");
}

TEST(ControlGroup, WhatIsNotThereIsNamed) {
  FakeTree two;
  two.add("cgroup.controllers", "pids");
  two.add("hearth/a-0/cgroup.procs");
  two.add("hearth/a-0/pids.max");
  EXPECT_EQ(open_control_group(two.root(), "a-0")->lacks(), "memory, CPU");
  FakeTree one;
  for (const char* file : {"cgroup.procs", "hearth/a-0/cgroup.procs",
                           "hearth/a-0/memory.limit_in_bytes", "hearth/a-0/memory.swappiness"}) {
    one.add(std::string{"memory/"} + file);
  }
  one.add("memory/hearth/a-0/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n");
  const auto group = open_control_group(one.root(), "a-0");
  EXPECT_EQ(group->lacks(), "processes, CPU");
  ASSERT_TRUE(group->set_limits({.memory_bytes = 4096, .processes = 64, .cores = 3}));
  EXPECT_EQ(one.text("memory/hearth/a-0/memory.limit_in_bytes"), "4096");
  EXPECT_EQ(group->out_of_memory_kills(), 5U);
  FakeTree none;
  const auto nothing = open_control_group(none.root(), "a-0");
  EXPECT_EQ(nothing->lacks(), "memory, processes, CPU");
  EXPECT_TRUE(nothing->entrances().empty());
  EXPECT_TRUE(nothing->set_limits({.memory_bytes = 1}));
}

TEST(ControlGroup, ALimitThatTheKernelRefusesIsAnError) {
  FakeTree tree;
  tree.add("cgroup.controllers", "pids");
  tree.add("hearth/a-0/cgroup.procs");
  tree.add("hearth/a-0/pids.max");
  const auto group = open_control_group(tree.root(), "a-0");
  fs::remove(tree.root() + "/hearth/a-0/pids.max");
  fs::create_directory(tree.root() + "/hearth/a-0/pids.max");
  const auto set = group->set_limits({.processes = 1});
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message, testing::HasSubstr("hearth/a-0/pids.max"));
}

// On this machine's real tree: a member cannot fork beyond the limit, and dies with its group.
TEST(ControlGroup, TheKernelObeys) {
  const auto group = open_control_group(kControlGroupRoot, "test-" + std::to_string(::getpid()));
  if (group->lacks().find("processes") != std::string::npos) {
    GTEST_SKIP() << "no control groups that we may make here: nothing limits " << group->lacks();
  }
  ASSERT_TRUE(group->set_limits({.processes = 2}));
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t member = ::fork();
  if (member == 0) {
    for (const int entrance : group->entrances()) (void)!::write(entrance, "0", 1);
    int forked = 0;
    for (int i = 0; i < 5; ++i) {
      const pid_t child = ::fork();
      if (child == 0) ::pause();
      forked += child > 0;
    }
    (void)!::write(ends[1], &forked, sizeof forked);
    ::pause();
  }
  int forked = 0;
  ASSERT_EQ(::read(ends[0], &forked, sizeof forked), ssize_t{sizeof forked});
  EXPECT_EQ(forked, 1);
  group->kill_all();
  int status = 0;
  ASSERT_EQ(::waitpid(member, &status, 0), member);
  EXPECT_TRUE(WIFSIGNALED(status));
  ::close(ends[0]);
  ::close(ends[1]);
}

// In a child that is bound by the filter: what the call answered, 0 or its errno.
template <class Call>
int filtered(Call call) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto program = make_system_call_filter();
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!bind_system_call_filter(program)) ::_exit(255);
    ::_exit(call() < 0 ? errno : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(SystemCallFilter, RefusesWhatReachesBeyondATask) {
  EXPECT_EQ(filtered([] { return ::unshare(CLONE_NEWUSER); }), EPERM);
  EXPECT_EQ(filtered([] { return ::mount("x", "/", "tmpfs", 0, nullptr); }), EPERM);
  EXPECT_EQ(filtered([] { return ::syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
  EXPECT_EQ(filtered([] {
              return ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr,
                               nullptr);
            }),
            EPERM);
  EXPECT_EQ(filtered([] { return ::syscall(SYS_bpf, 0, nullptr, 0); }), EPERM);
  EXPECT_EQ(filtered([] { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); }), EPERM);
  EXPECT_EQ(filtered([] { return ::socket(AF_PACKET, SOCK_RAW, 0); }), EAFNOSUPPORT);
  EXPECT_EQ(filtered([] { return ::socket(40, SOCK_STREAM, 0); }), EAFNOSUPPORT);
#if defined(__x86_64__)
  // The same calls by the numbers of another architecture.
  EXPECT_EQ(filtered([] { return ::syscall(0x40000000 + SYS_getpid); }), -SIGSYS);
#endif
}

TEST(SystemCallFilter, LeavesAloneWhatProgramsDo) {
  EXPECT_EQ(filtered([] { return ::socket(AF_INET, SOCK_STREAM, 0); }), 0);
  EXPECT_EQ(filtered([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), 0);
  EXPECT_EQ(filtered([] {
              const pid_t child = ::fork();
              if (child == 0) ::_exit(0);
              return child;
            }),
            0);
  EXPECT_EQ(filtered([] { return ::access("/", R_OK); }), 0);
}

TEST(Confinement, NeverAsRoot) {
  EXPECT_FALSE(confine({.level = Isolation::kUser}));
  EXPECT_FALSE(confine({.level = Isolation::kUser, .user = 0}));
  EXPECT_TRUE(confine({.level = Isolation::kNone}));
}

TEST(Confinement, LevelsHaveNames) {
  for (const auto level : {Isolation::kNone, Isolation::kUser, Isolation::kFull}) {
    EXPECT_EQ(parse_isolation(name_of(level)), level);
  }
  EXPECT_FALSE(parse_isolation("FULL"));
}

}  // namespace
}  // namespace hearth::node_agent::runner
