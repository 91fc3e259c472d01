#include "node_agent/runner/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "node_agent/runner/system_call_filter.h"

namespace hearth::node_agent::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBytesPerInode = 16 * 1024;
constexpr std::uint64_t kInodesMin = 4096;
constexpr const char* kOutOfMemoryScore = "500";  // tasks are killed before the agent is

// What a warden says, always in one write.
struct Word {
  enum Kind : int { kStarted, kFailed, kEnded };
  int kind = kStarted;
  int value = 0;        // kFailed: errno; kEnded: as waitpid gives it
  char what[120] = {};  // kFailed: at which step; empty: the program itself
};

tl::unexpected<Error> fail_errno(const std::string& what, int error) {
  return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInternal,
              what + ": " + std::strerror(error));
}

// A file system in memory that is mounted nowhere yet.
Result<Descriptor> make_files(const SandboxOptions& options) {
  const Descriptor context{::fsopen("tmpfs", FSOPEN_CLOEXEC)};
  const auto set = [&](const char* key, const std::string& value) {
    return ::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0;
  };
  const auto owner = std::to_string(options.user);
  const auto inodes = std::max(kInodesMin, options.scratch_bytes / kBytesPerInode);
  if (!context || !set("size", std::to_string(options.scratch_bytes)) ||
      !set("nr_inodes", std::to_string(inodes)) || !set("mode", "0700") || !set("uid", owner) ||
      !set("gid", owner) ||
      ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return fail_errno("a task's files", errno);
  }
  Descriptor files{::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)};
  if (!files) return fail_errno("a task's files", errno);
  return files;
}

// Mode and owner of a new place for the task.
Result<> give(const std::string& path, uid_t owner) {
  if (::lchown(path.c_str(), owner, owner) != 0) return fail_errno(path, errno);
  return {};
}

// The place on which an input will be shown, and the directories above it.
Result<> make_place(const std::string& base, const std::string& target, uid_t owner) {
  auto slash = target.find('/');
  for (; slash != std::string::npos; slash = target.find('/', slash + 1)) {
    const auto directory = base + "/" + target.substr(0, slash);
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
      return fail_errno(target, errno);
    }
    if (auto given = give(directory, owner); !given) return given;
  }
  const auto place = base + "/" + target;
  const Descriptor file{::open(place.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0400)};
  if (!file) return fail_errno(target, errno);
  return {};
}

// Readable to everybody, executable if asked; bits are only added: others may share the file.
Result<> prepare_source(const InputFile& input) {
  struct stat info {};
  if (::lstat(input.source.c_str(), &info) != 0) return fail_errno(input.source, errno);
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::kInternal, input.source + ": not a file");
  const mode_t mode = 0444u | (info.st_mode & 0111u) | (input.executable ? 0111u : 0u);
  if ((info.st_mode & 07777u) != mode && ::chmod(input.source.c_str(), mode) != 0) {
    return fail_errno(input.source, errno);
  }
  return {};
}

// --- What follows runs in the warden, a copy of the runner in namespaces of its own.

struct Trouble {
  std::string what;  // empty: none
  int error = 0;
};

Trouble trouble(std::string what) {
  return {std::move(what), errno};
}

