#include "node_agent/runner/system_call_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hearth::node_agent::runner {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kForeignCalls = 0x40000000;  // the x32 variants of all calls begin here
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t kForeignCalls = 0x40000000;
#else
#error "hearth-runner: which architecture's system calls are these?"
#endif

// As if they did not exist, so that libraries fall back to what can be looked at.
constexpr std::uint32_t kMissing[] = {
    SYS_clone3,  // its flags lie in memory, which a filter cannot read; clone's do not
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
};

constexpr std::uint32_t kRefused[] = {
    // Mounts and roots.
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_move_mount,
    SYS_open_tree,
    SYS_mount_setattr,
    SYS_swapon,
    SYS_swapoff,
    SYS_quotactl,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    // Namespaces.
    SYS_setns,
    SYS_unshare,
    // The kernel itself.
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_reboot,
    SYS_syslog,
    SYS_acct,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_fanotify_init,
    SYS_lookup_dcookie,
    SYS_vhangup,
    SYS_nfsservctl,
    // Keys, which are nobody's namespace.
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    // Clocks and names.
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_settimeofday,
    SYS_adjtimex,
    SYS_sethostname,
    SYS_setdomainname,
    // Memory of others by number of the node.
    SYS_move_pages,
    SYS_migrate_pages,
#if defined(__x86_64__)
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS__sysctl,
    SYS_uselib,
    SYS_create_module,
#endif
};

constexpr std::uint32_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                         CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP |
                                         0x00000080;  // CLONE_NEWTIME
constexpr std::uint32_t kFamilies[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
constexpr std::uint32_t kTerminalInjections[] = {TIOCSTI, TIOCLINUX};

constexpr std::uint32_t refuse(int error) {
  return SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(error) & SECCOMP_RET_DATA);
}

class Program {
 public:
  void load(std::size_t offset) {
    add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset), 0, 0);
  }
  void answer(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict, 0, 0); }
  void skip_unless_equal(std::uint32_t value, std::uint8_t count) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count);
  }
  void skip_if_equal(std::uint32_t value, std::uint8_t count) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, count, 0);
  }
  void skip_if_less(std::uint32_t value, std::uint8_t count) {
    add(BPF_JMP | BPF_JGE | BPF_K, value, 0, count);
  }
  void skip_unless_any_bit(std::uint32_t bits, std::uint8_t count) {
    add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, count);
  }
  std::vector<sock_filter> take() { return std::move(steps_); }

 private:
  void add(int code, std::uint32_t value, std::uint8_t when_true, std::uint8_t when_false) {
    steps_.push_back({static_cast<std::uint16_t>(code), when_true, when_false, value});
  }
  std::vector<sock_filter> steps_;
};

// The low half of an argument: what these calls look at (both architectures are little-endian).
constexpr std::size_t argument(std::size_t number) {
  return offsetof(seccomp_data, args) + number * sizeof(std::uint64_t);
}

}  // namespace

std::vector<sock_filter> make_system_call_filter() {
  Program program;
  program.load(offsetof(seccomp_data, arch));
  program.skip_if_equal(kArchitecture, 1);
  program.answer(SECCOMP_RET_KILL_PROCESS);
  program.load(offsetof(seccomp_data, nr));
  program.skip_if_less(kForeignCalls, 1);
  program.answer(SECCOMP_RET_KILL_PROCESS);
  for (const auto call : kMissing) {
    program.skip_unless_equal(call, 1);
    program.answer(refuse(ENOSYS));
  }
  for (const auto call : kRefused) {
    program.skip_unless_equal(call, 1);
    program.answer(refuse(EPERM));
  }
  program.skip_unless_equal(SYS_clone, 4);
  program.load(argument(0));
  program.skip_unless_any_bit(kNewNamespaces, 1);
  program.answer(refuse(EPERM));
  program.answer(SECCOMP_RET_ALLOW);
  // Of the socket families those that network namespaces hold, or that reach no further.
  program.skip_unless_equal(SYS_socket, static_cast<std::uint8_t>(2 + std::size(kFamilies) * 2));
  program.load(argument(0));
  for (const auto family : kFamilies) {
    program.skip_unless_equal(family, 1);
    program.answer(SECCOMP_RET_ALLOW);
  }
  program.answer(refuse(EAFNOSUPPORT));
  program.skip_unless_equal(SYS_ioctl,
                            static_cast<std::uint8_t>(1 + std::size(kTerminalInjections) * 2));
  program.load(argument(1));
  for (const auto request : kTerminalInjections) {
    program.skip_unless_equal(request, 1);
    program.answer(refuse(EPERM));
  }
  program.answer(SECCOMP_RET_ALLOW);
  return program.take();
}

Result<> bind_system_call_filter(std::vector<sock_filter>& program) {
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0) return {};
  return fail(ErrorCode::kInternal, std::string{"seccomp: "} + std::strerror(errno));
}

}  // namespace hearth::node_agent::runner