Trouble show_files(const SandboxOptions& options, const std::vector<InputFile>& shown, int files) {
  const auto task = options.root + Sandbox::kTaskDirectory;
  const auto proc = options.root + "/proc";
  if (::mount("proc", proc.c_str(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    return trouble("proc");
  }
  if (::move_mount(files, "", AT_FDCWD, task.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return trouble("files");
  }
  constexpr unsigned long kReadOnly = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV;
  for (const auto& input : shown) {
    const auto place = task + "/" + input.target;
    if (::mount(input.source.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
        ::mount(nullptr, place.c_str(), nullptr, kReadOnly, nullptr) != 0) {
      return trouble("input " + input.target);
    }
  }
  if (::chdir(options.root.c_str()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 ||
      ::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) {
    return trouble("root");
  }
  return {};
}

Trouble give_up_privileges(uid_t user, std::vector<sock_filter>& filter) {
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  const auto group = static_cast<gid_t>(user);
  if (::setgroups(0, nullptr) != 0 || ::setresgid(group, group, group) != 0 ||
      ::setresuid(user, user, user) != 0) {
    return trouble("user");
  }
  // Not to be traced or looked into by its own task; and a changed user forgets the next one.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
    return trouble("process");
  }
  if (!bind_system_call_filter(filter)) return trouble("seccomp");
  return {};
}

// For the vfork below: only system calls.
int become_program(const char* program, char* const* arguments, char* const* environment,
                   const char* directory, const sigset_t& no_signals) {
  if (::setsid() < 0 || ::chdir(directory) != 0) return errno;
  ::signal(SIGHUP, SIG_DFL);
  ::signal(SIGPIPE, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &no_signals, nullptr);
  ::execve(program, arguments, environment);
  return errno;
}

[[gnu::noinline]] pid_t spawn_program(const char* program, char* const* arguments,
                                      char* const* environment, const char* directory,
                                      const sigset_t& no_signals, volatile int& error) {
  const pid_t child = ::vfork();
  if (child != 0) return child;
  error = become_program(program, arguments, environment, directory, no_signals);
  ::_exit(127);
}

void say(int control, int kind, int value, const std::string& what = {}) {
  Word word;
  word.kind = kind;
  word.value = value;
  what.copy(word.what, sizeof word.what - 1);
  (void)!::write(control, &word, sizeof word);
}

[[noreturn]] void watch_over(pid_t program, int control) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, __WALL);
    if (ended == program) say(control, Word::kEnded, status);
    if (ended < 0 && errno == ECHILD) ::_exit(0);
  }
}

void raise_out_of_memory_score() {
  const Descriptor score{::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)};
  if (score) (void)!::write(score.get(), kOutOfMemoryScore, 3);
}

struct Wall {
  const SandboxOptions& options;
  const std::vector<InputFile>& shown;
  bool needs_network;
  int files;
  int control;
  std::vector<sock_filter>& filter;
};

Trouble raise_wall(const Launch& task, const Wall& wall) {
  for (const int entrance : task.entrances) {
    if (::write(entrance, "0", 1) != 1) return trouble("control group");
  }
  if (::unshare(CLONE_NEWCGROUP) != 0) return trouble("control group namespace");
  raise_out_of_memory_score();
  if (wall.needs_network && ::setns(wall.options.node_network, CLONE_NEWNET) != 0) {
    return trouble("network");
  }
  if (auto problem = show_files(wall.options, wall.shown, wall.files); !problem.what.empty()) {
    return problem;
  }
  if (::dup2(task.standard_input, STDIN_FILENO) < 0 ||
      ::dup2(task.standard_output, STDOUT_FILENO) < 0 ||
      ::dup2(task.standard_error, STDERR_FILENO) < 0) {
    return trouble("standard streams");
  }
  bind_resources(task.processes_max);
  return give_up_privileges(wall.options.user, wall.filter);
}

[[noreturn]] void be_warden(const Launch& task, const Wall& wall) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  ::prctl(PR_SET_NAME, "hearth-warden", 0, 0, 0);
  if (const auto problem = raise_wall(task, wall); !problem.what.empty()) {
    say(wall.control, Word::kFailed, problem.error, problem.what);
    ::_exit(1);
  }
  ::umask(077);
  const LaunchTexts texts{task};
  sigset_t no_signals;
  sigemptyset(&no_signals);
  volatile int error = 0;
  // Relative to where it will run: a program of the task's own is "./x".
  const bool there = ::chdir(task.directory.c_str()) == 0;
  const pid_t program =
      there ? spawn_program(texts.program.c_str(), texts.arguments.data(), texts.environment.data(),
                            task.directory.c_str(), no_signals, error)
            : -1;
  if (program < 0 || error != 0) {
    say(wall.control, Word::kFailed, program < 0 ? errno : error, program < 0 ? "process" : "");
    ::_exit(1);
  }
  say(wall.control, Word::kStarted, 0);
  (void)::chdir("/");
  ::dup2(wall.control, 0);
  ::close_range(1, ~0U, 0);
  watch_over(program, 0);
}

}  // namespace

Result<Sandbox> Sandbox::make(const StartOrder& order, const SandboxOptions& options) {
  Sandbox made;
  made.options_ = options;
  made.needs_network_ = order.spec.needs_network;
  if (made.needs_network_ && options.node_network < 0) {
    return fail(ErrorCode::kInternal, "it needs a network, and none is granted here");
  }
  HEARTH_TRY(files, make_files(options));
  made.files_ = std::move(files);
  for (const char* name : {"scratch", "tmp", "shm"}) {
    const auto path = made.path_of(name);
    if (::mkdir(path.c_str(), 0700) != 0) return fail_errno(path, errno);
    if (auto given = give(path, options.user); !given) return tl::unexpected(given.error());
  }
  made.scratch_ = Descriptor{
      ::open(made.path_of("scratch").c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!made.scratch_) return fail_errno("scratch", errno);
  for (const auto& input : order.inputs) {
    made.shown_.push_back({input.source, "scratch/" + input.target, input.executable});
  }
  if (!order.payload.empty()) made.shown_.push_back({order.payload, "payload", false});
  for (const auto& input : made.shown_) {
    if (auto ready = prepare_source(input); !ready) return tl::unexpected(ready.error());
    auto placed = make_place(made.path_of("."), input.target, options.user);
    if (!placed) return tl::unexpected(placed.error());
  }
  return made;
}

Result<pid_t> Sandbox::start(const Launch& task, std::vector<sock_filter>& filter) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("pipe", errno);
  control_ = Descriptor{ends[0]};
  Descriptor speaker{ends[1]};
  // As fork does it; the runner has one thread.
  const auto flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | SIGCHLD;
  const auto warden =
      static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr));
  if (warden == 0)
    be_warden(task, {options_, shown_, needs_network_, files_.get(), speaker.get(), filter});
  if (warden < 0) return fail(ErrorCode::kInternal, std::string{"clone: "} + std::strerror(errno));
  speaker.reset();
  Word word;
  ssize_t count = 0;
  do {
    count = ::read(control_.get(), &word, sizeof word);
  } while (count < 0 && errno == EINTR);
  if (count == sizeof word && word.kind == Word::kStarted) {
    ::fcntl(control_.get(), F_SETFL, O_NONBLOCK);
    return warden;
  }
  ::waitpid(warden, nullptr, 0);
  control_.reset();
  if (count != sizeof word) return fail(ErrorCode::kInternal, "the task's warden died");
  if (word.what[0] == '\0') return tl::unexpected(unstartable(task, word.value));
  return fail(ErrorCode::kInternal,
              std::string{"cannot wall off: "} + word.what + ": " + std::strerror(word.value));
}

std::optional<int> Sandbox::main_status() {
  if (!control_) return status_;
  Word word;
  const auto count = ::read(control_.get(), &word, sizeof word);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return status_;
  if (count == sizeof word && word.kind == Word::kEnded) status_ = word.value;
  control_.reset();  // its last word
  return status_;
}

std::string Sandbox::scratch() const {
  return "/proc/self/fd/" + std::to_string(scratch_.get()) + "/.";
}

std::string Sandbox::path_of(const std::string& name) const {
  return "/proc/self/fd/" + std::to_string(files_.get()) + "/" + name;
}

void bind_resources(int processes_max) {
  const auto limit = [](__rlimit_resource what, rlim_t most) {
    const rlimit wanted{most, most};
    ::setrlimit(what, &wanted);
  };
  if (processes_max > 0) limit(RLIMIT_NPROC, static_cast<rlim_t>(processes_max));
  limit(RLIMIT_CORE, 0);
}

}  // namespace hearth::node_agent::runner
